"""The queue trigger against Azurite: settling, retries, poison, leases, back-off."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError

from emulators.functions_host import HostOptions
from tests.emulators.functions_host.conftest import APPS, Queues, StartHost, until, until_async

type Records = Callable[[], list[dict[str, Any]]]


def _settings(queues: Queues, **more: str) -> dict[str, str]:
    return {"AzureWebJobsStorage": queues.connection_string, "PREFIX": queues.prefix, **more}


def _bodies(records: Records, event: str) -> list[str]:
    return [str(r["body"]) for r in records() if r["event"] == event]


async def test_a_message_runs_its_function_once_with_its_metadata_and_is_deleted(
    start_host: StartHost, queues: Queues, records: Records
) -> None:
    async with start_host("queues", settings=_settings(queues)):
        await queues.send("in", "hello ü")
        await until(lambda: _bodies(records, "end"))
        await until_async(lambda: _is_empty(queues, "in"))
    [seen] = [r for r in records() if r["event"] == "begin"]
    assert seen["body"] == "hello ü"
    assert seen["id"]
    assert seen["pop_receipt"]
    assert seen["dequeue_count"] == 1
    for moment in ("inserted", "expires", "next_visible"):
        assert str(seen[moment]).startswith("20"), moment


async def test_a_plain_text_parameter_and_a_synchronous_function_work(
    start_host: StartHost, queues: Queues, records: Records
) -> None:
    async with start_host("queues", settings=_settings(queues)):
        await queues.send("sync", "plain")
        await until(lambda: _bodies(records, "sync") == ["plain"])


async def test_a_failing_message_is_tried_as_often_as_allowed_and_then_moved_to_poison(
    start_host: StartHost, queues: Queues, records: Records
) -> None:
    async with start_host("queues", settings=_settings(queues)):
        await queues.send("in", "fail always")
        await until_async(lambda: _exists(queues, "in-poison"))
        await until_async(lambda: _is_empty(queues, "in"))
        [poisoned] = await queues.peek("in-poison")
    assert [r["dequeue_count"] for r in records()] == [1, 2, 3]
    assert poisoned == "ZmFpbCBhbHdheXM="


async def test_a_message_that_is_no_base64_goes_to_poison_at_once_and_blocks_nobody(
    start_host: StartHost, queues: Queues, records: Records, caplog: pytest.LogCaptureFixture
) -> None:
    async with start_host("queues", settings=_settings(queues)):
        async with queues.open("in") as queue:
            # Both are in one batch: the listener is busy with neither.
            await queue.send_message("not base64!")
            await queue.send_message("Z29vZA==")
        await until(lambda: _bodies(records, "end") == ["good"])
        await until_async(lambda: _exists(queues, "in-poison"))
        assert await queues.peek("in-poison") == ["not base64!"]
        await until_async(lambda: _is_empty(queues, "in"))
    assert "delivery 1)" in caplog.text
    assert "delivery 2)" not in caplog.text


async def test_a_message_that_is_no_utf8_never_reaches_its_function_and_ends_in_poison(
    start_host: StartHost, queues: Queues, records: Records, caplog: pytest.LogCaptureFixture
) -> None:
    async with start_host("queues", settings=_settings(queues)):
        await queues.send("in", "//4A", raw=True)
        await until_async(lambda: _exists(queues, "in-poison"))
        assert await queues.peek("in-poison") == ["//4A"]
    assert records() == []
    assert caplog.text.count("is not UTF-8 (DecoderFallbackException)") == 3, "once a delivery"


async def test_a_binary_trigger_gets_bytes_whatever_they_are(
    start_host: StartHost, queues: Queues, records: Records
) -> None:
    async with start_host("queues", settings=_settings(queues)):
        await queues.send("raw", "//4A", "plain", raw=True)
        await queues.send("raw", "text")
        await until(lambda: len(_bodies(records, "bytes")) == 2)
        await until_async(lambda: _exists(queues, "raw-poison"))
    assert sorted(_bodies(records, "bytes")) == ["74657874", "fffe00"]


async def test_other_messages_run_while_one_is_slow(start_host: StartHost, queues: Queues, records: Records) -> None:
    async with start_host("queues", settings=_settings(queues, SLOW_SECONDS="0.8")):
        await queues.send("in", "slow", "quick 1", "quick 2")
        await until(lambda: len(_bodies(records, "end")) == 3)
    assert _bodies(records, "end")[-1] == "slow"


async def test_no_more_than_a_batch_and_the_threshold_run_at_once(
    start_host: StartHost, queues: Queues, records: Records
) -> None:
    async with queues.open("in") as queue:
        await queue.create_queue()
    await queues.send("in", *(f"slow {n}" for n in range(14)))
    async with start_host("queues", settings=_settings(queues, SLOW_SECONDS="0.15")):
        await until(lambda: len(_bodies(records, "end")) == 14)
    running = peak = 0
    for entry in records():
        running += 1 if entry["event"] == "begin" else -1
        peak = max(peak, running)
    assert 4 <= peak <= 6  # batchSize 4 + newBatchThreshold 2


async def test_a_message_stays_hidden_while_its_function_runs_longer_than_the_lease(
    start_host: StartHost, queues: Queues, records: Records
) -> None:
    options = HostOptions(queue_lease=timedelta(seconds=1))
    async with start_host("queues", settings=_settings(queues, SLOW_SECONDS="1.7"), options=options):
        await queues.send("in", "slow")
        await until(lambda: _bodies(records, "end") == ["slow"])
        await until_async(lambda: _is_empty(queues, "in"))
    assert _bodies(records, "begin") == ["slow"]


async def test_a_failed_message_waits_for_the_visibility_timeout(
    start_host: StartHost, queues: Queues, records: Records, tmp_path: Path
) -> None:
    app = tmp_path / "app"
    app.mkdir()
    source = (APPS / "queues" / "function_app.py").read_text()
    (app / "function_app.py").write_text(source)
    (app / "host.json").write_text('{"version": "2.0", "extensions": {"queues": {"visibilityTimeout": "00:00:30"}}}')
    async with start_host(app, settings=_settings(queues)):
        await queues.send("in", "fail")
        await until(lambda: _bodies(records, "begin") == ["fail"])
        await until_async(lambda: _is_hidden(queues, "in"))
        await asyncio.sleep(0.3)
    assert _bodies(records, "begin") == ["fail"]
    assert await queues.count("in") == 1


async def test_stopping_lets_the_running_function_end_and_its_message_go(
    start_host: StartHost, queues: Queues, records: Records
) -> None:
    async with start_host("queues", settings=_settings(queues, SLOW_SECONDS="0.5")):
        await queues.send("in", "slow")
        await until(lambda: _bodies(records, "begin") == ["slow"])
    assert _bodies(records, "end") == ["slow"]
    assert await queues.count("in") == 0


async def test_stopping_does_not_wait_longer_than_the_limit(
    start_host: StartHost, queues: Queues, records: Records
) -> None:
    options = HostOptions(drain_seconds=0.2)
    async with start_host("queues", settings=_settings(queues, SLOW_SECONDS="30"), options=options):
        await queues.send("in", "slow")
        await until(lambda: _bodies(records, "begin") == ["slow"])
        stopped = time.monotonic()
    assert time.monotonic() - stopped < 5
    assert await queues.count("in") == 1, "the message must come again after its lease"


async def _is_empty(queues: Queues, suffix: str) -> bool:
    return await queues.count(suffix) == 0


async def _is_hidden(queues: Queues, suffix: str) -> bool:
    return await queues.count(suffix) == 1 and await queues.peek(suffix) == []


async def _exists(queues: Queues, suffix: str) -> bool:
    try:
        return await queues.count(suffix) > 0
    except ResourceNotFoundError:
        return False
