"""Sees that a secret can be read, while a refusal still costs nothing."""

from azure_clients.errors import ArmRefused
from azure_clients.secrets import read_secret, secret_refusal
from contracts.script_steps import CheckSecret, SecretChecked


async def check_secret(request: CheckSecret) -> SecretChecked:
    """Read the secret and forget it at once (1 request to the vault, 2 the first time)."""
    try:
        await read_secret(request.credential.secret_id)
    except ArmRefused as refused:
        return SecretChecked(refusal=secret_refusal(refused))
    return SecretChecked()
