"""A fleet with a gallery: VMs of each kind that can become an image, and definitions that match and do not match."""

from collections.abc import Mapping
from typing import Any

from emulators.arm import Simulator, SteppedClock, VmSpec
from tests.emulators.arm.fleet import GROUP, Sdk

GALLERY = "gallery1"
PLAN = {"name": "plan1", "publisher": "maker", "product": "resource"}
SOURCES = (
    VmSpec("gold1", power="deallocated", generalized=True, data_disks=1),
    VmSpec("plain1"),
    VmSpec("windows1", os="Windows", power="deallocated", generalized=True),
    VmSpec("first1", power="deallocated", generalized=True, hyper_v_generation="V1"),
    VmSpec("trusted1", power="deallocated", generalized=True, security_type="TrustedLaunch"),
    VmSpec("planned1", power="deallocated", generalized=True, plan=PLAN),
    VmSpec("ephemeral1", generalized=True, ephemeral_os_disk=True),
    VmSpec("ultra1", generalized=True, data_disks=1, data_disk_skus=("UltraSSD_LRS",)),
    VmSpec("far1", power="deallocated", generalized=True, location="northeurope"),
)


def vm_id(name: str) -> str:
    """The id of a VM of the fleet."""
    return VmSpec(name).id


def add_gallery(simulator: Simulator) -> None:
    """Add the gallery and its definitions."""
    world = simulator.world
    world.add_gallery(GALLERY)
    world.add_definition(GALLERY, "linux")
    world.add_definition(GALLERY, "special", os_state="Specialized")
    world.add_definition(GALLERY, "windows", "Windows")
    world.add_definition(GALLERY, "trusted", security_type="TrustedLaunch")
    world.add_definition(GALLERY, "either", security_type="TrustedLaunchSupported")
    world.add_definition(GALLERY, "planned", plan=PLAN)


def version_path(definition: str = "linux", version: str = "1.0.0") -> str:
    """The path of an image version."""
    group = f"{VmSpec('any').group_id}/providers/Microsoft.Compute/galleries/{GALLERY}"
    return f"{group}/images/{definition}/versions/{version}"


def version_body(
    source: Mapping[str, Any] | str = "gold1", regions: tuple[str, ...] = ("westeurope",), **profile: Any
) -> dict[str, Any]:
    """The body of a version: `source` is a VM's name, or a storage profile."""
    storage = {"source": {"virtualMachineId": vm_id(source)}} if isinstance(source, str) else dict(source)
    publishing = {"targetRegions": [{"name": region} for region in regions], **profile}
    properties = {"publishingProfile": publishing, "storageProfile": storage}
    return {"location": "westeurope", "tags": {"golden": "yes"}, "properties": properties}


async def publish(client: Sdk, clock: SteppedClock, version: str = "1.0.0", **body: Any) -> Any:
    """Create a version of the definition `linux` and wait until its replication has ended."""
    versions = client.gallery_image_versions
    poller = await versions.begin_create_or_update(GROUP, GALLERY, "linux", version, version_body(**body))
    await clock.advance(1600)
    return await poller.result()


async def status(client: Sdk, version: str = "1.0.0") -> Any:
    """The version with its replication status."""
    return await client.gallery_image_versions.get(GROUP, GALLERY, "linux", version, expand="ReplicationStatus")
