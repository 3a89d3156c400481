"""Disk encryption sets and incremental snapshots: each only in its own subscription."""

from typing import Any

import pytest

from contracts.error_codes import RefusalCode
from contracts.ids import Scope
from contracts.resource_ids import SubnetId
from policy.clone_checks import check_place_fits
from policy.places import Place
from tests.policy.test_clone_checks import IMAGE, clone_codes, clone_job, codes, disk, fit, shape, source
from tests.support.creating import SUBNET
from tests.support.requests import GROUP, vm_state

FOREIGN = "/subscriptions/99999999-2222-3333-4444-555555555555/resourceGroups/rg"
SET = "providers/Microsoft.Compute/diskEncryptionSets/des"
WRONG_KEY, MISMATCH = RefusalCode.ENCRYPTION_SET_SUBSCRIPTION_MISMATCH, RefusalCode.GROUP_SUBSCRIPTION_MISMATCH


@pytest.mark.parametrize("part", ["os", "data"])
def test_a_group_in_another_subscription_than_the_encryption_set_is_refused(part: str) -> None:
    elsewhere = "99999999-2222-3333-4444-555555555555"
    set_id = f"{GROUP}/{SET}".upper()
    keyed = disk(None if part == "os" else 0, disk_encryption_set_id=set_id)
    its_shape = shape(os_disk=keyed) if part == "os" else shape(data_disks=(keyed,))
    options: dict[str, Any] = {"dataDisks": "include"}
    assert clone_codes(source(), its_shape, **options) == []
    assert fit(clone_job(**options), its_shape) == ()
    options["clone"] = {"resourceGroupId": f"/subscriptions/{elsewhere}/resourceGroups/rg"}
    (refusal,) = [r for r in fit(clone_job(**options), its_shape) if r.code is WRONG_KEY]
    assert f"is not in the subscription of /subscriptions/{elsewhere}" in refusal.message
    assert "clone.resourceGroupId to a group in the VM's subscription" in refusal.remediation


def test_a_set_of_another_subscription_than_its_disk_is_refused_with_advice_that_helps() -> None:
    foreign = f"{FOREIGN}/{SET}"
    (refusal,) = fit(clone_job(), shape(os_disk=disk(disk_encryption_set_id=foreign)))
    assert refusal.code is WRONG_KEY
    assert "clone.resourceGroupId" not in refusal.remediation, "no group of the VM's subscription would do"


def test_a_clone_stays_in_its_sources_subscription_and_a_validation_vm_where_the_key_is() -> None:
    """Azure creates an incremental snapshot only in its disk's subscription, and uses a set only in its own."""
    there = {"resourceGroupId": FOREIGN, "subnetId": f"{FOREIGN}/{str(SUBNET).partition('rg-images/')[2]}"}
    wide = {"allowed_scopes": (Scope.parse(FOREIGN), Scope.parse(GROUP))}
    assert codes(fit(clone_job(clone=there, run_settings=wide), shape())) == [MISMATCH]
    validated = clone_job(image={**IMAGE, "validate": there}, run_settings=wide)
    keyed = shape(os_disk=disk(disk_encryption_set_id=f"{GROUP}/{SET}"))
    place = Place(Scope.parse(FOREIGN), SubnetId.parse(there["subnetId"]))
    assert check_place_fits(validated, vm_state(), shape(), place) == ()
    (refusal,) = check_place_fits(validated, vm_state(), keyed, place)
    assert refusal.code is WRONG_KEY
    assert "image.validate.resourceGroupId" in refusal.remediation
    data = shape(data_disks=(keyed.os_disk.model_copy(update={"lun": 0}),)) if keyed.os_disk else shape()
    assert check_place_fits(validated, vm_state(), data, place) == (), "the data disks are not in the image"
