"""The checks of a clone: each reason alone, several at once, and what is not refused."""

from typing import Any

import pytest

from contracts.error_codes import Refusal, RefusalCode
from contracts.facts import (
    DiskFacts,
    FoundRunCommand,
    Lock,
    NetworkFacts,
    Permission,
    PowerState,
    VmFacts,
    VmShape,
    VmState,
)
from contracts.ids import Scope
from contracts.run import VmJob
from policy.clone_checks import check_clone, check_network, check_place_fits
from policy.places import Place, place_of
from policy.rights import needed_for_clone, needed_for_validation
from tests.support.creating import SUBNET
from tests.support.requests import GROUP, SUBSCRIPTION, facts, job, settings, vm_state, windows
from tests.support.rows import rows

DEFINITION = f"{GROUP}/providers/Microsoft.Compute/galleries/g/images/d"
IMAGE = {"kind": "galleryImageVersion", "imageDefinitionId": DEFINITION}
RUNNING_TOO: dict[str, Any] = {"clone": {"allowRunningSource": True}}
ALL = (Permission(actions=("*",)),)
OTHER_GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-work"
DEALLOCATED: dict[str, Any] = {
    "power_state": PowerState.DEALLOCATED,
    "agent_ready": False,
    "os_version": None,
    "agent_version": None,
}


def clone_job(*, run_settings: dict[str, Any] | None = None, **target: Any) -> VmJob:
    return job(target={"mode": "clone", "image": IMAGE, **target}, settings=settings(**(run_settings or {})))


def disk(lun: int | None = None, **more: Any) -> DiskFacts:
    values = {"id": f"{GROUP}/disks/d{lun}", "lun": lun, "location": "westeurope", "sku": "Premium_LRS", "size_gb": 30}
    return DiskFacts.model_validate({**values, **more})


def shape(**more: Any) -> VmShape:
    values = {"location": "westeurope", "vm_size": "Standard_D2s_v5", "os_disk": disk(generation="V2")}
    return VmShape.model_validate({**values, **more})


def source(state: VmState | None = None, **more: Any) -> VmFacts:
    """Return the facts of a VM that may be cloned: without an opt-in tag, and not running."""
    return facts(state or stopped(), **{"permissions": ALL, **more})


def stopped(**more: Any) -> VmState:
    values: dict[str, Any] = {**DEALLOCATED, "tags": {}, **more}
    return vm_state(**values)


def codes(refusals: tuple[Refusal, ...]) -> list[RefusalCode]:
    return [refusal.code for refusal in refusals]


def clone_codes(seen: VmFacts, its_shape: VmShape | None = None, **target: Any) -> list[RefusalCode]:
    return codes(check_clone(clone_job(**target), seen, its_shape or shape()))


def test_a_vm_with_nothing_wrong_may_be_cloned() -> None:
    assert clone_codes(source()) == []
    assert clone_codes(source(stopped(power_state=PowerState.STOPPED))) == []
    assert clone_codes(source(vm_state(tags={})), **RUNNING_TOO) == []
    assert clone_codes(source(windows(tags={})), **RUNNING_TOO) == []


def test_neither_locks_nor_boot_diagnostics_nor_the_agent_of_the_source_matter() -> None:
    lock = Lock(name="l", level="ReadOnly", scope=GROUP)
    assert clone_codes(source(locks=(lock,))) == []
    assert clone_codes(source(locks=None)) == []
    assert clone_codes(source(vm_state(boot_diagnostics=False, agent_ready=False, tags={})), **RUNNING_TOO) == []


@pytest.mark.parametrize("state", sorted(set(PowerState) - {PowerState.STOPPED, PowerState.DEALLOCATED}))
def test_a_source_between_two_power_states_is_refused(state: PowerState) -> None:
    wanted = RefusalCode.SOURCE_RUNNING if state is PowerState.RUNNING else RefusalCode.NOT_SETTLED
    assert clone_codes(source(stopped(power_state=state))) == [wanted]
    allowed = clone_codes(source(stopped(power_state=state)), **RUNNING_TOO)
    assert allowed == ([] if state is PowerState.RUNNING else [RefusalCode.NOT_SETTLED])


OTHERS = FoundRunCommand(name="golden-image-deprovision-1", app_name="other", run_id="vm-9")
NO_COPY = (Permission(actions=("*",), not_actions=("Microsoft.Compute/disks/beginGetAccess/action",)),)
WRONG_SOURCE: dict[str, tuple[VmFacts, RefusalCode]] = {
    "no unique id": (source(stopped(unique_id="")), RefusalCode.VM_UNREADABLE),
    "in a scale set": (source(stopped(in_scale_set=True)), RefusalCode.IN_SCALE_SET),
    "disk encryption": (source(stopped(disk_encryption=True)), RefusalCode.DISK_ENCRYPTION),
    "no OS type": (source(stopped(os_type=None)), RefusalCode.OS_UNKNOWN),
    "generalized": (source(stopped(generalized=True)), RefusalCode.SOURCE_GENERALIZED),
    "hibernated": (source(stopped(power_state=PowerState.DEALLOCATED, hibernated=True)), RefusalCode.HIBERNATED),
    "being updated": (source(stopped(provisioning_state="Updating")), RefusalCode.NOT_SETTLED),
    "rights unread": (source(permissions=None), RefusalCode.PERMISSIONS_UNREADABLE),
    "a disk may not be copied": (source(permissions=NO_COPY), RefusalCode.ACTION_NOT_GRANTED),
    "Run Commands unread": (source(run_commands=None), RefusalCode.RUN_COMMANDS_UNREADABLE),
    "another app's run": (source(run_commands=(OTHERS,)), RefusalCode.MANAGED_BY_ANOTHER_APP),
}


