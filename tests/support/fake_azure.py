"""A small model of Azure behind the steps' own contracts: what orchestrator tests run against, under virtual time."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from contracts.answer import Answer
from contracts.facts import MachineFacts, MachineState, OsType, PowerState
from contracts.guest_report import GuestOutcome, GuestReport, SerialMark
from contracts.ids import VmId
from contracts.machine_steps import (
    CollectEvidence,
    Deallocate,
    DecisionRead,
    DeprovisionProgress,
    EvidenceCollected,
    Inspected,
    InspectVm,
    OneMachine,
    Ordered,
    PowerStateRead,
    ReadDecision,
    ReadDeprovision,
    ReadRunState,
    ReadSerialMarker,
    RemoveRunCommands,
    RunCommandsLeft,
    RunStateRead,
    SendResult,
    Sent,
    SerialMarkRead,
    StartDeprovision,
)
from contracts.message import Message
from contracts.run import Decision
from contracts.steps import STEPS
from policy.identity import may_be_deallocated, same_machine
from tests.support.fake_things import FakeThings, part_of, subject_of
from tests.support.requests import facts, machine

type Now = Callable[[], datetime]


@dataclass
class Guest:
    """How one machine behaves once it is told to seal itself; seconds of virtual time."""

    facts: MachineFacts
    reports_after: float | None = 15
    outcome: GuestOutcome = GuestOutcome.ARMED
    code: str = ""
    stops_after: float | None = 90
    becomes: PowerState = PowerState.STOPPED
    marks: bool = True
    marks_after: float = 0
    started_again_after: float | None = None
    fails_with: str | None = None
    deallocates_after: float | None = 30
    generalizes: bool = True
    ordered_at: datetime | None = None
    deallocated_at: datetime | None = None
    generalized: bool = False
    armed: int = 0


@dataclass
class FakeAzure(FakeThings):
    """Machines by name, every call counted and remembered; `trouble` may answer or raise instead of a step."""

    guests: dict[str, Guest] = field(default_factory=dict[str, Guest])
    calls: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    sent: list[str] = field(default_factory=list[str])
    alive: set[str] = field(default_factory=set[str])
    decisions: dict[str, Decision] = field(default_factory=dict[str, Decision])
    trouble: Callable[[str, str, int], Answer | None] = lambda step, vm, nth: None
    _counts: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])

    def add(self, name: str, state: MachineState | None = None, **more: Any) -> Guest:
        """Add a machine."""
        guest = self.guests[name] = Guest(facts=more.pop("facts", None) or facts(state), **more)
        return guest

    def activities(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """Give an activity for every step of the catalogue."""
        return {step.name: self._activity(step.name, step.takes, getattr(self, f"_{step.name}")) for step in STEPS}

    def steps_of(self, name: str) -> list[str]:
        """Give the steps that were called for a machine, in order."""
        return [step for step, vm in self.calls if vm == name]

    def _activity(
        self, name: str, takes: type[Message], body: Callable[[Any], Answer]
    ) -> Callable[[dict[str, Any]], dict[str, Any]]:
        def activity(request: dict[str, Any]) -> dict[str, Any]:
            value = takes.model_validate(request)
            vm = subject_of(value)
            self.calls.append((name, vm))
            self._counts[name, vm] += 1
            answer = self.trouble(name, vm, self._counts[name, vm]) or body(value)
            return answer.model_dump(mode="json", exclude_none=True)

        return activity

    def _state(self, name: str) -> MachineState:
        guest = self.guests[name]
        state = guest.facts.machine
        power = state.power_state
        if guest.ordered_at and guest.stops_after is not None and self._passed(guest.ordered_at, guest.stops_after):
            power = guest.becomes
            if guest.started_again_after is not None and self._passed(guest.ordered_at, guest.started_again_after):
                power = PowerState.RUNNING
        if guest.deallocated_at:
            done = guest.deallocates_after is not None and self._passed(guest.deallocated_at, guest.deallocates_after)
            power = PowerState.DEALLOCATED if done else PowerState.DEALLOCATING
        return state.model_copy(update={"power_state": power, "generalized": state.generalized or guest.generalized})

    def _new_machine(self, vm_id: VmId, system: OsType) -> MachineState:
        """A machine of ours behaves as the guest called `clone` (or `verify`) that the test prepared, else well."""
        name = part_of(str(vm_id))
        if name not in self.guests:
            unlike = {"os_type": system, "tags": {"golden-image-in-place": "allowed"}, "unique_id": f"unique-{name}"}
            self.add(name, machine(name).model_copy(update={**unlike, "vm_id": vm_id}))
        return self._state(name)

    def _passed(self, since: datetime, seconds: float) -> bool:
        return self.now() >= since + timedelta(seconds=seconds)

    def _inspect_vm(self, request: InspectVm) -> Inspected:
        guest = self.guests[part_of(str(request.vm_id))]
        return Inspected(facts=guest.facts.model_copy(update={"machine": self._state(part_of(str(request.vm_id)))}))

    def _start_deprovision(self, request: StartDeprovision) -> Ordered:
        guest = self.guests[part_of(str(request.machine.vm_id))]
        already = guest.ordered_at is not None
        if not already:
            guest.ordered_at, guest.armed = self.now(), guest.armed + 1
        return Ordered(already=already, correlation_id="c-start")

    def _read_deprovision(self, request: ReadDeprovision) -> DeprovisionProgress:
        guest = self.guests[part_of(str(request.vm_id))]
        ordered_at = guest.ordered_at
        assert ordered_at is not None
        if guest.reports_after is not None and self._passed(ordered_at, guest.reports_after):
            report = GuestReport(
                version=1, run_id=request.run_id, nonce=request.nonce, outcome=guest.outcome, code=guest.code,
                message="said the guest", facts={"distribution": "ubuntu"},
            )  # fmt: skip
            again = guest.outcome is GuestOutcome.ALREADY_ARMED
            return DeprovisionProgress(
                report=report, machine=self._state(part_of(str(request.vm_id))) if again else None
            )
        state = self._state(part_of(str(request.vm_id)))
        return DeprovisionProgress(machine=state, failure=same_machine(state, request.unique_id))

    def _read_power_state(self, request: OneMachine) -> PowerStateRead:
        state = self._state(part_of(str(request.vm_id)))
        return PowerStateRead(machine=state, failure=same_machine(state, request.unique_id))

    def _read_serial_marker(self, request: ReadSerialMarker) -> SerialMarkRead:
        guest = self.guests[part_of(str(request.vm_id))]
        shown = guest.ordered_at is not None and self._passed(guest.ordered_at, guest.marks_after)
        mark = SerialMark(readable=True, sealed=guest.marks and shown, failure=guest.fails_with if shown else None)
        return SerialMarkRead(mark=mark)

    def _collect_evidence(self, request: CollectEvidence) -> EvidenceCollected:
        asked = self._counts["collect_evidence", part_of(str(request.machine.vm_id))]
        return EvidenceCollected(ready=asked > 1, text="waagent: disk full" if asked > 1 else "")

    def _deallocate_vm(self, request: Deallocate) -> Ordered:
        if not request.even_running and (failure := may_be_deallocated(self._state(part_of(str(request.vm_id))))):
            return Ordered(failure=failure)
        self.guests[part_of(str(request.vm_id))].deallocated_at = self.now()
        return Ordered(correlation_id="c-deallocate")

    def _generalize_vm(self, request: OneMachine) -> PowerStateRead:
        guest = self.guests[part_of(str(request.vm_id))]
        guest.generalized = guest.generalizes
        return PowerStateRead(machine=self._state(part_of(str(request.vm_id))), correlation_id="c-generalize")

    def _remove_run_commands(self, request: RemoveRunCommands) -> RunCommandsLeft:
        asked = self._counts["remove_run_commands", part_of(str(request.vm_id))]
        return RunCommandsLeft(left=request.run_commands if asked == 1 else ())

    def _read_run_state(self, request: ReadRunState) -> RunStateRead:
        return RunStateRead(alive=request.run_id in self.alive)

    def _read_decision(self, request: ReadDecision) -> DecisionRead:
        return DecisionRead(decision=self.decisions.get(request.run_id))

    def _send_result(self, request: SendResult) -> Sent:
        self.sent.append(request.text)
        return Sent()
