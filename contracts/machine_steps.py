"""What the steps on one machine take and give: inspect, seal, stop, deallocate, mark."""

from contracts.answer import Answer
from contracts.facts import MachineFacts, MachineState
from contracts.guest_report import GuestReport, SerialMark
from contracts.ids import VmId
from contracts.message import Message
from contracts.request import DeprovisionOptions
from contracts.run import Decision


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
    nor run again when the machine is started one day. `script_sha256` is the text that was checked when the run
    began: another one is a refusal; empty: not compared.
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
    script_sha256: str = ""


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


class Deallocate(OneMachine):
    """Deallocate a machine that has stopped; `even_running` one that runs as well (a clone that stays specialized)."""

    even_running: bool = False


class NewMachine(Message):
    """Name a machine that this run made: it must carry the run's tag."""

    vm_id: VmId
    run_id: str


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
    """Whether the run or its publication is alive, known and not ended; `known`: whether the engine has either.

    A run that is not known may belong to another task hub.
    """

    alive: bool
    known: bool = False


class SendResult(Message):
    """A result as it goes on the queue: JSON of at most 48 KiB."""

    text: str


class Sent(Answer):
    """The result is on the queue."""


class ReadDecision(Message):
    """Ask what stands about a VM's run in the record of its request's approvals."""

    run_id: str
    batch_id: str


class DecisionRead(Answer):
    """The decision that stands about a run, its own or that of its whole request; None: nobody decided."""

    decision: Decision | None = None
