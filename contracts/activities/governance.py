"""Inputs and outputs of the activities that read what denies a run's requests: deny assignments and policies."""

from contracts.activities.image import CreateImageVersion, CreateManagedImage
from contracts.activities.resources import (
    CreateDisk,
    CreateNetworkInterface,
    CreateSecurityGroup,
    CreateSnapshot,
    CreateVm,
)
from contracts.answer import Answer
from contracts.facts import DiskFacts, Permission
from contracts.ids import VmId
from contracts.message import Message


class Party(Message):
    """A principal of a deny assignment: its object id and its type, as Azure names them; both may be empty."""

    id: str = ""
    type: str = ""


class DenyAssignment(Message):
    """A deny assignment: `denied` are the actions that it denies, `below`: also to what is inside its scope."""

    id: str
    name: str
    scope: str
    below: bool = True
    denied: tuple[Permission, ...] = ()
    principals: tuple[Party, ...] = ()
    excluded: tuple[Party, ...] = ()


class DenyAssignmentsAt(Message):
    """The deny assignments at a scope, inherited ones too; None: not readable."""

    scope: str
    found: tuple[DenyAssignment, ...] | None = None


class InspectDenyAssignments(Message):
    """Read the deny assignments at these scopes (ARM ids)."""

    scopes: tuple[str, ...]


class DenyAssignmentsInspected(Answer):
    """Those that may apply to the app's identity, for each scope."""

    places: tuple[DenyAssignmentsAt, ...] = ()


class NewRunCommand(Message):
    """A Run Command that a run will put on a VM, existing or not yet."""

    vm_id: VmId
    name: str
    location: str
    tags: dict[str, str] = {}
    run_id: str
    app_name: str


class InspectPolicies(Message):
    """Ask which policies would deny these requests, one for each type and resource group.

    `disks` are facts of source disks that preflight has read.
    """

    snapshots: tuple[CreateSnapshot, ...] = ()
    create_disks: tuple[CreateDisk, ...] = ()
    security_groups: tuple[CreateSecurityGroup, ...] = ()
    network_interfaces: tuple[CreateNetworkInterface, ...] = ()
    vms: tuple[CreateVm, ...] = ()
    run_commands: tuple[NewRunCommand, ...] = ()
    versions: tuple[CreateImageVersion, ...] = ()
    images: tuple[CreateManagedImage, ...] = ()
    disks: tuple[DiskFacts, ...] = ()


class PolicyDenial(Message):
    """A policy that denies a resource type in a resource group: its assignment, its definition, and its effect."""

    resource_type: str
    group: str
    assignment_id: str
    definition_id: str = ""
    effect: str = ""


class PoliciesInspected(Answer):
    """What would be denied; `unreadable` says where Azure did not answer the question, and why."""

    denials: tuple[PolicyDenial, ...] = ()
    unreadable: tuple[str, ...] = ()
