"""The activities: name, input and output. An orchestrator calls an activity without importing its code."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from contracts.activities import cleanup as cleanup
from contracts.activities import governance as governance
from contracts.activities import image as image
from contracts.activities import resources as resources
from contracts.activities import scripts as scripts
from contracts.activities import vm as vm
from contracts.answer import Answer
from contracts.message import Message


@dataclass(frozen=True)
class Activity[I: Message, O: Answer]:
    """One activity: its registered name, its input (`takes`) and its output (`gives`).

    `changes` names the ARM ids of what it creates, changes or deletes; None: it only reads. It is done only with an
    authority that the app's settings still allow. `recovers`: a run may also do it to its own VM and resources when it
    lost that authority, so that nothing stays billed.
    """

    name: str
    takes: type[I]
    gives: type[O]
    changes: Callable[[Any], tuple[str, ...]] | None = None
    recovers: bool = False


def _vm(asked: Any) -> tuple[str, ...]:
    return (str(asked.vm_id if hasattr(asked, "vm_id") else asked.vm.vm_id),)


def _resource(asked: Any) -> tuple[str, ...]:
    return (asked.resource.id,)


def _image_of_vm(asked: Any) -> tuple[str, ...]:
    return asked.resource.id, asked.source_vm_id


CHECK_AUTHORITY = Activity("check_authority", vm.CheckAuthority, vm.AuthorityChecked, changes=_vm)
INSPECT_VM = Activity("inspect_vm", vm.InspectVm, vm.Inspected)
START_DEPROVISION = Activity("start_deprovision", vm.StartDeprovision, vm.Submitted, changes=_vm)
READ_DEPROVISION = Activity("read_deprovision", vm.ReadDeprovision, vm.DeprovisionProgress)
READ_POWER_STATE = Activity("read_power_state", vm.OneVm, vm.PowerStateRead)
READ_TEMPORARY_VM = Activity("read_temporary_vm", vm.TemporaryVm, vm.PowerStateRead)
READ_SERIAL_MARKER = Activity("read_serial_marker", vm.ReadSerialMarker, vm.SerialMarkRead)
COLLECT_EVIDENCE = Activity("collect_evidence", vm.CollectEvidence, vm.EvidenceCollected, changes=_vm)
DEALLOCATE_VM = Activity("deallocate_vm", vm.Deallocate, vm.Submitted, changes=_vm, recovers=True)
GENERALIZE_VM = Activity("generalize_vm", vm.OneVm, vm.PowerStateRead, changes=_vm)
RESTART_VM = Activity("restart_vm", vm.OneVm, vm.Submitted, changes=_vm)
REMOVE_RUN_COMMANDS = Activity(
    "remove_run_commands", vm.RemoveRunCommands, vm.RunCommandsLeft, changes=_vm, recovers=True
)
REMOVE_EXTENSION = Activity("remove_extension", vm.RemoveExtension, vm.ExtensionRemoved, changes=_vm)
READ_RUN_STATE = Activity("read_run_state", vm.ReadRunState, vm.RunStateRead)
READ_ENDED_RUN = Activity("read_ended_run", vm.ReadEndedRun, vm.EndedRunRead)
READ_DECISION = Activity("read_decision", vm.ReadDecision, vm.DecisionRead)
SEND_RESULT = Activity("send_result", vm.SendResult, vm.Sent)

INSPECT_DISKS = Activity("inspect_disks", resources.InspectDisks, resources.DisksInspected)
INSPECT_NETWORK = Activity("inspect_network", resources.InspectNetwork, resources.NetworkInspected)
INSPECT_CAPACITY = Activity("inspect_capacity", resources.InspectCapacity, resources.CapacityInspected)
CREATE_SNAPSHOT = Activity(
    "create_snapshot",
    resources.CreateSnapshot,
    vm.Submitted,
    changes=lambda asked: (asked.resource.id, str(asked.vm_id)),
)
CREATE_DISK = Activity("create_disk", resources.CreateDisk, vm.Submitted, changes=_resource)
CREATE_SECURITY_GROUP = Activity(
    "create_security_group", resources.CreateSecurityGroup, vm.Submitted, changes=_resource
)
CREATE_NETWORK_INTERFACE = Activity(
    "create_network_interface", resources.CreateNetworkInterface, vm.Submitted, changes=_resource
)
CREATE_VM = Activity("create_vm", resources.CreateVm, vm.Submitted, changes=_resource)
READ_RESOURCE = Activity("read_resource", resources.ReadResource, resources.ResourceRead)
ADOPT_DISK = Activity("adopt_disk", resources.AdoptDisk, vm.Submitted, changes=_resource, recovers=True)
DELETE_RESOURCE = Activity(
    "delete_resource", resources.DeleteResource, resources.Deleted, changes=_resource, recovers=True
)

INSPECT_DENY_ASSIGNMENTS = Activity(
    "inspect_deny_assignments", governance.InspectDenyAssignments, governance.DenyAssignmentsInspected
)
INSPECT_POLICIES = Activity("inspect_policies", governance.InspectPolicies, governance.PoliciesInspected)

CHECK_SCRIPTS = Activity("check_scripts", scripts.CheckScripts, scripts.ScriptsChecked)
CHECK_SECRET = Activity("check_secret", scripts.CheckSecret, scripts.SecretChecked)
START_SCRIPT = Activity("start_script", scripts.StartScript, vm.Submitted, changes=_vm)
READ_SCRIPT = Activity("read_script", scripts.ReadScript, scripts.ScriptRead)
READ_IDENTITY = Activity("read_identity", scripts.ReadIdentity, scripts.IdentityRead, changes=_vm)

INSPECT_IMAGE = Activity("inspect_image", image.InspectImage, image.ImageInspected)
LIST_IMAGE_VERSIONS = Activity("list_image_versions", image.ListImageVersions, image.ImageVersionsListed)
CREATE_IMAGE_VERSION = Activity(
    "create_image_version", image.CreateImageVersion, image.ImageVersionSubmitted, changes=_image_of_vm
)
READ_IMAGE_VERSION = Activity("read_image_version", image.ReadImageVersion, image.ImageVersionRead)
UPDATE_IMAGE_VERSION = Activity(
    "update_image_version", image.UpdateImageVersion, vm.Submitted, changes=lambda asked: (asked.id,)
)
CREATE_MANAGED_IMAGE = Activity("create_managed_image", image.CreateManagedImage, vm.Submitted, changes=_image_of_vm)
READ_IMAGE_USES = Activity("read_image_uses", image.ReadImageUses, image.ImageUses)

FIND_ORPHANED_RESOURCES = Activity(
    "find_orphaned_resources", cleanup.FindOrphanedResources, cleanup.OrphanedResourcesFound
)
FIND_ENDED_RUNS = Activity("find_ended_runs", cleanup.FindEndedRuns, cleanup.EndedRunsFound)
READ_STUCK_VM = Activity("read_stuck_vm", cleanup.ReadStuckVm, cleanup.StuckVmRead)

ACTIVITIES: tuple[Activity[Message, Answer], ...] = (  # pyright: ignore[reportAssignmentType] - invariant in I and O
    CHECK_AUTHORITY,
    INSPECT_VM,
    START_DEPROVISION,
    READ_DEPROVISION,
    READ_POWER_STATE,
    READ_TEMPORARY_VM,
    READ_SERIAL_MARKER,
    COLLECT_EVIDENCE,
    DEALLOCATE_VM,
    GENERALIZE_VM,
    RESTART_VM,
    REMOVE_RUN_COMMANDS,
    REMOVE_EXTENSION,
    READ_RUN_STATE,
    READ_ENDED_RUN,
    READ_DECISION,
    SEND_RESULT,
    INSPECT_DISKS,
    INSPECT_NETWORK,
    INSPECT_CAPACITY,
    CREATE_SNAPSHOT,
    CREATE_DISK,
    CREATE_SECURITY_GROUP,
    CREATE_NETWORK_INTERFACE,
    CREATE_VM,
    READ_RESOURCE,
    ADOPT_DISK,
    DELETE_RESOURCE,
    INSPECT_DENY_ASSIGNMENTS,
    INSPECT_POLICIES,
    CHECK_SCRIPTS,
    CHECK_SECRET,
    START_SCRIPT,
    READ_SCRIPT,
    READ_IDENTITY,
    INSPECT_IMAGE,
    LIST_IMAGE_VERSIONS,
    CREATE_IMAGE_VERSION,
    READ_IMAGE_VERSION,
    UPDATE_IMAGE_VERSION,
    CREATE_MANAGED_IMAGE,
    READ_IMAGE_USES,
    FIND_ORPHANED_RESOURCES,
    FIND_ENDED_RUNS,
    READ_STUCK_VM,
)

GOLDEN_IMAGE = "golden_image"
IMAGE_BATCH = "image_batch"
PUBLISH_IMAGE = "publish_image"
CLEANUP = "cleanup"
CALL_LEASE = "call_lease"
VM_LEASE = "vm_lease"
DEFINITION_LEASE = "definition_lease"
IDEMPOTENCY_RECORD = "idempotency_record"
APPROVAL_RECORD = "approval_record"
CANCEL_EVENT = "cancel"
APPROVAL_EVENT = "approval"
