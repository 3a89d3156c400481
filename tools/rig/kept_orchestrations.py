"""Keeps each orchestration in a worker between its turns, so that a turn processes only new events, without replay."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from durabletask import worker
from durabletask.internal import orchestrator_service_pb2 as pb

# Replay is tested with stored histories and by one journey; elsewhere it would take two thirds of the time.
_Executor: Any = worker._OrchestrationExecutor  # pyright: ignore[reportPrivateUsage]
_Context: Any = worker._RuntimeOrchestrationContext  # pyright: ignore[reportPrivateUsage]


@dataclass(frozen=True)
class _Kept:
    """An orchestration that waits, how many events of its history it has processed, and the last of them."""

    executor: Any
    context: Any
    seen: int = 0
    last: bytes = b""

    def continues(self, old: Sequence[Any]) -> bool:
        """Return whether the history begins with what was processed: another execution of the same id does not."""
        return 0 < self.seen <= len(old) and old[self.seen - 1].SerializeToString(deterministic=True) == self.last


@contextmanager
def kept_orchestrations() -> Generator[None]:
    """Within this context, every worker of this process keeps its orchestrations.

    A history that does not continue the one that was processed is replayed from its beginning, as everywhere else.
    """
    kept: dict[str, _Kept] = {}

    class KeepingExecutor(_Executor):
        def execute(self, instance_id: str, old_events: Sequence[Any], new_events: Sequence[Any]) -> Any:
            return _turn(kept, self, instance_id, old_events, new_events)

    with patch.object(worker, "_OrchestrationExecutor", KeepingExecutor):
        yield


def _turn(kept: dict[str, _Kept], fresh: Any, instance_id: str, old: Sequence[Any], new: Sequence[Any]) -> Any:
    """Pass new events to an orchestration; one that is unknown or started anew is replayed from its history."""
    known = kept.pop(instance_id, None)
    if known is None or not known.continues(old):
        known = _Kept(fresh, _new_context(fresh, instance_id))
    context = known.context
    try:
        context._is_replaying = True
        for event in old[known.seen :]:
            known.executor.process_event(context, event)
        context._is_replaying = False
        for event in new:
            known.executor.process_event(context, event)
    except Exception as error:
        context.set_failed(error)
    if not context._is_complete:
        last = [*old, *new][-1].SerializeToString(deterministic=True)
        kept[instance_id] = _Kept(known.executor, context, len(old) + len(new), last)
    actions: list[pb.OrchestratorAction] = context.get_actions()
    return worker.ExecutionResults(
        actions=actions,
        encoded_custom_status=context._encoded_custom_status,
        orchestration_trace_context=context._orchestration_trace_context,
    )


def _new_context(executor: Any, instance_id: str) -> Any:
    executor._orchestration_name = instance_id
    return _Context(
        instance_id,
        executor._registry,
        maximum_timer_interval=executor._maximum_timer_interval,
        data_converter=executor._data_converter,
        exception_properties_provider=executor._exception_properties_provider,
        logger=executor._logger,
    )
