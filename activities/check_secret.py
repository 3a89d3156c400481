"""Checks that a secret can be read, before anything is changed."""

from azure_clients.errors import ArmRefused
from azure_clients.secrets import read_secret, secret_refusal
from contracts.activities.scripts import CheckSecret, SecretChecked


async def check_secret(request: CheckSecret) -> SecretChecked:
    """Read the secret and discard it (1 request to the vault, 2 the first time)."""
    try:
        await read_secret(request.credential.secret_id)
    except ArmRefused as refused:
        return SecretChecked(refusal=secret_refusal(refused))
    return SecretChecked()
