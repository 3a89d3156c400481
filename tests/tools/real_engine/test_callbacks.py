"""The extension's calls of the app's functions: what each kind of answer is, and when there is none."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, cast

import aiohttp
import pytest

from emulators.functions_host.extension_callbacks import ExtensionCallbacks
from emulators.functions_host.function_catalog import Binding, Function, FunctionCatalog
from emulators.functions_host.invoker import Invoker, Outcome
from emulators.functions_host.worker_protocol import RpcException, TypedData

_TEXT, _JSON, _NOTHING = TypedData(string="text"), TypedData(json='{"a": 1}'), TypedData()


class FakeInvoker:
    """Answers every call with one outcome, and keeps what it was given."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.given: list[tuple[str, str | None]] = []

    async def run(self, function: Function, value: TypedData, *, reason: str, waited_for: bool) -> Outcome:
        assert not waited_for, "a stop leaves durable functions behind: the hub gives them out again"
        self.given.append((function.name, value.string))
        return self.outcome


def _function(name: str, kind: str) -> Function:
    return Function(name, name, (Binding(kind, "context", False, {"type": kind, "name": "context"}),))


def _catalog(*kinds: str) -> FunctionCatalog:
    return FunctionCatalog(tuple(_function(f"fn-{kind}", kind) for kind in kinds))


@asynccontextmanager
async def _serving(outcome: Outcome) -> AsyncGenerator[tuple[ExtensionCallbacks, FakeInvoker, str]]:
    invoker = FakeInvoker(outcome)
    callbacks = ExtensionCallbacks(_catalog("activityTrigger"), cast(Invoker, invoker))
    address = await callbacks.start()
    try:
        yield callbacks, invoker, f"{address}/invoke/FN-activitytrigger"
    finally:
        await callbacks.stop()


@pytest.mark.parametrize(
    ("value", "status", "kind", "body"),
    [
        (_TEXT, 200, "text/plain", "text"),
        (_JSON, 200, "application/json", '{"a": 1}'),
        (_NOTHING, 204, None, ""),
        (None, 204, None, ""),
    ],
)
async def test_a_value_is_text_or_json_or_nothing(
    value: TypedData | None, status: int, kind: str | None, body: str
) -> None:
    async with _serving(Outcome("id", value)) as (callbacks, invoker, url), aiohttp.ClientSession() as http:
        callbacks.open()
        async with http.post(url, data="given") as answer:
            assert (answer.status, await answer.text()) == (status, body)
            assert kind is None or answer.content_type == kind
        assert invoker.given == [("fn-activityTrigger", "given")]


async def test_an_empty_body_is_no_input() -> None:
    async with _serving(Outcome("id")) as (callbacks, invoker, url), aiohttp.ClientSession() as http:
        callbacks.open()
        await http.post(url)
        assert invoker.given == [("fn-activityTrigger", None)]


async def test_a_failure_has_message_and_stack() -> None:
    failure = Outcome("id", failure=RpcException("ValueError: no", "line 1"))
    async with _serving(failure) as (callbacks, _, url), aiohttp.ClientSession() as http:
        callbacks.open()
        async with http.post(url) as answer:
            assert answer.status == 500
            assert await answer.json() == {"message": "ValueError: no", "stackTrace": "line 1"}


async def test_a_worker_that_died_gives_no_answer() -> None:
    died = Outcome("id", failure=RpcException("gone"), worker_exited=True)
    async with _serving(died) as (callbacks, _, url), aiohttp.ClientSession() as http:
        callbacks.open()
        with pytest.raises(aiohttp.ClientConnectionError):
            await http.post(url)


async def test_calls_wait_until_the_extension_is_ready() -> None:
    async with _serving(Outcome("id", _TEXT)) as (callbacks, invoker, url), aiohttp.ClientSession() as http:
        call = asyncio.create_task(http.post(url, data="early"))
        await asyncio.sleep(0.05)
        assert not call.done()
        assert invoker.given == []
        callbacks.open()
        assert (await call).status == 200


async def test_a_function_that_the_app_does_not_have_fails() -> None:
    async with _serving(Outcome("id")) as (callbacks, _, url), aiohttp.ClientSession() as http:
        callbacks.open()
        async with http.post(url.replace("FN-", "other-")) as answer:
            assert answer.status == 500
            about: dict[str, Any] = await answer.json()
            assert "other-" in about["message"]


def test_an_instance_with_triggers_alone_takes_no_durable_work() -> None:
    built_in = _function("BuiltIn__HttpActivity", "activityTrigger")
    triggers = FunctionCatalog((*_catalog("httpTrigger", "queueTrigger").functions, built_in))
    succeeded = FunctionCatalog((*triggers.functions, *_catalog("entityTrigger").functions))
    invoker = cast(Invoker, FakeInvoker(Outcome("id")))
    assert ExtensionCallbacks(triggers, invoker).durable_functions() == []
    found = ExtensionCallbacks(succeeded, invoker).durable_functions()
    assert [each["name"] for each in found] == ["BuiltIn__HttpActivity", "fn-entityTrigger"]
    assert found[1] == {"name": "fn-entityTrigger", "type": "entityTrigger", "binding": found[1]["binding"]}
    assert found[1]["binding"]["name"] == "context"
