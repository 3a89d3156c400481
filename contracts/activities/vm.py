"""Inputs and outputs of the activities on one VM: inspect, deprovision, stop, deallocate, mark generalized."""

from contracts.answer import Answer
from contracts.facts import VmExtension, VmFacts, VmState
from contracts.guest_report import GuestReport, SerialMark
from contracts.ids import VmId
from contracts.message import Message
from contracts.request import DeprovisionOptions
from contracts.run import Decision
from contracts.stages import Stage


class CheckAuthority(Message):
    """Ask whether the run may still change its VM."""

    vm_id: VmId


class AuthorityChecked(Answer):
    """It may, unless the answer is denied."""


class InspectVm(Message):
    """Read all that the checks need; `serial_log`: also whether the serial log can be read."""

    vm_id: VmId
    serial_log: bool = False


class Inspected(Answer):
    """The facts, unless the VM could not be read at all."""

    facts: VmFacts | None = None


class StartDeprovision(Message):
    """Start deprovisioning in the guest once, as a Run Command with this name.

    After `not_after` (epoch seconds on the guest's own clock) the guest ignores the command: it must not run late, when
    a broken agent is repaired. Nor in another boot than `boot_id`: deprovisioning deletes what the agent remembers, so
    it runs the command again when somebody starts the VM. `script_sha256` is the hash that was checked when the run
    began: a script with another hash is refused; empty: not compared.
    """

    vm: VmState
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
    boot_id: str = ""
    tags: dict[str, str] = {}


class Submitted(Answer):
    """The operation was started; `already` if it was started before this call."""

    already: bool = False


class ReadDeprovision(Message):
    """Read the state of the Run Command, and whether the VM still runs."""

    vm_id: VmId
    unique_id: str
    run_id: str
    nonce: str
    run_command: str


class DeprovisionProgress(Answer):
    """The guest's report if there is one; `ended_without_report` says why there will be none."""

    report: GuestReport | None = None
    ended_without_report: str | None = None
    vm: VmState | None = None


class OneVm(Message):
    """A VM's id, and its unique id from when the run began."""

    vm_id: VmId
    unique_id: str


class Deallocate(OneVm):
    """Deallocate a stopped VM; with `even_running` also a running one (a clone that stays specialized)."""

    even_running: bool = False


class TemporaryVm(Message):
    """A temporary VM of this run: it must have the run's tag."""

    vm_id: VmId
    run_id: str


class RemoveExtension(TemporaryVm):
    """Remove one extension from a temporary VM of this run."""

    extension: VmExtension


class ExtensionRemoved(Answer):
    """`gone`: the VM does not have the extension (any more). `why` it is not removed."""

    gone: bool = False
    why: str | None = None


class PowerStateRead(Answer):
    """The VM as it is now."""

    vm: VmState | None = None


class ReadSerialMarker(Message):
    """Search the serial log for this run's mark."""

    vm_id: VmId
    run_id: str
    nonce: str


class SerialMarkRead(Answer):
    """What the serial log contains."""

    mark: SerialMark = SerialMark(readable=False)


class CollectEvidence(Message):
    """Read the reason for a failure from a VM that still runs."""

    vm: VmState
    run_id: str
    app_name: str
    nonce: str
    run_command: str
    tags: dict[str, str] = {}


class EvidenceCollected(Answer):
    """The end of the guest's logs (at most 3,500 bytes), once it is `ready`."""

    ready: bool = False
    text: str = ""


class RunCommandsLeft(Answer):
    """The Run Commands that are still on the VM."""

    left: tuple[str, ...] = ()


class RemoveRunCommands(Message):
    """Delete this run's Run Commands from a VM that still runs."""

    vm_id: VmId
    run_commands: tuple[str, ...]


class ReadRunState(Message):
    """Read from the task hub whether another run is still active."""

    run_id: str


class RunStateRead(Answer):
    """`alive`: the run or its `publish_image` run has not ended. `known`: this task hub has at least one of them.

    An unknown run may be in another task hub.
    """

    alive: bool
    known: bool = False


class ReadEndedRun(Message):
    """Read how far the run of a VM came that returned no result, and what its VM is now."""

    run_id: str
    vm_id: VmId


class EndedRunRead(Answer):
    """Its last stage, whether it was terminated or failed (`how`), and the VM if Azure returned it."""

    stage: Stage | None = None
    how: str = ""
    vm: VmState | None = None


class SendResult(Message):
    """A result for the queue: JSON of at most 48 KiB."""

    text: str


class Sent(Answer):
    """The result was sent to the queue."""


class ReadDecision(Message):
    """Read the decision about a VM's run from the approval record of its request."""

    run_id: str
    batch_id: str


class DecisionRead(Answer):
    """The decision about a run, its own or that of the entire request; None: there is none yet."""

    decision: Decision | None = None
