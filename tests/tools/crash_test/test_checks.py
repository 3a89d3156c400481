"""Every kind of violation is found, and nothing else is."""

import pytest

from tools.crash_test import checks
from tools.crash_test.book import Items
from tools.crash_test.checks import End
from tools.crash_test.journal import Line, LineKind

GOOD_LINUX = {"requested": 1, "waagent": 1, "deprovisioned": 1, "poweroff": 2, "generalized": 1}


def line(kind: LineKind, task: int = 1, execution: str = "e1", instance: str = "run-1") -> Line:
    return Line(kind, instance, execution, task, "mark")


def test_instances_with_the_expected_output_are_not_lost() -> None:
    ends = {"a": End("COMPLETED", {"vm1": "generalized"}), "b": End("COMPLETED", 9)}
    assert checks.lost_instances({"a": {"vm1": "generalized"}, "b": 9}, ends) == []


@pytest.mark.parametrize(
    ("end", "message"),
    [
        (None, "does not know it"),
        (End("RUNNING"), "is RUNNING"),
        (End("FAILED", "TypeError"), "is FAILED"),
        (End("COMPLETED", 8), "returned 8 instead of 9"),
    ],
)
def test_a_lost_instance_is_found(end: End | None, message: str) -> None:
    (found,) = checks.lost_instances({"a": 9}, {"a": end})
    assert found.startswith("a: ")
    assert message in found


def test_an_instance_without_an_expected_output_must_end_too() -> None:
    assert checks.open_instances({"a": "COMPLETED", "a:0001": "RUNNING"}) == ["a:0001: is RUNNING"]


def test_events_may_be_received_as_often_as_they_were_sent() -> None:
    assert checks.lost_items("c", Items([1, 2, 3], {1: 1, 2: 2, 3: 1}), [1, 2, 2, 3]) == []


@pytest.mark.parametrize(
    ("received", "message"),
    [
        ([1, 3], "event 2 was acknowledged and is lost"),
        ([1, 1, 2, 3], "event 1 was received 2 times"),
        ([1, 2, 3, 7], "event 7 was received 1 times"),
        ([1, 2, 3, "3"], "event '3' was received 1 times"),
    ],
)
def test_a_lost_or_invented_event_is_found(received: list[object], message: str) -> None:
    (found,) = checks.lost_items("c", Items([1, 2, 3], {1: 1, 2: 2, 3: 1}), received)
    assert message in found


def test_a_tally_must_hold_what_was_added() -> None:
    assert checks.wrong_tallies({"north": 4, "south": 2}, {"north": 4, "south": 2}) == []
    assert checks.wrong_tallies({"north": 4, "south": 2}, {"north": 5}) == [
        "tally north: holds 5 instead of 4",
        "tally south: holds 0 instead of 2",
    ]


@pytest.mark.parametrize(("held", "good"), [(2, False), (3, True), (4, True), (5, False)])
def test_signals_run_at_least_once_and_no_more_often_than_sent(held: int, good: bool) -> None:
    assert (checks.lost_signals(3, 4, held) == []) is good


def test_an_activity_may_run_again_until_its_completion_is_acknowledged() -> None:
    lines = [line("begun"), line("effect", execution=""), line("begun"), line("effect", execution="")]
    assert checks.repeated_after_acknowledgement([*lines, line("acknowledged")]) == []


@pytest.mark.parametrize("kind", ["begun", "acknowledged"])
def test_a_repeat_after_acknowledgement_is_found(kind: LineKind) -> None:
    (found,) = checks.repeated_after_acknowledgement([line("begun"), line("acknowledged"), line(kind)])
    assert found == f"run-1 task 1 (mark): {kind} again after its acknowledgement"


@pytest.mark.parametrize("other", [line("begun", task=2), line("begun", execution="e2"), line("begun", instance="x")])
def test_another_activity_is_no_repeat(other: Line) -> None:
    assert checks.repeated_after_acknowledgement([line("begun"), line("acknowledged"), other]) == []


def test_an_acknowledged_activity_must_have_taken_place() -> None:
    effect = line("effect", execution="")
    assert checks.missing_effects([line("begun"), effect, line("acknowledged")], "mark") == []
    (found,) = checks.missing_effects([effect, line("acknowledged"), line("acknowledged", execution="e2")], "mark")
    assert found == "run-1 task 1 (mark): acknowledged 2 times, took place 1 times"


def test_what_is_run_again_is_counted() -> None:
    assert checks.run_again([line("begun"), line("begun", task=2), line("begun"), line("begun"), line("effect")]) == 2


def test_what_was_done_once_was_not_repeated() -> None:
    assert checks.repeated_irreversible({"vm1": GOOD_LINUX, "vm2": {}}) == []


@pytest.mark.parametrize("kind", ["requested", "waagent", "sysprep", "deprovisioned", "generalized"])
def test_a_repeated_effect_is_found(kind: str) -> None:
    assert checks.repeated_irreversible({"vm1": {**GOOD_LINUX, kind: 2}}) == [f"vm1: {kind} 2 times"]


def test_outcomes_are_compared_with_the_vms() -> None:
    outcomes = {"vm1": "generalized", "vm2": "refused"}
    assert checks.untrue_outcomes(outcomes, {"vm1": GOOD_LINUX, "vm2": {}}) == []
    assert checks.untrue_outcomes(outcomes, {"vm1": {"requested": 1}, "vm2": {"requested": 1}}) == [
        "vm1: must be generalized, but has only these effects: requested",
        "vm2: must be unchanged, but has these effects: requested",
    ]
