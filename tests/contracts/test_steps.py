"""The catalogue of steps: one name a step, one constant a step, and answers that survive the engine."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from contracts import catalogue, steps
from contracts.answer import Answer
from contracts.facts import PowerState
from contracts.guest_report import SerialMark
from contracts.machine_steps import Inspected, PowerStateRead, SerialMarkRead
from contracts.message import Message
from contracts.reasons import Failure, FailureCode, Refusal, RefusalCode
from contracts.steps import STEPS, Step
from tests.support.requests import facts, machine

ACTIVITIES = Path(__file__).parents[2] / "activities"


def test_every_step_stands_in_the_tuple_once() -> None:
    named: list[object] = [value for value in vars(steps).values() if isinstance(value, Step)]
    assert sorted(map(id, named)) == sorted(map(id, STEPS))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_a_step_has_one_name_in_constant_and_file(step: Step[Message, Answer]) -> None:
    assert getattr(steps, step.name.upper()) is step
    source = (ACTIVITIES / f"{step.name}.py").read_text(encoding="utf-8")
    assert re.search(rf"^async def {step.name}\(request: {step.takes.__name__}\b", source, re.M)
    assert re.search(rf"-> {step.gives.__name__}:$", source, re.M)


def test_no_two_names_are_registered_twice() -> None:
    assert len(set(catalogue.ALL)) == len(catalogue.ALL)
    assert all(re.fullmatch(r"[a-z]+(?:_[a-z]+)*", name) for name in catalogue.ALL)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_a_throttle_is_an_answer_of_every_step_that_reads_azure(step: Step[Message, Answer]) -> None:
    # Registration answers a throttle with the base class; the engine hands that to the step's own class.
    given = Answer(try_again_after=7, correlation_id="c").model_dump(mode="json", exclude_none=True)
    assert Answer.model_validate(given).try_again_after == 7


@pytest.mark.parametrize("step", [step for step in STEPS if step is not steps.READ_RUN_STATE], ids=lambda s: s.name)
def test_a_failure_is_an_answer_of_every_step_that_reaches_azure(step: Step[Message, Answer]) -> None:
    failure = Failure.of(FailureCode.ORDER_REFUSED, "no")
    given = Answer(failure=failure).model_dump(mode="json", exclude_none=True)
    assert step.gives.model_validate(given).failure == failure


ANSWERS: list[Any] = [
    Inspected(facts=facts()),
    Inspected(refusal=Refusal.of(RefusalCode.MACHINE_NOT_FOUND, "m"), correlation_id="c"),
    PowerStateRead(machine=machine(power_state=PowerState.STOPPED)),
    SerialMarkRead(mark=SerialMark(readable=True, failure="f")),
    SerialMarkRead(),
]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: type(answer).__name__)
def test_an_answer_is_the_same_after_the_engine_kept_it(answer: Answer) -> None:
    kept = json.loads(json.dumps(answer.model_dump(mode="json", exclude_none=True)))
    assert type(answer).model_validate(kept) == answer