@rows("name", WRONG_SOURCE)
def test_one_fault_of_the_source_is_one_refusal(name: str) -> None:
    seen, wanted = WRONG_SOURCE[name]
    assert clone_codes(seen) == [wanted]


CONFIDENTIAL_DISK = "ConfidentialVM_VMGuestStateOnlyEncryptedWithPlatformKey"
COPIED: dict[str, tuple[VmShape, RefusalCode]] = {
    "confidential VM": (shape(security_type="ConfidentialVM"), RefusalCode.CONFIDENTIAL_VM),
    "confidential disk": (shape(os_disk=disk(security_type=CONFIDENTIAL_DISK)), RefusalCode.CONFIDENTIAL_VM),
    "not a managed disk": (shape(os_disk=None), RefusalCode.DISK_CANNOT_BE_COPIED),
    "encrypted disk": (shape(os_disk=disk(disk_encryption=True)), RefusalCode.DISK_ENCRYPTION),
    "Premium SSD v2": (shape(os_disk=disk(sku="PremiumV2_LRS")), RefusalCode.DISK_CANNOT_BE_COPIED),
}


@pytest.mark.parametrize("name", COPIED)
def test_a_disk_that_cannot_be_copied_is_a_refusal(name: str) -> None:
    its_shape, wanted = COPIED[name]
    assert clone_codes(source(), its_shape) == [wanted]


def test_trusted_launch_is_not_refused() -> None:
    trusted = shape(security_type="TrustedLaunch", os_disk=disk(security_type="TrustedLaunch"))
    assert clone_codes(source(), trusted) == []


def test_an_ephemeral_disk_is_reported_once() -> None:
    seen = source(stopped(ephemeral_os_disk=True))
    assert clone_codes(seen, shape(os_disk=None)) == [RefusalCode.EPHEMERAL_OS_DISK]


DATA: dict[str, tuple[DiskFacts, RefusalCode | None]] = {
    "plain": (disk(0), None),
    "ultra": (disk(0, sku="UltraSSD_LRS"), RefusalCode.DISK_CANNOT_BE_COPIED),
    "shared": (disk(0, max_shares=2), RefusalCode.DISK_CANNOT_BE_COPIED),
    "encrypted": (disk(0, disk_encryption=True), RefusalCode.DISK_ENCRYPTION),
}


@pytest.mark.parametrize("name", DATA)
def test_data_disks_are_refused_included_or_excluded_by_the_request(name: str) -> None:
    data, wanted = DATA[name]
    its_shape = shape(data_disks=(data,))
    assert clone_codes(source(), its_shape) == [RefusalCode.DATA_DISKS]
    assert clone_codes(source(), its_shape, dataDisks="exclude") == []
    assert clone_codes(source(), its_shape, dataDisks="include") == ([] if wanted is None else [wanted])


def test_a_new_windows_needs_a_credential_only_if_it_is_deprovisioned() -> None:
    build = windows(tags={}).model_copy(update={"os_version": "10.0.26100.1742"})
    asked = clone_job(**RUNNING_TOO)
    credential = {"user": "admin1", "secretId": "https://v.vault.azure.net/secrets/s"}
    lifted = clone_job(**RUNNING_TOO, deprovision={"sysprepCredential": credential})
    assert codes(check_clone(asked, source(build), shape())) == [RefusalCode.WINDOWS_BUILD]
    assert check_clone(asked, source(build), shape(), deprovisioned=False) == ()
    assert check_clone(lifted, source(build), shape()) == ()
    # A VM that does not run reports no build: it is checked later, on the clone.
    assert clone_codes(source(windows(tags={}).model_copy(update=DEALLOCATED))) == []


def test_a_credential_for_a_linux_vm_is_refused_and_not_ignored() -> None:
    credential = {"user": "admin1", "secretId": "https://v.vault.azure.net/secrets/s"}
    reported = clone_codes(source(), deprovision={"sysprepCredential": credential})
    assert reported == [RefusalCode.CREDENTIAL_NOT_FOR_LINUX]


def test_every_reason_is_reported() -> None:
    seen = source(vm_state(generalized=True, in_scale_set=True, tags={}), permissions=None)
    its_shape = shape(security_type="ConfidentialVM", data_disks=(disk(0),))
    assert set(clone_codes(seen, its_shape)) == {
        RefusalCode.IN_SCALE_SET, RefusalCode.SOURCE_GENERALIZED, RefusalCode.SOURCE_RUNNING,
        RefusalCode.CONFIDENTIAL_VM, RefusalCode.DATA_DISKS, RefusalCode.PERMISSIONS_UNREADABLE,
    }  # fmt: skip


