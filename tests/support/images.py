"""Images, versions and their requests, as the tests of the activities need them."""

from typing import Any

from activities.read_image_version import read_image_version
from contracts.activities.image import (
    CreateImageVersion,
    CreateManagedImage,
    ImageVersionRead,
    ReadImageVersion,
)
from contracts.image_options import TargetRegion
from contracts.resource_ids import ImageDefinitionId, ManagedImageId
from contracts.resources import Kind, Purpose, Resource
from tests.support.azure import Azure
from tests.support.journey import spec
from tests.support.requests import GROUP, SUBSCRIPTION, vm_id

DEFINITION = ImageDefinitionId.parse(f"{GROUP}/providers/Microsoft.Compute/galleries/golden/images/ubuntu")
IMAGE = ManagedImageId.parse(f"{GROUP}/providers/Microsoft.Compute/images/one")
RUN = "vm-r1-a"
SOURCE = spec("vm1", power="deallocated", generalized=True, data_disks=1)
HOME, FAR = TargetRegion(name="westeurope"), TargetRegion(name="East US")


def furnish(az: Azure, **more: Any) -> None:
    az.simulator.world.add_gallery("golden", resource_group="rg-images", subscription_id=SUBSCRIPTION)
    az.simulator.world.add_definition("golden", "ubuntu", **more)


def created_resource(name: str = "1.0.0") -> Resource:
    return Resource(kind=Kind.IMAGE_VERSION, id=f"{DEFINITION}/versions/{name}", purpose=Purpose.IMAGE)


def wanted(name: str = "1.0.0", **more: Any) -> CreateImageVersion:
    values: dict[str, Any] = {
        "resource": created_resource(name),
        "run_id": RUN,
        "app_name": "tests",
        "location": "westeurope",
        "tags": {"golden-image-source": vm_id()},
        "source_vm_id": vm_id(),
        "target_regions": (HOME, FAR),
        "replicaCount": 2,
        "storage_account_type": "Standard_ZRS",
        "replication_mode": "Full",
        "excluded": False,
        **more,
    }
    return CreateImageVersion.model_validate(values)


def read(az: Azure, name: str = "1.0.0") -> ImageVersionRead:
    return az.call(read_image_version(ReadImageVersion(id=created_resource(name).id)))


def states(found: ImageVersionRead) -> dict[str, str]:
    return {region.name: region.state for region in found.regions}


def stored(az: Azure, name: str = "1.0.0") -> Any:
    return az.simulator.world.store.require(created_resource(name).id)


def calls(az: Azure) -> list[str]:
    return [f"{r.method} {r.operation} {r.status}" for r in az.simulator.requests()]


def managed(**more: Any) -> CreateManagedImage:
    values: dict[str, Any] = {
        "resource": Resource(kind=Kind.MANAGED_IMAGE, id=str(IMAGE), purpose=Purpose.IMAGE),
        "run_id": RUN,
        "app_name": "tests",
        "location": "westeurope",
        "source_vm_id": vm_id(),
        "generation": "V2",
        "zone_resilient": True,
        **more,
    }
    return CreateManagedImage.model_validate(values)
