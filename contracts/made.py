"""What a run makes in Azure: kinds, names that the run alone can have, tags, and the order of unmaking."""

import hashlib
import re
from collections.abc import Mapping
from enum import StrEnum

from contracts.ids import Scope
from contracts.message import Message

APP_TAG = "golden-image-app"
RUN_TAG = "golden-image-run"
KEEP_TAG = "golden-image-keep-until"
"""Until when (ISO 8601, UTC) a thing outlives its run: undo snapshots carry it."""
PURPOSE_TAG = "golden-image-purpose"

_MADE_NAME = re.compile(r"golden-image-([0-9a-f]{16})-[a-z0-9]+(?:-[a-z0-9]+)*")


class Kind(StrEnum):
    """A kind of resource that a run makes, by its ARM type; the order is the one in which ARM lets them be deleted."""

    MACHINE = "Microsoft.Compute/virtualMachines"
    NETWORK_INTERFACE = "Microsoft.Network/networkInterfaces"
    SECURITY_GROUP = "Microsoft.Network/networkSecurityGroups"
    DISK = "Microsoft.Compute/disks"
    SNAPSHOT = "Microsoft.Compute/snapshots"
    MANAGED_IMAGE = "Microsoft.Compute/images"
    IMAGE_VERSION = "Microsoft.Compute/galleries/images/versions"


class Purpose(StrEnum):
    """What a thing was made for."""

    CLONE = "clone"
    UNDO = "undo"
    VERIFY = "verify"
    IMAGE = "image"


class Made(Message):
    """One thing that a run asked Azure for: it may exist, so it must be unmade or named.

    `implied`: Azure makes it along with another (the OS disk of a machine made from an image) and gives it no tag.
    """

    kind: Kind
    id: str
    purpose: Purpose
    implied: bool = False

    @property
    def name(self) -> str:
        """The resource's own name."""
        return self.id.rstrip("/").rsplit("/", 1)[-1]


class Left(Message):
    """A thing that could not be deleted: what it is and why it stands.

    A sweep that deletes comes for it, unless it is an image: no sweep deletes one.
    """

    kind: Kind
    id: str
    why: str


def tag_of(tags: Mapping[str, str], name: str) -> str | None:
    """Give a tag's value; the names of tags have no case."""
    return {key.lower(): value for key, value in tags.items()}.get(name.lower())


def run_digest(run_id: str) -> str:
    """The part of a name that only this run's things have: 16 hex digits of its id's SHA-256."""
    return hashlib.sha256(run_id.encode()).hexdigest()[:16]


def made_name(run_id: str, part: str) -> str:
    """Name of one thing that a run makes, the same every time it is asked for; `part` is lower-case with hyphens."""
    return f"golden-image-{run_digest(run_id)}-{part}"


def bears_our_name(name: str, run_id: str) -> bool:
    """Tell whether a name is one that this run, and no other, would have given."""
    found = _MADE_NAME.fullmatch(name.lower())
    return found is not None and found[1] == run_digest(run_id)


def made_id(group: Scope, kind: Kind, name: str) -> str:
    """ARM id of a thing of this kind in a resource group."""
    return f"{group}/providers/{kind}/{name}"
