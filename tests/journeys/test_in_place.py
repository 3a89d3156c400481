"""VMs generalized in place: real activities and SDK, the simulator with the app's own role, virtual time."""

import pytest

from contracts.results import Outcome
from emulators.arm import LinuxTraits
from emulators.guest import sandbox_kind
from tests.support.golden import standing
from tests.support.journey import Journey, journey, spec
from tests.support.requests import accepted, job, request

POLICIES = ["GET disks.get 200", "POST policyRestrictions.check 200", "POST policyRestrictions.check 200"]
SNAPSHOT = [
    # The group of the rollback snapshot: its rights and its locks, in any order.
    "GET locks.list 200",
    "GET permissions.list 200",
    "GET snapshots.get 404",
    "GET disks.get 200",
    "PUT snapshots.createOrUpdate 202",
    "GET snapshots.get 200",
]
SIZES = "GET resourceSkus.list 200"
"""Once for all VMs of a region: the architecture of the VM's size."""
ORDERS = [
    "GET virtualMachines.get 200",
    "GET permissions.list 200",
    "GET locks.list 200",
    "GET runCommands.list 200",
    "POST virtualMachines.retrieveBootDiagnosticsData 200",
    "GET denyAssignments.list 200",
    # Its boot, its clock, and that its console reaches Azure.
    "GET runCommands.get 404",
    "PUT runCommands.put 201",
    "GET runCommands.get 200",
    "GET runCommands.get 200",
    "GET runCommands.get 200",
    "DELETE runCommands.delete 202",
    "GET runCommands.get 404",
    "POST virtualMachines.retrieveBootDiagnosticsData 200",
    "GET runCommands.get 404",
    "GET virtualMachines.get 200",
    "PUT runCommands.put 201",
    "GET runCommands.get 200",
    "GET virtualMachines.get 200",
    "POST virtualMachines.retrieveBootDiagnosticsData 200",
    "GET virtualMachines.get 200",
    "POST virtualMachines.deallocate 202",
    "GET virtualMachines.get 200",
    # The proof is read again right before the act that rests on it.
    "POST virtualMachines.retrieveBootDiagnosticsData 200",
    "GET virtualMachines.get 200",
    "POST virtualMachines.generalize 200",
    "GET virtualMachines.get 200",
]


def kinds(reported: Journey, name: str) -> list[str]:
    return [effect.kind for effect in reported.simulator.vm(name).effects]


def test_a_linux_vm_in_37_requests() -> None:
    with journey(spec("vm1"), emulate_linux=False) as reported:
        result = reported.report(job("vm1"))
        vm, all_requests = reported.simulator.vm("vm1"), reported.simulator.requests()
        orders, kept = reported.orders("vm1"), standing(reported, result)
    assert result.outcome is Outcome.GENERALIZED
    assert result.evidence is not None
    assert result.evidence.level == "guestReported"
    assert result.evidence.guest["distribution"] == "ubuntu 22.04"
    assert vm.generalized
    assert vm.power == "deallocated"
    assert vm.requested_count == vm.deprovisioned_count == 1
    assert sorted(orders[:5]) == sorted(ORDERS[:5]), "all but the first at once, in any order"
    assert orders[5:] == ORDERS[5:]
    others = [f"{r.method} {r.operation} {r.status}" for r in all_requests if "/virtualMachines/" not in r.path]
    assert sorted(others[:6]) == sorted([SIZES, *SNAPSHOT[:2], *POLICIES])
    assert others[6:] == SNAPSHOT[2:]
    assert (len(all_requests), vm.requests) == (37, 27)
    assert result.rollback_snapshot is not None
    assert list(result.created_resources) == kept == [result.rollback_snapshot.id]
    assert not any(record.status in {401, 403} for record in all_requests), "the role is enough"
    assert {"create_snapshot/rollback-snapshot", "start_deprovision", "deallocate_vm", "generalize_vm"} == set(
        result.correlation_ids
    )


@pytest.mark.skipif(sandbox_kind() is None, reason="no sandbox here: the guest script is emulated, not run")
def test_the_real_guest_script_ran() -> None:
    with journey(spec("vm1", linux=LinuxTraits(distribution="rhel-9"))) as reported:
        result = reported.report(job("vm1", target={"deprovision": {"keepUser": True}}))
        effects = reported.simulator.vm("vm1").effects
    assert result.outcome is Outcome.GENERALIZED
    assert [effect.detail for effect in effects if effect.kind == "waagent"] == ["waagent -deprovision -force"]


def test_a_windows_vm() -> None:
    with journey(spec("vm1", os="Windows")) as reported:
        result = reported.report(job("vm1"))
        effects = kinds(reported, "vm1")
        orders = reported.orders("vm1")
    assert result.outcome is Outcome.GENERALIZED
    assert result.evidence is not None
    assert result.evidence.level == "guestReported"
    assert effects.count("sysprep") == effects.count("generalized") == 1
    assert "POST virtualMachines.retrieveBootDiagnosticsData 200" not in orders, "the guest's report is the evidence"


def test_a_vm_without_boot_diagnostics_when_the_power_state_is_enough() -> None:
    asked = job("vm1", target={"deprovision": {"evidence": "powerStateOnly"}})
    with journey(spec("vm1", boot_diagnostics=False)) as reported:
        result = reported.report(asked)
    assert result.outcome is Outcome.GENERALIZED
    assert result.evidence is not None
    assert result.evidence.level == "powerStateOnly"


def test_a_second_run_finds_the_work_done() -> None:
    with journey(spec("vm1"), emulate_linux=False) as reported:
        reported.report(job("vm1"))
        again = reported.report(job("vm1", request_id="r2"))
        effects = kinds(reported, "vm1")
    assert again.outcome is Outcome.ALREADY_GENERALIZED
    assert effects.count("generalized") == 1


def test_a_dry_run_changes_nothing() -> None:
    with journey(spec("vm1"), emulate_linux=False) as reported:
        result = reported.report(job("vm1", dry_run=True))
        changes = reported.changes()
    assert result.outcome is Outcome.WOULD_GENERALIZE
    assert changes == []


def test_a_small_fleet_in_one_request() -> None:
    names = ["lin1", "lin2", "lin3", "win1", "win2"]
    specs = [spec(name, os="Windows" if name.startswith("win") else "Linux") for name in names[:-1]]
    with journey(*specs, spec("win2", os="Windows", tags={})) as reported:
        result = reported.send_batch(accepted(request(*names)))
        generalized = [name for name in names if reported.simulator.vm(name).generalized]
        messages = len(reported.sent)
    assert result.counts == {Outcome.GENERALIZED: 4, Outcome.REFUSED: 1}
    assert generalized == names[:-1]
    assert messages == 6
