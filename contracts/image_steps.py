"""What the steps take and give that publish an image, follow it, promote it and retire older ones."""

from datetime import datetime

from contracts.answer import Answer
from contracts.facts import ImageFacts, ImageVersionListed, RegionState
from contracts.machine_steps import Ordered
from contracts.making_steps import NewThing
from contracts.message import Message
from contracts.resource_ids import ImageDefinitionId, ManagedImageId
from contracts.wishes import StorageAccountType, TargetRegion


class InspectImage(Message):
    """Read what there is of the image to be: a gallery's definition and versions, or a managed image's name."""

    definition_id: ImageDefinitionId | None = None
    image_id: ManagedImageId | None = None


class ImageInspected(Answer):
    """The facts; a definition that is not there is a refusal."""

    facts: ImageFacts | None = None


class ListImageVersions(Message):
    """List the versions of a definition."""

    definition_id: ImageDefinitionId


class ImageVersionsListed(Answer):
    """The versions as the list shows them; a fresh one may not be in it yet."""

    versions: tuple[ImageVersionListed, ...] = ()


class MakeImageVersion(NewThing):
    """Order an image version out of a machine (`source_vm_id`); `made.id` holds its name.

    `target_regions` are complete: the source's region is among them. `excluded` keeps it out of latest. A region's disk
    encryption set is for the OS disk and for the data disks at `data_disk_luns`.
    """

    source_vm_id: str
    target_regions: tuple[TargetRegion, ...]
    replicas: int
    storage_account_type: StorageAccountType
    replication_mode: str
    excluded: bool
    end_of_life: datetime | None = None
    data_disk_luns: tuple[int, ...] = ()


class ImageVersionOrdered(Ordered):
    """The order stands, or the name is `taken` by a version that is not this run's."""

    taken: bool = False


class ReadImageVersion(Message):
    """Read a version with the state of its replication (1 request)."""

    id: str


class ImageVersionRead(Answer):
    """How it stands; `provisioning_state` None: it is not there. `run_id` is whose it is by its tag."""

    provisioning_state: str | None = None
    run_id: str | None = None
    excluded: bool | None = None
    regions: tuple[RegionState, ...] = ()


class UpdateImageVersion(Message):
    """Change a version of this run: in or out of latest, its regions (complete), more tags. None: as it is."""

    id: str
    run_id: str
    excluded: bool | None = None
    target_regions: tuple[TargetRegion, ...] | None = None
    replicas: int = 1
    storage_account_type: StorageAccountType = "Standard_LRS"
    data_disk_luns: tuple[int, ...] = ()
    tags: dict[str, str] = {}


class MakeManagedImage(NewThing):
    """Order a managed image out of a generalized machine; `generation` is V1 or V2."""

    source_vm_id: str
    generation: str
    zone_resilient: bool


class ReadImageUses(Message):
    """Ask which versions of a definition machines and scale sets of a subscription were made from."""

    definition_id: ImageDefinitionId
    subscription_ids: tuple[str, ...]


class ImageUses(Answer):
    """Names of the versions in use; `latest_used`: something follows the definition's latest."""

    versions: tuple[str, ...] = ()
    latest_used: bool = False
