"""A small model of Azure with the activities' own inputs and answers, for orchestrator tests under virtual time."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from activities.gate import denied
from contracts.activities.vm import (
    AuthorityChecked,
    CheckAuthority,
    CollectEvidence,
    Deallocate,
    DecisionRead,
    DeprovisionProgress,
    EndedRunRead,
    EvidenceCollected,
    Inspected,
    InspectVm,
    OneVm,
    PowerStateRead,
    ReadDecision,
    ReadDeprovision,
    ReadEndedRun,
    ReadRunState,
    ReadSerialMarker,
    RemoveRunCommands,
    RunCommandsLeft,
    RunStateRead,
    SendResult,
    Sent,
    SerialMarkRead,
    StartDeprovision,
    Submitted,
)
from contracts.answer import Answer
from contracts.catalog import ACTIVITIES, CHECK_AUTHORITY, READ_RUN_STATE, Activity
from contracts.facts import OsType, PowerState, VmFacts, VmState
from contracts.guest_report import GuestOutcome, GuestReport, SerialMark
from contracts.ids import VmId
from contracts.run import Decision, LiveSettings
from contracts.stages import Stage
from policy.identity import may_be_deallocated, same_vm
from tests.support.fake_resources import FakeResources, part_of, subject_of
from tests.support.requests import facts, settings, vm_state

type Now = Callable[[], datetime]


@dataclass
class Guest:
    """How one VM behaves once its deprovisioning is requested; seconds of virtual time."""

    facts: VmFacts
    reports_after: float | None = 15
    outcome: GuestOutcome = GuestOutcome.REQUESTED
    code: str = ""
    stops_after: float | None = 90
    becomes: PowerState = PowerState.STOPPED
    greets: bool = True
    marks: bool = True
    marks_after: float = 0
    started_again_after: float | None = None
    fails_with: str | None = None
    deallocates_after: float | None = 30
    generalizes: bool = True
    ordered_at: datetime | None = None
    deallocated_at: datetime | None = None
    generalized: bool = False
    requested: int = 0


@dataclass
class FakeAzure(FakeResources):
    """VMs by name; every call is counted and recorded. `fault` may answer or raise instead of an activity."""

    guests: dict[str, Guest] = field(default_factory=dict[str, Guest])
    calls: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    started: list[StartDeprovision] = field(default_factory=list[StartDeprovision])
    sent: list[str] = field(default_factory=list[str])
    live: LiveSettings = field(default_factory=lambda: LiveSettings(run=settings(), cleanup_mode="delete"))
    denied: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    ended: set[str] = field(default_factory=set[str])
    ended_stage: Stage | None = None
    alive: set[str] = field(default_factory=set[str])
    decisions: dict[str, Decision] = field(default_factory=dict[str, Decision])
    fault: Callable[[str, str, int], Answer | None] = lambda entry, vm, nth: None
    _removing: set[str] = field(default_factory=set[str])
    _counts: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])

    def add(self, name: str, state: VmState | None = None, **more: Any) -> Guest:
        """Add a VM."""
        guest = self.guests[name] = Guest(facts=more.pop("facts", None) or facts(state), **more)
        return guest

    def activities(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """Return an activity for every activity of the catalogue."""
        return {entry.name: self._activity(entry, getattr(self, f"_{entry.name}")) for entry in ACTIVITIES}

    def activities_of(self, name: str) -> list[str]:
        """Return the activities that were called for a VM, in order."""
        return [entry for entry, vm in self.calls if vm == name]

    def _activity(
        self, entry: Activity[Any, Any], body: Callable[[Any], Answer]
    ) -> Callable[[dict[str, Any]], dict[str, Any]]:
        name = entry.name

        def activity(request: dict[str, Any]) -> dict[str, Any]:
            value = entry.takes.model_validate(request)
            vm = subject_of(value)
            if (why := denied(entry, value, request, lambda: self.live)) is not None:
                self.denied.append((name, vm))
                return Answer(denied=why).model_dump(mode="json", exclude_none=True)
            if entry not in {CHECK_AUTHORITY, READ_RUN_STATE}:  # They ask Azure nothing.
                self.calls.append((name, vm))
            self._counts[name, vm] += 1
            answer = self.fault(name, vm, self._counts[name, vm]) or body(value)
            return answer.model_dump(mode="json", exclude_none=True)

        return activity

    def _state(self, name: str) -> VmState:
        guest = self.guests[name]
        state = guest.facts.vm
        power = state.power_state
        if guest.ordered_at and guest.stops_after is not None and self._passed(guest.ordered_at, guest.stops_after):
            power = guest.becomes
            if guest.started_again_after is not None and self._passed(guest.ordered_at, guest.started_again_after):
                power = PowerState.RUNNING
        if guest.deallocated_at:
            done = guest.deallocates_after is not None and self._passed(guest.deallocated_at, guest.deallocates_after)
            power = PowerState.DEALLOCATED if done else PowerState.DEALLOCATING
        return state.model_copy(update={"power_state": power, "generalized": state.generalized or guest.generalized})

    def _temporary_vm(self, vm_id: VmId, system: OsType) -> VmState:
        """Return a temporary VM: it behaves as the guest `clone` or `validate` of the test, or succeeds."""
        name = part_of(str(vm_id))
        if name not in self.guests:
            unlike = {"os_type": system, "tags": {"golden-image-in-place": "allowed"}, "unique_id": f"unique-{name}"}
            self.add(name, vm_state(name).model_copy(update={**unlike, "vm_id": vm_id}))
        return self._state(name)

    def _passed(self, since: datetime, seconds: float) -> bool:
        return self.now() >= since + timedelta(seconds=seconds)

    def _check_authority(self, request: CheckAuthority) -> AuthorityChecked:
        return AuthorityChecked()

    def _inspect_vm(self, request: InspectVm) -> Inspected:
        guest = self.guests[part_of(str(request.vm_id))]
        return Inspected(facts=guest.facts.model_copy(update={"vm": self._state(part_of(str(request.vm_id)))}))

    def _start_deprovision(self, request: StartDeprovision) -> Submitted:
        guest = self.guests[part_of(str(request.vm.vm_id))]
        self.started.append(request)
        already = guest.ordered_at is not None
        if not already:
            guest.ordered_at, guest.requested = self.now(), guest.requested + 1
        return Submitted(already=already, correlation_id="c-start")

    def _read_deprovision(self, request: ReadDeprovision) -> DeprovisionProgress:
        guest = self.guests[part_of(str(request.vm_id))]
        ordered_at = guest.ordered_at
        assert ordered_at is not None
        if guest.reports_after is not None and self._passed(ordered_at, guest.reports_after):
            report = GuestReport(
                version=1, run_id=request.run_id, nonce=request.nonce, outcome=guest.outcome, code=guest.code,
                message="the guest's message", facts={"distribution": "ubuntu"},
            )  # fmt: skip
            again = guest.outcome is GuestOutcome.ALREADY_REQUESTED
            return DeprovisionProgress(report=report, vm=self._state(part_of(str(request.vm_id))) if again else None)
        state = self._state(part_of(str(request.vm_id)))
        return DeprovisionProgress(vm=state, failure=same_vm(state, request.unique_id))

    def _read_power_state(self, request: OneVm) -> PowerStateRead:
        state = self._state(part_of(str(request.vm_id)))
        return PowerStateRead(vm=state, failure=same_vm(state, request.unique_id))

    def _read_serial_marker(self, request: ReadSerialMarker) -> SerialMarkRead:
        guest = self.guests[part_of(str(request.vm_id))]
        shown = guest.ordered_at is not None and self._passed(guest.ordered_at, guest.marks_after)
        mark = SerialMark(
            readable=True, deprovisioned=guest.marks and shown, failure=guest.fails_with if shown else None
        )
        return SerialMarkRead(mark=mark.model_copy(update={"greeted": guest.greets, "shows_boots": True}))

    def _collect_evidence(self, request: CollectEvidence) -> EvidenceCollected:
        asked = self._counts["collect_evidence", part_of(str(request.vm.vm_id))]
        return EvidenceCollected(ready=asked > 1, text="waagent: disk full" if asked > 1 else "")

    def _deallocate_vm(self, request: Deallocate) -> Submitted:
        if not request.even_running and (failure := may_be_deallocated(self._state(part_of(str(request.vm_id))))):
            return Submitted(failure=failure)
        self.guests[part_of(str(request.vm_id))].deallocated_at = self.now()
        return Submitted(correlation_id="c-deallocate")

    def _generalize_vm(self, request: OneVm) -> PowerStateRead:
        guest = self.guests[part_of(str(request.vm_id))]
        guest.generalized = guest.generalizes
        return PowerStateRead(vm=self._state(part_of(str(request.vm_id))), correlation_id="c-generalize")

    def _remove_run_commands(self, request: RemoveRunCommands) -> RunCommandsLeft:
        """Take a while to remove the Run Command of a deprovisioning; the others are gone at once."""
        slow = tuple(name for name in request.run_commands if "-deprovision-" in name and name not in self._removing)
        self._removing.update(slow)
        return RunCommandsLeft(left=slow)

    def _read_run_state(self, request: ReadRunState) -> RunStateRead:
        alive = request.run_id in self.alive
        return RunStateRead(alive=alive, known=alive or request.run_id in self.ended)

    def _read_ended_run(self, request: ReadEndedRun) -> EndedRunRead:
        name = part_of(str(request.vm_id))
        return EndedRunRead(stage=self.ended_stage, how="terminated", vm=self._state(name))

    def _read_decision(self, request: ReadDecision) -> DecisionRead:
        return DecisionRead(decision=self.decisions.get(request.run_id))

    def _send_result(self, request: SendResult) -> Sent:
        self.sent.append(request.text)
        return Sent()