def site(**more: Any) -> NetworkFacts:
    succeeded = {"group_permissions": ALL, "group_locks": (), "subnet_permissions": ALL, "vnet_location": "westeurope"}
    return NetworkFacts.model_validate({**succeeded, **more})


def placed(asked: VmJob) -> Place:
    place = place_of(asked, "westeurope", asked.target.clone)
    assert isinstance(place, Place), place
    return place


def fit(asked: VmJob, its_shape: VmShape | None = None) -> tuple[Refusal, ...]:
    return check_place_fits(asked, vm_state(), its_shape, placed(asked))


def site_codes(seen: NetworkFacts, asked: VmJob | None = None) -> list[RefusalCode]:
    asked = asked or clone_job()
    return codes((*fit(asked), *check_network(asked, vm_state(), placed(asked), seen)))


def test_a_place_with_nothing_wrong() -> None:
    assert site_codes(site()) == []
    assert site_codes(site(vnet_location="West Europe")) == []
    wide = clone_job(run_settings={"allowed_scopes": (Scope.parse(f"/subscriptions/{SUBSCRIPTION}"),)})
    assert site_codes(site(), wide) == []


LOCKED = [Lock(name="l", level=level, scope=GROUP) for level in ("ReadOnly", "CanNotDelete")]
NO_JOIN = (Permission(actions=("*",), not_actions=("Microsoft.Network/virtualNetworks/subnets/join/action",)),)
NO_DELETE = (Permission(actions=("*",), not_actions=("*/delete",)),)
WRONG_SITE: dict[str, tuple[NetworkFacts, RefusalCode]] = {
    "rights unread": (site(group_permissions=None), RefusalCode.NETWORK_UNREADABLE),
    "locks unread": (site(group_locks=None), RefusalCode.NETWORK_UNREADABLE),
    "a read-only lock": (site(group_locks=LOCKED[:1]), RefusalCode.RESOURCE_LOCKED),
    "not even a lock on deletes": (site(group_locks=LOCKED[1:]), RefusalCode.RESOURCE_LOCKED),
    "the temporary resources could not be deleted": (site(group_permissions=NO_DELETE), RefusalCode.ACTION_NOT_GRANTED),
    "subnet unread": (site(vnet_location=None), RefusalCode.NETWORK_UNREADABLE),
    "subnet's rights unread": (site(subnet_permissions=None), RefusalCode.NETWORK_UNREADABLE),
    "subnet in another region": (site(vnet_location="northeurope"), RefusalCode.SUBNET_REGION_MISMATCH),
    "subnet not to be joined": (site(subnet_permissions=NO_JOIN), RefusalCode.ACTION_NOT_GRANTED),
}


@rows("name", WRONG_SITE)
def test_one_fault_of_the_place_is_one_refusal(name: str) -> None:
    seen, wanted = WRONG_SITE[name]
    assert site_codes(seen) == [wanted]


def test_a_place_needs_an_allowed_group_and_a_subnet_of_its_subscription() -> None:
    elsewhere = clone_job(clone={"resourceGroupId": OTHER_GROUP})
    assert site_codes(site(), elsewhere) == [RefusalCode.SCOPE_NOT_ALLOWED]
    foreign = str(SUBNET).replace(SUBSCRIPTION, "99999999-2222-3333-4444-555555555555")
    assert site_codes(site(), clone_job(clone={"subnetId": foreign})) == [RefusalCode.SUBNET_REGION_MISMATCH]


def test_each_place_needs_only_the_actions_used_there() -> None:
    """A request with its validation VM in another group than its clone."""
    image = {**IMAGE, "validate": {"resourceGroupId": OTHER_GROUP}}
    allowed = {"allowed_scopes": (Scope.parse(f"/subscriptions/{SUBSCRIPTION}"),)}
    asked = clone_job(image=image, run_settings=allowed)
    groups = {Scope.parse(GROUP): needed_for_clone(asked.target), Scope.parse(OTHER_GROUP): needed_for_validation()}
    for group, needed in groups.items():
        exactly = site(group_permissions=(Permission(actions=needed["group"]),))
        assert check_network(asked, vm_state(), Place(group, SUBNET), exactly) == ()
    nothing = site(group_permissions=(Permission(),))
    reported = [check_network(asked, vm_state(), Place(group, SUBNET), nothing)[0].message for group in groups]
    assert ["snapshots" in message for message in reported] == [True, False]


def test_a_validation_in_place_needs_no_actions_of_a_clone() -> None:
    asked = job(target={"image": {**IMAGE, "validate": {}}})
    exactly = site(group_permissions=(Permission(actions=needed_for_validation()["group"]),))
    assert check_network(asked, vm_state(), Place(Scope.parse(GROUP), SUBNET), exactly) == ()
