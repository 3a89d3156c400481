"""GOLDEN_BUILD_PLACES: one place for each region of a subscription, in that subscription alone."""

import json

import pytest

from contracts.build_places import BuildPlace
from contracts.ids import Scope
from settings import BadSettings, read_settings
from tests.support.requests import GROUP, PLACE, SUBSCRIPTION
from tests.support.rows import rows

SUBNET_TAIL = "providers/Microsoft.Network/virtualNetworks/v/subnets/s"
FOREIGN = "/subscriptions/99999999-2222-3333-4444-555555555555/resourceGroups/rg"


def places(*changes: dict[str, str]) -> str:
    """Return one place for each of these changes of the tests' place."""
    return json.dumps([{**PLACE, **change} for change in changes])


WRONG: dict[str, tuple[dict[str, str], str]] = {
    "an invalid subnet": (
        {"GOLDEN_BUILD_PLACES": places({"subnetId": GROUP})},
        "GOLDEN_BUILD_PLACES.0.subnetId: is not the full ARM id of a subnet",
    ),
    "a place without its subnet": (
        {"GOLDEN_BUILD_PLACES": json.dumps([{"region": "westeurope", "resourceGroupId": GROUP}])},
        "GOLDEN_BUILD_PLACES.0.subnetId: Field required",
    ),
    "a misspelled member of a place": (
        {"GOLDEN_BUILD_PLACES": places({"rollbackGroupId": GROUP})},
        "GOLDEN_BUILD_PLACES.0.rollbackGroupId: ",
    ),
    "a subscription as the group of a place": (
        {"GOLDEN_BUILD_PLACES": places({"resourceGroupId": f"/subscriptions/{SUBSCRIPTION}"})},
        "GOLDEN_BUILD_PLACES.0.resourceGroupId: must be the ARM id of a resource group",
    ),
    "two places for one region": (
        {"GOLDEN_BUILD_PLACES": places({}, {"region": "West Europe", "resourceGroupId": f"{GROUP}2".upper()})},
        f"GOLDEN_BUILD_PLACES: names more than one place for subscription {SUBSCRIPTION} in westeurope: ",
    ),
    "a subnet of another subscription": (
        {"GOLDEN_BUILD_PLACES": places({}, {"region": "northeurope", "subnetId": f"{FOREIGN}/{SUBNET_TAIL}"})},
        "GOLDEN_BUILD_PLACES.1: subnetId is not in the subscription of resourceGroupId",
    ),
    "a rollback group of another subscription": (
        {"GOLDEN_BUILD_PLACES": places({"rollbackResourceGroupId": FOREIGN})},
        "GOLDEN_BUILD_PLACES.0: rollbackResourceGroupId is not in the subscription of resourceGroupId",
    ),
    "too many places": (
        {"GOLDEN_BUILD_PLACES": places(*({"region": f"region{n}"} for n in range(33)))},
        "at most 32 items",
    ),
    "a place that is not in a list": ({"GOLDEN_BUILD_PLACES": json.dumps(PLACE)}, "GOLDEN_BUILD_PLACES: "),
    "a member of a place that appears twice": (
        {"GOLDEN_BUILD_PLACES": places({}).replace('{"region"', '{"region": "x1", "region"')},
        'GOLDEN_BUILD_PLACES: $: member "region" appears twice',
    ),
}


@rows(("environment", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_place_that_cannot_be_used_is_one_clear_fault_at_start(environment: dict[str, str], message: str) -> None:
    with pytest.raises(BadSettings) as caught:
        read_settings(environment)
    assert message in str(caught.value)
    assert str(caught.value).count("GOLDEN_BUILD_PLACES") == 1


def test_places_of_other_regions_and_subscriptions_stand_side_by_side() -> None:
    other = {
        "resourceGroupId": FOREIGN,
        "subnetId": f"{FOREIGN}/{SUBNET_TAIL}",
        "rollbackResourceGroupId": f"{FOREIGN}2",
    }
    found = read_settings({"GOLDEN_BUILD_PLACES": places({}, {"region": "North Europe"}, other)}).for_run().build_places
    assert [place.key for place in found] == [
        (SUBSCRIPTION, "westeurope"),
        (SUBSCRIPTION, "northeurope"),
        (Scope.parse(FOREIGN).subscription_id, "westeurope"),
    ]
    assert [place.rollback_group for place in found] == [Scope.parse(each) for each in (GROUP, GROUP, f"{FOREIGN}2")]


def test_a_place_survives_the_task_hub() -> None:
    place = BuildPlace.model_validate(PLACE)
    assert BuildPlace.model_validate_json(place.model_dump_json()) == place
