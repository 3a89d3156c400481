"""Replication of image versions: one copy per region, each with its duration, progress and failures."""

import fnmatch
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from emulators.arm.state.operations import Fate, Operation
from emulators.arm.state.platform import Platform
from emulators.arm.state.regions import region_key
from emulators.arm.state.store import Resource

type CopyState = Literal["Unknown", "Replicating", "Completed", "Failed"]

SOURCE_GONE = "the source was deleted while the version was being created"


@dataclass
class RegionCopy:
    """The copy of a version in one region; `seconds` is how long it takes."""

    region: str
    started: datetime
    seconds: float
    state: CopyState = "Replicating"
    details: str = ""

    def body(self, now: datetime) -> dict[str, Any]:
        """An entry of `replicationStatus.summary`; a copy that is not complete shows 99 at most."""
        progress = 100 if self.state == "Completed" else 0
        if self.state == "Replicating":
            progress = min(99, int(100 * (now - self.started).total_seconds() / self.seconds))
        return {"region": self.region, "state": self.state, "details": self.details, "progress": progress}


@dataclass
class _Rule:
    """The injected end of copies: they fail with a message, or (None) never end. `left` None means always."""

    pattern: str
    region: str
    message: str | None
    left: int | None


@dataclass(frozen=True)
class _Job:
    """One replication job: its operation, and whether its source still exists."""

    version: Resource
    operation: Operation
    fate: Fate | None
    source_exists: Callable[[], bool]


