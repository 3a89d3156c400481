"""The catalogue of steps: name, what it takes, what it gives. An orchestrator calls a step without importing it."""

from dataclasses import dataclass

from contracts import image_steps as image
from contracts import machine_steps as machine
from contracts import making_steps as making
from contracts import script_steps as script
from contracts import sweep_steps as sweep
from contracts.answer import Answer
from contracts.message import Message


@dataclass(frozen=True)
class Step[I: Message, O: Answer]:
    """One activity: its registered name, what it takes and what it gives."""

    name: str
    takes: type[I]
    gives: type[O]


INSPECT_VM = Step("inspect_vm", machine.InspectVm, machine.Inspected)
START_DEPROVISION = Step("start_deprovision", machine.StartDeprovision, machine.Ordered)
READ_DEPROVISION = Step("read_deprovision", machine.ReadDeprovision, machine.DeprovisionProgress)
READ_POWER_STATE = Step("read_power_state", machine.OneMachine, machine.PowerStateRead)
READ_NEW_MACHINE = Step("read_new_machine", machine.NewMachine, machine.PowerStateRead)
READ_SERIAL_MARKER = Step("read_serial_marker", machine.ReadSerialMarker, machine.SerialMarkRead)
COLLECT_EVIDENCE = Step("collect_evidence", machine.CollectEvidence, machine.EvidenceCollected)
DEALLOCATE_VM = Step("deallocate_vm", machine.Deallocate, machine.Ordered)
GENERALIZE_VM = Step("generalize_vm", machine.OneMachine, machine.PowerStateRead)
RESTART_VM = Step("restart_vm", machine.OneMachine, machine.Ordered)
REMOVE_RUN_COMMANDS = Step("remove_run_commands", machine.RemoveRunCommands, machine.RunCommandsLeft)
READ_RUN_STATE = Step("read_run_state", machine.ReadRunState, machine.RunStateRead)
READ_DECISION = Step("read_decision", machine.ReadDecision, machine.DecisionRead)
SEND_RESULT = Step("send_result", machine.SendResult, machine.Sent)

INSPECT_DISKS = Step("inspect_disks", making.InspectDisks, making.DisksInspected)
INSPECT_SITE = Step("inspect_site", making.InspectSite, making.SiteInspected)
MAKE_SNAPSHOT = Step("make_snapshot", making.MakeSnapshot, machine.Ordered)
MAKE_DISK = Step("make_disk", making.MakeDisk, machine.Ordered)
MAKE_SECURITY_GROUP = Step("make_security_group", making.MakeSecurityGroup, machine.Ordered)
MAKE_NETWORK_INTERFACE = Step("make_network_interface", making.MakeNetworkInterface, machine.Ordered)
MAKE_MACHINE = Step("make_machine", making.MakeMachine, machine.Ordered)
READ_MADE = Step("read_made", making.ReadMade, making.MadeRead)
ADOPT_DISK = Step("adopt_disk", making.AdoptDisk, machine.Ordered)
DELETE_MADE = Step("delete_made", making.DeleteMade, making.Deleted)

CHECK_SCRIPTS = Step("check_scripts", script.CheckScripts, script.ScriptsChecked)
CHECK_SECRET = Step("check_secret", script.CheckSecret, script.SecretChecked)
START_SCRIPT = Step("start_script", script.StartScript, machine.Ordered)
READ_SCRIPT = Step("read_script", script.ReadScript, script.ScriptRead)
READ_IDENTITY = Step("read_identity", script.ReadIdentity, script.IdentityRead)

INSPECT_IMAGE = Step("inspect_image", image.InspectImage, image.ImageInspected)
LIST_IMAGE_VERSIONS = Step("list_image_versions", image.ListImageVersions, image.ImageVersionsListed)
MAKE_IMAGE_VERSION = Step("make_image_version", image.MakeImageVersion, image.ImageVersionOrdered)
READ_IMAGE_VERSION = Step("read_image_version", image.ReadImageVersion, image.ImageVersionRead)
UPDATE_IMAGE_VERSION = Step("update_image_version", image.UpdateImageVersion, machine.Ordered)
MAKE_MANAGED_IMAGE = Step("make_managed_image", image.MakeManagedImage, machine.Ordered)
READ_IMAGE_USES = Step("read_image_uses", image.ReadImageUses, image.ImageUses)

FIND_LEFTOVERS = Step("find_leftovers", sweep.FindLeftovers, sweep.LeftoversFound)
FIND_ENDED_RUNS = Step("find_ended_runs", sweep.FindEndedRuns, sweep.EndedRunsFound)
READ_STUCK_MACHINE = Step("read_stuck_machine", sweep.ReadStuckMachine, sweep.StuckMachineRead)

STEPS: tuple[Step[Message, Answer], ...] = (  # pyright: ignore[reportAssignmentType] - invariant in I and O
    INSPECT_VM,
    START_DEPROVISION,
    READ_DEPROVISION,
    READ_POWER_STATE,
    READ_NEW_MACHINE,
    READ_SERIAL_MARKER,
    COLLECT_EVIDENCE,
    DEALLOCATE_VM,
    GENERALIZE_VM,
    RESTART_VM,
    REMOVE_RUN_COMMANDS,
    READ_RUN_STATE,
    READ_DECISION,
    SEND_RESULT,
    INSPECT_DISKS,
    INSPECT_SITE,
    MAKE_SNAPSHOT,
    MAKE_DISK,
    MAKE_SECURITY_GROUP,
    MAKE_NETWORK_INTERFACE,
    MAKE_MACHINE,
    READ_MADE,
    ADOPT_DISK,
    DELETE_MADE,
    CHECK_SCRIPTS,
    CHECK_SECRET,
    START_SCRIPT,
    READ_SCRIPT,
    READ_IDENTITY,
    INSPECT_IMAGE,
    LIST_IMAGE_VERSIONS,
    MAKE_IMAGE_VERSION,
    READ_IMAGE_VERSION,
    UPDATE_IMAGE_VERSION,
    MAKE_MANAGED_IMAGE,
    READ_IMAGE_USES,
    FIND_LEFTOVERS,
    FIND_ENDED_RUNS,
    READ_STUCK_MACHINE,
)

GOLDEN_IMAGE = "golden_image"
IMAGE_BATCH = "image_batch"
PUBLISH_IMAGE = "publish_image"
SWEEP = "sweep"
CALL_LEASE = "call_lease"
MACHINE_LEASE = "machine_lease"
DEFINITION_LEASE = "definition_lease"
REQUEST_REGISTER = "request_register"
APPROVAL_RECORD = "approval_record"
CANCEL_EVENT = "cancel"
APPROVAL_EVENT = "approval"
