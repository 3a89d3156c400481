"""Stores histories in files: each event as the protocol's JSON, one file per recorded run, one folder per version."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf import json_format

from emulators.functions_host.host_config import read_host_config
from tests.layers.fault import ROOT

HOME = Path(__file__).parent
SUFFIX = ".json.gz"
_NO_TIME = "1970-01-01T00:00:00Z"
# Events that record what the orchestration requested; all others record what happened to it.
_ASKED = frozenset(
    {
        *("taskScheduled", "timerCreated", "subOrchestrationInstanceCreated", "eventSent", "executionCompleted"),
        *("entityOperationCalled", "entityOperationSignaled", "entityLockRequested", "entityUnlockSent"),
    }
)


@dataclass(frozen=True)
class Turn:
    """One turn: the events before it, the new events, and what the orchestration then requested."""

    number: int
    before: tuple[pb.HistoryEvent, ...]
    happened: tuple[pb.HistoryEvent, ...]
    asked: tuple[pb.HistoryEvent, ...]


@dataclass(frozen=True)
class Execution:
    """The complete history of one execution of an orchestration, its end included."""

    instance_id: str
    events: tuple[pb.HistoryEvent, ...]

    @property
    def name(self) -> str:
        """The orchestrator's registered name."""
        return next(event.executionStarted.name for event in self.events if event.HasField("executionStarted"))

    @property
    def version(self) -> str:
        """The version that the run was started with."""
        started = next(event.executionStarted for event in self.events if event.HasField("executionStarted"))
        return started.version.value

    def turns(self) -> Iterator[Turn]:
        """Return the turns in order; each begins with the engine's time."""
        opened = [place for place, event in enumerate(self.events) if event.HasField("orchestratorStarted")]
        for number, (first, end) in enumerate(zip(opened, [*opened[1:], len(self.events)], strict=True), 1):
            events = self.events[first:end]
            asked = tuple(event for event in events if event.WhichOneof("eventType") in _ASKED)
            happened = tuple(event for event in events if event.WhichOneof("eventType") not in _ASKED)
            yield Turn(number, self.events[:first], happened, asked)


def current_version() -> str:
    """Return the version that new runs have: host.json's `defaultVersion`."""
    version = read_host_config(ROOT).durable.backend.default_version
    assert version is not None, "host.json: set extensions.durableTask.defaultVersion"
    return version


def folder(version: str, home: Path = HOME) -> Path:
    """Return the folder of a version's histories."""
    return home / f"v{version}"


def recorded_files(home: Path = HOME) -> list[Path]:
    """Return every recorded run of every version."""
    return sorted(home.glob(f"v*/*{SUFFIX}"))


def write(file: Path, executions: list[Execution]) -> None:
    """Write a recorded run; the same run results in the same bytes."""
    reported = [
        {"instance": one.instance_id, "events": [_to_json(event) for event in one.events]} for one in executions
    ]
    text = json.dumps({"executions": reported}, separators=(",", ":"), sort_keys=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def read(file: Path) -> list[Execution]:
    """Read a recorded run."""
    document = cast("dict[str, list[dict[str, Any]]]", json.loads(gzip.decompress(file.read_bytes())))
    return [
        Execution(each["instance"], tuple(json_format.ParseDict(event, pb.HistoryEvent()) for event in each["events"]))
        for each in document["executions"]
    ]


def _to_json(event: pb.HistoryEvent) -> dict[str, Any]:
    reported = json_format.MessageToDict(event)
    if reported.get("timestamp") == _NO_TIME:
        del reported["timestamp"]
    failure: dict[str, Any] = reported.get("taskFailed", {}).get("failureDetails", {})
    while failure:
        # It names paths of the computer that recorded it, and no orchestration may use it.
        failure.pop("stackTrace", None)
        failure = failure.get("innerFailure", {})
    return reported
