"""A sweep's messages: careful by default, strict towards the outside, whole after the engine."""

import pytest

from contracts.decision_request import DecisionRequest
from contracts.message import StrictMessage
from contracts.reading import BadRequest, read_form
from contracts.sweep import SweepJob, SweepMode, SweepRequest
from tests.support.sweeps import sweep_job


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
