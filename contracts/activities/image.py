"""Inputs and outputs of the activities that publish an image, poll it, promote it and delete older versions."""

from datetime import datetime

from contracts.activities.resources import NewResource
from contracts.activities.vm import Submitted
from contracts.answer import Answer
from contracts.facts import ImageFacts, ImageVersionListed, RegionState
from contracts.image_options import StorageAccountType, TargetRegion
from contracts.message import Message
from contracts.recycle_bin import RecycleBin
from contracts.resource_ids import ImageDefinitionId, ManagedImageId


class InspectImage(Message):
    """Read the destination: a gallery's image definition and versions, or whether a managed image exists."""

    definition_id: ImageDefinitionId | None = None
    image_id: ManagedImageId | None = None


class ImageInspected(Answer):
    """The facts; an image definition that does not exist is a refusal."""

    facts: ImageFacts | None = None


class ListImageVersions(Message):
    """List the versions of a definition; `deleted`: also those in the recycle bin of a gallery with soft delete."""

    definition_id: ImageDefinitionId
    deleted: bool = False


class ImageVersionsListed(Answer):
    """The versions in Azure's list; a new version may not be in it yet. `recycle_bin`: None if it was not asked for."""

    versions: tuple[ImageVersionListed, ...] = ()
    recycle_bin: RecycleBin | None = None


class CreateImageVersion(NewResource):
    """Start creating an image version from a VM (`source_vm_id`); `resource.id` contains its name.

    `target_regions` is complete: it includes the source's region. `excluded` excludes the version from latest. A
    region's disk encryption set applies to the OS disk and to the data disks at `data_disk_luns`.
    """

    source_vm_id: str
    target_regions: tuple[TargetRegion, ...]
    replica_count: int
    storage_account_type: StorageAccountType
    replication_mode: str
    excluded: bool
    end_of_life_date: datetime | None = None
    data_disk_luns: tuple[int, ...] = ()


class ImageVersionSubmitted(Submitted):
    """The creation was started, or the name is `taken` by a version of another run."""

    taken: bool = False


class ReadImageVersion(Message):
    """Read a version with the state of its replication (1 request)."""

    id: str


class ImageVersionRead(Answer):
    """The version's state; `provisioning_state` None: it does not exist. `run_id` is the run in its tag."""

    provisioning_state: str | None = None
    run_id: str | None = None
    excluded: bool | None = None
    regions: tuple[RegionState, ...] = ()


class UpdateImageVersion(Message):
    """Update a version of this run: excluded from latest, target regions (complete), more tags. None: no change."""

    id: str
    run_id: str
    excluded: bool | None = None
    target_regions: tuple[TargetRegion, ...] | None = None
    replica_count: int = 1
    storage_account_type: StorageAccountType = "Standard_LRS"
    data_disk_luns: tuple[int, ...] = ()
    tags: dict[str, str] = {}


class CreateManagedImage(NewResource):
    """Start creating a managed image from a generalized VM; `generation` is V1 or V2."""

    source_vm_id: str
    generation: str
    zone_resilient: bool


class ReadImageUses(Message):
    """Find the versions of a definition from which VMs and scale sets in these subscriptions were created."""

    definition_id: ImageDefinitionId
    subscription_ids: tuple[str, ...]


class ImageUses(Answer):
    """Names of the versions in use; `latest_used`: a VM or scale set refers to the definition's latest version."""

    versions: tuple[str, ...] = ()
    latest_used: bool = False
