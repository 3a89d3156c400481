"""The results of a run: one for each VM, one for the entire request."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from contracts.cleanup import CleanupResult
from contracts.error_codes import Failure, Refusal
from contracts.facts import GuestIdentity, RegionState
from contracts.ids import VmId
from contracts.message import Message
from contracts.parsing import Fault
from contracts.request import EvidenceLevel, Mode
from contracts.resources import OrphanedResource
from contracts.run import Decision, Trigger
from contracts.stages import Stage
from contracts.truncation import shorter_document

MAX_RESULT_BYTES = 48 * 1024
_NAMED = {"deleted", "would_delete", "deallocated", "would_deallocate", "failed"}
DISCLAIMER = (
    "Deprovisioning does not guarantee that the image is cleared of all sensitive information or is fit for "
    "redistribution (Microsoft's disclaimer for waagent and Sysprep)."
)


class Outcome(StrEnum):
    """How the run of one VM ended."""

    GENERALIZED = "generalized"
    PUBLISHED = "published"
    ALREADY_GENERALIZED = "alreadyGeneralized"
    WOULD_GENERALIZE = "wouldGeneralize"
    WOULD_PUBLISH = "wouldPublish"
    NOT_VALIDATED = "notValidated"
    REFUSED = "refused"
    FAILED = "failed"
    CANCELED = "canceled"


STAGE_OF_OUTCOME: dict[Outcome, Stage] = {
    Outcome.GENERALIZED: Stage.DONE,
    Outcome.PUBLISHED: Stage.DONE,
    Outcome.ALREADY_GENERALIZED: Stage.DONE,
    Outcome.WOULD_GENERALIZE: Stage.DONE,
    Outcome.WOULD_PUBLISH: Stage.DONE,
    Outcome.NOT_VALIDATED: Stage.FAILED,
    Outcome.REFUSED: Stage.REFUSED,
    Outcome.FAILED: Stage.FAILED,
    Outcome.CANCELED: Stage.CANCELED,
}


class Evidence(Message):
    """The evidence that the VM was deprovisioned, and what else the guest reported.

    `collected` is the end of the guest's logs when deprovisioning failed, at most 3,500 bytes.
    """

    level: EvidenceLevel | None = None
    guest: dict[str, str] = {}
    notes: tuple[str, ...] = ()
    collected: str | None = None


class StageTiming(Message):
    """How long one stage took, in seconds of the orchestration's clock."""

    stage: Stage
    started_at: datetime
    seconds: float


class CustomizerResult(Message):
    """One script that ran on the clone: its SHA-256, its exit code, and the end of its output."""

    script: str
    sha256: str
    exit_code: int | None = None
    output: str = ""
    rebooted: bool = False


class ValidationResult(Message):
    """The result of validating the image with a temporary VM; without `faults` the version may be promoted.

    Not `tested`: the temporary VM could not be created, which says nothing about the image.
    """

    passed: bool
    tested: bool = True
    identity: GuestIdentity | None = None
    faults: tuple[str, ...] = ()


class RetentionResult(Message):
    """Which versions the retention deleted, or would delete (`dry_run`), and which it kept and why.

    `soft_deleted`: the gallery has soft delete, so that the deleted versions are (or would be) in its recycle bin: they
    can be restored until `restorable_until`, if Azure says how long it keeps them, are billed, and hold their names.
    """

    dry_run: bool
    soft_deleted: bool | None = None
    restorable_until: datetime | None = None
    deleted: tuple[str, ...] = ()
    kept: dict[str, str] = {}


class PublishedImage(Message):
    """The published image: its id, the regions it is replicated to, and whether it is excluded from `latest`."""

    id: str
    version: str | None = None
    regions: tuple[RegionState, ...] = ()
    dropped_regions: tuple[RegionState, ...] = ()
    attempts: int = 1
    excluded_from_latest: bool | None = None
    validation: ValidationResult | None = None
    retention: RetentionResult | None = None


