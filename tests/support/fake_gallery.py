"""A small model of a gallery with the activities' own inputs and answers, for tests of publishing."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from contracts.activities.image import (
    CreateImageVersion,
    ImageUses,
    ImageVersionRead,
    ImageVersionsListed,
    ImageVersionSubmitted,
    ListImageVersions,
    ReadImageVersion,
    UpdateImageVersion,
)
from contracts.activities.resources import Deleted, DeleteResource
from contracts.activities.vm import ReadRunState, RunStateRead, Submitted
from contracts.answer import Answer
from contracts.catalog import (
    CREATE_IMAGE_VERSION,
    DELETE_RESOURCE,
    LIST_IMAGE_VERSIONS,
    READ_IMAGE_USES,
    READ_IMAGE_VERSION,
    READ_RUN_STATE,
    UPDATE_IMAGE_VERSION,
)
from contracts.facts import ImageVersionListed, RegionState
from contracts.recycle_bin import DeletedVersion, RecycleBin

HOME = "westeurope"


@dataclass
class Copy:
    """A region's copy: since when it is replicated, and how that ends; None: never."""

    since: datetime
    ends: str | None


@dataclass
class Version:
    """An image version."""

    run_id: str
    created_at: datetime
    excluded: bool = False
    copies: dict[str, Copy] = field(default_factory=dict[str, Copy])
    deleted_at: datetime | None = None
    for_good: bool = False
    tags: dict[str, str] = field(default_factory=dict[str, str])


