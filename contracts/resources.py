"""The resources that a run creates in Azure: kinds, unique names, and the order of deletion."""

import hashlib
import re
from enum import StrEnum

from contracts.ids import NAME_PREFIX, Scope
from contracts.message import Message

_RESOURCE_NAME = re.compile(rf"{NAME_PREFIX}([0-9a-f]{{16}})-[a-z0-9]+(?:-[a-z0-9]+)*")


class Kind(StrEnum):
    """A kind of resource that a run creates, by its ARM type, in the order in which ARM allows deletion."""

    VM = "Microsoft.Compute/virtualMachines"
    NETWORK_INTERFACE = "Microsoft.Network/networkInterfaces"
    SECURITY_GROUP = "Microsoft.Network/networkSecurityGroups"
    DISK = "Microsoft.Compute/disks"
    SNAPSHOT = "Microsoft.Compute/snapshots"
    MANAGED_IMAGE = "Microsoft.Compute/images"
    IMAGE_VERSION = "Microsoft.Compute/galleries/images/versions"


class Purpose(StrEnum):
    """What a resource was created for."""

    CLONE = "clone"
    ROLLBACK = "rollback"
    VALIDATE = "validate"
    IMAGE = "image"


class Resource(Message):
    """One resource whose creation a run requested. It may exist, so the run must delete it or report it.

    `implied`: Azure creates it together with another resource (the OS disk of a VM from an image), without tags.
    """

    kind: Kind
    id: str
    purpose: Purpose
    implied: bool = False

    @property
    def name(self) -> str:
        """The resource's own name."""
        return self.id.rstrip("/").rsplit("/", 1)[-1]


class OrphanedResource(Message):
    """An orphaned resource: one that the run could not delete, and why.

    A cleanup in the mode "delete" deletes it later, unless it is an image: no cleanup deletes images.
    """

    kind: Kind
    id: str
    why: str


def run_digest(run_id: str) -> str:
    """The part of a name that only this run's resources have: the first 16 hex digits of the SHA-256 of its id."""
    return hashlib.sha256(run_id.encode()).hexdigest()[:16]


def resource_name(run_id: str, part: str) -> str:
    """The deterministic name of one resource of a run; `part` is lower-case with hyphens."""
    return f"{NAME_PREFIX}{run_digest(run_id)}-{part}"


def part_of(name: str) -> str:
    """Return the part of a resource's name that says what it is in its run; the whole name if no run gave it."""
    found = _RESOURCE_NAME.fullmatch(name)
    return name.removeprefix(f"{NAME_PREFIX}{found[1]}-") if found else name


def bears_our_name(name: str, run_id: str) -> bool:
    """Return whether only this run can have given the name."""
    found = _RESOURCE_NAME.fullmatch(name.lower())
    return found is not None and found[1] == run_digest(run_id)


def resource_id(group: Scope, kind: Kind, name: str) -> str:
    """ARM id of a resource of this kind in a resource group."""
    return f"{group}/providers/{kind}/{name}"
