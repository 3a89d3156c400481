"""What a cleanup reads: resources with a run's tag in a scope, and VMs of ended runs."""

import math
from datetime import UTC, datetime, timedelta

import pytest

from activities.create_security_group import create_security_group
from activities.create_snapshot import create_snapshot
from activities.find_orphaned_resources import find_orphaned_resources
from activities.read_stuck_vm import read_stuck_vm
from activities.start_deprovision import start_deprovision
from azure_clients.errors import ArmRefused, ArmThrottled, ArmUnavailable
from azure_clients.orphaned_resources import list_orphaned_resources
from contracts.activities.cleanup import FindOrphanedResources, OrphanedResourcesFound, ReadStuckVm
from contracts.facts import PowerState
from contracts.ids import Scope
from contracts.resources import Kind, Purpose
from contracts.tags import KEEP_TAG
from emulators.arm import Role
from policy.orphans import why_it_stays
from tests.activities.test_submitting import RUN_COMMAND, RUN_ID, new_request
from tests.support.azure import Azure, azure, target
from tests.support.cleanups import cleanup_job
from tests.support.creating import APP, RULES, created_resource, new, rules_request, shape_of, snapshot_request
from tests.support.journey import spec
from tests.support.requests import GROUP, SUBSCRIPTION

SCOPES = (GROUP, f"/subscriptions/{SUBSCRIPTION}")


def find(az: Azure, scope: str = GROUP) -> OrphanedResourcesFound:
    return az.call(find_orphaned_resources(FindOrphanedResources(scope=Scope.parse(scope), app_name=APP)))


def stuck(az: Azure, **more: str) -> ReadStuckVm:
    return ReadStuckVm.model_validate({"vm_id": target(), "run_id": RUN_ID, "run_command": RUN_COMMAND, **more})


@pytest.mark.parametrize("scope", SCOPES)
def test_what_a_run_created_is_found_with_all_that_the_policy_needs(scope: str) -> None:
    keep = datetime(2026, 12, 24, tzinfo=UTC)
    with azure(spec("vm1"), role=Role()) as az:
        rollback = snapshot_request(shape_of(az)).resource.model_copy(update={"purpose": Purpose.ROLLBACK})
        az.call(create_security_group(rules_request()))
        az.call(create_snapshot(snapshot_request(shape_of(az), resource=rollback, tags={KEEP_TAG: keep.isoformat()})))
        az.pass_time(3 * 3_600)
        found = {each.resource.kind: each for each in find(az, scope).found}
        now = az.simulator.clock.now()
    rules, snapshot = found[Kind.SECURITY_GROUP], found[Kind.SNAPSHOT]
    assert len(found) == 2, "the VM itself is not an orphaned resource"
    assert rules.resource.id.lower() == RULES.id.lower()
    assert (rules.run_id, rules.app_name, rules.resource.purpose, rules.keep_until) == (
        new(RULES)["run_id"], APP, Purpose.CLONE, None,
    )  # fmt: skip
    assert (snapshot.resource.purpose, snapshot.keep_until) == (Purpose.ROLLBACK, keep)
    assert rules.created_at is not None
    assert timedelta(hours=3) - timedelta(minutes=1) < now - rules.created_at <= timedelta(hours=3)
    job = cleanup_job(asked_at=now, app_name=APP)
    assert why_it_stays(rules, job) is None
    assert "kept until" in (why_it_stays(snapshot, job) or "")


def test_a_long_list_is_read_page_by_page_and_other_kinds_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulators.arm.http.paging.PAGE", 2)
    with azure(spec("vm1"), role=Role()) as az:
        for number in range(4):
            resource = created_resource(Kind.SECURITY_GROUP, f"nsg-{number}")
            az.call(create_security_group(rules_request().model_copy(update={"resource": resource})))
        network = next(each for each in az.simulator.world.store.all() if each.kind.endswith("/virtualNetworks"))
        network.tags["golden-image-run"] = RUN_ID
        az.pass_time(60)
        before = len(az.simulator.requests())
        found = find(az).found
        asked = [f"{r.method} {r.operation} {r.status}" for r in az.simulator.requests()[before:]]
        listed = [each for each in az.simulator.world.store.all() if not each.kind.endswith("/subnets")]
        pages = math.ceil((len(listed) + len(az.simulator.world.vms)) / 2)
    assert len(found) == 4
    assert pages > 3, "resources of others are listed too"
    assert asked == ["GET resources.list 200"] * pages


def test_more_pages_are_read_than_of_another_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """A subscription is listed completely: a cleanup cannot use an incomplete list."""
    monkeypatch.setattr("emulators.arm.http.paging.PAGE", 1)
    with azure(*(spec(f"vm{number}") for number in range(8)), role=Role()) as az:
        az.call(create_security_group(rules_request()))
        az.pass_time(60)
        before = len(az.simulator.requests())
        assert len(find(az).found) == 1
        assert len(az.simulator.requests()) - before > 20


def test_a_fresh_resource_is_not_in_the_list_yet_and_nothing_breaks() -> None:
    with azure(spec("vm1"), role=Role()) as az:
        az.call(create_security_group(rules_request()))
        assert find(az).found == ()


def test_a_resource_with_an_unknown_purpose_is_never_deleted() -> None:
    with azure(spec("vm1"), role=Role()) as az:
        az.call(create_security_group(rules_request()))
        az.pass_time(3 * 3_600)
        resource_rules = next(each for each in az.simulator.world.store.all() if each.id.lower() == RULES.id.lower())
        resource_rules.tags["golden-image-purpose"] = "?"
        found = find(az).found
        now = az.simulator.clock.now()
    assert len(found) == 1
    assert "no cleanup deletes it" in (why_it_stays(found[0], cleanup_job(asked_at=now)) or "")


def test_a_list_that_is_rejected_throttled_or_broken_raises() -> None:
    scope = Scope.parse(GROUP)
    with azure(spec("vm1"), role=Role.of(["*"], ["Microsoft.Resources/*"])) as az, pytest.raises(ArmRefused):
        az.call(list_orphaned_resources(scope))
    with azure(spec("vm1"), role=Role()) as az:
        az.fault("status", "resources.list", status=429, code="TooManyRequests", headers={"Retry-After": "7"})
        with pytest.raises(ArmThrottled):
            az.call(list_orphaned_resources(scope))
        az.fault("cutBefore", "resources.list")
        with pytest.raises(ArmUnavailable):
            az.call(list_orphaned_resources(scope))


def test_a_stuck_vm_is_read_only_with_this_runs_run_command_on_it() -> None:
    with azure(spec("vm1"), role=Role()) as az:
        az.call(start_deprovision(new_request(az.read())))
        az.pass_time(600)
        ours = az.call(read_stuck_vm(stuck(az)))
        another_run = az.call(read_stuck_vm(stuck(az, run_id="vm-r2-0123456789")))
        another_name = az.call(read_stuck_vm(stuck(az, run_command="golden-image-evidence-1")))
        gone = az.call(read_stuck_vm(stuck(az, vm_id=str(target("vm9")))))
    assert ours.vm is not None
    assert ours.vm.power_state is PowerState.STOPPED
    assert (another_run.vm, another_name.vm, gone.vm) == (None, None, None)
