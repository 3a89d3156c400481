"""Refused VM creations: interfaces, disks, plan, names, size, quota, permissions; nothing is created."""

from typing import Any

import pytest

from emulators.arm import Role, Simulator, SteppedClock, VmSpec
from emulators.arm.compute.vms.os_profile import check_profile
from emulators.arm.errors import ArmError
from tests.emulators.arm.bodies import (
    REGION,
    attached,
    copy_body,
    disk_id,
    from_image,
    linux_profile,
    make_copy,
    make_network,
    nic_body,
    nic_id,
    os_disk_id,
    snapshot_id,
    vm_body,
    vm_id,
)
from tests.emulators.arm.fleet import Raw, Sdk
from tests.emulators.arm.images import IMAGE, add_image

PLAN = {"name": "p", "publisher": "acme", "product": "os"}
TRUSTED = {"securityType": "TrustedLaunch", "uefiSettings": {"secureBootEnabled": True, "vTpmEnabled": True}}


def _without(body: dict[str, Any], name: str) -> dict[str, Any]:
    return {**body, "properties": {key: value for key, value in body["properties"].items() if key != name}}


def _sized(size: str) -> dict[str, Any]:
    return vm_body(attached(), hardwareProfile={"vmSize": size})


def _interfaces(*entries: dict[str, Any]) -> dict[str, Any]:
    return vm_body(attached(), networkProfile={"networkInterfaces": list(entries)})


#: A body, and the status and code of its refusal.
WRONG: tuple[tuple[dict[str, Any], int, str], ...] = (
    (vm_body(attached(), "nobody"), 400, "InvalidResourceReference"),
    (vm_body(attached(), location="northeurope"), 400, "InvalidResourceReference"),
    (vm_body(attached(), "linux1-nic"), 409, "NicInUse"),
    (_interfaces(), 400, "InvalidParameter"),
    (_interfaces(*[{"id": nic_id("nic1")}] * 2), 400, "VirtualMachineMustHaveOneNetworkInterfaceAsPrimary"),
    (vm_body(attached("nobody")), 404, "ResourceNotFound"),
    (vm_body(attached(os_type="Windows")), 400, "InvalidParameter"),
    (vm_body(attached(), zones=["1"], osProfile=linux_profile()), 400, "InvalidParameter"),
    (vm_body({**attached(), "imageReference": {"id": IMAGE}}), 400, "InvalidParameter"),
    (vm_body(attached(), securityProfile=TRUSTED), 400, "BadRequest"),
    (vm_body(attached(), plan=PLAN), 400, "VMMarketplaceInvalidInput"),
    (vm_body(attached(delete="Maybe")), 400, "InvalidParameter"),
    (vm_body(attached(), priority="Spot"), 400, "InvalidParameter"),
    (vm_body(attached(), colour="red"), 400, "BadRequest"),
    (_sized("Gigantic"), 400, "InvalidParameter"),
    (_sized("Standard_D2_v2"), 400, "BadRequest"),
    (_without(vm_body(attached()), "networkProfile"), 400, "InvalidParameter"),
    (vm_body(from_image(IMAGE)), 400, "InvalidParameter"),
    (vm_body(from_image(f"{IMAGE}9"), osProfile=linux_profile()), 404, "NotFound"),
    (vm_body(from_image(IMAGE, diskSizeGB=1), osProfile=linux_profile()), 400, "InvalidParameter"),
    (vm_body(from_image(IMAGE), osProfile=linux_profile(), securityProfile=TRUSTED), 400, "BadRequest"),
    (vm_body(from_image(IMAGE, name="copy1"), osProfile=linux_profile()), 409, "ConflictingUserInput"),
    (vm_body({"osDisk": {"createOption": "Empty"}}), 400, "InvalidParameter"),
)  # fmt: skip


