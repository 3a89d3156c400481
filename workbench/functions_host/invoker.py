"""Runs one function: gathers its inputs, calls the worker, writes its output bindings, logs both ends."""

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from workbench.functions_host.errors import ConfigurationError
from workbench.functions_host.function_catalog import Binding, Function
from workbench.functions_host.invocation_log import in_invocation
from workbench.functions_host.python_worker import Invocation, PythonWorker
from workbench.functions_host.worker_protocol import (
    InvocationResponse,
    RpcException,
    StatusResult,
    TypedData,
)

_log = logging.getLogger("functions_host")

type InputSource = Callable[[Binding], TypedData]
"""Gives the value of an input binding that is not the trigger."""

type OutputWriter = Callable[[Binding, TypedData], Awaitable[None]]
"""Delivers the value of one output binding."""


@dataclass(frozen=True)
class Outcome:
    """How an invocation ended; `failure` is None when it succeeded."""

    invocation_id: str
    value: TypedData | None = None
    failure: RpcException | None = None


class Invoker:
    """All listeners call functions through this one, so that running calls can be waited for."""

    def __init__(
        self, worker: PythonWorker, inputs: Mapping[str, InputSource], outputs: Mapping[str, OutputWriter]
    ) -> None:
        """Takes the sources and writers by binding kind ("durableClient", "queue")."""
        self._worker = worker
        self._inputs = inputs
        self._outputs = outputs
        self._running: set[asyncio.Task[Outcome]] = set()

    async def run(
        self,
        function: Function,
        value: TypedData,
        *,
        metadata: Mapping[str, TypedData] | None = None,
        reason: str,
        trace_parent: str = "",
    ) -> Outcome:
        """Runs `function` with the trigger's `value`; failures of the app or of an output are in the outcome.

        A caller that is cancelled (a closed HTTP connection) does not cancel the function.
        """
        work = self._run(function, value, metadata or {}, reason, trace_parent)
        task = asyncio.create_task(work, name=f"invoke {function.name}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def drain(self, limit: float) -> int:
        """Waits up to `limit` seconds for running functions; returns how many still run then."""
        if self._running:
            await asyncio.wait(set(self._running), timeout=limit)
        return len(self._running)

    async def _run(
        self, function: Function, value: TypedData, metadata: Mapping[str, TypedData], reason: str, trace: str
    ) -> Outcome:
        invocation_id = str(uuid.uuid4())
        with in_invocation(invocation_id, function.name):
            started = time.perf_counter()
            _log.info("Executing 'Functions.%s' (Reason='%s', Id=%s)", function.name, reason, invocation_id)
            try:
                call = self._invocation(function, invocation_id, value, metadata, trace)
                outcome = await self._finish(function, await self._worker.invoke(call))
            except Exception as error:
                # An output that cannot be written fails this call, not the host.
                _log.debug("invocation %s failed in the host", invocation_id, exc_info=True)
                outcome = Outcome(invocation_id, failure=RpcException(f"{type(error).__name__}: {error}"))
            _log_end(function, outcome, time.perf_counter() - started)
        return outcome

    def _invocation(
        self,
        function: Function,
        invocation_id: str,
        value: TypedData,
        metadata: Mapping[str, TypedData],
        trace: str,
    ) -> Invocation:
        assert function.trigger is not None
        inputs = {function.trigger.name: value}
        for binding in function.inputs():
            source = self._inputs.get(binding.kind)
            if source is None:
                raise ConfigurationError(f"this host has no {binding.kind} input (parameter {binding.name})")
            inputs[binding.name] = source(binding)
        return Invocation(invocation_id, function.function_id, function.name, inputs, metadata, trace)

    async def _finish(self, function: Function, answer: InvocationResponse) -> Outcome:
        if answer.result.status != StatusResult.Success:
            failure = answer.result.exception or RpcException("the worker gave no reason")
            return Outcome(answer.invocation_id, failure=failure)
        values = {item.name: item.data for item in answer.output_data}
        values["$return"] = answer.return_value
        for binding in function.outputs():
            data = values.get(binding.name)
            # An "http" output is the answer of the trigger that called; nobody else takes it.
            if data is not None and binding.kind != "http":
                await self._write(binding, data)
        return Outcome(answer.invocation_id, value=answer.return_value)

    async def _write(self, binding: Binding, data: TypedData) -> None:
        writer = self._outputs.get(binding.kind)
        if writer is None:
            raise ConfigurationError(f"this host has no {binding.kind} output (parameter {binding.name})")
        await writer(binding, data)


def _log_end(function: Function, outcome: Outcome, seconds: float) -> None:
    took = f"Id={outcome.invocation_id}, Duration={seconds * 1000:.0f}ms"
    if outcome.failure is None:
        _log.info("Executed 'Functions.%s' (Succeeded, %s)", function.name, took)
        return
    _log.error(
        "Executed 'Functions.%s' (Failed, %s): %s\n%s",
        *(function.name, took, outcome.failure.message, outcome.failure.stack_trace),
    )
