"""Deny assignments and policies: read before anything is changed, and asked about what is created later."""

from typing import Any

import pytest

from contracts.activities.governance import (
    DenyAssignment,
    DenyAssignmentsAt,
    InspectPolicies,
    PoliciesInspected,
    PolicyDenial,
)
from contracts.activities.image import CreateImageVersion
from contracts.activities.resources import CreateSnapshot
from contracts.error_codes import RefusalCode
from contracts.facts import Permission, PowerState
from contracts.results import Outcome, VmResult
from contracts.run import VmJob
from tests.support.fake_azure import FakeAzure
from tests.support.fake_resources import GROUP, part_of, shape
from tests.support.requests import job, seldom, settings, vm_id, vm_state
from tests.support.running import run_vm

DEFINITION = f"{GROUP}/providers/Microsoft.Compute/galleries/images/images/web"
SUBNET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/default"
OTHER = f"{GROUP}2"
IMAGE = {"kind": "galleryImageVersion", "imageDefinitionId": DEFINITION}
VALIDATED = {**IMAGE, "validate": {"subnetId": SUBNET}}
TAGS = {"owner": "web"}
DISK = f"{GROUP}/providers/Microsoft.Compute/disks/vm1-os"


def clone(image: dict[str, Any] = VALIDATED, **more: Any) -> VmJob:
    wanted = {"mode": "clone", "clone": {"subnetId": SUBNET}, "image": image, **more.pop("target", {})}
    return job(target=wanted, settings=settings(polling=seldom()), tags=TAGS, **more)


def in_place(**more: Any) -> VmJob:
    return job(target=more.pop("target", {}), settings=settings(polling=seldom()), tags=TAGS, **more)


def running(azure: FakeAzure) -> None:
    azure.add("vm1", vm_state(os_disk_id=DISK))


def stopped(azure: FakeAzure) -> None:
    azure.add("vm1", vm_state(power_state=PowerState.DEALLOCATED, os_disk_id=DISK))


def refused(result: VmResult) -> list[RefusalCode]:
    assert result.outcome is Outcome.REFUSED, result
    return [refusal.code for refusal in result.refusals]


def names(asked: InspectPolicies) -> list[str]:
    resources = (
        *(*asked.snapshots, *asked.create_disks, *asked.security_groups, *asked.network_interfaces),
        *(*asked.vms, *asked.versions, *asked.images),
    )
    return [part_of(wanted.resource.id) for wanted in resources] + [part_of(c.vm_id.name) for c in asked.run_commands]


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize("asked", [clone(), in_place()], ids=["clone", "in place"])
def test_what_a_policy_denies_and_what_is_not_answered_is_refused_together(asked: VmJob, dry_run: bool) -> None:
    denial = PolicyDenial(resource_type="Microsoft.Compute/disks", group=GROUP, assignment_id="/x/need-owner")

    def customize(azure: FakeAzure) -> None:
        (stopped if asked.target.mode == "clone" else running)(azure)
        azure.policies = PoliciesInspected(denials=(denial, denial), unreadable=("VM: 403",))

    result, azure = run_vm(customize, asked.model_copy(update={"dry_run": dry_run}))
    assert refused(result) == [RefusalCode.POLICY_DENIES, RefusalCode.POLICIES_UNREADABLE]
    assert "need-owner (/x/need-owner) denies Microsoft.Compute/disks in" in result.refusals[0].message
    assert azure.wanted == []
    assert azure.started == []


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_deny_assignment_at_the_vm_is_refused(dry_run: bool) -> None:
    def customize(azure: FakeAzure) -> None:
        running(azure)
        denied = (Permission(actions=("*",), not_actions=("*/read",)),)
        held = DenyAssignment(id="/d/1", name="stack", scope=GROUP, denied=denied)
        azure.denying = {vm_id("vm1"): DenyAssignmentsAt(scope=vm_id("vm1"), found=(held,))}

    result, azure = run_vm(customize, in_place(dry_run=dry_run))
    assert set(refused(result)) == {RefusalCode.DENY_ASSIGNMENT}
    assert all("deny assignment 'stack' (/d/1) denies at" in refusal.message for refusal in result.refusals)
    assert azure.wanted == []


def test_deny_assignments_that_cannot_be_read_are_refused() -> None:
    def customize(azure: FakeAzure) -> None:
        stopped(azure)
        azure.denying = {DEFINITION: DenyAssignmentsAt(scope=DEFINITION)}

    assert refused(run_vm(customize, clone())[0]) == [RefusalCode.DENY_ASSIGNMENTS_UNREADABLE]


SCOPES: dict[str, tuple[VmJob, set[str]]] = {
    "in place": (in_place(), {vm_id("vm1")}),
    "in place, with an image": (in_place(target={"image": VALIDATED}), {vm_id("vm1"), DEFINITION, SUBNET}),
    "a clone": (clone(IMAGE), {vm_id("vm1"), SUBNET, DEFINITION}),
    "a clone elsewhere": (
        clone(IMAGE, target={"clone": {"subnetId": SUBNET, "resourceGroupId": OTHER}}),
        {vm_id("vm1"), OTHER, SUBNET, DEFINITION},
    ),
}


