"""Resources by id: ids without case, lists that lag, and the memory of what came and went."""

import random

import pytest

from workbench.arm_simulator import SteppedClock
from workbench.arm_simulator.durations import Dice
from workbench.arm_simulator.errors import ArmError
from workbench.arm_simulator.store import Store

KIND = "Microsoft.Compute/disks"
GROUP = "/subscriptions/s/resourceGroups/rg"
ID = f"{GROUP}/providers/{KIND}/Disk1"


@pytest.fixture
def store(clock: SteppedClock) -> Store:
    return Store(clock, Dice(random.Random(0)))


async def test_a_fresh_resource_is_got_at_once_and_listed_some_seconds_later(store: Store, clock: SteppedClock):
    made = store.add(store.new(ID, KIND, "westeurope", tags={"a": "1"}))
    assert store.get(ID.upper()) is made
    assert store.of_kind(KIND, GROUP.upper()) == [made]
    assert store.listed(KIND) == []
    await clock.advance(15)
    assert store.listed(KIND, GROUP) == [made]
    assert store.listed(KIND, f"{GROUP}2") == []
    assert store.listed("Microsoft.Compute/snapshots") == []


def test_what_was_always_there_is_listed_and_leaves_no_trace(store: Store):
    old = store.add(store.new(ID, KIND, "westeurope", fresh=False), trace=False)
    assert store.listed(KIND) == [old]
    assert store.made == []


def test_what_comes_and_goes_is_remembered_with_its_tags(store: Store):
    store.add(store.new(ID, KIND, "westeurope", tags={"run": "r1"}))
    store.get(ID).tags = {"run": "r2"}  # pyright: ignore[reportOptionalMemberAccess]
    store.remove(ID.lower())
    store.remove(ID)
    assert [(trace.id, trace.tags) for trace in store.made] == [(ID, {"run": "r1"})]
    assert [(trace.id, trace.tags) for trace in store.deleted] == [(ID, {"run": "r2"})]
    assert store.deleted[0].body()["type"] == KIND


def test_a_missing_resource_is_refused_in_the_words_of_arm(store: Store):
    child = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/v/subnets/s"
    for missing, named in ((ID, f"{KIND}/Disk1"), (child, "Microsoft.Network/virtualNetworks/v/subnets/s")):
        with pytest.raises(ArmError) as refused:
            store.require(missing)
        assert (refused.value.status, refused.value.code) == (404, "ResourceNotFound")
        assert f"'{named}' under resource group 'rg' was not found" in refused.value.message
