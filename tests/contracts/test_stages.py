"""The transition table: every stage can be reached, final stages have no transitions, nothing else is allowed."""

import itertools

import pytest

from contracts.stages import TRANSITIONS, Stage, advance
from tests.support.rows import rows

ENDS = {Stage.DONE, Stage.REFUSED, Stage.FAILED, Stage.CANCELED}
CANCELABLE = {stage for stage in Stage if stage.allows.cancel}
PAIRS = list(itertools.product(Stage, Stage))


def reachable(start: Stage) -> set[Stage]:
    found = {start}
    todo = [start]
    while todo:
        for stage in TRANSITIONS[todo.pop()] - found:
            found.add(stage)
            todo.append(stage)
    return found


def test_every_stage_has_a_row() -> None:
    assert set(TRANSITIONS) == set(Stage)


def test_every_stage_is_reached_from_accepted() -> None:
    assert reachable(Stage.ACCEPTED) == set(Stage)


def test_final_stages_have_no_transitions_and_all_others_have() -> None:
    assert {stage for stage in Stage if not TRANSITIONS[stage]} == ENDS
    assert {stage for stage in Stage if not TRANSITIONS[stage]} == ENDS


@rows("stage", [stage for stage in Stage if stage not in ENDS])
def test_every_other_stage_reaches_a_final_stage_and_may_fail(stage: Stage) -> None:
    assert reachable(stage) & ENDS
    assert Stage.FAILED in TRANSITIONS[stage]


@rows(("now", "to"), PAIRS)
def test_advance_allows_the_transitions_in_the_table_and_no_others(now: Stage, to: Stage) -> None:
    if to in TRANSITIONS[now]:
        assert advance(now, to) is to
    else:
        with pytest.raises(ValueError, match=f"^a run may not go from {now} to {to}$"):
            advance(now, to)


def test_nothing_ever_goes_back() -> None:
    order = list(Stage)
    back = [(now, to) for now, to in PAIRS if to in TRANSITIONS[now] and order.index(to) <= order.index(now)]
    assert back == []


def test_before_the_point_of_no_return_are_exactly_the_stages_that_still_lead_to_it() -> None:
    before = {
        stage for stage in Stage if stage is not Stage.DEPROVISIONING and Stage.DEPROVISIONING in reachable(stage)
    }
    assert before == CANCELABLE


def test_every_path_to_generalizing_passes_the_point_of_no_return() -> None:
    without = {now: to - {Stage.DEPROVISIONING} for now, to in TRANSITIONS.items()}
    # Other paths publish what was deprovisioned before, or deallocate a clone that stays specialized.
    without[Stage.DEALLOCATING] -= {Stage.GENERALIZING}
    found, todo = {Stage.ACCEPTED}, [Stage.ACCEPTED]
    while todo:
        for stage in without[todo.pop()] - found:
            found.add(stage)
            todo.append(stage)
    assert found.isdisjoint({Stage.STOPPING, Stage.GENERALIZING})


def test_after_the_point_of_no_return_no_run_is_canceled() -> None:
    after = set(Stage) - CANCELABLE - {Stage.CLEANING_UP}
    assert not [stage for stage in after if Stage.CANCELED in TRANSITIONS[stage]]
    assert all(Stage.CANCELED in TRANSITIONS[stage] for stage in CANCELABLE)
