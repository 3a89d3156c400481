"""The recycle bin of galleries: deleted versions that can be restored until their retention has ended."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from emulators.arm.galleries.model import GALLERY
from emulators.arm.galleries.replication import Replication
from emulators.arm.state.clock import Clock
from emulators.arm.state.ids import is_within
from emulators.arm.state.store import Resource, Store

KIND = f"{GALLERY}/softDeletedArtifactTypes/artifacts/versions"
#: Azure's default, and the only value before api-version 2026-03-03.
RETENTION_DAYS = 7
#: From this api-version on the list has the two moments, and DELETE can bypass the bin.
WITH_TIMES = "2026-03-03"


@dataclass(frozen=True)
class SoftDeleted:
    """A version in the bin: usable by its number until `consumable_until`, restorable until `gone_at`."""

    version: Resource
    deleted: datetime
    consumable_until: datetime
    gone_at: datetime

    def body(self, with_times: bool) -> dict[str, Any]:
        """An entry of Soft Deleted Resource - List By Artifact Name."""
        parts = self.version.id.split("/")
        gallery, definition = "/".join(parts[:9]), parts[10]
        shown_id = f"{gallery}/softDeletedArtifactTypes/Images/artifacts/{definition}/versions/{self.version.name}"
        properties = {"resourceArmId": self.version.id, "softDeletedArtifactType": "Images"}
        properties["softDeletedTime"] = self.deleted.isoformat()
        if with_times:
            properties["consumptionEndTime"] = self.consumable_until.isoformat()
            properties["hardDeletionTargetTime"] = self.gone_at.isoformat()
        shown = {"name": self.version.name, "id": shown_id, "type": KIND, "location": self.version.location}
        return {**shown, "properties": properties}


class RecycleBin:
    """All versions that were deleted softly."""

    def __init__(self, clock: Clock, store: Store, replication: Replication) -> None:
        self._clock = clock
        self._store = store
        self._replication = replication
        self._all: dict[str, SoftDeleted] = {}

    def is_enabled(self, resource_id: str) -> bool:
        """Whether the gallery in an id keeps what is deleted."""
        return bool(self._policy(resource_id).get("isSoftDeleteEnabled"))

    def _policy(self, resource_id: str) -> dict[str, Any]:
        gallery = self._store.get("/".join(resource_id.split("/")[:9]))
        return {} if gallery is None else gallery.properties.get("softDeletePolicy", {})

    def keep(self, version: Resource) -> SoftDeleted:
        """Put a version that has left the store into the bin."""
        policy, now = self._policy(version.id), self._clock.now()
        until = now + timedelta(days=policy.get("retentionPeriodInDays", RETENTION_DAYS))
        gone = until + timedelta(days=policy.get("gracePeriodInDays", 0))
        held = self._all[version.id.lower()] = SoftDeleted(version, now, until, gone)
        return held

    def find(self, version_id: str) -> SoftDeleted | None:
        """The version with this id, if it is in the bin and not gone yet."""
        held = self._all.get(version_id.lower().rstrip("/"))
        if held is not None and held.gone_at <= self._clock.now():
            self.purge(held)
            return None
        return held

    def below(self, scope: str) -> list[SoftDeleted]:
        """What the bin holds of a gallery or a definition."""
        found = [self.find(key) for key in list(self._all) if is_within(key, scope)]
        return [held for held in found if held is not None]

    def purge(self, held: SoftDeleted) -> None:
        """Delete it for ever."""
        if self._all.pop(held.version.id.lower(), None) is not None and self._store.get(held.version.id) is None:
            self._replication.forget(held.version)

    def restore(self, held: SoftDeleted) -> Resource:
        """Put it back among the versions; returns it."""
        self._all.pop(held.version.id.lower(), None)
        return self._store.add(held.version)
