"""Resources by id: case-insensitive ids, delayed lists, and the record of created and deleted resources."""

import random

import pytest

from emulators.arm import SteppedClock
from emulators.arm.errors import ArmError
from emulators.arm.state.durations import Dice
from emulators.arm.state.store import Store

KIND = "Microsoft.Compute/disks"
GROUP = "/subscriptions/s/resourceGroups/rg"
ID = f"{GROUP}/providers/{KIND}/Disk1"


@pytest.fixture
def store(clock: SteppedClock) -> Store:
    return Store(clock, Dice(random.Random(0)))


async def test_a_new_resource_is_returned_at_once_and_listed_some_seconds_later(store: Store, clock: SteppedClock):
    resource = store.add(store.new(ID, KIND, "westeurope", tags={"a": "1"}))
    assert store.get(ID.upper()) is resource
    assert store.of_kind(KIND, GROUP.upper()) == [resource]
    assert store.listed(KIND) == []
    await clock.advance(15)
    assert store.listed(KIND, GROUP) == [resource]
    assert store.listed(KIND, f"{GROUP}2") == []
    assert store.listed("Microsoft.Compute/snapshots") == []


def test_an_existing_resource_is_listed_without_a_creation_record(store: Store):
    old = store.add(store.new(ID, KIND, "westeurope", fresh=False), trace=False)
    assert store.listed(KIND) == [old]
    assert store.resource == []


def test_creations_and_deletions_are_recorded_with_their_tags(store: Store):
    store.add(store.new(ID, KIND, "westeurope", tags={"run": "r1"}))
    store.get(ID).tags = {"run": "r2"}  # pyright: ignore[reportOptionalMemberAccess]
    store.remove(ID.lower())
    store.remove(ID)
    assert [(trace.id, trace.tags) for trace in store.resource] == [(ID, {"run": "r1"})]
    assert [(trace.id, trace.tags) for trace in store.deleted] == [(ID, {"run": "r2"})]
    assert store.deleted[0].body()["type"] == KIND


def test_a_missing_resource_is_refused_with_arms_message(store: Store):
    child = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/v/subnets/s"
    for missing, named in ((ID, f"{KIND}/Disk1"), (child, "Microsoft.Network/virtualNetworks/v/subnets/s")):
        with pytest.raises(ArmError) as refused:
            store.require(missing)
        assert (refused.value.status, refused.value.code) == (404, "ResourceNotFound")
        assert f"'{named}' under resource group 'rg' was not found" in refused.value.message
