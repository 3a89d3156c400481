"""Key Vault: the unmodified secrets client against an emulated vault."""

import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError, ServiceRequestError
from azure.identity.aio import ManagedIdentityCredential
from azure.keyvault.secrets.aio import SecretClient

from emulators.arm import Fault, Role, Simulator, SteppedClock
from emulators.arm.keyvault.vault import ACTION
from tests.emulators.arm.fleet import code_of

_VALUE = "correct horse battery staple"


@pytest.fixture
async def simulator(clock: SteppedClock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Simulator]:
    async with Simulator(clock=clock) as running:
        running.add_secret("vault1", "sysprep-password", _VALUE, tags={"for": "sysprep"})
        for name, value in running.environment().items():
            monkeypatch.setenv(name, value)
        yield running


@asynccontextmanager
async def _client(simulator: Simulator, vault: str = "vault1") -> AsyncGenerator[Any]:
    credential = ManagedIdentityCredential()
    trust = str(simulator.ca_file)
    client = SecretClient(
        simulator.vault_endpoint(vault),
        credential,
        verify_challenge_resource=False,
        connection_verify=trust,
        retry_total=0,
    )
    async with credential, client:
        yield client


async def test_a_secret_is_read_by_name_and_by_version(simulator: Simulator):
    first = simulator.add_secret("vault1", "other", "one")
    second = simulator.add_secret("vault1", "other", "two")
    async with _client(simulator) as client:
        secret = await client.get_secret("sysprep-password")
        assert (secret.value, secret.properties.tags) == (_VALUE, {"for": "sysprep"})
        assert secret.id.startswith("https://vault1.vault.azure.net/secrets/sysprep-password/")
        newest = await client.get_secret("OTHER")
        assert (newest.value, newest.properties.version) == ("two", second)
        assert (await client.get_secret("other", first)).value == "one"


async def test_a_client_that_checks_the_domain_refuses_a_local_url(simulator: Simulator):
    credential = ManagedIdentityCredential()
    client = SecretClient(
        simulator.vault_endpoint("vault1"), credential, connection_verify=str(simulator.ca_file), retry_total=0
    )
    async with credential, client:
        with pytest.raises(ValueError, match="does not match"):
            await client.get_secret("sysprep-password")


async def test_the_first_request_is_challenged_and_no_value_is_in_the_log(simulator: Simulator):
    async with _client(simulator) as client:
        await client.get_secret("sysprep-password")
    log = [(record.operation, record.status, record.code, record.path) for record in simulator.requests()]
    path = "/secrets/sysprep-password/"
    assert log == [("keyVault.challenge", 401, "Unauthorized", path), ("keyVault.getSecret", 200, "", path)]
    assert _VALUE not in repr(simulator.requests())
    assert _VALUE not in repr(simulator.vaults.__dict__)


async def test_vaults_are_separate_and_can_be_added_while_it_runs(simulator: Simulator):
    simulator.add_secret("vault2", "mine", "here")
    async with _client(simulator, "VAULT2") as client:
        assert (await client.get_secret("mine")).value == "here"
        with pytest.raises(ResourceNotFoundError, match="was not found in this key vault") as missing:
            await client.get_secret("sysprep-password")
    assert code_of(missing) == "SecretNotFound"
    with pytest.raises(KeyError, match="no vault 'vault3'"):
        simulator.vault_endpoint("vault3")
    with pytest.raises(ValueError, match="letters, digits and hyphens"):
        simulator.add_secret("vault1", "not_a_name", "x")


async def test_without_the_permission_and_for_a_disabled_secret_it_is_403(simulator: Simulator):
    simulator.add_secret("vault1", "off", "x", enabled=False)
    async with _client(simulator) as client:
        with pytest.raises(HttpResponseError, match="disabled secret"):
            await client.get_secret("off")
        simulator.role = Role.from_json({"Actions": ["*"], "DataActions": []})
        with pytest.raises(HttpResponseError, match="does not have secrets get permission") as refused:
            await client.get_secret("sysprep-password")
        assert refused.value.status_code == 403
        simulator.role = Role.from_json({"Actions": [], "DataActions": [ACTION]})
        assert (await client.get_secret("sysprep-password")).value == _VALUE


async def test_faults_apply_to_key_vault_too(simulator: Simulator):
    async with _client(simulator) as client:
        simulator.inject(Fault("status", operation="keyVault.getSecret", status=429, code="Throttled"))
        with pytest.raises(HttpResponseError) as refused:
            await client.get_secret("sysprep-password")
        assert refused.value.status_code == 429
        # aiohttp itself repeats a GET on a reused connection that was cut, so more than one cut is needed.
        simulator.inject(Fault("cutBefore", operation="keyVault.getSecret"))
        simulator.inject(Fault("cutAfter", operation="keyVault.getSecret", nth=2, count=2))
        with pytest.raises(ServiceRequestError):
            await client.get_secret("sysprep-password")
    cut = [(record.status, record.faults) for record in simulator.requests() if record.status == 0]
    assert cut[:2] == [(0, ("cutBefore",)), (0, ("cutAfter",))]


async def test_a_token_of_the_other_plane_is_refused(simulator: Simulator):
    trust = ssl.create_default_context(cafile=str(simulator.ca_file))
    vault, arm = simulator.vault_endpoint("vault1"), f"{simulator.endpoint}/subscriptions?api-version=2022-12-01"
    secret = f"{vault}/secrets/sysprep-password?api-version=7.4"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust)) as session:
        for address, resource in ((secret, "https://management.azure.com"), (arm, "https://vault.azure.net")):
            async with session.get(address, headers=await _bearer(simulator, session, resource)) as answer:
                assert answer.status == 401
                assert "wrong audience" in (await answer.json())["error"]["message"]
        headers = await _bearer(simulator, session, "https://vault.azure.net")
        for method, address, status in (
            ("GET", f"{vault}/secrets/sysprep-password", 400),
            ("GET", f"{vault}/keys/one?api-version=7.4", 400),
            ("PUT", secret, 405),
        ):
            async with session.request(method, address, headers=headers) as answer:
                assert answer.status == status


async def _bearer(simulator: Simulator, session: aiohttp.ClientSession, resource: str) -> dict[str, str]:
    url = f"{simulator.identity_endpoint}?api-version=2019-08-01&resource={resource}"
    async with session.get(url, headers={"X-IDENTITY-HEADER": simulator.identity_header}) as answer:
        return {"Authorization": f"Bearer {(await answer.json())['access_token']}"}
