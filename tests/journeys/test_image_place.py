"""Where an image goes: what would fail there is refused in a dry run and in a real one, before anything is changed."""

from typing import Any

from contracts.error_codes import RefusalCode
from contracts.ids import Scope
from contracts.results import Outcome, VmResult
from contracts.run import VmJob
from emulators.arm import Fault, Role, VmSpec
from emulators.arm.galleries.recycle_bin import KIND
from policy.rights import READ_GALLERY
from tests.support.golden import add_definition, definition_id, version_options, versions
from tests.support.journey import ROLE_FILE, Journey, journey, spec
from tests.support.requests import GROUP, SUBSCRIPTION, job, settings
from tests.support.rows import rows

PLAN = {"name": "hardened", "publisher": "acme", "product": "linux"}
RETIRE = {"keep": 1, "minimumAgeDays": 0, "dryRun": False}
PUT = "galleryImageVersions.createOrUpdate"
GALLERY = definition_id().rpartition("/images/")[0]


def both(reported: Journey, asked: VmJob) -> list[VmResult]:
    """Run it dry, then really."""
    first = asked.model_copy(update={"dry_run": True, "run_id": f"{asked.run_id}-dry"})
    return [reported.report(first), reported.report(asked)]


def in_place(**image: Any) -> VmJob:
    return job(target={"image": version_options(validated=False, **image), "rollbackSnapshot": False})


def refused(reported: Journey, asked: VmJob) -> set[RefusalCode]:
    """Return the codes, the same of both runs; nothing was changed."""
    results = both(reported, asked)
    vm = reported.simulator.vm("vm1")
    assert [result.outcome for result in results] == [Outcome.REFUSED] * 2, results
    assert reported.changes() == []
    assert (vm.deprovisioned_count, vm.generalized) == (0, vm.spec.generalized)
    dry, real = ({refusal.code for refusal in result.refusals} for result in results)
    assert dry == real
    return real


UNFIT: dict[str, tuple[dict[str, Any], dict[str, Any], VmJob, RefusalCode]] = {
    "a plan on the definition only": ({}, {"plan": PLAN}, in_place(), RefusalCode.PLAN_MISMATCH),
    "a plan on the VM only": ({"plan": PLAN}, {}, in_place(), RefusalCode.PLAN_MISMATCH),
    "another plan": (
        {"plan": PLAN}, {"plan": {**PLAN, "name": "other"}}, in_place(), RefusalCode.PLAN_MISMATCH,
    ),
    **{
        f"a definition that takes no VM, {kind}, {security}": (
            {"security_type": security}, {"security_type": kind}, in_place(), RefusalCode.DEFINITION_TAKES_NO_VM,
        )
        for kind in ("TrustedLaunchSupported", "TrustedLaunchAndConfidentialVmSupported", "ConfidentialVmSupported")
        for security in (None, "TrustedLaunch")
    },
}  # fmt: skip


@rows(("vm", "definition", "asked", "code"), UNFIT.values(), ids=UNFIT.keys())
def test_a_definition_that_does_not_fit_is_refused(
    vm: dict[str, Any], definition: dict[str, Any], asked: VmJob, code: RefusalCode
) -> None:
    with journey(spec("vm1", **vm)) as reported:
        add_definition(reported, **definition)
        assert code in refused(reported, asked)


@rows("scope", [GROUP, GALLERY, definition_id()])
def test_a_read_only_lock_where_the_image_goes_is_refused(scope: str) -> None:
    with journey(spec("vm1")) as reported:
        add_definition(reported)
        reported.simulator.lock(scope, "ReadOnly", "freeze")
        assert RefusalCode.IMAGE_LOCKED in refused(reported, in_place())


def test_a_read_only_lock_on_the_group_of_a_managed_image_is_refused() -> None:
    elsewhere = GROUP.replace("rg-images", "rg-central")
    image = {"kind": "managedImage", "imageId": f"{elsewhere}/providers/Microsoft.Compute/images/golden"}
    stamped = settings(allowed_scopes=(Scope.parse(GROUP), Scope.parse(elsewhere)))
    with journey(spec("vm1")) as reported:
        reported.simulator.world.add_group(elsewhere)
        reported.simulator.lock(elsewhere, "ReadOnly", "freeze")
        assert RefusalCode.IMAGE_LOCKED in refused(reported, job(target={"image": image}, settings=stamped))


