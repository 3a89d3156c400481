"""Every ARM resource except VMs, by id, and a record of what was created and deleted."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from emulators.arm.errors import resource_not_found
from emulators.arm.state.clock import Clock
from emulators.arm.state.durations import Dice
from emulators.arm.state.ids import is_within
from emulators.arm.state.operations import Operation

if TYPE_CHECKING:
    from emulators.arm.guests.model import DiskContent


@dataclass
class Resource:
    """A resource as ARM stores it. `properties` are those of the request, plus those that the platform sets."""

    id: str
    #: The type, for example `Microsoft.Compute/disks`.
    kind: str
    location: str
    created: datetime
    #: No LIST shows it before this moment; GET returns it at once.
    listed_from: datetime
    tags: dict[str, str] = field(default_factory=dict[str, str])
    properties: dict[str, Any] = field(default_factory=dict[str, Any])
    sku: dict[str, Any] | None = None
    zones: tuple[str, ...] = ()
    provisioning_state: str = "Succeeded"
    #: The content of a disk, a snapshot, an image or a version.
    content: "DiskContent | None" = None
    #: The data disks of an image or a version.
    data_disks: "tuple[DataDiskSource, ...]" = ()
    #: The latest long-running operation on it.
    operation: Operation | None = None
    deleting: bool = False
    #: Ids of the VMs that a disk or a network interface is attached to.
    owners: list[str] = field(default_factory=list[str])

    @property
    def name(self) -> str:
        """The last segment of its id."""
        return self.id.rsplit("/", 1)[1]

    @property
    def subscription_id(self) -> str:
        """The subscription in its id."""
        return self.id.split("/")[2]

    @property
    def group(self) -> str:
        """The resource group in its id."""
        return self.id.split("/")[4]

    def body(self, **more: Any) -> dict[str, Any]:
        """The resource as GET returns it; `more` are top-level members of its type (for example `managedBy`)."""
        shown: dict[str, Any] = {"name": self.name, "id": self.id, "type": self.kind, "location": self.location}
        shown["tags"] = dict(self.tags)
        if self.sku is not None:
            shown["sku"] = dict(self.sku)
        if self.zones:
            shown["zones"] = list(self.zones)
        properties = {**self.properties, "provisioningState": self.provisioning_state}
        return {**shown, **more, "properties": properties}


@dataclass(frozen=True)
class Trace:
    """The record that a resource or a VM was created or deleted, with its tags at that moment."""

    kind: str
    id: str
    at: datetime
    tags: Mapping[str, str]

    def body(self) -> dict[str, Any]:
        """The record as JSON."""
        return {"at": self.at.isoformat(), "type": self.kind, "id": self.id, "tags": dict(self.tags)}


@dataclass(frozen=True)
class DataDiskSource:
    """A data disk of an image."""

    lun: int
    size_gb: int
    content: "DiskContent | None" = None


@dataclass(frozen=True)
class ImageSource:
    """What a VM or a disk can be created from: a gallery image version or a managed image."""

    content: "DiskContent"
    os_type: str
    os_state: Literal["Generalized", "Specialized"]
    generation: str
    security_type: str | None
    #: Regions where it is replicated, in lower case without spaces.
    regions: frozenset[str]
    data_disks: tuple[DataDiskSource, ...] = ()
    #: The exact version that was resolved, shown as `exactVersion`. Empty for a managed image.
    exact_id: str = ""
    size_gb: int = 30
    #: name, publisher and product of a Marketplace plan.
    plan: Mapping[str, str] | None = None
    #: Disk controllers that its definition supports; empty when it has no definition.
    controllers: tuple[str, ...] = ()


#: Finds an image by its full id; None when the id has another type, or the image does not exist.
type ImageResolver = Callable[[str], ImageSource | None]


class Store:
    """Resources by id; ids are case-insensitive."""

    def __init__(self, clock: Clock, dice: Dice) -> None:
        self._clock = clock
        self._dice = dice
        self._all: dict[str, Resource] = {}
        self.resource: list[Trace] = []
        self.deleted: list[Trace] = []

    def new(self, resource_id: str, kind: str, location: str, *, fresh: bool = True, **values: Any) -> Resource:
        """A resource created now, not added yet; `values` are its fields. Without `fresh` it is listed at once."""
        now = self._clock.now()
        lag = self._dice.draw("listing_lag") if fresh else 0.0
        return Resource(resource_id, kind, location, now, now + timedelta(seconds=lag), **values)

    def get(self, resource_id: str) -> Resource | None:
        """The resource with this id, if it exists."""
        return self._all.get(resource_id.lower().rstrip("/"))

    def require(self, resource_id: str) -> Resource:
        """The resource with this id. Raises ARM's 404."""
        if (found := self.get(resource_id)) is not None:
            return found
        head, _, kind_and_name = resource_id.rstrip("/").partition("/providers/")
        raise resource_not_found(kind_and_name, head.rsplit("/", 1)[-1])

    def add(self, resource: Resource, *, trace: bool = True) -> Resource:
        """Store it, replacing one with the same id; returns it. Without `trace` no creation is recorded."""
        if trace and self.get(resource.id) is None:
            self.trace_created(resource.kind, resource.id, resource.tags)
        self._all[resource.id.lower()] = resource
        return resource

    def remove(self, resource_id: str) -> None:
        """Remove it, if it exists."""
        if (gone := self._all.pop(resource_id.lower(), None)) is not None:
            self.trace_deleted(gone.kind, gone.id, gone.tags)

    def of_kind(self, kind: str, scope: str = "") -> list[Resource]:
        """All resources of a type at or below a scope (an id; empty: everywhere)."""
        return [
            resource
            for resource in self._all.values()
            if resource.kind.lower() == kind.lower() and (not scope or is_within(resource.id, scope))
        ]

    def listed(self, kind: str, scope: str = "") -> list[Resource]:
        """As `of_kind`, but only what lists show now."""
        now = self._clock.now()
        return [resource for resource in self.of_kind(kind, scope) if resource.listed_from <= now]

    def all(self) -> list[Resource]:
        """Every resource, in the order in which they were added."""
        return list(self._all.values())

    def ids(self) -> Iterable[str]:
        """Every id, in lower case."""
        return self._all.keys()

    def trace_created(self, kind: str, resource_id: str, tags: Mapping[str, str]) -> None:
        """Record that a resource was created now."""
        self.resource.append(Trace(kind, resource_id, self._clock.now(), dict(tags)))

    def trace_deleted(self, kind: str, resource_id: str, tags: Mapping[str, str]) -> None:
        """Record that a resource was deleted now."""
        self.deleted.append(Trace(kind, resource_id, self._clock.now(), dict(tags)))
