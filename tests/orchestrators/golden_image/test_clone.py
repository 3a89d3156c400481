"""Cloning, customizing, publishing and validating: what is created, and that all temporary resources are deleted."""

from typing import Any

import pytest

from contracts.error_codes import FailureCode, RefusalCode
from contracts.facts import DiskFacts, GuestIdentity, PowerState
from contracts.guest_report import GuestOutcome
from contracts.results import Outcome, VmResult
from contracts.run import VmJob
from contracts.stages import Stage
from tests.support.fake_azure import FakeAzure
from tests.support.fake_resources import GROUP, identity, image_facts, shape
from tests.support.requests import job, seldom, settings, vm_state
from tests.support.running import failure_of, run_vm

DEFINITION = f"{GROUP}/providers/Microsoft.Compute/galleries/images/images/web"
SUBNET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/default"
TEMPORARY = ["os-snapshot", "os-disk", "nsg", "nic", "clone"]


def asked(*, target: dict[str, Any] | None = None, image: dict[str, Any] | None = None, **more: Any) -> VmJob:
    options = {"kind": "galleryImageVersion", "imageDefinitionId": DEFINITION, **(image or {})}
    wanted = {"mode": "clone", "clone": {"subnetId": SUBNET}, "image": options, **(target or {})}
    more.setdefault("settings", settings(polling=seldom()))
    return job(target=wanted, **more)


def source(azure: FakeAzure) -> None:
    azure.add("vm1", vm_state(power_state=PowerState.DEALLOCATED))


def test_a_clone_is_created_customized_deprovisioned_and_published_and_only_the_image_is_left() -> None:
    scripts = [{"script": "linux-packages-update", "reboot": True}, {"script": "two"}]
    result, azure = run_vm(source, asked(target={"customize": scripts}))

    assert result.outcome is Outcome.PUBLISHED, result
    assert [timing.stage for timing in result.timings] == [
        "accepted", "inspecting", "cloning", "customizing", "deprovisioning", "stopping", "deallocating",
        "generalizing", "publishing", "cleaningUp",
    ]  # fmt: skip
    assert set(azure.activities_of("vm1")) == {"inspect_vm", "inspect_disks"}, "the source is only read"
    assert sorted(azure.deleted) == sorted(TEMPORARY)
    assert azure.deleted.index("clone") < azure.deleted.index("nic") < azure.deleted.index("nsg")
    assert azure.deleted.index("nsg") < azure.deleted.index("os-disk") < azure.deleted.index("os-snapshot")
    assert result.image is not None
    assert result.created_resources == (result.image.id,)
    assert result.orphaned_resources == ()
    assert list(azure.resources) == [result.image.id]
    _scripts_ran_in_order_before_the_deprovisioning(result, azure)
    _the_tags_record_where_it_comes_from(azure.resources[result.image.id])


def _scripts_ran_in_order_before_the_deprovisioning(result: VmResult, azure: FakeAzure) -> None:
    assert azure.ran == ["linux-packages-update", "restart", "two"]
    assert [(done.script, done.exit_code, done.rebooted) for done in result.customizers] == [
        ("linux-packages-update", 0, True),
        ("two", 0, False),
    ]
    activities = azure.activities_of("clone")
    assert activities.index("remove_run_commands") < activities.index("start_deprovision")


def _the_tags_record_where_it_comes_from(tags: dict[str, str]) -> None:
    assert tags["golden-image-source"].endswith("/virtualMachines/vm1")
    assert tags["golden-image-request"] == "r1"
    assert tags["golden-image-evidence"] == "guestReported"
    assert tags["golden-image-script-01"] == "linux-packages-update sha256:hash-linux-packages-update"
    assert tags["golden-image-script-deprovision"] == "deprovision sha256:hash-own"


