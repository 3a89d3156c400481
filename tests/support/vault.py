"""A key vault next to the simulated VMs, listed in the settings."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from unittest.mock import patch

import settings
from contracts.image_options import SysprepCredential
from contracts.resource_ids import SecretId
from emulators.arm import Role, VmSpec
from tests.support.azure import Azure, azure

VAULT, SECRET, USER = "builds", "sysprep", "imagemaker"
VALUE = "Correct-Horse7Battery"


@contextmanager
def azure_with_vault(*specs: VmSpec, role: Role | None = None, listed: bool = True) -> Generator[Azure]:
    """Start a simulator with these VMs and a vault that holds one secret."""
    with azure(*specs, role=role or Role()) as az:
        az.call(_add(az))
        every = f"{az.simulator.vault_endpoint(VAULT)}/secrets/*"
        with patch.dict(os.environ, {"GOLDEN_ALLOWED_SECRETS": every if listed else ""}):
            settings.current.cache_clear()
            yield az


def secret_id(az: Azure, name: str = SECRET) -> SecretId:
    """Return the address of a secret in that vault."""
    return SecretId.parse(f"{az.simulator.vault_endpoint(VAULT)}/secrets/{name}")


def credential(az: Azure, name: str = SECRET) -> SysprepCredential:
    """Return the credential that a request would name."""
    return SysprepCredential(user=USER, secret_id=secret_id(az, name))


async def _add(az: Azure) -> None:
    az.simulator.add_secret(VAULT, SECRET, VALUE)
