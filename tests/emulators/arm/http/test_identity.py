"""The token endpoint and the bearer check."""

import base64
import json
import time

import aiohttp
import pytest
from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError
from azure.identity.aio import ManagedIdentityCredential
from azure.mgmt.compute.aio import ComputeManagementClient

from emulators.arm import Simulator
from tests.emulators.arm.fleet import GROUP, Raw, Sdk, vm_path


async def _request_token(simulator: Simulator, query: str, header: str | None) -> tuple[int, dict[str, str]]:
    headers = {} if header is None else {"X-IDENTITY-HEADER": header}
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{simulator.identity_endpoint}{query}", headers=headers) as answer,
    ):
        return answer.status, await answer.json()


async def test_a_token_looks_like_a_jwt_with_the_tenant_and_an_expiry(simulator: Simulator):
    query = "?api-version=2019-08-01&resource=https://management.azure.com"
    status, body = await _request_token(simulator, query, simulator.identity_header)
    assert status == 200
    assert body["token_type"] == "Bearer"
    assert int(body["expires_on"]) > time.time() + 3600
    claims = body["access_token"].split(".")[1]
    decoded = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert {"tid", "oid", "appid", "aud", "exp"} <= decoded.keys()


REFUSED_TOKENS = [
    ("?api-version=2019-08-01&resource=https://management.azure.com", "wrong", 401),
    ("?api-version=2019-08-01&resource=https://management.azure.com", None, 401),
    ("?resource=https://management.azure.com", "right", 400),
    ("?api-version=2019-08-01&resource=https://graph.microsoft.com", "right", 400),
]


async def test_the_token_endpoint_is_strict(simulator: Simulator):
    for query, header, status in REFUSED_TOKENS:
        given = simulator.identity_header if header == "right" else header
        assert (await _request_token(simulator, query, given))[0] == status, (query, header)


async def test_a_request_without_a_good_token_is_401_with_a_challenge(simulator: Simulator, raw: Raw):
    for bearer, code in (("", "AuthenticationFailed"), ("not.a.token", "InvalidAuthenticationToken")):
        answer = await raw("GET", vm_path("linux1"), bearer=bearer)
        assert answer.refusal == (401, code)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer authorization_uri=")


async def test_an_expired_token_is_401_for_the_sdk(simulator: Simulator, client: Sdk, raw: Raw):
    await client.virtual_machines.get(GROUP, "linux1")
    assert (await raw("POST", "/_simulator/tokens/expire")).body == {"expired": 2}
    with pytest.raises(ClientAuthenticationError):
        await client.virtual_machines.get(GROUP, "linux1")


async def test_a_client_that_does_not_trust_the_authority_does_not_connect(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
):
    for name, value in simulator.environment().items():
        monkeypatch.setenv(name, value)
    credential = ManagedIdentityCredential()
    async with credential, ComputeManagementClient(credential, "s", simulator.endpoint, retry_total=0) as stranger:
        with pytest.raises(ServiceRequestError, match="CERTIFICATE_VERIFY_FAILED"):
            await stranger.virtual_machines.get(GROUP, "linux1")
