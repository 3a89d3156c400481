"""The queue output binding against Azurite."""

import base64
from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from emulators.azurite import AzuriteServer
from tests.emulators.functions_host.conftest import NO_ENGINE, Queues, host_of, running
from tests.emulators.functions_host.durable_runner import Runner

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def queues(azurite: AzuriteServer) -> Queues:
    return Queues.of(azurite)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def host(queues: Queues, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Runner]:
    folder = tmp_path_factory.mktemp("outputs")
    async with running(host_of("outputs", folder, settings=queues.settings, engine=NO_ENGINE)) as runner:
        yield runner


async def _sent(host: Runner, queues: Queues, kind: str, body: bytes) -> tuple[int, list[bytes]]:
    """The answer's status and the messages in the queue, which is then empty."""
    status = (await host.request("POST", kind, data=body)).status
    if not await queues.count("out"):
        return status, []
    messages = [base64.b64decode(text) for text in await queues.peek("out")]
    await queues.clear("out")
    return status, messages


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text", "single <&> ümlaut".encode()),
        ("bytes", b"\x00\xff"),
        ("bytes", b'{"at":"2026-11-27T10:00:00.437700Z"}'),
        ("bytes", b"x" * 49_152),
    ],
)
async def test_what_a_function_sets_is_sent_unchanged(host: Runner, queues: Queues, kind: str, body: bytes) -> None:
    assert await _sent(host, queues, kind, body) == (200, [body])


async def test_a_function_that_sets_nothing_sends_nothing(host: Runner, queues: Queues) -> None:
    assert await _sent(host, queues, "text", b"") == (200, [])


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ("text", b' {"at":"2026-11-27T10:00:00.437700Z"}\n', "RewrittenTextError"),
        ("text", b"list,of,texts", "RewrittenTextError"),
        ("text", b"fail", "after setting the output"),
        ("bytes", b"x" * 49_153, "RequestBodyTooLarge"),
        ("nowhere", b"", "MissingConnection"),
    ],
)
async def test_an_output_that_is_not_sent_fails_the_invocation(
    host: Runner, queues: Queues, caplog: pytest.LogCaptureFixture, kind: str, body: bytes, said: str
) -> None:
    assert await _sent(host, queues, kind, body) == (500, [])
    assert said in caplog.text
