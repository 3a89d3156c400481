"""The activities: each has one name and one constant, and its results survive serialization."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from contracts import catalog, registered_names
from contracts.activities.vm import Inspected, PowerStateRead, SerialMarkRead
from contracts.answer import Answer
from contracts.catalog import ACTIVITIES, Activity
from contracts.error_codes import Failure, FailureCode, Refusal, RefusalCode
from contracts.facts import PowerState
from contracts.guest_report import SerialMark
from contracts.message import Message
from tests.support.requests import facts, vm_state
from tests.support.rows import rows

ACTIVITY_NAMES = Path(__file__).parents[2] / "activities"


def test_every_activity_is_in_the_tuple_once() -> None:
    named: list[object] = [value for value in vars(catalog).values() if isinstance(value, Activity)]
    assert sorted(map(id, named)) == sorted(map(id, ACTIVITIES))


@rows("activity", ACTIVITIES)
def test_an_activity_has_the_same_name_in_constant_and_file(activity: Activity[Message, Answer]) -> None:
    assert getattr(catalog, activity.name.upper()) is activity
    source = (ACTIVITY_NAMES / f"{activity.name}.py").read_text(encoding="utf-8")
    assert re.search(rf"^async def {activity.name}\(request: {activity.takes.__name__}\b", source, re.M)
    assert re.search(rf"-> {activity.gives.__name__}:$", source, re.M)


def test_no_name_is_registered_twice() -> None:
    assert len(set(registered_names.ALL)) == len(registered_names.ALL)
    assert all(re.fullmatch(r"[a-z]+(?:_[a-z]+)*", name) for name in registered_names.ALL)


@rows("activity", ACTIVITIES)
def test_a_throttle_is_an_answer_of_every_activity_that_reads_azure(activity: Activity[Message, Answer]) -> None:
    # Registration answers a throttle with the base class; the engine converts that to the activity's own class.
    given = Answer(try_again_after=7, correlation_id="c").model_dump(mode="json", exclude_none=True)
    assert Answer.model_validate(given).try_again_after == 7


@rows("activity", [activity for activity in ACTIVITIES if activity is not catalog.READ_RUN_STATE])
def test_a_failure_is_an_answer_of_every_activity_that_reaches_azure(activity: Activity[Message, Answer]) -> None:
    failure = Failure.of(FailureCode.AZURE_REJECTED_REQUEST, "no")
    given = Answer(failure=failure).model_dump(mode="json", exclude_none=True)
    assert activity.gives.model_validate(given).failure == failure


ANSWERS: list[Any] = [
    Inspected(facts=facts()),
    Inspected(refusal=Refusal.of(RefusalCode.VM_NOT_FOUND, "m"), correlation_id="c"),
    PowerStateRead(vm=vm_state(power_state=PowerState.STOPPED)),
    SerialMarkRead(mark=SerialMark(readable=True, failure="f")),
    SerialMarkRead(),
]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: type(answer).__name__)
def test_a_result_is_unchanged_after_serialization(answer: Answer) -> None:
    kept = json.loads(json.dumps(answer.model_dump(mode="json", exclude_none=True)))
    assert type(answer).model_validate(kept) == answer