def test_a_lock_against_deletion_is_refused_only_if_older_versions_are_to_be_deleted() -> None:
    with journey(spec("vm1")) as reported:
        add_definition(reported)
        reported.simulator.lock(definition_id(), "CanNotDelete", "keep")
        assert refused(reported, in_place(retention=RETIRE)) == {RefusalCode.IMAGE_LOCKED}
        result = reported.report(job(target={"image": version_options(validated=False)}, request_id="r2"))
    assert result.outcome is Outcome.PUBLISHED, result


def soft(reported: Journey, **more: Any) -> None:
    """Add a gallery with soft delete and its definition."""
    world = reported.simulator.world
    world.add_gallery("golden", resource_group="rg-images", subscription_id=SUBSCRIPTION, soft_delete=True, **more)
    add_definition(reported)


def binned(reported: Journey, *names: str) -> None:
    """Put versions into the recycle bin."""
    world = reported.simulator.world
    for name in names:
        version = world.add_version("web", name, reported.simulator.vm("vm1").guest.freeze())
        world.store.remove(version.id)
        world.recycle_bin.keep(version)


def finished(name: str) -> VmSpec:
    return spec(name, power="deallocated", generalized=True)


def test_an_explicit_version_in_the_recycle_bin_is_refused_and_rules_skip_it() -> None:
    with journey(spec("vm1"), role=Role.from_file(ROLE_FILE)) as reported:
        soft(reported)
        binned(reported, "1.0.0", "1.0.7")
        assert refused(reported, in_place(version="1.0.7")) == {RefusalCode.VERSION_IN_RECYCLE_BIN}
        result = reported.report(job(target={"image": version_options(validated=False)}, request_id="r2"))
    assert result.image is not None
    assert result.image.version == "1.0.8"


@rows("missing", [f"{KIND}/read", READ_GALLERY])
def test_a_bin_that_cannot_be_read_is_refused(missing: str) -> None:
    with journey(spec("vm1"), role=Role(not_actions=(missing,))) as reported:
        soft(reported)
        assert refused(reported, in_place()) == {RefusalCode.RECYCLE_BIN_UNREADABLE}


def test_a_version_that_failed_is_deleted_for_good_so_that_its_name_is_free() -> None:
    with journey(finished("vm1")) as reported:
        soft(reported)
        reported.simulator.world.replication.fail_region("web/*", "westeurope", "no capacity", times=1)
        result = reported.report(in_place(version="1.4.2"))
        kept = reported.simulator.world.recycle_bin.below(GALLERY)
    assert result.image is not None, result.failure
    assert (result.image.version, result.image.attempts, kept) == ("1.4.2", 2, [])
    assert result.orphaned_resources == ()


def test_a_name_that_azure_rejects_because_it_is_in_the_bin_is_taken_and_the_next_is_used() -> None:
    """Somebody deleted the version after the names were listed."""
    with journey(finished("vm1")) as reported:
        soft(reported)
        reported.simulator.inject(
            Fault(kind="status", operation=PUT, path="1[.]0[.]0$", status=409, code="Conflict", message="soft-deleted")
        )
        binned(reported, "1.0.0")
        result = reported.report(in_place())
    assert result.image is not None, result.failure
    assert result.image.version == "1.0.1"


def test_a_retired_version_is_said_to_be_only_in_the_bin() -> None:
    with journey(*(finished(f"vm{number}") for number in range(1, 3))) as reported:
        soft(reported, retention_days=30)
        reported.report(in_place())
        second = job("vm2", request_id="r2", target={"image": version_options(validated=False, retention=RETIRE)})
        result = reported.report(second)
        reported.pass_time(600)
        now, kept = reported.simulator.clock.now(), reported.simulator.world.recycle_bin.below(GALLERY)
        shown = [version.name for version in versions(reported)]
    assert result.image is not None
    assert result.image.retention is not None
    assert (result.image.retention.deleted, shown) == (("1.0.0",), ["1.0.1"])
    assert [held.version.name for held in kept] == ["1.0.0"]
    assert result.image.retention.soft_deleted
    until = result.image.retention.restorable_until
    assert until is not None
    assert 29 <= (until - now).days <= 30


def test_without_soft_delete_a_dry_run_reads_the_bin_of_no_gallery() -> None:
    with journey(spec("vm1")) as reported:
        add_definition(reported)
        both(reported, in_place())
        asked = [r.operation for r in reported.simulator.requests()]
    assert asked.count("softDeletedVersions.list") == 0
    assert asked.count("galleries.get") == 3, "once in each inspection, and once to choose the name"