def test_data_disks_are_included_if_the_request_says_so() -> None:
    data = DiskFacts(
        id=f"{GROUP}/providers/Microsoft.Compute/disks/d", lun=3, location="westeurope", sku="P", size_gb=9
    )

    def customize(azure: FakeAzure) -> None:
        source(azure)
        azure.shape = shape(data_disks=(data,))

    result, azure = run_vm(customize, asked(target={"dataDisks": "include"}))
    assert result.outcome is Outcome.PUBLISHED, result
    assert {"data-3-snapshot", "data-3-disk"} <= set(azure.deleted)
    result, azure = run_vm(customize, asked(target={"dataDisks": "exclude"}))
    assert result.outcome is Outcome.PUBLISHED, result
    assert sorted(azure.deleted) == sorted(TEMPORARY)
    result, azure = run_vm(customize, asked())
    assert [refusal.code for refusal in result.refusals] == [RefusalCode.DATA_DISKS]
    assert azure.deleted == []


@pytest.mark.parametrize("part", TEMPORARY)
@pytest.mark.parametrize("how", ["failed", "never", "taken"])
def test_a_resource_that_cannot_be_created_ends_the_run_and_everything_is_deleted(part: str, how: str) -> None:
    def customize(azure: FakeAzure) -> None:
        source(azure)
        azure.breaks[part] = how

    result, azure = run_vm(customize, asked())
    if how == "taken":
        assert [refusal.code for refusal in result.refusals] == [RefusalCode.NAME_TAKEN]
    else:
        assert failure_of(result) is FailureCode.CLONE_FAILED
        assert part in azure.deleted
    assert azure.resources == {}
    assert result.orphaned_resources == ()
    assert result.ended_in is Stage.CLONING


@pytest.mark.parametrize("part", TEMPORARY)
def test_a_resource_that_cannot_be_deleted_is_listed_and_the_others_are_deleted(part: str) -> None:
    def customize(azure: FakeAzure) -> None:
        source(azure)
        azure.breaks[part] = "stuck"

    result, azure = run_vm(customize, asked())
    assert result.outcome is Outcome.PUBLISHED
    assert [(left.id.endswith(part), left.why) for left in result.orphaned_resources] == [
        (True, "ScopeLocked: a lock is in the way")
    ]
    assert sorted(azure.deleted) == sorted(set(TEMPORARY) - {part})


def test_a_resource_that_the_validation_could_not_delete_is_tried_again_and_listed_once() -> None:
    def customize(azure: FakeAzure) -> None:
        source(azure)
        azure.breaks["validate-nic"] = "stuck"

    result, _ = run_vm(customize, asked(image={"validate": {"subnetId": SUBNET}}))
    assert result.outcome is Outcome.PUBLISHED
    assert [left.id.endswith("validate-nic") for left in result.orphaned_resources] == [True]


def test_a_clone_whose_guest_fails_is_deleted_and_its_evidence_is_kept() -> None:
    def customize(azure: FakeAzure) -> None:
        source(azure)
        azure.add("clone", vm_state("clone"), outcome=GuestOutcome.FAILED, code="waagentFailed", stops_after=None)

    result, azure = run_vm(customize, asked())
    assert failure_of(result) is FailureCode.GUEST_FAILED
    assert result.evidence is not None
    assert result.evidence.collected == "waagent: disk full"
    assert azure.resources == {}


@pytest.mark.parametrize(("exit_code", "code"), [(7, "ScriptFailed"), (None, "ScriptFailed"), (-1, "ScriptTimedOut")])
def test_a_failing_script_ends_the_run_before_the_point_of_no_return(exit_code: int | None, code: str) -> None:
    def customize(azure: FakeAzure) -> None:
        source(azure)
        azure.exit_codes["one"] = exit_code

    result, azure = run_vm(customize, asked(target={"customize": [{"script": "one"}, {"script": "two"}]}))
    assert failure_of(result) == code
    assert azure.ran == ["one"]
    assert "start_deprovision" not in azure.activities_of("clone")
    assert azure.resources == {}


def test_a_specialized_definition_needs_no_deprovisioning() -> None:
    def customize(azure: FakeAzure) -> None:
        source(azure)
        azure.image_facts = image_facts(os_state="Specialized")

    result, azure = run_vm(customize, asked())
    assert result.outcome is Outcome.PUBLISHED, result
    assert "start_deprovision" not in azure.activities_of("clone")
    assert "generalize_vm" not in azure.activities_of("clone")
    assert "deallocate_vm" in azure.activities_of("clone")
    assert list(azure.resources) == list(result.created_resources)


