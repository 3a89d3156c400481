"""A VM's architecture and disk controller must be those of its source, and a version's those of its definition."""

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from emulators.arm import LinuxTraits, Simulator, SteppedClock, VmSpec
from tests.emulators.arm.bodies import (
    COMPUTE,
    REGION,
    attached,
    disk_id,
    finish,
    from_image,
    linux_profile,
    make_copy,
    make_network,
    os_disk_id,
    vm_body,
    vm_id,
)
from tests.emulators.arm.fleet import GROUP, Raw, Sdk, code_of

ARM = VmSpec("arm1", vm_size="Standard_D2ps_v5")


def sized(size: str, storage: dict[str, Any], **more: Any) -> dict[str, Any]:
    return vm_body(storage, hardwareProfile={"vmSize": size}, **more)


async def test_a_disk_says_its_architecture_and_so_do_its_copies(
    simulator: Simulator, client: Sdk, clock: SteppedClock
):
    simulator.add_vm(ARM)
    await make_copy(client, clock, simulator, "arm1")
    shown = [await client.snapshots.get(GROUP, "copy1-snap"), await client.disks.get(GROUP, "copy1")]
    shown.append(await client.disks.get(GROUP, simulator.vm("arm1").os_disk))
    assert {disk.supported_capabilities.architecture for disk in shown} == {"Arm64"}
    other = await client.disks.get(GROUP, simulator.vm("linux1").os_disk)
    assert other.supported_capabilities.architecture == "x64"


async def test_a_vm_needs_a_disk_of_its_architecture(simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock):
    simulator.add_vm(ARM)
    await make_copy(client, clock, simulator, "arm1", "arm")
    await make_copy(client, clock, simulator, "linux1", "x64")
    await make_network(raw, clock)
    for disk, size in (("arm", "Standard_D2s_v5"), ("x64", "Standard_D2ps_v5")):
        with pytest.raises(HttpResponseError) as refused:
            await client.virtual_machines.begin_create_or_update(GROUP, "new1", sized(size, attached(disk)))
        assert (refused.value.status_code, code_of(refused)) == (400, "BadRequest")
        assert f"of size '{size}' because this VM size only supports a CPU Architecture" in str(refused.value)
    assert (await raw("PUT", vm_id("new1"), sized("Standard_D2ps_v5", attached("arm")))).status == 201


async def test_an_image_version_has_the_architecture_of_its_definition(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    simulator.add_vm(VmSpec("arm1", vm_size="Standard_D2ps_v5", power="stopped", generalized=True))
    await make_network(raw, clock)
    gallery = simulator.world.add_gallery("g1")
    for name, architecture in (("x64", "x64"), ("arm", "Arm64")):
        simulator.world.add_definition(gallery, name, architecture=architecture)
    body = {"location": REGION, "properties": {"storageProfile": {"source": {"virtualMachineId": vm_id("arm1")}}}}
    with pytest.raises(HttpResponseError) as refused:
        await client.gallery_image_versions.begin_create_or_update(GROUP, "g1", "x64", "1.0.0", body)
    assert (refused.value.status_code, code_of(refused)) == (409, "Conflict")
    assert "['Arm64'] than the parent gallery image architecture ['x64']" in str(refused.value)
    await finish(clock, client.gallery_image_versions.begin_create_or_update(GROUP, "g1", "arm", "1.0.0", body))
    image = from_image(f"{COMPUTE}/galleries/g1/images/arm/versions/1.0.0")
    for size, status in (("Standard_D2s_v5", 400), ("Standard_D2ps_v5", 201)):
        created = await raw("PUT", vm_id("new1"), sized(size, image, osProfile=linux_profile()))
        assert created.status == status


async def test_a_managed_run_command_of_an_arm64_vm_can_be_made_to_never_report(
    simulator: Simulator, client: Sdk, clock: SteppedClock
):
    simulator.add_vm(ARM)
    simulator.add_vm(VmSpec("arm2", vm_size="Standard_D2ps_v5", linux=LinuxTraits(arm64_run_commands="neverReport")))
    body = {"location": REGION, "properties": {"source": {"script": "echo hello"}}}
    commands = client.virtual_machine_run_commands
    await finish(clock, commands.begin_create_or_update(GROUP, "arm1", "say", body))
    with pytest.raises(HttpResponseError) as failed:
        await finish(clock, commands.begin_create_or_update(GROUP, "arm2", "say", body), step=60)
    assert code_of(failed) == "VMExtensionProvisioningTimeout"
    shown = await commands.get_by_virtual_machine(GROUP, "arm2", "say", expand="instanceView")
    assert shown.instance_view.start_time is None


async def test_a_size_boots_only_from_its_disk_controllers(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    simulator.add_vm(VmSpec("scsi1", os_disk_controllers=("SCSI",)))
    await make_copy(client, clock, simulator, "scsi1", "scsi")
    await make_copy(client, clock, simulator, "linux1", "both")
    await make_network(raw, clock)
    nvme = {**attached("both"), "diskControllerType": "NVMe"}
    body = sized("Standard_D4ads_v6", attached("scsi"))
    with pytest.raises(HttpResponseError) as refused:
        await client.virtual_machines.begin_create_or_update(GROUP, "new1", body)
    assert (refused.value.status_code, code_of(refused)) == (400, "InvalidParameter")
    assert "'Standard_D4ads_v6' cannot boot with OS image or disk." in str(refused.value)
    refused = await raw("PUT", vm_id("new1"), sized("Standard_D2s_v5", nvme))
    assert refused.refusal == (400, "InvalidParameter")
    assert (await raw("PUT", vm_id("new1"), sized("Standard_E2bds_v5", nvme))).status == 201
    shown = await client.virtual_machines.get(GROUP, "new1")
    assert shown.storage_profile.disk_controller_type == "NVMe"


async def test_a_definition_says_from_which_controllers_its_versions_boot(
    simulator: Simulator, client: Sdk, raw: Raw, clock: SteppedClock
):
    simulator.add_vm(VmSpec("newest1", vm_size="Standard_D2ads_v6", power="stopped", generalized=True))
    await make_network(raw, clock)
    shown = await client.virtual_machines.get(GROUP, "newest1")
    assert shown.storage_profile.disk_controller_type == "NVMe"
    disk = await client.disks.get(GROUP, simulator.vm("newest1").os_disk)
    assert disk.supported_capabilities.disk_controller_types == "SCSI, NVMe"
    gallery = simulator.world.add_gallery("g1")
    simulator.world.add_definition(gallery, "scsi")
    feature = {"name": "DiskControllerTypes", "value": "SCSI, NVMe"}
    simulator.world.add_definition(gallery, "both").properties["features"] = [feature]
    source = {"location": REGION, "properties": {"storageProfile": {"source": {"virtualMachineId": vm_id("newest1")}}}}
    for name, status in (("scsi", 400), ("both", 201)):
        await finish(clock, client.gallery_image_versions.begin_create_or_update(GROUP, "g1", name, "1.0.0", source))
        image = from_image(f"{COMPUTE}/galleries/g1/images/{name}/versions/1.0.0")
        created = await raw("PUT", vm_id("new1"), sized("Standard_D2ads_v6", image, osProfile=linux_profile()))
        assert created.status == status
    new_disk = await client.disks.get(GROUP, simulator.vm("new1").os_disk)
    assert new_disk.supported_capabilities.disk_controller_types == "SCSI, NVMe"
    assert disk_id(new_disk.name) == os_disk_id(simulator, "new1")
