"""What policies install on temporary VMs: removed from a clone, or refused by name, before the point of no return."""

from typing import Any

import pytest

import settings as live
from contracts.error_codes import FailureCode, RefusalCode
from contracts.removable_extensions import WELL_KNOWN_AGENTS
from contracts.resources import resource_name
from contracts.results import Outcome
from contracts.run import VmJob
from emulators.arm import Fault, Role
from emulators.arm.compute.vms.specs import ExtensionSpec
from emulators.arm.policies.assignments import PolicyAssignment
from tests.support.golden import add_definition, clone_job, former, standing, version_options, versions
from tests.support.journey import ROLE_FILE, Journey, journey, spec
from tests.support.requests import GROUP, job, settings

AGENT = ExtensionSpec("ama", "Microsoft.Azure.Monitor", "AzureMonitorLinuxAgent")
SENSOR = ExtensionSpec("MDE.Linux", "Microsoft.Azure.AzureDefenderForServers", "MDE.Linux")
BACKUP = ExtensionSpec("VMSnapshotLinux", "Microsoft.Azure.RecoveryServices", "VMSnapshotLinux")
RECOVERY = ExtensionSpec("asr", "Microsoft.Azure.RecoveryServices.SiteRecovery", "Linux")
STAMPED = settings(removable_extensions=WELL_KNOWN_AGENTS)
REMOVAL = "DELETE extensions.delete 202"


def install(reported: Journey, extension: ExtensionSpec, scope: str = GROUP, **more: Any) -> None:
    reported.simulator.world.policies.add(
        PolicyAssignment(extension.name, scope, "deployIfNotExists", extension=extension, **more)
    )


def asked(request_id: str = "r1", *, dry_run: bool = False) -> VmJob:
    wanted = clone_job(image=version_options(validated=False), stamped=STAMPED, request_id=request_id)
    return wanted.model_copy(update={"dry_run": dry_run})


def removals(reported: Journey) -> list[str]:
    return [r.path.rsplit("/", 1)[-1] for r in reported.simulator.requests() if r.operation == "extensions.delete"]


def source(**more: Any) -> Any:
    return spec("vm1", tags={}, power="deallocated", **more)


def test_an_agent_of_a_policy_is_waited_for_and_removed_before_the_clone_is_deprovisioned() -> None:
    with journey(source(), role=Role.from_file(ROLE_FILE)) as reported:
        add_definition(reported)
        install(reported, AGENT, after_minutes=0)
        result = reported.report(asked())
        clone = former(reported, "clone")
        orders = [f"{r.method} {r.operation} {r.status}" for r in reported.simulator.requests(clone.name)]
        gone = removals(reported)
    assert result.outcome is Outcome.PUBLISHED, result
    assert (set(gone), clone.extensions) == ({"ama"}, {})
    assert orders.index(REMOVAL) < max(i for i, order in enumerate(orders) if order.startswith("PUT runCommands.put"))
    assert result.evidence is not None
    assert any("ama (Microsoft.Azure.Monitor/AzureMonitorLinuxAgent)" in note for note in result.evidence.notes)


@pytest.mark.parametrize(
    ("extension", "fails", "why"), [(SENSOR, False, "not in GOLDEN_REMOVABLE"), (AGENT, True, "failed")]
)
def test_what_may_not_be_removed_or_failed_is_refused_by_name_and_the_source_is_untouched(
    extension: ExtensionSpec, fails: bool, why: str
) -> None:
    with journey(source()) as reported:
        add_definition(reported)
        install(reported, extension, after_minutes=0, extension_fails=fails)
        before = reported.simulator.world.picture(reported.simulator.vm("vm1"))
        result = reported.report(asked())
        after = reported.simulator.world.picture(reported.simulator.vm("vm1"))
        left, changes = standing(reported, result), reported.changes()
    assert result.outcome is Outcome.REFUSED, result
    (refusal,) = result.refusals
    assert refusal.code is RefusalCode.UNEXPECTED_EXTENSIONS
    assert extension.name in refusal.message
    assert why in refusal.message
    assert (left, result.orphaned_resources, before) == ([], (), after)
    assert not {"virtualMachines.deallocate", "virtualMachines.generalize"} & set(changes)


