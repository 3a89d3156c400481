"""A log line: one line of JSON whatever its fields contain."""

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from contracts.ids import VmId
from contracts.log_line import log_line
from contracts.stages import Stage
from tests.support.requests import vm_id
from tests.support.rows import rows

unhurried = hypothesis_settings(deadline=None)  # a busy VM is no fault


def test_event_first_then_the_fields_without_those_that_are_none() -> None:
    assert log_line("stage", stage=Stage.STOPPING, code=None, count=0, empty="") == (
        '{"event": "stage", "stage": "stopping", "count": 0, "empty": ""}'
    )


@rows(
    ("value", "written"),
    [
        (VmId.parse(vm_id()), vm_id()),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02 00:00:00+00:00"),
        (ValueError("no"), "no"),
        (["a"], ["a"]),
        ({"generalized": 2}, {"generalized": 2}),
        ((1, 2), [1, 2]),
    ],
)
def test_what_json_does_not_know_is_written_as_text(value: object, written: object) -> None:
    assert json.loads(log_line("e", value=value)) == {"event": "e", "value": written}


@unhurried
@given(st.text(), st.dictionaries(st.sampled_from(["a", "b", "runId"]), st.text()))
def test_it_is_one_line_of_json_and_nothing_in_it_can_forge_another(event: str, fields: dict[str, object]) -> None:
    line = log_line(event, **fields)
    assert len(line.splitlines()) == 1
    assert line.isascii()
    assert json.loads(line) == {"event": event, **fields}
