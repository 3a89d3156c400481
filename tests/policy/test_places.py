"""The place of a temporary VM and of a rollback snapshot: the request's, and otherwise that of the VM's region."""

from typing import Any

import pytest

from contracts.error_codes import Refusal, RefusalCode
from contracts.facts import Lock, NetworkFacts, Permission
from contracts.ids import Scope
from contracts.image_options import CloneOptions
from contracts.resource_ids import SubnetId
from contracts.run import VmJob
from policy.places import Place, place_of, rollback_group_of
from policy.rights import needed_for_rollback
from policy.rollback_checks import check_rollback_group, check_rollback_scope, rollback_note
from tests.support.requests import GROUP, SUBSCRIPTION, job, settings
from tests.support.rows import rows

OTHER = "99999999-2222-3333-4444-555555555555"
VNET = "providers/Microsoft.Network/virtualNetworks"


def group(name: str, subscription: str = SUBSCRIPTION) -> str:
    return f"/subscriptions/{subscription}/resourceGroups/{name}"


def place(region: str, name: str, subscription: str = SUBSCRIPTION, **more: Any) -> dict[str, Any]:
    there = group(name, subscription)
    return {"region": region, "resourceGroupId": there, "subnetId": f"{there}/{VNET}/{name}/subnets/builds", **more}


PLACES = (
    place("West Europe", "builds-west", rollbackResourceGroupId=group("rollback-west")),
    place("northeurope", "builds-north"),
    place("westeurope", "builds-other", OTHER),
)


def asked(subscription: str = SUBSCRIPTION, places: tuple[dict[str, Any], ...] = PLACES) -> VmJob:
    vm = f"{group('RG-Images', subscription)}/providers/Microsoft.Compute/virtualMachines/vm1"
    return job(target={"vmId": vm}, settings=settings(build_places=places))


def subnet(name: str, subscription: str = SUBSCRIPTION) -> SubnetId:
    return SubnetId.parse(f"{group(name, subscription)}/{VNET}/{name}/subnets/builds")


def built_in(name: str, subscription: str = SUBSCRIPTION) -> Place:
    return Place(Scope.parse(group(name, subscription)), subnet(name, subscription))


@pytest.mark.parametrize("region", ["westeurope", "West Europe", "WestEurope"])
def test_a_vm_has_the_place_of_its_subscription_and_region(region: str) -> None:
    assert place_of(asked(), region, None) == built_in("builds-west")
    assert place_of(asked(OTHER), region, CloneOptions()) == built_in("builds-other", OTHER)
    assert place_of(asked(), "northeurope", None) == built_in("builds-north")


def test_what_the_request_names_wins_and_the_rest_is_the_places() -> None:
    own_subnet, own_group = subnet("own"), Scope.parse(group("own"))
    west = built_in("builds-west")
    assert place_of(asked(), "westeurope", CloneOptions(subnet_id=own_subnet)) == Place(west.group, own_subnet)
    assert place_of(asked(), "westeurope", CloneOptions(resource_group_id=own_group)) == Place(
        own_group, west.subnet_id
    )
    both = CloneOptions(resource_group_id=own_group, subnet_id=own_subnet)
    assert place_of(asked(), "southeastasia", both) == Place(own_group, own_subnet), "no place is needed"


def missing(found: Place | Refusal) -> str:
    assert isinstance(found, Refusal)
    assert found.code is RefusalCode.BUILD_PLACE_MISSING
    return found.message


def test_without_a_place_the_vm_is_refused_with_the_places_by_subscription_and_region_only() -> None:
    half = CloneOptions(subnet_id=subnet("own"))
    for message in (missing(place_of(asked(), "uksouth", None)), missing(place_of(asked(), "uksouth", half))):
        assert f"of subscription {SUBSCRIPTION} in uksouth" in message
        for subscription, region in (
            (SUBSCRIPTION, "westeurope"),
            (SUBSCRIPTION, "northeurope"),
            (OTHER, "westeurope"),
        ):
            assert f"subscription {subscription} in {region}" in message.partition("places: ")[2]
        for secret in ("builds", "rollback", "resourceGroups", "own"):
            assert secret not in message
    assert missing(place_of(asked(places=()), "westeurope", None)).endswith("places: none")
    assert missing(place_of(asked(OTHER), "northeurope", None)), "the other subscription's place is not taken"


def test_the_rollback_snapshot_has_a_group_of_its_own_then_the_places_then_the_vms() -> None:
    assert rollback_group_of(asked(), "westeurope") == Scope.parse(group("rollback-west"))
    assert rollback_group_of(asked(), "northeurope") == Scope.parse(group("builds-north"))
    assert rollback_group_of(asked(), "uksouth") == Scope.parse(GROUP)
    assert rollback_note(asked(), "westeurope") is None
    assert "is lost when that group is deleted" in (rollback_note(asked(), "uksouth") or "")
    inside = asked(places=(place("westeurope", "rg-images"),))
    assert rollback_note(inside, "westeurope") is not None, "a place in the VM's own group protects nothing"


def test_a_rollback_group_outside_the_allowed_scopes_is_refused() -> None:
    assert check_rollback_scope(asked(), Scope.parse(GROUP)) == ()
    (refusal,) = check_rollback_scope(asked(), Scope.parse(group("rollback-west")))
    assert refusal.code is RefusalCode.SCOPE_NOT_ALLOWED


def read(**more: Any) -> NetworkFacts:
    exactly = (Permission(actions=needed_for_rollback()["group"]),)
    return NetworkFacts.model_validate({"group_permissions": exactly, "group_locks": (), **more})


NO_DELETE = (Permission(actions=("*",), not_actions=("Microsoft.Compute/snapshots/delete",)),)
WRONG: dict[str, tuple[NetworkFacts, RefusalCode]] = {
    "no such group": (read(group_permissions=None), RefusalCode.ROLLBACK_GROUP_UNREADABLE),
    "locks unread": (read(group_locks=None), RefusalCode.ROLLBACK_GROUP_UNREADABLE),
    "nothing granted": (read(group_permissions=()), RefusalCode.ACTION_NOT_GRANTED),
    "not to be deleted": (read(group_permissions=NO_DELETE), RefusalCode.ACTION_NOT_GRANTED),
    "read-only": (read(group_locks=[Lock(name="l", level="ReadOnly", scope=GROUP)]), RefusalCode.RESOURCE_LOCKED),
    "no deletes": (read(group_locks=[Lock(name="l", level="CanNotDelete", scope=GROUP)]), RefusalCode.RESOURCE_LOCKED),
}


@rows("name", WRONG)
def test_one_fault_of_the_rollback_group_is_one_refusal(name: str) -> None:
    seen, wanted = WRONG[name]
    (refusal,) = check_rollback_group(Scope.parse(GROUP), seen)
    assert refusal.code is wanted
    assert GROUP in refusal.message.replace("resourcegroups", "resourceGroups")


def test_a_rollback_group_needs_no_more_than_the_snapshot() -> None:
    assert check_rollback_group(Scope.parse(GROUP), read()) == ()
    assert set(needed_for_rollback()["group"]) == {
        f"Microsoft.Compute/snapshots/{v}" for v in ("read", "write", "delete")
    }