@pytest.mark.parametrize(("asked", "scopes"), SCOPES.values(), ids=SCOPES.keys())
def test_deny_assignments_are_read_once_at_every_place(asked: VmJob, scopes: set[str]) -> None:
    clones = asked.target.mode == "clone"
    _, azure = run_vm(stopped if clones else running, asked.model_copy(update={"dry_run": True}))
    (read,) = azure.scopes_read
    assert set(read) == scopes
    assert len(read) == len(scopes)


@pytest.mark.parametrize("asked", [clone(), in_place(target={"image": VALIDATED})], ids=["clone", "in place"])
def test_policies_are_asked_about_exactly_what_is_created_later(asked: VmJob) -> None:
    result, azure = run_vm(stopped if asked.target.mode == "clone" else running, asked)
    assert result.outcome is Outcome.PUBLISHED, result
    (questions,) = azure.asked_policies
    later = {part_of(wanted.resource.id): wanted for wanted in azure.wanted}
    for wanted in (
        *(*questions.snapshots, *questions.create_disks, *questions.security_groups, *questions.network_interfaces),
        *questions.vms,
    ):
        if (real := later.get(part_of(wanted.resource.id))) is None:
            assert part_of(wanted.resource.id) == "validate-os-disk", "Azure creates it with the VM"
            continue
        # The time until which a snapshot is kept, and the version's number, are known only later.
        known = {"tags": real.tags} if isinstance(real, CreateSnapshot) else {}
        known |= {"image_id": getattr(real, "image_id", None)} if hasattr(real, "image_id") else {}
        assert wanted.model_copy(update=known) == real
    (version,) = questions.versions
    (created,) = (wanted for wanted in azure.wanted if isinstance(wanted, CreateImageVersion))
    assert version.tags.keys() == created.tags.keys()
    assert version.model_copy(update={"resource": created.resource, "tags": created.tags}) == created
    assert all(wanted.tags["owner"] == "web" for wanted in azure.wanted)


ASKED: dict[str, tuple[VmJob, list[str]]] = {
    "in place": (in_place(), ["rollback-snapshot", "vm1"]),
    "in place without a snapshot": (in_place(target={"rollbackSnapshot": False}), ["vm1"]),
    "a clone": (
        clone(),
        ["os-snapshot", "os-disk", "nsg", "nic", "clone", "validate", "1.0.0", "clone"],
    ),
    "validated elsewhere": (
        clone({**IMAGE, "validate": {"subnetId": SUBNET, "resourceGroupId": OTHER}}),
        [
            *("os-snapshot", "os-disk", "validate-os-disk", "nsg", "validate-nsg", "nic", "validate-nic"),
            *("clone", "validate", "1.0.0", "clone", "validate"),
        ],
    ),
}


@pytest.mark.parametrize(("asked", "expected"), ASKED.values(), ids=ASKED.keys())
def test_one_of_each_type_is_asked_about_in_each_group(asked: VmJob, expected: list[str]) -> None:
    _, azure = run_vm(stopped if asked.target.mode == "clone" else running, asked.model_copy(update={"dry_run": True}))
    (questions,) = azure.asked_policies
    assert names(questions) == expected


def test_a_generalized_vm_needs_only_what_its_image_needs() -> None:
    def done(azure: FakeAzure) -> None:
        azure.add("vm1", vm_state(power_state=PowerState.DEALLOCATED, generalized=True, os_disk_id=DISK))

    _, azure = run_vm(done, in_place(dry_run=True, target={"image": IMAGE}))
    assert [names(questions) for questions in azure.asked_policies] == [["1.0.0"]]
    result, azure = run_vm(done, in_place(dry_run=True))
    assert result.outcome is Outcome.ALREADY_GENERALIZED
    assert (azure.asked_policies, azure.scopes_read) == ([], [])


@pytest.mark.parametrize(("minutes", "times"), [(29, 1), (31, 2)])
def test_policies_are_asked_again_after_an_approval_only_if_time_has_passed(minutes: int, times: int) -> None:
    asked = in_place(approval={"timeoutMinutes": minutes, "onTimeout": "proceed"})
    result, azure = run_vm(running, asked)
    assert result.outcome is Outcome.GENERALIZED, result
    assert len(azure.asked_policies) == times
    assert len(azure.scopes_read) == 2, "deny assignments are read again in any case"


def test_an_ephemeral_disk_is_refused_without_a_question_about_its_copy() -> None:
    def customize(azure: FakeAzure) -> None:
        azure.add("vm1", vm_state(power_state=PowerState.RUNNING, ephemeral_os_disk=True))
        azure.shape = shape(os_disk=None)

    result, azure = run_vm(customize, clone())
    assert RefusalCode.EPHEMERAL_OS_DISK in refused(result)
    assert [names(questions) for questions in azure.asked_policies] == [["validate", "1.0.0", "validate"]]
