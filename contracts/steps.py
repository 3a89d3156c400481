"""The catalogue of steps: name, what it takes, what it gives. An orchestrator calls a step without importing it."""

from dataclasses import dataclass

from contracts.facts import MachineFacts, MachineState
from contracts.guest_report import GuestReport, SerialMark
from contracts.ids import VmId
from contracts.message import Message
from contracts.reasons import Failure, Refusal
from contracts.request import DeprovisionOptions


class Answer(Message):
    """What every step gives: a refusal or failure that cannot get better, or a time to ask again.

    `try_again_after` (seconds) is Azure's Retry-After: the orchestrator waits it on a durable timer.
    """

    refusal: Refusal | None = None
    failure: Failure | None = None
    try_again_after: int | None = None
    correlation_id: str | None = None


class InspectVm(Message):
    """Read all that the verdict needs; `serial_log` if its proof will be wanted."""

    vm_id: VmId
    serial_log: bool = False


class Inspected(Answer):
    """The facts, unless the machine could not be read at all."""

    facts: MachineFacts | None = None


class StartDeprovision(Message):
    """Order the guest to deprovision itself under this name, once.

    `not_after` (epoch seconds) is when the guest no longer takes the order: it must not wait for a repaired agent,
    nor run again when the machine is started one day.
    """

    machine: MachineState
    run_id: str
    app_name: str
    nonce: str
    run_command: str
    options: DeprovisionOptions
    opt_in_tag: str
    opt_in_value: str
    not_after: int
    shutdown_delay_seconds: int
    sysprep_timeout_seconds: int


class Ordered(Answer):
    """The order stands; `already` if it stood before this call."""

    already: bool = False


class ReadDeprovision(Message):
    """Ask what came of the Run Command, and whether the machine still runs."""

    vm_id: VmId
    unique_id: str
    run_id: str
    nonce: str
    run_command: str


class DeprovisionProgress(Answer):
    """The guest's report if there is one; `ended_without_report` tells why there will be none."""

    report: GuestReport | None = None
    ended_without_report: str | None = None
    machine: MachineState | None = None


class OneMachine(Message):
    """Name a machine, and which one it was when the run began."""

    vm_id: VmId
    unique_id: str


class PowerStateRead(Answer):
    """The machine as it is now."""

    machine: MachineState | None = None


class ReadSerialMarker(Message):
    """Look for this run's mark in the serial log."""

    vm_id: VmId
    run_id: str
    nonce: str


class SerialMarkRead(Answer):
    """What the serial log says."""

    mark: SerialMark = SerialMark(readable=False)


class CollectEvidence(Message):
    """Fetch the reason of a failure out of a machine that still runs."""

    machine: MachineState
    run_id: str
    app_name: str
    nonce: str
    run_command: str


class EvidenceCollected(Answer):
    """The useful end of the reason (at most 3,500 bytes), or not yet."""

    ready: bool = False
    text: str = ""


class RunCommandsLeft(Answer):
    """The Run Commands that are still on the machine."""

    left: tuple[str, ...] = ()


class RemoveRunCommands(Message):
    """Take this run's Run Commands off a machine that still runs."""

    vm_id: VmId
    run_commands: tuple[str, ...]


class ReadRunState(Message):
    """Ask the engine whether another run is alive."""

    run_id: str


class RunStateRead(Answer):
    """Whether the run is alive: known and not ended."""

    alive: bool


class SendResult(Message):
    """A result as it goes on the queue: JSON of at most 48 KiB."""

    text: str


class Sent(Answer):
    """The result is on the queue."""


@dataclass(frozen=True)
class Step[I: Message, O: Answer]:
    """One activity: its registered name, what it takes and what it gives."""

    name: str
    takes: type[I]
    gives: type[O]


INSPECT_VM = Step("inspect_vm", InspectVm, Inspected)
START_DEPROVISION = Step("start_deprovision", StartDeprovision, Ordered)
READ_DEPROVISION = Step("read_deprovision", ReadDeprovision, DeprovisionProgress)
READ_POWER_STATE = Step("read_power_state", OneMachine, PowerStateRead)
READ_SERIAL_MARKER = Step("read_serial_marker", ReadSerialMarker, SerialMarkRead)
COLLECT_EVIDENCE = Step("collect_evidence", CollectEvidence, EvidenceCollected)
DEALLOCATE_VM = Step("deallocate_vm", OneMachine, Ordered)
GENERALIZE_VM = Step("generalize_vm", OneMachine, PowerStateRead)
REMOVE_RUN_COMMANDS = Step("remove_run_commands", RemoveRunCommands, RunCommandsLeft)
READ_RUN_STATE = Step("read_run_state", ReadRunState, RunStateRead)
SEND_RESULT = Step("send_result", SendResult, Sent)

STEPS: tuple[Step[Message, Answer], ...] = (  # pyright: ignore[reportAssignmentType] - invariant in I and O
    INSPECT_VM,
    START_DEPROVISION,
    READ_DEPROVISION,
    READ_POWER_STATE,
    READ_SERIAL_MARKER,
    COLLECT_EVIDENCE,
    DEALLOCATE_VM,
    GENERALIZE_VM,
    REMOVE_RUN_COMMANDS,
    READ_RUN_STATE,
    SEND_RESULT,
)

GOLDEN_IMAGE = "golden_image"
IMAGE_BATCH = "image_batch"
MACHINE_LEASE = "machine_lease"
REQUEST_REGISTER = "request_register"
CANCEL_EVENT = "cancel"
