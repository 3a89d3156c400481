"""What came of a run: one result a machine, one a whole request."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from contracts.facts import GuestIdentity, RegionState
from contracts.ids import VmId
from contracts.made import Left
from contracts.message import Message
from contracts.reading import Fault
from contracts.reasons import Failure, Refusal
from contracts.request import EvidenceLevel, Mode
from contracts.run import Decision, Door
from contracts.shortening import shorter_document
from contracts.stages import Stage
from contracts.sweep import SweepResult

MAX_RESULT_BYTES = 48 * 1024
_NAMED = {"deleted", "would_delete", "deallocated", "would_deallocate", "failed"}
CAVEAT = (
    "Deprovisioning does not guarantee that the image is cleared of all sensitive information or is fit for "
    "redistribution (Microsoft's caveat for waagent and Sysprep)."
)


class Outcome(StrEnum):
    """How the run of one machine ended."""

    GENERALIZED = "generalized"
    PUBLISHED = "published"
    ALREADY_GENERALIZED = "alreadyGeneralized"
    WOULD_GENERALIZE = "wouldGeneralize"
    WOULD_PUBLISH = "wouldPublish"
    REFUSED = "refused"
    FAILED = "failed"
    CANCELED = "canceled"


STAGE_OF_OUTCOME: dict[Outcome, Stage] = {
    Outcome.GENERALIZED: Stage.DONE,
    Outcome.PUBLISHED: Stage.DONE,
    Outcome.ALREADY_GENERALIZED: Stage.DONE,
    Outcome.WOULD_GENERALIZE: Stage.DONE,
    Outcome.WOULD_PUBLISH: Stage.DONE,
    Outcome.REFUSED: Stage.REFUSED,
    Outcome.FAILED: Stage.FAILED,
    Outcome.CANCELED: Stage.CANCELED,
}


class Evidence(Message):
    """Why it is believed that the machine sealed itself, and what else the guest told.

    `collected` is the useful end of the reason when sealing failed, at most 3,500 bytes.
    """

    level: EvidenceLevel | None = None
    guest: dict[str, str] = {}
    notes: tuple[str, ...] = ()
    collected: str | None = None


class StageTiming(Message):
    """How long one stage took, in seconds of the engine's clock."""

    stage: Stage
    started_at: datetime
    seconds: float


class PreparedScript(Message):
    """One script that ran on the clone: which text (SHA-256), how it ended, and the end of what it said."""

    script: str
    sha256: str
    exit_code: int | None = None
    output: str = ""
    rebooted: bool = False


class Verified(Message):
    """What the machine made from the image said of itself; `faults` is empty if it may be promoted.

    Not `tested`: no such machine could be made, which says nothing of the image.
    """

    passed: bool
    tested: bool = True
    identity: GuestIdentity | None = None
    faults: tuple[str, ...] = ()


class Retired(Message):
    """Which versions the retention took away, or would (`dry_run`), and which it left and why."""

    dry_run: bool
    deleted: tuple[str, ...] = ()
    kept: dict[str, str] = {}


class PublishedImage(Message):
    """The image that stands: its id, where it was replicated to, and whether `latest` gives it."""

    id: str
    version: str | None = None
    regions: tuple[RegionState, ...] = ()
    dropped_regions: tuple[RegionState, ...] = ()
    attempts: int = 1
    excluded_from_latest: bool | None = None
    verified: Verified | None = None
    retired: Retired | None = None


class UndoSnapshot(Message):
    """The snapshot of the OS disk from before the point of no return, and until when it is kept."""

    id: str
    keep_until: datetime


class MachineResult(Message):
    """The result of one machine, as it stands on `image-results` and in the run's output.

    `made` names what stays (image, undo snapshot); `left` what should be gone and could not be deleted.
    `left_out` counts the entries of lists that found no room within 48 KiB.
    """

    version: Literal[1] = 1
    kind: Literal["machine"] = "machine"
    run_id: str
    request_id: str
    vm_id: VmId
    mode: Mode
    dry_run: bool
    outcome: Outcome
    ended_in: Stage
    refusals: tuple[Refusal, ...] = ()
    failure: Failure | None = None
    evidence: Evidence | None = None
    power_state: str | None = None
    timings: tuple[StageTiming, ...] = ()
    image: PublishedImage | None = None
    prepared: tuple[PreparedScript, ...] = ()
    undo: UndoSnapshot | None = None
    decision: Decision | None = None
    made: tuple[str, ...] = ()
    left: tuple[Left, ...] = ()
    correlation_ids: dict[str, str] = {}
    caveat: str = CAVEAT
    left_out: int = 0


class MachineSummary(Message):
    """One machine in the result of a whole request."""

    vm_id: VmId
    run_id: str
    outcome: Outcome
    code: str | None = None


class RunResult(Message):
    """The result of a whole request.

    On the queue `machines` holds first those that did not end well, and `left_out` counts those that found
    no room within 48 KiB; every machine has a result of its own.
    """

    version: Literal[1] = 1
    kind: Literal["run"] = "run"
    run_id: str
    request_id: str
    door: Door
    dry_run: bool
    counts: dict[Outcome, int]
    machines: tuple[MachineSummary, ...]
    left_out: int = 0


class Rejection(Message):
    """What a message that is no request gets as its answer: its faults, and where the message went.

    `left_out` counts the faults that found no room within 48 KiB.
    """

    version: Literal[1] = 1
    kind: Literal["rejected"] = "rejected"
    message_id: str
    faults: tuple[Fault, ...] = ()
    refusal: Refusal | None = None
    kept_in: str | None = None
    left_out: int = 0


type _Result = MachineResult | RunResult | Rejection | SweepResult


def result_text(result: MachineResult | RunResult | Rejection | SweepResult) -> str:
    """Write a result as JSON of at most 48 KiB; a longer one names or tells less than there is, and says so."""
    text = result.model_dump_json(exclude_none=True)
    while len(text.encode()) > MAX_RESULT_BYTES:
        shorter = _shorter(result)
        if shorter is None:
            break
        result, text = shorter, shorter.model_dump_json(exclude_none=True)
    if len(text.encode()) > MAX_RESULT_BYTES:
        raise ValueError(f"a {result.kind} result of {len(text.encode())} bytes does not fit a queue message")
    return text


def _shorter(result: _Result) -> _Result | None:
    match result:
        case MachineResult():
            less = shorter_document(result.model_dump(mode="json"))
            return None if less is None else MachineResult.model_validate(less)
        case SweepResult():
            return _with_fewer_names(result)
        case _:
            return _with_less(result)


def _with_fewer_names(result: SweepResult) -> SweepResult | None:
    """Name fewer things, first of those that stay anyhow; the counts stay whole."""
    lists = result.model_dump(include=_NAMED, by_alias=False)
    name = "kept" if result.kept else max(lists, key=lambda name: len(lists[name]))
    listed: tuple[object, ...] = getattr(result, name)
    if not listed:
        return None
    room = len(listed) * 3 // 4
    return result.model_copy(update={name: listed[:room], "left_out": result.left_out + len(listed) - room})


def _with_less(result: RunResult | Rejection) -> RunResult | Rejection | None:
    name = "machines" if isinstance(result, RunResult) else "faults"
    listed = result.machines if isinstance(result, RunResult) else result.faults
    if not listed:
        return None
    kept = len(listed) * 3 // 4
    return result.model_copy(update={name: listed[:kept], "left_out": result.left_out + len(listed) - kept})
