"""The app's role: without any one of its actions a run is refused, or reports what it could not do."""

from collections.abc import Generator

import pytest

from contracts.cleanup import CleanupMode
from contracts.results import Outcome, VmResult
from contracts.run import VmJob
from emulators.arm import Role
from policy.rights import (
    CHECK_POLICIES,
    GET_SECRET,
    READ_CAPACITY,
    READ_DENY_ASSIGNMENTS,
    READ_DISKS,
    READ_ENCRYPTION_SET,
    READ_GALLERY,
    READ_NETWORK,
    READ_RECYCLE_BIN,
    READ_RIGHTS_AND_LOCKS,
)
from tests.support.golden import add_definition, add_secret, cleanup_now, clone_job, standing, version_options
from tests.support.journey import ROLE_FILE, Journey, journey, spec
from tests.support.requests import GROUP, SUBSCRIPTION, job, settings

SUCCEEDED = Role.from_file(ROLE_FILE)
COMPUTE = "Microsoft.Compute/virtualMachines"
SCALE_SETS = "Microsoft.Compute/virtualMachineScaleSets/read"
SERIAL = f"{COMPUTE}/retrieveBootDiagnosticsData/action"
IMAGE = {"kind": "managedImage", "imageId": f"{GROUP}/providers/Microsoft.Compute/images/golden"}
READ_IMAGE, READ_DEFINITION = "Microsoft.Compute/images/read", "Microsoft.Compute/galleries/images/read"
READ_VERSIONS = "Microsoft.Compute/galleries/images/versions/read"
REBOOT = [{"script": "linux-packages-update", "reboot": True}]
LISTS = (
    "Microsoft.Resources/subscriptions/resourceGroups/resources/read",
    "Microsoft.Resources/subscriptions/resources/read",
)
SIZES, USAGES = READ_CAPACITY
READING = (
    *READ_RIGHTS_AND_LOCKS,
    READ_DENY_ASSIGNMENTS,
    CHECK_POLICIES,
    f"{COMPUTE}/read",
    f"{COMPUTE}/runCommands/read",
    READ_DISKS,
    READ_NETWORK,
    READ_DEFINITION,
    READ_VERSIONS,
    USAGES,
    READ_GALLERY,
)
ELSEWHERE = (*READING, SIZES, READ_RECYCLE_BIN, READ_IMAGE, SERIAL, SCALE_SETS, READ_ENCRYPTION_SET, *LISTS)
CHECKED = tuple(action for action in SUCCEEDED.actions if action not in ELSEWHERE)


def without(*missing: str) -> Role:
    # The wildcard that reads recycle bins grants every other read of a gallery too.
    hidden = {READ_RECYCLE_BIN} if any("/galleries/" in action for action in missing) else set[str]()
    left = tuple(action for action in SUCCEEDED.actions if action not in {*missing, *hidden})
    return Role(left, data_actions=tuple(action for action in SUCCEEDED.data_actions or () if action not in missing))


@pytest.fixture(scope="module")
def world() -> Generator[Journey]:
    """One simulated Azure; no run in it changes a VM."""
    specs = [
        spec("vm1"),
        spec("source", tags={}, power="deallocated"),
        spec("keyed", tags={}, power="deallocated", disk_encryption_set="keys"),
        spec("win", os="Windows", tags={}, power="deallocated"),
        spec("done", power="deallocated", generalized=True),
    ]
    with journey(*specs, emulate_linux=True) as reported:
        add_definition(reported)
        # Dry runs take no time, so Azure's throttling limits would never reset.
        reported.simulator.world.throttle.enabled = False
        yield reported


def dry(reported: Journey, role: Role, asked: VmJob) -> VmResult:
    reported.simulator.role = role
    return reported.report(asked.model_copy(update={"dry_run": True, "run_id": f"{asked.run_id}-{len(reported.sent)}"}))


def cloned() -> VmJob:
    return clone_job("source", image=version_options(), customize=REBOOT)


