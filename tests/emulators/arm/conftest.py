"""Fixtures: an emulator with a stepped clock, and the unmodified SDK and credential against it."""

import json
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from azure.identity.aio import ManagedIdentityCredential
from azure.mgmt.compute.aio import ComputeManagementClient

from emulators.arm import Simulator, SteppedClock
from tests.emulators.arm.fleet import FLEET, SUBSCRIPTION, Connect, Raw, Reply, Sdk


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Returns the unmodified SDK client and credential for a running emulator."""

    @asynccontextmanager
    async def opened(simulator: Simulator) -> AsyncGenerator[Sdk]:
        for name, value in simulator.environment().items():
            monkeypatch.setenv(name, value)
        credential = ManagedIdentityCredential(client_id="33333333-3333-3333-3333-333333333333")
        trust, address = str(simulator.ca_file), simulator.endpoint
        compute = ComputeManagementClient(credential, SUBSCRIPTION, address, connection_verify=trust, retry_total=0)
        async with credential, compute:
            yield compute

    return opened


@pytest.fixture
async def simulator(clock: SteppedClock) -> AsyncIterator[Simulator]:
    async with Simulator(vms=FLEET, clock=clock, emulate_linux=True) as running:
        yield running


@pytest.fixture
async def client(simulator: Simulator, connect: Connect) -> AsyncIterator[Sdk]:
    async with connect(simulator) as compute:
        yield compute


@pytest.fixture
async def token(simulator: Simulator) -> str:
    headers = {"X-IDENTITY-HEADER": simulator.identity_header}
    url = f"{simulator.identity_endpoint}?api-version=2019-08-01&resource=https://management.azure.com"
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        return str((await answer.json())["access_token"])


@pytest.fixture
async def raw(simulator: Simulator, token: str) -> AsyncIterator[Raw]:
    """Sends a request unchanged; the api-version is added unless the path has a query."""
    trust = ssl.create_default_context(cafile=str(simulator.ca_file))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust)) as session:

        async def send(
            method: str, path: str, body: Any = None, *, bearer: str | None = None, headers: Mapping[str, str] = {}
        ) -> Reply:
            url = path if path.startswith("https://") else f"{simulator.endpoint}{path}"
            if "?" not in url and "/_simulator" not in url:
                url += "?api-version=2024-07-01"
            sent = {"Authorization": f"Bearer {token if bearer is None else bearer}", **headers}
            data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
            async with session.request(method, url, data=data, headers=sent) as answer:
                text = await answer.text()
                is_json = "json" in answer.headers.get("Content-Type", "")
                return Reply(answer.status, answer.headers, json.loads(text) if is_json else None, text)

        yield send
