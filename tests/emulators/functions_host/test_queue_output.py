"""The queue output binding against Azurite."""

import shutil
from pathlib import Path

import aiohttp
import pytest

from tests.emulators.functions_host.conftest import APPS, Queues, StartHost


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


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ('{"at":"2026-11-27T10:00:00.437700Z"}', ['{\n  "at": "2026-11-27T10:00:00.4377Z"\n}']),
        ('["first", {"n": 2}]', ["first", '{\n  "n": 2\n}']),
    ],
)
async def test_text_that_is_json_is_written_again(
    start_host: StartHost, queues: Queues, http: aiohttp.ClientSession, text: str, messages: list[str]
) -> None:
    async with start_host("outputs", settings=_settings(queues)) as host:
        async with http.post(f"{host.url}/send/text", data=text.encode()) as answer:
            assert answer.status == 200
        assert await queues.peek("out") == messages


async def test_bytes_that_are_json_are_sent_unchanged(
    start_host: StartHost, queues: Queues, http: aiohttp.ClientSession
) -> None:
    async with start_host("outputs", settings=_settings(queues)) as host:
        async with http.post(f"{host.url}/bytes", data=b'{"at":"2026-11-27T10:00:00.437700Z"}') as answer:
            assert answer.status == 200
        assert await queues.peek("out") == ['{"at":"2026-11-27T10:00:00.437700Z"}']


async def test_text_that_only_looks_like_json_fails_the_function(
    start_host: StartHost, queues: Queues, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    async with start_host("outputs", settings=_settings(queues)) as host:
        async with http.post(f"{host.url}/send/text", data=b"{not json}") as answer:
            assert answer.status == 500
        assert await queues.count("out") == 0
    assert "JsonReaderException" in caplog.text


@pytest.mark.parametrize(("size", "status"), [(49_151, 200), (49_152, 200), (49_153, 500)])
async def test_a_message_has_at_most_64_kib_in_base64(
    start_host: StartHost,
    queues: Queues,
    http: aiohttp.ClientSession,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    size: int,
    status: int,
) -> None:
    app = tmp_path / "app"
    shutil.copytree(APPS / "outputs", app)
    (app / "host.json").write_text('{"version": "2.0", "extensions": {"http": {"routePrefix": ""}}}')
    async with start_host(app, settings=_settings(queues)) as host:
        async with http.post(f"{host.url}/bytes", data=b"x" * size) as answer:
            assert answer.status == status
        assert await queues.count("out") == (1 if status == 200 else 0)
    assert ("RequestBodyTooLarge" in caplog.text) == (status == 500)


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