def test_what_cannot_be_read_is_a_refusal(world: Journey) -> None:
    assert dry(world, SUCCEEDED, cloned()).outcome is Outcome.WOULD_PUBLISH
    outcomes = {missing: dry(world, without(missing), cloned()).outcome for missing in READING}
    assert outcomes == dict.fromkeys(READING, Outcome.REFUSED)
    assert dry(world, SUCCEEDED, cloned()).outcome is Outcome.WOULD_PUBLISH, "nothing but the role refused it"


def test_a_managed_image_that_cannot_be_looked_for_is_a_refusal(world: Journey) -> None:
    asked = clone_job("source", image=IMAGE)
    assert dry(world, SUCCEEDED, asked).outcome is Outcome.WOULD_PUBLISH
    assert dry(world, without(READ_IMAGE), asked).outcome is Outcome.REFUSED


def test_a_proof_that_cannot_be_read_is_a_refusal(world: Journey) -> None:
    assert dry(world, SUCCEEDED, job("vm1")).outcome is Outcome.WOULD_GENERALIZE
    assert dry(world, without(SERIAL), job("vm1")).outcome is Outcome.REFUSED


def test_every_other_action_that_is_missing_is_named_before_anything_is_changed(world: Journey) -> None:
    asked = [cloned(), clone_job("source", image=IMAGE), job("vm1", target={"image": version_options(validated=False)})]
    results = [dry(world, without(*CHECKED), each) for each in asked]
    named = " ".join(refusal.message for result in results for refusal in result.refusals)
    assert [action for action in CHECKED if action not in named.replace(",", " ").split()] == []
    assert world.changes() == []


def test_in_place_each_is_needed_for_the_vm_or_its_snapshot(world: Journey) -> None:
    needed = (
        *(f"{COMPUTE}/{name}/action" for name in ("deallocate", "generalize")),
        "Microsoft.Compute/snapshots/write",
    )
    for missing in (*needed, "Microsoft.Compute/disks/beginGetAccess/action"):
        (refusal,) = dry(world, without(missing), job("vm1")).refusals
        assert missing in refusal.message
    assert dry(world, without("Microsoft.Compute/disks/write"), job("vm1")).outcome is Outcome.WOULD_GENERALIZE


def test_without_the_permission_on_the_secret_the_run_is_refused(
    world: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret_id = add_secret(world, monkeypatch, "never shown")
    options = {"sysprepCredential": {"user": "maker", "secretId": secret_id}}
    stamped = settings(allowed_secrets=(secret_id,))
    asked = clone_job("win", image=IMAGE, deprovision=options, stamped=stamped)
    assert dry(world, SUCCEEDED, asked).outcome is Outcome.WOULD_PUBLISH
    assert dry(world, without(GET_SECRET), asked).outcome is Outcome.REFUSED


def test_without_the_encryption_set_azure_refuses_the_disk_and_everything_is_deleted(world: Journey) -> None:
    world.simulator.role = without(READ_ENCRYPTION_SET)
    result = world.report(clone_job("keyed", image=version_options()))
    assert result.failure is not None
    assert READ_ENCRYPTION_SET in result.failure.message
    assert (result.orphaned_resources, standing(world, result)) == ((), [])


def test_without_the_scale_sets_nothing_is_retired(world: Journey) -> None:
    world.simulator.role = without(SCALE_SETS)
    options = version_options(validated=False, retention={"keep": 1, "minimumAgeDays": 0, "dryRun": False})
    result = world.report(job("done", target={"image": options}))
    assert result.outcome is Outcome.PUBLISHED
    assert result.evidence is not None
    assert "no older version was deleted" in " ".join(result.evidence.notes)


@pytest.mark.parametrize("missing", LISTS)
def test_without_the_list_a_cleanup_finds_nothing_and_says_so(world: Journey, missing: str) -> None:
    scope = GROUP if "resourceGroups" in missing else f"/subscriptions/{SUBSCRIPTION}"
    world.simulator.role = SUCCEEDED
    assert cleanup_now(world, CleanupMode.REPORT, f"whole-{len(scope)}", scope).failed == ()
    world.simulator.role = without(missing)
    (note,) = cleanup_now(world, CleanupMode.REPORT, f"less-{len(scope)}", scope).failed
    assert missing in note.why
