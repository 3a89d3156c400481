"""Every kind of fault on every route of disks, networks, VMs and lists."""

import asyncio
from typing import Any

import aiohttp
import pytest

from emulators.arm import Fault, Simulator, SteppedClock
from tests.emulators.arm.bodies import (
    GROUP_ID,
    SUBNET,
    attached,
    copy_body,
    disk_id,
    make_copy,
    make_network,
    nic_body,
    nic_id,
    nsg_body,
    nsg_id,
    os_disk_id,
    snapshot_id,
    vm_body,
    vm_id,
)
from tests.emulators.arm.fleet import SUBSCRIPTION, Raw, Sdk

type Request = tuple[str, str, str, Any]

VNET = SUBNET.rpartition("/subnets")[0]
READS: tuple[Request, ...] = (
    ("disks.get", "GET", disk_id("copy1"), None),
    ("disks.list", "GET", f"{GROUP_ID}/providers/Microsoft.Compute/disks", None),
    ("disks.listAll", "GET", f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Compute/disks", None),
    ("snapshots.get", "GET", snapshot_id("copy1-snap"), None),
    ("snapshots.list", "GET", f"{GROUP_ID}/providers/Microsoft.Compute/snapshots", None),
    ("networkInterfaces.get", "GET", nic_id("nic1"), None),
    ("networkSecurityGroups.get", "GET", nsg_id("nsg1"), None),
    ("virtualNetworks.get", "GET", VNET, None),
    ("subnets.get", "GET", SUBNET, None),
    ("resources.list", "GET", f"{GROUP_ID}/resources", None),
    ("resources.list", "GET", f"/subscriptions/{SUBSCRIPTION}/resources", None),
    (
        "virtualMachineScaleSets.listAll", "GET",
        f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Compute/virtualMachineScaleSets", None,
    ),
)  # fmt: skip


def writes(simulator: Simulator) -> tuple[Request, ...]:
    """Requests that start an operation, each for another resource."""
    return (
        ("snapshots.createOrUpdate", "PUT", snapshot_id("new1"), copy_body(os_disk_id(simulator, "linux1"))),
        ("disks.createOrUpdate", "PUT", disk_id("new1"), copy_body(snapshot_id("copy1-snap"))),
        ("networkSecurityGroups.createOrUpdate", "PUT", nsg_id("new1"), nsg_body()),
        ("networkInterfaces.createOrUpdate", "PUT", nic_id("new1"), nic_body()),
        ("virtualMachines.createOrUpdate", "PUT", vm_id("new1"), vm_body(attached())),
    )


async def add_dependencies(simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock) -> None:
    """Create what the requests need."""
    await make_copy(client, clock, simulator)
    await make_network(raw, clock)


async def state_of(raw: Raw, path: str) -> str | None:
    """The provisioning state of a resource, or None when there is none."""
    answer = await raw("GET", path)
    return None if answer.status == 404 else str(answer.body["properties"]["provisioningState"])


async def test_an_answer_can_be_replaced_held_delayed_or_cut_on_every_route(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    await add_dependencies(simulator, client, raw, clock)
    for operation, method, path, body in (*READS, *writes(simulator)):
        simulator.inject(Fault("status", operation=operation, status=429, code="TooMany", headers={"Retry-After": "3"}))
        answer = await raw(method, path, body)
        assert (answer.status, answer.headers["Retry-After"]) == (429, "3")
        assert simulator.requests()[-1].operation == operation
        # On a reused connection, aiohttp itself sends the request again.
        simulator.inject(Fault("cutBefore", operation=operation, count=2))
        with pytest.raises(aiohttp.ClientError):
            await raw(method, path, body)
        simulator.world.faults.clear()
        for kind in ("hold", "holdBefore"):
            held = simulator.inject(Fault(kind, operation=operation))
            waiting = asyncio.create_task(raw(method, path, body))
            await asyncio.wait_for(held.held.wait(), 10)
            held.released.set()
            assert (await waiting).status < 300, (operation, kind)
            assert held.met == 1
        simulator.inject(Fault("delay", operation=operation, delay_seconds=5))
        waiting = asyncio.create_task(raw(method, path, body))
        while not waiting.done():
            await asyncio.sleep(0.001)
            await clock.advance(5)
        assert (await waiting).status < 300


async def test_what_is_cut_after_it_was_accepted_is_done(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    await add_dependencies(simulator, client, raw, clock)
    for operation, method, path, body in writes(simulator):
        simulator.inject(Fault("cutAfter", operation=operation, count=2))
        with pytest.raises(aiohttp.ClientError):
            await raw(method, path, body)
    simulator.world.faults.clear()
    await clock.advance(90)
    for _, _, path, _ in writes(simulator):
        assert await state_of(raw, path) == "Succeeded"


async def test_an_operation_that_fails_leaves_a_failed_resource_that_can_be_tried_again_and_deleted(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    await add_dependencies(simulator, client, raw, clock)
    for operation, method, path, body in writes(simulator):
        simulator.inject(Fault("operationFails", operation=operation, code="Broken", message="It broke."))
        answer = await raw(method, path, body)
        await clock.advance(90)
        document = (await raw("GET", answer.headers["Azure-AsyncOperation"])).body
        assert (document["status"], document["error"]["code"]) == ("Failed", "Broken")
        assert await state_of(raw, path) == "Failed"
        assert (await raw(method, path, body)).status < 300
        await clock.advance(90)
        assert await state_of(raw, path) == "Succeeded"
    for _, _, path, _ in reversed(writes(simulator)):
        simulator.inject(Fault("operationFails", method="DELETE"))
        assert (await raw("DELETE", path)).status == 202
        await clock.advance(90)
        assert await state_of(raw, path) == "Failed"
        assert (await raw("DELETE", path)).status == 202
        await clock.advance(90)
        assert await state_of(raw, path) is None


async def test_an_operation_that_never_ends_stays_and_can_be_deleted(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    await add_dependencies(simulator, client, raw, clock)
    for operation, method, path, body in writes(simulator):
        simulator.inject(Fault("operationNeverEnds", operation=operation))
        assert (await raw(method, path, body)).status < 300
    await clock.advance(90_000)
    for _, _, path, _ in reversed(writes(simulator)):
        assert await state_of(raw, path) in ("Creating", "Updating")
        assert (await raw("DELETE", path)).status == 202
        await clock.advance(90)
        assert await state_of(raw, path) is None


async def test_a_request_is_of_a_vm_only_when_its_path_is_one(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    await add_dependencies(simulator, client, raw, clock)
    for operation, method, path, body in (*READS, *writes(simulator)):
        await raw(method, path, body)
        record = simulator.requests()[-1]
        assert (record.operation, record.path) == (operation, path)
        assert record.vm == ("new1" if operation.startswith("virtualMachines.") else None)
