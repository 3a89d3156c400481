"""The queue output binding against Azurite."""

import aiohttp
import pytest

from tests.workbench.functions_host.conftest import Queues, StartHost


def _settings(queues: Queues) -> dict[str, str]:
    return {"AzureWebJobsStorage": queues.connection_string, "PREFIX": queues.prefix}


@pytest.mark.parametrize(
    ("kind", "messages"),
    [
        ("one", ["single <&> ümlaut"]),
        ("list", ["first", "second"]),
        ("message", ["from an object"]),
    ],
)
async def test_what_a_function_sets_is_sent_to_a_queue_that_did_not_exist(
    start_host: StartHost, queues: Queues, http: aiohttp.ClientSession, kind: str, messages: list[str]
) -> None:
    async with start_host("outputs", settings=_settings(queues)) as host:
        async with http.post(f"{host.url}/send/{kind}") as answer:
            assert (answer.status, await answer.text()) == (200, kind)
        assert await queues.peek("out") == messages


async def test_bytes_are_sent(start_host: StartHost, queues: Queues, http: aiohttp.ClientSession) -> None:
    async with start_host("outputs", settings=_settings(queues)) as host:
        async with http.post(f"{host.url}/bytes", data=b"raw") as answer:
            assert answer.status == 200
        assert await queues.peek("out") == ["raw"]


async def test_a_function_that_fails_sends_nothing(
    start_host: StartHost, queues: Queues, http: aiohttp.ClientSession
) -> None:
    async with start_host("outputs", settings=_settings(queues)) as host:
        async with http.post(f"{host.url}/send/fail") as answer:
            assert answer.status == 500
        async with http.post(f"{host.url}/send/one") as answer:
            assert answer.status == 200
        assert await queues.peek("out") == ["single <&> ümlaut"]


async def test_an_output_that_cannot_be_written_fails_the_invocation(
    start_host: StartHost, queues: Queues, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    async with start_host("outputs", settings=_settings(queues)) as host, http.post(f"{host.url}/nowhere") as answer:
        assert (answer.status, await answer.text()) == (500, "")
    assert "MissingConnection" in caplog.text
