"""The messages of a cleanup: safe by default, strict in what they accept, unchanged after serialization."""

import pytest

from contracts.cleanup import CleanupJob, CleanupMode, CleanupNote, CleanupRequest, CleanupResult
from contracts.decision_request import DecisionRequest
from contracts.message import StrictMessage
from contracts.parsing import BadRequest, read_form
from contracts.results import MAX_RESULT_BYTES, result_text
from tests.support.cleanups import cleanup_job, orphan
from tests.support.rows import rows


def test_a_cleanup_without_a_mode_changes_nothing() -> None:
    assert read_form(CleanupRequest, b"{}").mode is CleanupMode.REPORT


def test_a_job_is_unchanged_after_serialization() -> None:
    asked = cleanup_job()
    assert CleanupJob.model_validate_json(asked.model_dump_json(exclude_none=True)) == asked


@rows(
    ("form", "text", "path"),
    [
        (CleanupRequest, b'{"mode": "Delete"}', "$.mode"),
        (CleanupRequest, b'{"mode": "delete", "mode": "report"}', "$"),
        (CleanupRequest, b"[]", "$"),
        (CleanupRequest, b"{", "$"),
        (DecisionRequest, b'{"approved": true, "by": "me"}', "$.by"),
        (DecisionRequest, b'{"approved": null}', "$.approved"),
    ],
)
def test_every_fault_of_a_message_is_reported_with_its_path(form: type[StrictMessage], text: bytes, path: str) -> None:
    with pytest.raises(BadRequest) as bad:
        read_form(form, text)
    assert [fault.path for fault in bad.value.faults] == [path]


def test_on_the_queue_a_cleanup_names_as_many_as_fit_and_counts_all() -> None:
    notes = tuple(CleanupNote(id=orphan(name=f"kept-{n}").resource.id, why="w" * 300) for n in range(200))
    names = tuple(orphan(name=f"disk-{n}").resource.id for n in range(2_000))
    result = CleanupResult(
        cleanup_id="cleanup-1",
        mode=CleanupMode.REPORT,
        looked_at=2_300,
        counts={"wouldDelete": 2_000, "kept": 300, "failed": 3},
        would_delete=names,
        kept=notes,
        truncated=100,
        failed=notes[:3],
    )
    text = result_text(result)
    reported = CleanupResult.model_validate_json(text)
    assert len(text.encode()) <= MAX_RESULT_BYTES
    assert (reported.kept, reported.failed, reported.counts) == ((), notes[:3], result.counts)
    assert len(reported.would_delete) > 100, "what would go is named before what stays"
    assert reported.would_delete == names[: len(reported.would_delete)]
    assert reported.truncated == 300 + 2_000 - len(reported.would_delete)


def test_a_short_cleanup_is_not_truncated_and_one_that_cannot_fit_is_an_error() -> None:
    result = CleanupResult(cleanup_id="cleanup-1", mode=CleanupMode.DELETE, looked_at=1, deleted=("/a",))
    assert CleanupResult.model_validate_json(result_text(result)) == result
    with pytest.raises(ValueError, match="a cleanup result"):
        result_text(result.model_copy(update={"cleanup_id": "x" * MAX_RESULT_BYTES}))
