"""A small model of what a sweep meets: things that stand, engines that answer, machines that were left stopped."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from contracts import steps
from contracts.answer import Answer
from contracts.facts import MachineState, PowerState
from contracts.machine_steps import (
    Deallocate,
    OneMachine,
    Ordered,
    PowerStateRead,
    ReadRunState,
    RunStateRead,
    SendResult,
    Sent,
)
from contracts.made import Made
from contracts.making_steps import Deleted, DeleteMade
from contracts.reasons import Failure, FailureCode
from contracts.sweep_steps import (
    EndedRun,
    EndedRunsFound,
    FindEndedRuns,
    FindLeftovers,
    Leftover,
    LeftoversFound,
    ReadStuckMachine,
    StuckMachineRead,
)
from workbench.timed_engine import VirtualClock


@dataclass
class FakeLeftovers:
    """Leftovers stand until `gone_after` seconds past the order; `noes` name why one will never go.

    Runs are over unless `alive`, or not known to the engine if `unknown`.
    """

    clock: VirtualClock
    found: tuple[Leftover, ...] = ()
    alive: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    noes: dict[str, str] = field(default_factory=dict[str, str])
    gone_after: float = 45
    ended: tuple[EndedRun, ...] = ()
    stuck: dict[str, MachineState] = field(default_factory=dict[str, MachineState])
    deallocates: bool = True
    trouble: Callable[[str], Answer | None] = lambda step: None
    calls: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    asked_since: datetime | None = None
    sent: list[str] = field(default_factory=list[str])
    _ordered: dict[str, datetime] = field(default_factory=dict[str, datetime])

    def activities(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """Give the activities of a sweep by name."""
        bodies: dict[steps.Step[Any, Any], Callable[[Any], Answer]] = {
            steps.FIND_LEFTOVERS: self._find,
            steps.READ_RUN_STATE: self._run_state,
            steps.DELETE_MADE: self._delete,
            steps.FIND_ENDED_RUNS: self._ended_runs,
            steps.READ_STUCK_MACHINE: self._stuck,
            steps.DEALLOCATE_VM: self._deallocate,
            steps.READ_POWER_STATE: self._power,
            steps.SEND_RESULT: self._send,
        }
        return {step.name: self._activity(step, body) for step, body in bodies.items()}

    def called(self, step: str) -> list[str]:
        """Give what a step was called about, in order."""
        return [about for name, about in self.calls if name == step]

    def _activity(
        self, step: steps.Step[Any, Any], body: Callable[[Any], Answer]
    ) -> Callable[[dict[str, Any]], dict[str, Any]]:
        def activity(request: dict[str, Any]) -> dict[str, Any]:
            value = step.takes.model_validate(request)
            made: Made | None = getattr(value, "made", None)
            about = made.id if made else getattr(value, "run_id", None) or getattr(value, "vm_id", "")
            self.calls.append((step.name, str(about)))
            answer = self.trouble(step.name) or body(value)
            return answer.model_dump(mode="json", exclude_none=True)

        return activity

    def _find(self, request: FindLeftovers) -> LeftoversFound:
        return LeftoversFound(found=self.found)

    def _run_state(self, request: ReadRunState) -> RunStateRead:
        return RunStateRead(alive=request.run_id in self.alive, known=request.run_id not in self.unknown)

    def _send(self, request: SendResult) -> Sent:
        self.sent.append(request.text)
        return Sent()

    def _delete(self, request: DeleteMade) -> Deleted:
        if why := self.noes.get(request.made.id):
            return Deleted(why=why)
        ordered = self._ordered.setdefault(request.made.id, self.clock.now())
        return Deleted(gone=self.clock.now() >= ordered + timedelta(seconds=self.gone_after))

    def _ended_runs(self, request: FindEndedRuns) -> EndedRunsFound:
        self.asked_since = request.since
        return EndedRunsFound(runs=self.ended)

    def _stuck(self, request: ReadStuckMachine) -> StuckMachineRead:
        return StuckMachineRead(machine=self.stuck.get(request.vm_id.name))

    def _deallocate(self, request: Deallocate) -> Ordered:
        if request.unique_id != self.stuck[request.vm_id.name].unique_id:
            return Ordered(failure=Failure.of(FailureCode.MACHINE_REPLACED, "another machine"))
        self._ordered[request.vm_id.key] = self.clock.now()
        return Ordered()

    def _power(self, request: OneMachine) -> PowerStateRead:
        since = self._ordered[request.vm_id.key]
        done = self.deallocates and self.clock.now() >= since + timedelta(seconds=self.gone_after)
        state = PowerState.DEALLOCATED if done else PowerState.DEALLOCATING
        return PowerStateRead(machine=self.stuck[request.vm_id.name].model_copy(update={"power_state": state}))
