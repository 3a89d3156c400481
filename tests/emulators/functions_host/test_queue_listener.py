"""The queue trigger against Azurite: settling, retries, poison."""

import base64
from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from emulators.azurite import AzuriteServer
from tests.emulators.functions_host.conftest import NO_ENGINE, Queues, host_of, running, until, until_async
from tests.emulators.functions_host.durable_runner import Runner
from tests.emulators.functions_host.recorder import recorded

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("host")]


@pytest.fixture(scope="module")
def queues(azurite: AzuriteServer) -> Queues:
    return Queues.of(azurite)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def host(queues: Queues, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Runner]:
    folder = tmp_path_factory.mktemp("queues")
    async with running(host_of("queues", folder, settings=queues.settings, engine=NO_ENGINE)) as runner:
        yield runner


def _bodies(event: str) -> list[str]:
    return [str(r["body"]) for r in recorded() if r["event"] == event]


async def _moved_to_poison(queues: Queues, queue: str) -> list[str]:
    """The undecoded texts of the poison queue once the queue itself is empty; both are empty afterwards."""

    async def is_moved() -> bool:
        return await queues.count(f"{queue}-poison") > 0 and await queues.count(queue) == 0

    await until_async(is_moved)
    texts = await queues.peek(f"{queue}-poison")
    await queues.clear(f"{queue}-poison")
    return texts


async def test_a_message_runs_its_function_once_with_its_metadata_and_is_deleted(queues: Queues) -> None:
    async def is_empty() -> bool:
        return await queues.count("in") == 0

    await queues.send("in", "hello ü")
    await until(lambda: _bodies("end"))
    await until_async(is_empty)
    [seen] = [r for r in recorded() if r["event"] == "begin"]
    assert seen["body"] == "hello ü"
    assert seen["id"]
    assert seen["pop_receipt"]
    assert seen["dequeue_count"] == 1
    for moment in ("inserted", "expires", "next_visible"):
        assert str(seen[moment]).startswith("20"), moment


async def test_a_plain_text_parameter_and_a_synchronous_function_work(queues: Queues) -> None:
    await queues.send("sync", "plain")
    await until(lambda: _bodies("sync") == ["plain"])


async def test_a_failing_message_is_tried_as_often_as_allowed_and_then_moved_to_poison(queues: Queues) -> None:
    await queues.send("in", "fail always")
    assert await _moved_to_poison(queues, "in") == [base64.b64encode(b"fail always").decode()]
    assert [r["dequeue_count"] for r in recorded()] == [1, 2, 3]


async def test_a_message_that_is_no_base64_goes_to_poison_at_once_and_blocks_nobody(
    queues: Queues, caplog: pytest.LogCaptureFixture
) -> None:
    # Both are in one batch: the listener is busy with neither.
    await queues.send("in", "not base64!", "Z29vZA==", raw=True)
    await until(lambda: _bodies("end") == ["good"])
    assert await _moved_to_poison(queues, "in") == ["not base64!"]
    assert "delivery 1)" in caplog.text
    assert "delivery 2)" not in caplog.text


async def test_a_message_that_is_no_utf8_never_reaches_its_function_and_ends_in_poison(
    queues: Queues, caplog: pytest.LogCaptureFixture
) -> None:
    await queues.send("in", "//4A", raw=True)
    assert await _moved_to_poison(queues, "in") == ["//4A"]
    assert recorded() == []
    assert caplog.text.count("is not UTF-8 (DecoderFallbackException)") == 3, "once a delivery"


async def test_a_binary_trigger_gets_bytes_whatever_they_are(queues: Queues) -> None:
    await queues.send("raw", "//4A", "plain", raw=True)
    await queues.send("raw", "text")
    await until(lambda: len(_bodies("bytes")) == 2)
    assert await _moved_to_poison(queues, "raw") == ["plain"]
    assert sorted(_bodies("bytes")) == ["74657874", "fffe00"]


async def test_other_messages_run_while_one_is_slow(queues: Queues, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLOW_SECONDS", "0.8")
    await queues.send("in", "slow", "quick 1", "quick 2")
    await until(lambda: len(_bodies("end")) == 3)
    assert _bodies("end")[-1] == "slow"


async def test_a_message_whose_worker_exits_is_delivered_again(host: Runner, queues: Queues) -> None:
    host.host.lose_worker_in("on_message")
    await queues.send("in", "again")
    await until(lambda: [r["event"] for r in recorded()] == ["begin", "end", "begin", "end"])
    assert [r["dequeue_count"] for r in recorded() if r["event"] == "begin"] == [1, 2]