async def test_a_vm_that_cannot_be_created_leaves_nothing(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    await make_copy(client, clock, simulator)
    await make_network(raw, clock)
    add_image(simulator)
    resource, simulator.world.throttle.enabled = len(simulator.world.resource), False
    for body, status, code in WRONG:
        assert (await raw("PUT", vm_id("new1"), body)).refusal == (status, code), body
    assert len(simulator.world.resource) == resource
    assert (await raw("GET", vm_id("new1"))).status == 404
    assert simulator.world.store.require(nic_id("nic1")).owners == []


async def test_a_disk_must_be_free_and_in_the_zone(simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock):
    await make_network(raw, clock)
    taken = {
        "osDisk": {"createOption": "Attach", "osType": "Linux", "managedDisk": {"id": os_disk_id(simulator, "linux1")}}
    }
    refused = await raw("PUT", vm_id("new1"), vm_body(taken))
    assert refused.refusal == (409, "ConflictingUserInput")
    assert f"already owned by VM '{simulator.vm('linux1').id}'" in refused.body["error"]["message"]
    await raw("DELETE", simulator.vm("linux1").id)
    assert (await raw("PUT", vm_id("new1"), vm_body(taken))).refusal == (409, "AttachDiskWhileBeingDetached")
    await make_copy(client, clock, simulator, "windows1")
    zoned = copy_body(snapshot_id("copy1-snap"), zones=["2"])
    await raw("PUT", disk_id("zoned1"), zoned)
    body = vm_body(attached("zoned1", os_type="Windows"), zones=["1"])
    assert (await raw("PUT", vm_id("new1"), body)).refusal == (400, "BadRequest")
    await clock.advance(5)
    assert (await raw("PUT", vm_id("new1"), {**body, "zones": ["2"]})).status == 201


async def test_trusted_launch_and_plan_must_be_those_of_the_source(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    simulator.add_vm(VmSpec("rich1", security_type="TrustedLaunch", plan=PLAN))
    await make_copy(client, clock, simulator, "rich1")
    await make_network(raw, clock)
    for body, status, code in (
        (vm_body(attached(), plan=PLAN), 400, "BadRequest"),
        (vm_body(attached(), securityProfile=TRUSTED), 400, "VMMarketplaceInvalidInput"),
        (vm_body(attached(), plan={**PLAN, "name": "q"}, securityProfile=TRUSTED), 400, "VMMarketplaceInvalidInput"),
        (vm_body(attached(), plan=PLAN, securityProfile=TRUSTED), 201, ""),
    ):
        assert (await raw("PUT", vm_id("new1"), body)).refusal == (status, code)
    shown = (await raw("GET", vm_id("new1"))).body
    assert (shown["plan"], shown["properties"]["securityProfile"]) == (PLAN, TRUSTED)


async def test_the_quota_of_cores_counts_deallocated_vms_too(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    await make_copy(client, clock, simulator)
    await make_network(raw, clock)
    used = simulator.world.cores_used(REGION)
    assert used == 2 * len(simulator.world.vms)
    assert (await raw("PUT", "/_simulator/quota", {"West Europe": used + 1})).body == {REGION: used + 1}
    refused = await raw("PUT", vm_id("new1"), vm_body(attached()))
    assert refused.refusal == (409, "OperationNotAllowed")
    assert (
        f"Current Limit: {used + 1}, Current Usage: {used}, Additional Required: 2" in refused.body["error"]["message"]
    )
    simulator.world.quota[REGION] = used + 2
    assert (await raw("PUT", vm_id("new1"), vm_body(attached()))).status == 201


async def test_a_vm_needs_permissions_on_its_source(simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock):
    await make_copy(client, clock, simulator)
    await make_network(raw, clock)
    add_image(simulator)
    image = vm_body(from_image(IMAGE), osProfile=linux_profile())
    for needed, body in (
        ("Microsoft.Network/networkInterfaces/join/action", vm_body(attached())),
        ("Microsoft.Compute/disks/read", vm_body(attached())),
        ("Microsoft.Compute/galleries/images/versions/read", image),
    ):
        simulator.role = Role(("*",), (needed,))
        refused = await raw("PUT", vm_id("new1"), body)
        assert refused.refusal == (403, "LinkedAuthorizationFailed")
        assert f"action(s) '{needed}'" in refused.body["error"]["message"]


KEY = {
    "publicKeys": [{"path": f"/home/{'u1'}/.ssh/authorized_keys", "keyData": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA"}]
}


PROFILES: list[tuple[str, dict[str, Any], str | None]] = [
    ("Linux", {}, None),
    ("Windows", {}, None),
    ("Linux", {"computerName": "x" * 65}, "computerName"),
    ("Windows", {"computerName": "x" * 16}, "computerName"),
    ("Windows", {"computerName": "12345"}, "computerName"),
    ("Windows", {"computerName": "a.b"}, "computerName"),
    ("Linux", {"adminUsername": "Administrator"}, "adminUsername"),
    ("Linux", {"adminUsername": "root"}, "adminUsername"),
    ("Windows", {"adminUsername": "admin"}, "adminUsername"),
    ("Linux", {"adminPassword": "Sh0rt!"}, "adminPassword"),
    ("Linux", {"adminPassword": "lowercaseonly1"}, "adminPassword"),
    ("Linux", {"adminPassword": "Aa1" * 25}, "adminPassword"),
    ("Windows", {"adminPassword": "Aa1" * 25}, None),
    ("Windows", {"adminPassword": None}, "adminPassword"),
    ("Linux", {"adminPassword": None}, "linuxConfiguration"),
    ("Linux", {"adminPassword": None, "linuxConfiguration": {"ssh": KEY}}, None),
    ("Windows", {"linuxConfiguration": {}}, "linuxConfiguration"),
    ("Linux", {"linuxConfiguration": {"disablePasswordAuthentication": True}}, "linuxConfiguration"),
    (
        "Linux",
        {"linuxConfiguration": {"ssh": {"publicKeys": [{"path": "/tmp/k", "keyData": "ssh-rsa AAAA"}]}}},
        "linuxConfiguration.ssh.publicKeys.path",
    ),
    (
        "Linux",
        {"linuxConfiguration": {"ssh": {"publicKeys": [{"keyData": "none"}]}}},
        "linuxConfiguration.ssh.publicKeys.keyData",
    ),
]


def test_names_and_passwords_are_checked_as_on_azure():
    for os_type, change, target in PROFILES:
        profile = {**linux_profile(adminUsername="u1"), **change}
        profile = {name: value for name, value in profile.items() if value is not None}
        if target is None:
            check_profile(profile, os_type)
            continue
        with pytest.raises(ArmError) as refused:
            check_profile(profile, os_type)
        error = refused.value
        assert (error.status, error.code, error.target) == (400, "InvalidParameter", target), change


async def test_an_interface_of_a_deleted_vm_is_detached(simulator: Simulator, raw: Raw, clock: SteppedClock):
    await raw("PUT", nic_id("free1"), nic_body())
    await clock.advance(10)
    assert (await raw("DELETE", simulator.vm("linux1").id)).status == 202
    assert (await raw("DELETE", nic_id("linux1-nic"))).refusal == (409, "NicInUse")
    await clock.advance(40)
    # The fleet's interfaces are deleted with their VMs.
    assert (await raw("GET", nic_id("linux1-nic"))).status == 404
    assert (await raw("DELETE", nic_id("free1"))).status == 202