class Replication:
    """The copies of every version, and their injected failures."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._copies: dict[str, dict[str, RegionCopy]] = {}
        self._rules: list[_Rule] = []
        #: Whether a version may be changed while it is being replicated; Azure is assumed to return 409.
        self.accepts_updates = False

    def fail_region(self, pattern: str, region: str, message: str, times: int | None = 1) -> None:
        """Let the next `times` copies (None: all) to `region` fail when they end.

        `pattern` (with `*`) is compared with the definition's name, the version's, `definition/version`, and the id.
        """
        self._rules.append(_Rule(pattern.lower(), region_key(region), message, times))

    def never_ends(self, region: str, pattern: str = "*", times: int | None = 1) -> None:
        """Let the next `times` copies (None: all) to `region` never end."""
        self._rules.append(_Rule(pattern.lower(), region_key(region), None, times))

    def complete(self, version: Resource) -> None:
        """Mark every target region as complete."""
        now = self._platform.clock.now()
        self._copies[version.id.lower()] = {
            region_key(target["name"]): RegionCopy(target["name"], now, 1.0, "Completed")
            for target in version.properties["publishingProfile"]["targetRegions"]
        }

    def completed(self, version: Resource) -> frozenset[str]:
        """Regions with a complete copy, in lower case without spaces."""
        copies = self._copies.get(version.id.lower(), {})
        return frozenset(key for key, copy in copies.items() if copy.state == "Completed")

    def forget(self, version: Resource) -> None:
        """Forget a deleted version."""
        self._copies.pop(version.id.lower(), None)

    def status(self, version: Resource) -> dict[str, Any]:
        """The body of `replicationStatus`."""
        copies = list(self._copies.get(version.id.lower(), {}).values())
        now = self._platform.clock.now()
        return {"aggregatedState": _aggregated(copies), "summary": [copy.body(now) for copy in copies]}

    def begin(
        self,
        version: Resource,
        during: Literal["Creating", "Updating"],
        fate: Fate | None,
        source_exists: Callable[[], bool],
        retry: bool = True,
    ) -> Operation:
        """Make the copies match the version's target regions, as one long-running operation.

        Copies in other regions are deleted, missing ones are created, and with `retry` failed ones are created again.
        """
        platform = self._platform
        operation = platform.operations.begin("write", version.id, version.location, fate, "gallery")
        if version.operation is not None:
            platform.operations.preempt(version.operation)
        version.operation, version.provisioning_state = operation, during
        job = _Job(version, operation, fate, source_exists)
        targets = {region_key(t["name"]): t["name"] for t in version.properties["publishingProfile"]["targetRegions"]}
        before = self._copies.get(version.id.lower(), {})
        self._copies[version.id.lower()] = copies = {key: before[key] for key in targets if key in before}
        again = ("Unknown", "Failed") if retry else ()
        for key in targets:
            if key not in copies or copies[key].state in again:
                copies[key] = self._start(job, key, targets[key])
            elif copies[key].state == "Replicating":
                self._plan(job, key, copies[key])
        if not any(copy.state == "Replicating" for copy in copies.values()):
            platform.clock.call_in(platform.dice.draw("gallery_write"), lambda: self._settle(job, copies.values()))
        return operation

    def _start(self, job: _Job, key: str, region: str) -> RegionCopy:
        home = key == region_key(job.version.location)
        seconds = self._platform.dice.draw("replicate_home" if home else "replicate_region")
        copy = RegionCopy(region, self._platform.clock.now(), seconds)
        self._plan(job, key, copy)
        return copy

    def _plan(self, job: _Job, key: str, copy: RegionCopy) -> None:
        rule = self._rule_for(job.version, key)
        endless = rule is not None and rule.message is None
        if endless or (job.fate is not None and job.fate.ends == "never"):
            return
        failure = rule.message if rule is not None else None
        passed = (self._platform.clock.now() - copy.started).total_seconds()
        self._platform.clock.call_in(max(0.0, copy.seconds - passed), lambda: self._end(job, copy, failure))

    def _end(self, job: _Job, copy: RegionCopy, failure: str | None) -> None:
        version = job.version
        if version.operation is not job.operation or copy.state != "Replicating":
            return
        copies = self._copies[version.id.lower()]
        home = region_key(copy.region) == region_key(version.location)
        if job.fate is not None or not job.source_exists():
            reason = job.fate.message if job.fate is not None else SOURCE_GONE
            _fail(copies.values(), reason)
        elif failure is None:
            copy.state = "Completed"
        else:
            # The other regions are copied from the copy in the version's own region.
            _fail(copies.values() if home else [copy], failure)
        self._settle(job, copies.values())

    def _settle(self, job: _Job, copies: Iterable[RegionCopy]) -> None:
        version, operations = job.version, self._platform.operations
        if version.operation is not job.operation or any(copy.state == "Replicating" for copy in copies):
            return
        if job.fate is not None and job.fate.ends == "never":
            return
        failed = [copy for copy in copies if copy.state == "Failed"]
        version.provisioning_state = "Failed" if failed or job.fate is not None else "Succeeded"
        if job.fate is not None:
            operations.fail(job.operation, job.fate.code, job.fate.message)
        elif failed:
            regions = ", ".join(copy.region for copy in failed)
            message = f"Replication of the image version failed in region(s) {regions}. {failed[0].details}"
            operations.fail(job.operation, "ReplicationFailed", message)
        else:
            operations.succeed(job.operation)

    def _rule_for(self, version: Resource, key: str) -> _Rule | None:
        parts = version.id.lower().split("/")
        definition, name = parts[-3], parts[-1]
        called = (definition, name, f"{definition}/{name}", version.id.lower())
        for rule in self._rules:
            if rule.region == key and rule.left != 0 and any(fnmatch.fnmatchcase(c, rule.pattern) for c in called):
                rule.left = None if rule.left is None else rule.left - 1
                return rule
        return None


def _fail(copies: Iterable[RegionCopy], reason: str) -> None:
    for copy in copies:
        if copy.state == "Replicating":
            copy.state, copy.details = "Failed", f"Replication failed in this region due to '{reason}'"


def _aggregated(copies: list[RegionCopy]) -> str:
    states = {copy.state for copy in copies}
    if not states:
        return "Unknown"
    if "Replicating" in states:
        return "InProgress"
    return "Failed" if "Failed" in states else "Completed"
