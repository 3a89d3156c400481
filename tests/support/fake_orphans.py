"""A small model of what a cleanup finds: orphaned resources, ended runs, VMs that were left stopped."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from contracts import catalog
from contracts.activities.cleanup import (
    EndedRun,
    EndedRunsFound,
    FindEndedRuns,
    FindOrphanedResources,
    Orphan,
    OrphanedResourcesFound,
    ReadStuckVm,
    StuckVmRead,
)
from contracts.activities.resources import Deleted, DeleteResource
from contracts.activities.vm import (
    Deallocate,
    OneVm,
    PowerStateRead,
    ReadRunState,
    RunStateRead,
    SendResult,
    Sent,
    Submitted,
)
from contracts.answer import Answer
from contracts.error_codes import Failure, FailureCode
from contracts.facts import PowerState, VmState
from contracts.resources import Resource
from emulators.task_hub import VirtualClock


@dataclass
class FakeOrphans:
    """An orphaned resource exists until `gone_after` seconds after its deletion was requested; `refused`: why it stays.

    Runs are over unless `alive`, or not known to the engine if `unknown`.
    """

    clock: VirtualClock
    found: tuple[Orphan, ...] = ()
    alive: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    refused: dict[str, str] = field(default_factory=dict[str, str])
    gone_after: float = 45
    ended: tuple[EndedRun, ...] = ()
    stuck: dict[str, VmState] = field(default_factory=dict[str, VmState])
    deallocates: bool = True
    fault: Callable[[str], Answer | None] = lambda entry: None
    calls: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    asked_since: datetime | None = None
    sent: list[str] = field(default_factory=list[str])
    _requested_at: dict[str, datetime] = field(default_factory=dict[str, datetime])

    def activities(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """Return the activities of a cleanup by name."""
        bodies: dict[catalog.Activity[Any, Any], Callable[[Any], Answer]] = {
            catalog.FIND_ORPHANED_RESOURCES: self._find,
            catalog.READ_RUN_STATE: self._run_state,
            catalog.DELETE_RESOURCE: self._delete,
            catalog.FIND_ENDED_RUNS: self._ended_runs,
            catalog.READ_STUCK_VM: self._stuck,
            catalog.DEALLOCATE_VM: self._deallocate,
            catalog.READ_POWER_STATE: self._power,
            catalog.SEND_RESULT: self._send,
        }
        return {entry.name: self._activity(entry, body) for entry, body in bodies.items()}

    def called(self, entry: str) -> list[str]:
        """Return what an activity was called about, in order."""
        return [about for name, about in self.calls if name == entry]

    def _activity(
        self, entry: catalog.Activity[Any, Any], body: Callable[[Any], Answer]
    ) -> Callable[[dict[str, Any]], dict[str, Any]]:
        def activity(request: dict[str, Any]) -> dict[str, Any]:
            value = entry.takes.model_validate(request)
            resource: Resource | None = getattr(value, "resource", None)
            about = resource.id if resource else getattr(value, "run_id", None) or getattr(value, "vm_id", "")
            self.calls.append((entry.name, str(about)))
            answer = self.fault(entry.name) or body(value)
            return answer.model_dump(mode="json", exclude_none=True)

        return activity

    def _find(self, request: FindOrphanedResources) -> OrphanedResourcesFound:
        return OrphanedResourcesFound(found=self.found)

    def _run_state(self, request: ReadRunState) -> RunStateRead:
        return RunStateRead(alive=request.run_id in self.alive, known=request.run_id not in self.unknown)

    def _send(self, request: SendResult) -> Sent:
        self.sent.append(request.text)
        return Sent()

    def _delete(self, request: DeleteResource) -> Deleted:
        if why := self.refused.get(request.resource.id):
            return Deleted(why=why)
        submitted = self._requested_at.setdefault(request.resource.id, self.clock.now())
        return Deleted(gone=self.clock.now() >= submitted + timedelta(seconds=self.gone_after))

    def _ended_runs(self, request: FindEndedRuns) -> EndedRunsFound:
        self.asked_since = request.since
        return EndedRunsFound(runs=self.ended)

    def _stuck(self, request: ReadStuckVm) -> StuckVmRead:
        return StuckVmRead(vm=self.stuck.get(request.vm_id.name))

    def _deallocate(self, request: Deallocate) -> Submitted:
        if request.unique_id != self.stuck[request.vm_id.name].unique_id:
            return Submitted(failure=Failure.of(FailureCode.VM_REPLACED, "another VM"))
        self._requested_at[request.vm_id.key] = self.clock.now()
        return Submitted()

    def _power(self, request: OneVm) -> PowerStateRead:
        since = self._requested_at[request.vm_id.key]
        done = self.deallocates and self.clock.now() >= since + timedelta(seconds=self.gone_after)
        state = PowerState.DEALLOCATED if done else PowerState.DEALLOCATING
        return PowerStateRead(vm=self.stuck[request.vm_id.name].model_copy(update={"power_state": state}))