@dataclass
class FakeGallery:
    """One image definition; every call is counted, and the accepted requests are recorded.

    With a `bin` its gallery has soft delete.

    `fails` holds how the next copies of a region end ("Failed", or None: never; else they are completed after
    `seconds`). `stale_for`: a new version is in no list for so long. `fault` may answer or raise before an activity is
    done, `lost` after it was.
    """

    now: Callable[[], datetime]
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    fails: dict[str, list[str | None]] = field(default_factory=dict[str, list[str | None]])
    stale_for: float = 0
    deletes_after: float | None = 60
    bin: dict[str, Version] | None = None
    versions: dict[str, Version] = field(default_factory=dict[str, Version])
    in_use: list[str] = field(default_factory=list[str])
    alive: set[str] = field(default_factory=set[str])
    calls: Counter[str] = field(default_factory=Counter[str])
    called: list[str] = field(default_factory=list[str])
    requests: list[str] = field(default_factory=list[str])
    fault: Callable[[str, int], Answer | None] = lambda entry, nth: None
    lost: Callable[[str, int], None] = lambda entry, nth: None

    def activities(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """Return an activity for every activity that publishing, promoting and retiring call."""
        bodies: list[tuple[Any, Callable[[Any], Answer]]] = [
            (LIST_IMAGE_VERSIONS, self._list),
            (CREATE_IMAGE_VERSION, self._create),
            (READ_IMAGE_VERSION, self._read),
            (UPDATE_IMAGE_VERSION, self._update),
            (DELETE_RESOURCE, self._delete),
            (READ_IMAGE_USES, lambda request: ImageUses(versions=tuple(self.in_use))),
            (READ_RUN_STATE, self._run_state),
        ]
        return {entry.name: self._activity(entry, body) for entry, body in bodies}

    def add(self, name: str, run_id: str = "another-run", **more: Any) -> Version:
        """Add a version that succeeded long ago."""
        long_ago = self.now() - timedelta(days=30)
        version = self.versions[name] = Version(run_id, long_ago, **more)
        version.copies[HOME] = Copy(long_ago, "Completed")
        return version

    def _activity(self, entry: Any, body: Callable[[Any], Answer]) -> Callable[[dict[str, Any]], dict[str, Any]]:
        def activity(request: dict[str, Any]) -> dict[str, Any]:
            self.calls[entry.name] += 1
            self.called.append(entry.name)
            nth = self.calls[entry.name]
            answer = self.fault(entry.name, nth) or body(entry.takes.model_validate(request))
            self.lost(entry.name, nth)
            return answer.model_dump(mode="json", exclude_none=True)

        return activity

    def _there(self, name: str) -> Version | None:
        version = self.versions.get(name)
        if version is None or version.deleted_at is None or self.deletes_after is None:
            return version
        if self.now() < version.deleted_at + timedelta(seconds=self.deletes_after):
            return version
        del self.versions[name]
        if self.bin is not None and not version.for_good:
            self.bin[name] = version
        return None

    def _list(self, request: ListImageVersions) -> ImageVersionsListed:
        old = self.now() - timedelta(seconds=self.stale_for)
        listed = (
            ImageVersionListed(
                name=name,
                run_id=version.run_id,
                app_name="tests",
                regions=tuple(version.copies),
                published_at=version.created_at,
                excluded_from_latest=version.excluded,
                provisioning_state="Succeeded",
            )
            for name, version in list(self.versions.items())
            if self._there(name) and version.created_at <= old
        )
        found = ImageVersionsListed(versions=tuple(listed))
        if not request.deleted:
            return found
        deleted = tuple(DeletedVersion(name=name) for name in self.bin or ())
        days = None if self.bin is None else 7
        kept = RecycleBin(enabled=self.bin is not None, retention_days=days, versions=deleted)
        return found.model_copy(update={"recycle_bin": kept})

    def _create(self, request: CreateImageVersion) -> ImageVersionSubmitted:
        name = request.resource.name
        there = self._there(name)
        if there is not None:
            ours = there.run_id == request.run_id
            return ImageVersionSubmitted(already=ours, taken=not ours)
        version = self.versions[name] = Version(request.run_id, self.now(), request.excluded, tags=dict(request.tags))
        self._replicate(version, [region.name for region in request.target_regions])
        self.requests.append(f"create {name}")
        return ImageVersionSubmitted(correlation_id="c-create")

    def _update(self, request: UpdateImageVersion) -> Submitted:
        name = request.id.rsplit("/", 1)[-1]
        version = self.versions[name]
        version.tags.update(request.tags)
        if request.target_regions is not None:
            regions = [region.name for region in request.target_regions]
            self._replicate(version, regions)
            self.requests.append(f"regions {' '.join(regions)}")
        if request.excluded is not None:
            version.excluded = request.excluded
            self.requests.append(f"excluded {request.excluded}")
        return Submitted(correlation_id="c-update")

    def _replicate(self, version: Version, regions: list[str]) -> None:
        version.copies = {name: copy for name, copy in version.copies.items() if name in regions}
        for name in regions:
            if name not in version.copies:
                planned = self.fails.get(name) or ["Completed"]
                ends = planned.pop(0)
                version.copies[name] = Copy(self.now(), ends)

    def _state(self, name: str, copy: Copy) -> str:
        if copy.ends is None or self.now() < copy.since + timedelta(seconds=self.seconds.get(name, 600)):
            return "Replicating"
        return copy.ends

    def _read(self, request: ReadImageVersion) -> ImageVersionRead:
        version = self._there(request.id.rsplit("/", 1)[-1])
        if version is None:
            return ImageVersionRead()
        states = {name: self._state(name, copy) for name, copy in version.copies.items()}
        state = "Failed" if "Failed" in states.values() else "Succeeded"
        if "Replicating" in states.values() and states.get(HOME) != "Failed":
            state = "Creating"
        return ImageVersionRead(
            provisioning_state="Deleting" if version.deleted_at else state,
            run_id=version.run_id,
            excluded=version.excluded,
            regions=tuple(
                RegionState(name=name, state=value, details="no capacity" if value == "Failed" else "")
                for name, value in states.items()
            ),
        )

    def _delete(self, request: DeleteResource) -> Deleted:
        version = self._there(request.resource.name)
        if version is None:
            return Deleted(gone=True)
        if version.deleted_at is None:
            version.deleted_at = self.now()
            version.for_good = bool(request.for_good)
            self.requests.append(f"delete {request.resource.name}")
        return Deleted(gone=False, why="a lock covers it" if self.deletes_after is None else None)

    def _run_state(self, request: ReadRunState) -> RunStateRead:
        return RunStateRead(alive=request.run_id in self.alive)