class UnpublishedVersion(Message):
    """An image version that a failed publication requested: its id, and its regions as Azure showed them last.

    It may exist: `orphanedResources` says so then. `regions` are empty if Azure never returned the version.
    """

    id: str
    version: str
    attempts: int = 1
    regions: tuple[RegionState, ...] = ()


class RollbackSnapshot(Message):
    """The snapshot of the OS disk as it was before deprovisioning, and until when it is kept."""

    id: str
    keep_until: datetime


class VmResult(Message):
    """The result of one VM, on the queue `image-results` and in the run's output.

    `created_resources` names what is kept (image, rollback snapshot); `orphaned_resources` what should have been
    deleted and could not be. `stopped_and_billed`: the VM stopped and could not be deallocated. `vm_unique_id` is the
    VM's vmId: another VM under the same name is not this one. `correlation_ids` names each request by its activity and
    what it was about. `truncated` counts the list entries that were omitted to stay within 48 KiB.
    """

    version: Literal[1] = 1
    kind: Literal["vm"] = "vm"
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
    stopped_and_billed: bool | None = None
    vm_unique_id: str | None = None
    image: PublishedImage | None = None
    unpublished_version: UnpublishedVersion | None = None
    customizers: tuple[CustomizerResult, ...] = ()
    rollback_snapshot: RollbackSnapshot | None = None
    decision: Decision | None = None
    created_resources: tuple[str, ...] = ()
    orphaned_resources: tuple[OrphanedResource, ...] = ()
    correlation_ids: dict[str, str] = {}
    disclaimer: str = DISCLAIMER
    truncated: int = 0


class VmSummary(Message):
    """One VM in the result of an entire request."""

    vm_id: VmId
    run_id: str
    outcome: Outcome
    code: str | None = None


class RunResult(Message):
    """The result of an entire request.

    On the queue `vms` lists first those that did not succeed. `truncated` counts those that were omitted to stay within
    48 KiB. Every VM also has a result of its own.
    """

    version: Literal[1] = 1
    kind: Literal["run"] = "run"
    run_id: str
    request_id: str
    trigger: Trigger
    dry_run: bool
    counts: dict[Outcome, int]
    vms: tuple[VmSummary, ...]
    truncated: int = 0


class Rejection(Message):
    """The answer to a message that is not a valid request: its faults, and the queue that keeps the message.

    `truncated` counts the faults that were omitted to stay within 48 KiB.
    """

    version: Literal[1] = 1
    kind: Literal["rejected"] = "rejected"
    message_id: str
    faults: tuple[Fault, ...] = ()
    refusal: Refusal | None = None
    kept_in: str | None = None
    truncated: int = 0


type _Result = VmResult | RunResult | Rejection | CleanupResult


def result_text(result: VmResult | RunResult | Rejection | CleanupResult) -> str:
    """Return a result as JSON of at most 48 KiB. From a longer one entries and texts are removed, and marked so."""
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
        case VmResult():
            less = shorter_document(result.model_dump(mode="json"))
            return None if less is None else VmResult.model_validate(less)
        case CleanupResult():
            return _with_fewer_names(result)
        case _:
            return _with_less(result)


def _with_fewer_names(result: CleanupResult) -> CleanupResult | None:
    """Name fewer resources, first of those that are kept; the counts do not change."""
    lists = result.model_dump(include=_NAMED, by_alias=False)
    name = "kept" if result.kept else max(lists, key=lambda name: len(lists[name]))
    listed: tuple[object, ...] = getattr(result, name)
    if not listed:
        return None
    remaining = len(listed) * 3 // 4
    omitted = len(listed) - remaining
    return result.model_copy(update={name: listed[:remaining], "truncated": result.truncated + omitted})


def _with_less(result: RunResult | Rejection) -> RunResult | Rejection | None:
    name = "vms" if isinstance(result, RunResult) else "faults"
    listed = result.vms if isinstance(result, RunResult) else result.faults
    if not listed:
        return None
    kept = len(listed) * 3 // 4
    return result.model_copy(update={name: listed[:kept], "truncated": result.truncated + len(listed) - kept})