def test_an_extension_that_never_goes_is_refused_and_that_of_another_vm_stays() -> None:
    with journey(source(), spec("other", extensions=(AGENT,))) as reported:
        add_definition(reported)
        install(reported, AGENT, after_minutes=0)
        reported.simulator.inject(Fault(kind="operationNeverEnds", operation="extensions.delete", count=None))
        result = reported.report(asked())
        left, others = standing(reported, result), reported.simulator.vm("other").extensions
        tried = removals(reported)
    (refusal,) = result.refusals
    assert refusal.code is RefusalCode.UNEXPECTED_EXTENSIONS
    assert "provisioning state Deleting, after 1800 s" in refusal.message
    assert (left, tried, [each.name for each in others.values()]) == ([], ["ama"], ["ama"])


def test_without_the_right_to_remove_extensions_a_clone_is_refused_at_once() -> None:
    missing = "Microsoft.Compute/virtualMachines/extensions/delete"
    with journey(source(), role=Role(not_actions=(missing,))) as reported:
        add_definition(reported)
        for dry_run in (True, False):
            (refusal,) = reported.report(asked(f"r{dry_run}", dry_run=dry_run)).refusals
            assert (refusal.code, missing in refusal.message) == (RefusalCode.ACTION_NOT_GRANTED, True)
        assert reported.changes() == []


def test_an_agent_that_comes_after_the_point_of_no_return_does_not_get_into_an_image() -> None:
    with journey(source()) as reported:
        add_definition(reported)
        install(reported, AGENT, after_minutes=2)
        result = reported.report(asked())
        left, published = standing(reported, result), versions(reported)
    assert result.failure is not None
    assert result.failure.code is FailureCode.EXTENSIONS_APPEARED
    assert "ama" in result.failure.message
    assert (left, published) == ([], [])


def test_an_operator_may_take_an_extension_off_the_list_while_a_run_is_under_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with journey(source()) as reported:
        add_definition(reported)
        install(reported, AGENT, after_minutes=0)
        monkeypatch.setenv("GOLDEN_REMOVABLE_EXTENSIONS", "none")
        live.current.cache_clear()
        result = reported.report(asked())
        gone = removals(reported)
    assert [each.code for each in result.refusals] == [RefusalCode.UNEXPECTED_EXTENSIONS]
    assert ("any more" in result.refusals[0].message, gone) == (True, [])


def test_a_validation_vm_keeps_what_a_policy_installs_on_it() -> None:
    wanted = clone_job(image=version_options(), stamped=STAMPED)
    of_validation = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/{resource_name(wanted.run_id, 'validate')}"
    with journey(source()) as reported:
        add_definition(reported)
        install(reported, SENSOR, of_validation, after_minutes=0)
        result = reported.report(wanted)
        kept = former(reported, "validate").extensions
    assert result.outcome is Outcome.PUBLISHED, result
    assert [each.name for each in kept.values()] == ["MDE.Linux"]
    assert result.image is not None
    assert result.image.validation is not None
    assert result.image.validation.passed


@pytest.mark.parametrize("extension", [BACKUP, RECOVERY])
@pytest.mark.parametrize("dry_run", [True, False])
def test_a_protected_vm_is_not_generalized_in_place(extension: ExtensionSpec, dry_run: bool) -> None:
    with journey(spec("vm1", extensions=(extension,))) as reported:
        result = reported.report(job(dry_run=dry_run))
        changes, vm = reported.changes(), reported.simulator.vm("vm1")
    assert [refusal.code for refusal in result.refusals] == [RefusalCode.PROTECTED]
    assert extension.name in result.refusals[0].message
    assert (changes, vm.power, vm.generalized) == ([], "running", False)


def test_a_protected_vm_may_be_cloned() -> None:
    with journey(source(extensions=(BACKUP,))) as reported:
        add_definition(reported)
        result = reported.report(asked())
    assert result.outcome is Outcome.PUBLISHED, result
