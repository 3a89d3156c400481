"""A sweep's messages: careful by default, strict towards the outside, whole after the engine."""

import pytest

from contracts.decision_request import DecisionRequest
from contracts.message import StrictMessage
from contracts.reading import BadRequest, read_form
from contracts.results import MAX_RESULT_BYTES, result_text
from contracts.sweep import SweepJob, SweepMode, SweepNote, SweepRequest, SweepResult
from tests.support.sweeps import leftover, sweep_job


def test_a_sweep_without_a_mode_changes_nothing() -> None:
    assert read_form(SweepRequest, b"{}").mode is SweepMode.DRY_RUN


def test_a_job_survives_the_engine() -> None:
    asked = sweep_job()
    assert SweepJob.model_validate_json(asked.model_dump_json(exclude_none=True)) == asked


@pytest.mark.parametrize(
    ("form", "text", "path"),
    [
        (SweepRequest, b'{"mode": "Delete"}', "$.mode"),
        (SweepRequest, b'{"mode": "delete", "mode": "dryRun"}', "$"),
        (SweepRequest, b"[]", "$"),
        (SweepRequest, b"{", "$"),
        (DecisionRequest, b'{"approved": true, "by": "me"}', "$.by"),
        (DecisionRequest, b'{"approved": null}', "$.approved"),
    ],
)
def test_every_fault_of_a_form_is_told_with_its_path(form: type[StrictMessage], text: bytes, path: str) -> None:
    with pytest.raises(BadRequest) as bad:
        read_form(form, text)
    assert [fault.path for fault in bad.value.faults] == [path]


def test_on_the_queue_a_sweep_names_as_many_as_find_room_and_counts_all() -> None:
    notes = tuple(SweepNote(id=leftover(name=f"kept-{n}").made.id, why="w" * 300) for n in range(200))
    names = tuple(leftover(name=f"disk-{n}").made.id for n in range(2_000))
    result = SweepResult(
        sweep_id="sweep-1",
        mode=SweepMode.DRY_RUN,
        looked_at=2_300,
        counts={"wouldDelete": 2_000, "kept": 300, "failed": 3},
        would_delete=names,
        kept=notes,
        left_out=100,
        failed=notes[:3],
    )
    text = result_text(result)
    told = SweepResult.model_validate_json(text)
    assert len(text.encode()) <= MAX_RESULT_BYTES
    assert (told.kept, told.failed, told.counts) == ((), notes[:3], result.counts)
    assert len(told.would_delete) > 100, "what would go is named before what stays"
    assert told.would_delete == names[: len(told.would_delete)]
    assert told.left_out == 300 + 2_000 - len(told.would_delete)


def test_a_short_sweep_stands_on_the_queue_whole_and_one_without_end_does_not_fit() -> None:
    result = SweepResult(sweep_id="sweep-1", mode=SweepMode.DELETE, looked_at=1, deleted=("/a",))
    assert SweepResult.model_validate_json(result_text(result)) == result
    with pytest.raises(ValueError, match="a sweep result"):
        result_text(result.model_copy(update={"sweep_id": "x" * MAX_RESULT_BYTES}))
