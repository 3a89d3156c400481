"""The plan of kills: the same for a seed, and more than half of them while an answer is withheld."""

from collections import Counter

import pytest

from tools.crash_test.killing import plan_kills


def test_a_seed_always_plans_the_same_kills() -> None:
    assert plan_kills(50, 7) == plan_kills(50, 7)
    assert plan_kills(50, 7) != plan_kills(50, 8)


@pytest.mark.parametrize("seed", range(5))
def test_of_two_hundred_kills_a_hundred_and_ten_wait_for_an_accepted_request(seed: int) -> None:
    plan = plan_kills(200, seed)
    assert [kill.number for kill in plan] == list(range(1, 201))
    assert Counter(kill.instant for kill in plan) == {"answer withheld": 110, "any": 90}


def test_hub_worker_and_both_are_killed_and_all_are_started_again() -> None:
    plan = plan_kills(200, 1)
    assert {kill.parts for kill in plan} == {("hub",), ("worker",), ("hub", "worker"), ("worker", "hub")}
    assert all(sorted(kill.parts) == sorted(kill.back) for kill in plan)
