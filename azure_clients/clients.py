"""In each worker process: one credential, one HTTP session, and one compute client for each subscription."""

import asyncio
import importlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from contracts.capacity import SizeFacts
from contracts.polling import CONNECT_SECONDS, READ_SECONDS

if TYPE_CHECKING:
    import aiohttp
    from azure.core.pipeline.transport import AioHttpTransport
    from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential
    from azure.mgmt.compute.aio import ComputeManagementClient

CALL: Final[dict[str, Any]] = {"retry_total": 0, "connection_timeout": CONNECT_SECONDS, "read_timeout": READ_SECONDS}
"""Options of every call: the SDK does not retry (it would repeat a POST), since the orchestrator does."""


type Sizes = dict[tuple[str, str], tuple[float, Mapping[str, SizeFacts]]]
"""The VM sizes of a subscription and region, and until when they are kept."""


@dataclass
class ArmSession:
    """What all activities of one process share; bound to the event loop on which it was created."""

    loop: asyncio.AbstractEventLoop
    http: "aiohttp.ClientSession"
    transport: "AioHttpTransport"
    credential: "ManagedIdentityCredential | DefaultAzureCredential"
    clients: dict[str, "ComputeManagementClient"] = field(default_factory=dict[str, "ComputeManagementClient"])
    sizes: Sizes = field(default_factory=dict[tuple[str, str], tuple[float, Mapping[str, SizeFacts]]])


_session: ArmSession | None = None


async def compute(subscription_id: str) -> "ComputeManagementClient":
    """Return the process's compute client of a subscription; the first call imports the SDK in a thread."""
    session = await arm_session()
    client = session.clients.get(subscription_id)
    if client is None:
        client = session.clients[subscription_id] = _compute_client(session, subscription_id)
    return client


async def arm_session() -> ArmSession:
    """Return the process's session; the first call creates it."""
    global _session
    if _session is None or _session.loop is not asyncio.get_running_loop():
        for module in ("azure.mgmt.compute.aio", "azure.identity.aio", "aiohttp"):
            await asyncio.to_thread(importlib.import_module, module)
        if _session is None or _session.loop is not asyncio.get_running_loop():
            _session = _new_session()
    return _session


async def close_session() -> None:
    """Close the session of this process (in tests and at a clean stop); the next call creates a new one."""
    global _session
    session, _session = _session, None
    if session is not None:
        await session.credential.close()
        await session.http.close()


def _new_session() -> ArmSession:
    import ssl

    import aiohttp
    from azure.core.pipeline.transport import AioHttpTransport

    import settings

    # azure-core logs every request's URL at INFO, which the host's default level would record.
    logging.getLogger("azure").setLevel(logging.WARNING)
    ca_file = settings.current().ca_file
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=ca_file), limit=64)
    http = aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=True, auto_decompress=False
    )
    # aiohttp repeats an idempotent request when a kept-alive connection was closed. A second PUT of a Run Command may
    # run the script again, so it must not. There is no public option; a test checks this private one.
    http._retry_connection = False  # pyright: ignore[reportPrivateUsage]
    transport = AioHttpTransport(session=http, session_owner=False)
    return ArmSession(asyncio.get_running_loop(), http, transport, _credential())


def _credential() -> "ManagedIdentityCredential | DefaultAzureCredential":
    from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

    import settings

    wanted = settings.current()
    if wanted.credential == "local":
        return DefaultAzureCredential()
    return ManagedIdentityCredential(client_id=wanted.client_id)


def _compute_client(session: ArmSession, subscription_id: str) -> "ComputeManagementClient":
    from azure.mgmt.compute.aio import ComputeManagementClient

    import settings

    wanted = settings.current()
    return ComputeManagementClient(
        session.credential,
        subscription_id,
        base_url=wanted.arm_endpoint,
        credential_scopes=[f"{wanted.arm_audience}/.default"],
        transport=session.transport,  # pyright: ignore[reportUnknownMemberType] - the stub leaves its types open
        user_agent="golden-images/0.1",
    )
