"""A VM hibernates: its memory is on its OS disk, and in every copy of it."""

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from emulators.arm import Simulator, SteppedClock, VmSpec
from tests.emulators.arm.bodies import attached, disk_id, finish, make_copy, make_network, vm_body, vm_id
from tests.emulators.arm.fleet import GROUP, Raw, Sdk, code_of

MAY: dict[str, Any] = {"additionalCapabilities": {"hibernationEnabled": True}}


async def statuses(client: Sdk, name: str) -> list[str]:
    return [status.code for status in (await client.virtual_machines.instance_view(GROUP, name)).statuses]


async def test_a_vm_hibernates_and_goes_on_where_it_was(simulator: Simulator, client: Sdk, clock: SteppedClock):
    vm = simulator.add_vm(VmSpec("napping1", hibernation_enabled=True))
    assert (await client.virtual_machines.get(GROUP, "napping1")).additional_capabilities.hibernation_enabled
    before = vm.serial_log()
    await finish(clock, client.virtual_machines.begin_deallocate(GROUP, "napping1", hibernate=True))
    assert await statuses(client, "napping1") == [
        "ProvisioningState/succeeded", "PowerState/deallocated", "HibernationState/Hibernated",
    ]  # fmt: skip
    with pytest.raises(HttpResponseError) as refused:
        await client.virtual_machines.generalize(GROUP, "napping1")
    assert (refused.value.status_code, code_of(refused)) == (409, "OperationNotAllowed")
    await finish(clock, client.virtual_machines.begin_start(GROUP, "napping1"))
    assert await statuses(client, "napping1") == ["ProvisioningState/succeeded", "PowerState/running"]
    assert vm.serial_log() == before


async def test_deallocating_a_hibernated_vm_gives_up_its_memory(simulator: Simulator, client: Sdk, clock: SteppedClock):
    simulator.add_vm(VmSpec("napping1", power="hibernated"))
    assert (await statuses(client, "napping1"))[-1] == "HibernationState/Hibernated"
    await finish(clock, client.virtual_machines.begin_deallocate(GROUP, "napping1"))
    assert (await statuses(client, "napping1"))[-1] == "PowerState/deallocated"
    await client.virtual_machines.generalize(GROUP, "napping1")


async def test_only_a_running_vm_with_hibernation_enabled_hibernates(simulator: Simulator, client: Sdk):
    simulator.add_vm(VmSpec("off1", power="stopped", hibernation_enabled=True))
    for name in ("linux1", "off1"):
        with pytest.raises(HttpResponseError) as refused:
            await client.virtual_machines.begin_deallocate(GROUP, name, hibernate=True)
        assert (refused.value.status_code, code_of(refused)) == (409, "OperationNotAllowed")


async def test_a_copy_of_a_hibernated_disk_is_accepted_and_holds_the_memory(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    simulator.add_vm(VmSpec("napping1", power="hibernated"))
    simulator.add_vm(VmSpec("awake1", hibernation_enabled=True))
    await make_copy(client, clock, simulator, "napping1", "copy1")
    await make_copy(client, clock, simulator, "awake1", "copy2")
    held = {name: simulator.world.store.require(disk_id(name)) for name in ("copy1", "copy2")}
    assert {name: disk.hibernated for name, disk in held.items()} == {"copy1": True, "copy2": False}
    assert (await client.disks.get(GROUP, "copy1")).supports_hibernation is True
    for name in ("copy1", "copy2"):
        await make_network(raw, clock, f"nic-{name}", f"nsg-{name}")
        body = vm_body(attached(name), nic=f"nic-{name}", **MAY)
        await finish(clock, client.virtual_machines.begin_create_or_update(GROUP, f"vm-{name}", body))
    assert (simulator.vm("vm-copy1").resumed, simulator.vm("vm-copy2").resumed) == (True, False)
    await finish(clock, client.virtual_machines.begin_deallocate(GROUP, "vm-copy2", hibernate=True))


async def test_hibernation_needs_a_size_and_a_disk_that_support_it(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    simulator.add_vm(VmSpec("awake1", hibernation_enabled=True))
    await make_copy(client, clock, simulator, "awake1", "may")
    await make_copy(client, clock, simulator, "linux1", "may-not")
    await make_network(raw, clock)
    large: dict[str, Any] = {"hardwareProfile": {"vmSize": "Standard_D64s_v5"}}
    for body, refusal in (
        (vm_body(attached("may"), **MAY, **large), (400, "BadRequest")),
        (vm_body(attached("may-not"), **MAY), (400, "BadRequest")),
        (vm_body(attached("may"), **MAY), (201, "")),
    ):
        assert (await raw("PUT", vm_id("new1"), body)).refusal == refusal