def test_a_version_is_promoted_only_after_its_validation_passed() -> None:
    result, azure = run_vm(source, asked(image={"validate": {}}, settings=settings(polling=seldom())))
    assert result.outcome is Outcome.PUBLISHED, result
    assert result.image is not None
    assert result.image.validation is not None
    assert result.image.validation.passed
    assert result.image.excluded_from_latest is False
    assert azure.excluded[result.image.id] is False
    assert azure.marks["golden-image-validated"] == "passed"
    assert {"validate", "validate-nic", "validate-nsg"} <= set(azure.deleted)
    assert list(azure.resources) == [result.image.id]


# What each is in the VM, and how the run names it; that each alone is a fault: tests/policy/test_identity_check.py.
OF_THE_SOURCE: dict[str, tuple[Any, str]] = {
    "identity": ("id-vm1", "machine-id"),
    "ssh_host_keys": (("key-vm1",), "SSH host key"),
    "users": (("alice",), "alice"),
    "authorized_keys": (("root",), "authorized SSH keys: root"),
    "logs": (("syslog.1",), "syslog.1"),
}


@pytest.mark.parametrize("left", [list(OF_THE_SOURCE), ["logs"]])
def test_a_version_with_its_sources_identity_stays_excluded_and_is_tagged(left: list[str]) -> None:
    change = {name: OF_THE_SOURCE[name][0] for name in left}

    def answer(host: str) -> GuestIdentity:
        return identity(host, **change)

    def customize(azure: FakeAzure) -> None:
        source(azure)
        azure.after = answer

    result, azure = run_vm(customize, asked(image={"validate": {"subnetId": SUBNET}}))
    assert failure_of(result) is FailureCode.VALIDATION_FAILED
    assert result.failure is not None
    assert [name for name in left if OF_THE_SOURCE[name][1] not in result.failure.message] == []
    assert result.image is not None
    assert azure.excluded[result.image.id] is True
    assert azure.marks["golden-image-validated"] == "failed"
    assert list(azure.resources) == [result.image.id]


@pytest.mark.parametrize("part", ["validate", "validate-nic", "validate-nsg"])
def test_a_validation_vm_that_cannot_be_created_fails_and_leaves_nothing(part: str) -> None:
    def customize(azure: FakeAzure) -> None:
        source(azure)
        azure.breaks[part] = "never"

    result, azure = run_vm(customize, asked(image={"validate": {"subnetId": SUBNET}}))
    assert result.outcome is (Outcome.FAILED if part == "validate" else Outcome.NOT_VALIDATED)
    assert list(azure.resources) == list(result.created_resources)


def test_a_dry_run_of_a_clone_creates_nothing() -> None:
    result, azure = run_vm(source, asked(dry_run=True))
    assert result.outcome is Outcome.WOULD_PUBLISH, result
    assert azure.resources == {}
    assert set(azure.activities_of("vm1")) == {"inspect_vm", "inspect_disks"}


def test_temporary_vms_have_a_maximum_lifetime() -> None:
    def customize(azure: FakeAzure) -> None:
        source(azure)
        azure.exit_codes["one"] = -1

    scripts = [{"script": "one", "deadlineMinutes": 240}]
    result, azure = run_vm(
        customize, asked(target={"customize": scripts}, settings=settings(temporary_vm_max_hours=2, polling=seldom()))
    )
    assert failure_of(result) is FailureCode.TEMPORARY_VM_LIFETIME_EXCEEDED
    assert azure.resources == {}


def test_a_managed_image_is_created_from_the_clone() -> None:
    image = {"kind": "managedImage", "imageId": f"{GROUP}/providers/Microsoft.Compute/images/web"}
    result, azure = run_vm(source, job(target={"mode": "clone", "clone": {"subnetId": SUBNET}, "image": image}))
    assert result.outcome is Outcome.PUBLISHED, result
    assert result.created_resources == (image["imageId"],)
    assert list(azure.resources) == [image["imageId"]]
