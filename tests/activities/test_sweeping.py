"""What a sweep reads: things with a run's tag in a scope, and machines that an ended run left behind."""

import math
from datetime import UTC, datetime, timedelta

import pytest

from activities.find_leftovers import find_leftovers
from activities.make_security_group import make_security_group
from activities.make_snapshot import make_snapshot
from activities.read_stuck_machine import read_stuck_machine
from activities.start_deprovision import start_deprovision
from azure_clients.errors import ArmRefused, ArmThrottled, ArmUnavailable
from azure_clients.leftovers import list_leftovers
from contracts.facts import PowerState
from contracts.ids import Scope
from contracts.made import KEEP_TAG, Kind, Purpose
from contracts.sweep_steps import FindLeftovers, LeftoversFound, ReadStuckMachine
from policy.leftovers import why_it_stays
from tests.activities.test_ordering import RUN_COMMAND, RUN_ID, order
from tests.support.azure import Azure, azure, target
from tests.support.journey import spec
from tests.support.making import APP, RULES, made, new, rules_order, shape_of, snapshot_order
from tests.support.requests import GROUP, SUBSCRIPTION
from tests.support.sweeps import sweep_job
from workbench.arm_simulator import Role

SCOPES = (GROUP, f"/subscriptions/{SUBSCRIPTION}")


def find(az: Azure, scope: str = GROUP) -> LeftoversFound:
    return az.call(find_leftovers(FindLeftovers(scope=Scope.parse(scope), app_name=APP)))


def stuck(az: Azure, **more: str) -> ReadStuckMachine:
    return ReadStuckMachine.model_validate({"vm_id": target(), "run_id": RUN_ID, "run_command": RUN_COMMAND, **more})


@pytest.mark.parametrize("scope", SCOPES)
def test_what_a_run_made_is_found_with_all_that_the_policy_needs(scope: str) -> None:
    keep = datetime(2026, 12, 24, tzinfo=UTC)
    with azure(spec("vm1"), role=Role()) as az:
        undo = snapshot_order(shape_of(az)).made.model_copy(update={"purpose": Purpose.UNDO})
        az.call(make_security_group(rules_order()))
        az.call(make_snapshot(snapshot_order(shape_of(az), made=undo, tags={KEEP_TAG: keep.isoformat()})))
        az.pass_time(3 * 3_600)
        found = {each.made.kind: each for each in find(az, scope).found}
        now = az.simulator.clock.now()
    rules, snapshot = found[Kind.SECURITY_GROUP], found[Kind.SNAPSHOT]
    assert len(found) == 2, "the machine itself is no leftover"
    assert rules.made.id.lower() == RULES.id.lower()
    assert (rules.run_id, rules.app_name, rules.made.purpose, rules.keep_until) == (
        new(RULES)["run_id"], APP, Purpose.CLONE, None,
    )  # fmt: skip
    assert (snapshot.made.purpose, snapshot.keep_until) == (Purpose.UNDO, keep)
    assert rules.created_at is not None
    assert timedelta(hours=3) - timedelta(minutes=1) < now - rules.created_at <= timedelta(hours=3)
    job = sweep_job(asked_at=now, app_name=APP)
    assert why_it_stays(rules, job) is None
    assert "kept until" in (why_it_stays(snapshot, job) or "")


def test_a_long_list_is_read_page_by_page_and_what_no_run_makes_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.arm_simulator.paging.PAGE", 2)
    with azure(spec("vm1"), role=Role()) as az:
        for number in range(4):
            thing = made(Kind.SECURITY_GROUP, f"nsg-{number}")
            az.call(make_security_group(rules_order().model_copy(update={"made": thing})))
        network = next(each for each in az.simulator.world.store.all() if each.kind.endswith("/virtualNetworks"))
        network.tags["golden-image-run"] = RUN_ID
        az.pass_time(60)
        before = len(az.simulator.requests())
        found = find(az).found
        asked = [f"{r.method} {r.operation} {r.status}" for r in az.simulator.requests()[before:]]
        listed = [each for each in az.simulator.world.store.all() if not each.kind.endswith("/subnets")]
        pages = math.ceil((len(listed) + len(az.simulator.world.machines)) / 2)
    assert len(found) == 4
    assert pages > 3, "what is not ours is listed too"
    assert asked == ["GET resources.list 200"] * pages


def test_more_pages_are_read_than_of_another_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything in a subscription is listed: half a list, or an error, would be no sweep."""
    monkeypatch.setattr("workbench.arm_simulator.paging.PAGE", 1)
    with azure(*(spec(f"vm{number}") for number in range(8)), role=Role()) as az:
        az.call(make_security_group(rules_order()))
        az.pass_time(60)
        before = len(az.simulator.requests())
        assert len(find(az).found) == 1
        assert len(az.simulator.requests()) - before > 20


def test_a_fresh_thing_is_not_in_the_list_yet_and_nothing_breaks() -> None:
    with azure(spec("vm1"), role=Role()) as az:
        az.call(make_security_group(rules_order()))
        assert find(az).found == ()


def test_a_purpose_that_cannot_be_read_is_never_swept() -> None:
    with azure(spec("vm1"), role=Role()) as az:
        az.call(make_security_group(rules_order()))
        az.pass_time(3 * 3_600)
        made_rules = next(each for each in az.simulator.world.store.all() if each.id.lower() == RULES.id.lower())
        made_rules.tags["golden-image-purpose"] = "?"
        found = find(az).found
        now = az.simulator.clock.now()
    assert len(found) == 1
    assert "no sweep deletes it" in (why_it_stays(found[0], sweep_job(asked_at=now)) or "")


def test_a_list_that_is_refused_throttled_or_broken_says_so() -> None:
    scope = Scope.parse(GROUP)
    with azure(spec("vm1"), role=Role.of(["*"], ["Microsoft.Resources/*"])) as az, pytest.raises(ArmRefused):
        az.call(list_leftovers(scope))
    with azure(spec("vm1"), role=Role()) as az:
        az.trouble("status", "resources.list", status=429, code="TooManyRequests", headers={"Retry-After": "7"})
        with pytest.raises(ArmThrottled):
            az.call(list_leftovers(scope))
        az.trouble("cutBefore", "resources.list")
        with pytest.raises(ArmUnavailable):
            az.call(list_leftovers(scope))


def test_a_stuck_machine_is_read_only_with_this_runs_run_command_on_it() -> None:
    with azure(spec("vm1"), role=Role()) as az:
        az.call(start_deprovision(order(az.read())))
        az.pass_time(600)
        ours = az.call(read_stuck_machine(stuck(az)))
        another_run = az.call(read_stuck_machine(stuck(az, run_id="vm-r2-0123456789")))
        another_name = az.call(read_stuck_machine(stuck(az, run_command="golden-image-evidence-1")))
        gone = az.call(read_stuck_machine(stuck(az, vm_id=str(target("vm9")))))
    assert ours.machine is not None
    assert ours.machine.power_state is PowerState.STOPPED
    assert (another_run.machine, another_name.machine, gone.machine) == (None, None, None)
