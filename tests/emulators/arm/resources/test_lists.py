"""Lists across types, permissions and locks at every resource, and the comparable text of a VM."""

from urllib.parse import quote

from azure.core.exceptions import HttpResponseError

from emulators.arm import Role, Simulator, SteppedClock, VmSpec
from tests.emulators.arm.bodies import (
    GROUP_ID,
    SUBNET,
    copy_body,
    disk_id,
    make_copy,
    make_network,
    nic_id,
    nsg_id,
    os_disk_id,
    snapshot_id,
    vm_id,
)
from tests.emulators.arm.fleet import SUBSCRIPTION, Raw, Sdk, vm_path
from tests.emulators.arm.scripts import managed

AUTHORIZATION = "/providers/Microsoft.Authorization"
ACTION = "Microsoft.Resources/subscriptions{}/resources/read"


def listing(scope: str, text: str | None = None, more: str = "") -> str:
    """The path of a list of resources."""
    asked = "" if text is None else f"&$filter={quote(text)}"
    return f"{scope}/resources?api-version=2021-04-01{asked}{more}"


async def test_resources_are_found_by_their_tag_a_little_later(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    await raw("PUT", snapshot_id("s1"), copy_body(os_disk_id(simulator, "linux1"), tags={"Run": "r9"}))
    assert (await raw("GET", listing(GROUP_ID, "tagName eq 'run'"))).body["value"] == []
    await make_copy(client, clock, simulator)
    await make_network(raw, clock)
    await clock.advance(15)
    both = f"/subscriptions/{SUBSCRIPTION}", GROUP_ID
    for scope in both:
        found = (await raw("GET", listing(scope, "tagName eq 'run' and tagValue eq 'r1'"))).body["value"]
        ids = {snapshot_id("copy1-snap"), disk_id("copy1"), nic_id("nic1"), nsg_id("nsg1")}
        assert {item["id"] for item in found} == ids
        assert all(set(item) == {"id", "name", "type", "location", "tags"} for item in found)
        assert all(item["tags"] is None for item in found), "as on Azure"
    tags = {item["id"]: item["tags"] for item in (await raw("GET", listing(GROUP_ID))).body["value"]}
    assert tags[snapshot_id("s1")] == {"Run": "r9"}
    assert len((await raw("GET", listing(GROUP_ID, "tagName eq 'run'"))).body["value"]) == 5
    (vm,) = (await raw("GET", listing(GROUP_ID, "tagname EQ 'golden'", "&$expand=createdTime"))).body["value"]
    assert (vm["id"], vm["type"]) == (vm_id("linux1"), "Microsoft.Compute/virtualMachines")
    assert "createdTime" in vm
    assert "provisioningState" not in vm
    wrong = await raw("GET", listing(GROUP_ID, "resourceType eq 'x'"))
    assert wrong.refusal == (400, "InvalidFilterInQueryString")


async def test_a_long_list_is_paged_with_its_filter(simulator: Simulator, raw: Raw):
    for number in range(130):
        simulator.add_vm(VmSpec(f"many{number}", resource_group="other-rg", tags={"many": "yes"}))
    found: list[str] = []
    path = listing(f"/subscriptions/{SUBSCRIPTION}", "tagName eq 'many'")
    sizes: list[int] = []
    while path:
        body = (await raw("GET", path)).body
        sizes.append(len(body["value"]))
        found += [item["id"] for item in body["value"]]
        path = body.get("nextLink", "")
    assert sizes == [100, 30]
    assert len(set(found)) == 130


async def test_a_list_contains_only_resources_in_the_scope_of_the_role(simulator: Simulator, raw: Raw):
    simulator.add_vm(VmSpec("foreign1", resource_group="other-rg"))
    scope = f"/subscriptions/{SUBSCRIPTION}"
    simulator.role = Role(("*",), (ACTION.format(""),))
    assert (await raw("GET", listing(scope))).status == 403
    simulator.role = Role((ACTION.format(""),), (), (GROUP_ID,))
    names = [item["name"] for item in (await raw("GET", listing(scope))).body["value"]]
    assert "linux1" in names
    assert "foreign1" not in names
    assert (await raw("GET", listing(GROUP_ID))).body["error"]["code"] == "AuthorizationFailed"


async def test_scale_sets_show_their_image(simulator: Simulator, raw: Raw):
    image = f"{GROUP_ID}/providers/Microsoft.Compute/galleries/g/images/d/versions/1.0.0"
    simulator.world.add_scale_set("vmss1", GROUP_ID, image)
    path = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Compute/virtualMachineScaleSets"
    (shown,) = (await raw("GET", path)).body["value"]
    profile = shown["properties"]["virtualMachineProfile"]["storageProfile"]
    assert profile["imageReference"]["id"] == image
    simulator.role = Role(("*",), ("Microsoft.Compute/virtualMachineScaleSets/read",))
    assert (await raw("GET", path)).status == 403


async def test_permissions_and_locks_are_reported_at_every_resource(simulator: Simulator, raw: Raw):
    simulator.lock(GROUP_ID, "CanNotDelete", "keep")
    for scope in (os_disk_id(simulator, "linux1"), SUBNET, nic_id("linux1-nic"), SUBNET.rpartition("/subnets")[0]):
        (entry,) = (await raw("GET", f"{scope}{AUTHORIZATION}/permissions")).body["value"]
        assert entry["actions"] == ["*"]
        assert [lock["name"] for lock in (await raw("GET", f"{scope}{AUTHORIZATION}/locks")).body["value"]] == ["keep"]
    for missing in (disk_id("nobody"), f"{SUBNET}2"):
        answer = await raw("GET", f"{missing}{AUTHORIZATION}/permissions")
        assert answer.refusal == (404, "ResourceNotFound")


async def test_locks_apply_to_created_resources_too(simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock):
    await make_copy(client, clock, simulator)
    await make_network(raw, clock)
    simulator.lock(GROUP_ID, "CanNotDelete", "keep")
    held = (disk_id("copy1"), snapshot_id("copy1-snap"), nic_id("nic1"), nsg_id("nsg1"), vm_id("linux1"))
    for path in held:
        answer = await raw("DELETE", path)
        assert answer.refusal == (409, "ScopeLocked")
    assert (await raw("PATCH", disk_id("copy1"), {"tags": {}})).status == 202
    simulator.lock(GROUP_ID, "ReadOnly")
    assert (await raw("PUT", snapshot_id("s2"), copy_body(disk_id("copy1")))).body["error"]["code"] == "ScopeLocked"
    assert simulator.world.deleted == []


async def test_the_comparable_text_shows_every_change_of_a_vm(simulator: Simulator, raw: Raw, clock: SteppedClock):
    world, vm = simulator.world, simulator.vm("linux1")
    seen = [world.picture(vm)]
    await raw("GET", vm_path("linux1"))
    await raw("PUT", snapshot_id("s1"), copy_body(os_disk_id(simulator, "linux1")))
    await clock.advance(60)
    assert world.picture(vm) == seen[0]
    for method, path, body in (
        ("PATCH", vm_path("linux1"), {"tags": {"new": "1"}}),
        ("PATCH", os_disk_id(simulator, "linux1"), {"tags": {"new": "1"}}),
        ("PUT", vm_path("linux1", "/runCommands/r"), managed("echo hello")),
        ("POST", vm_path("linux1", "/deallocate"), None),
    ):
        assert (await raw(method, path, body)).status < 300
        await clock.advance(60)
        seen.append(world.picture(vm))
    assert len(set(seen)) == len(seen)


async def test_the_control_plane_reports_existing_and_deleted_resources(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    await make_copy(client, clock, simulator)
    try:
        await client.disks.begin_delete("golden-rg", "copy1")
    except HttpResponseError as error:
        raise AssertionError(error) from error
    await clock.advance(10)
    shown = (await raw("GET", "/_simulator/resources")).body
    assert [entry["id"] for entry in shown["resource"]] == [snapshot_id("copy1-snap"), disk_id("copy1")]
    assert [entry["id"] for entry in shown["deleted"]] == [disk_id("copy1")]
    assert snapshot_id("copy1-snap") in {entry["id"] for entry in shown["resources"]}
