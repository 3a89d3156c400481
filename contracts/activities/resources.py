"""Inputs and outputs of the activities that create, read and delete temporary resources."""

from contracts.answer import Answer
from contracts.capacity import CapacityFacts
from contracts.facts import DiskFacts, NetworkFacts, OsType, VmShape
from contracts.ids import Scope, VmId
from contracts.message import Message
from contracts.resource_ids import SubnetId
from contracts.resources import Resource


class InspectDisks(Message):
    """Read a VM's model and each of its disks (2 requests, and one for each data disk)."""

    vm_id: VmId


class DisksInspected(Answer):
    """The VM's shape; if it cannot be read, there is a refusal."""

    shape: VmShape | None = None


class InspectNetwork(Message):
    """Read the resource group and the subnet of a future temporary VM."""

    group: Scope
    subnet_id: SubnetId | None = None


class NetworkInspected(Answer):
    """The facts about the resource group and the subnet."""

    facts: NetworkFacts = NetworkFacts()


class InspectCapacity(Message):
    """Read what a region offers to a subscription: these sizes and, with `quotas`, how much may still be used."""

    subscription_id: str
    region: str
    sizes: tuple[str, ...]
    quotas: bool = True


class CapacityInspected(Answer):
    """The facts; a size that is not in them does not exist in the region."""

    facts: CapacityFacts = CapacityFacts()


class NewResource(Message):
    """The common input of all activities that create a resource.

    `tags` are added to the tags of the run and the app. If a resource of this name exists and has this run's tag, it
    is used; if it does not have it, the activity refuses (NameTaken).
    """

    resource: Resource
    run_id: str
    app_name: str
    location: str
    tags: dict[str, str] = {}


class CreateSnapshot(NewResource):
    """Create an incremental snapshot of a disk of this VM, with the disk's own encryption."""

    vm_id: VmId
    source_disk_id: str


class CreateDisk(NewResource):
    """Create a disk from a snapshot, with the properties of `like`; `zone` if the VM will be in one."""

    snapshot_id: str
    like: DiskFacts
    zone: str | None = None


class CreateSecurityGroup(NewResource):
    """Create a network security group that allows only Azure's platform address and these service tags."""

    service_tags: tuple[str, ...] = ()


class CreateNetworkInterface(NewResource):
    """Create a network interface without a public IP address."""

    subnet_id: SubnetId
    security_group_id: str


class DataDisk(Message):
    """A created disk and its LUN."""

    id: str
    lun: int
    caching: str = "None"


VALIDATION_USER = "goldencheck"
"""The user of a temporary VM from an image: the validation expects it, and no other that the image did not have."""


class CreateVm(NewResource):
    """Create a VM like `shape`: from a disk of this run (`os_disk_id`), or from an image (`image_id`).

    Its size and its zone are those given, not the ones of `shape`.
    `computer_name` is set for a generalized image: Azure then provisions the VM with a user `admin_user` whose random
    password is not kept. `os_disk_name` is the name of the disk that Azure creates with a VM from an image.
    """

    shape: VmShape
    os_type: OsType
    vm_size: str
    zone: str | None = None
    network_interface_id: str
    os_disk_id: str | None = None
    data_disks: tuple[DataDisk, ...] = ()
    image_id: str | None = None
    os_disk_name: str | None = None
    computer_name: str | None = None
    admin_user: str = VALIDATION_USER


class ReadResource(Message):
    """Read a resource whose creation this run started."""

    resource: Resource
    run_id: str


class ResourceRead(Answer):
    """Its provisioning state (Succeeded, Creating, Failed, ...); None: it does not exist.

    `progress` is the percentage of a background copy (incremental snapshots), where Azure reports it.
    """

    provisioning_state: str | None = None
    progress: float | None = None


class AdoptDisk(Message):
    """Put this run's tags on the disk that Azure created with a VM of this run, and forbid its export."""

    resource: Resource
    run_id: str
    app_name: str
    vm_id: str
    tags: dict[str, str] = {}


class DeleteResource(Message):
    """Start deleting a resource of this run; when called again, report whether it is deleted.

    `insist`: send the request even if Azure reports that the resource is being deleted: that deletion may never end.
    `for_good`: an image version is not kept in the recycle bin of a gallery with soft delete.
    """

    resource: Resource
    run_id: str
    insist: bool | None = None
    for_good: bool | None = None


class Deleted(Answer):
    """`gone`: the resource does not exist (any more). `why` it cannot be deleted: of another run, locked, in use."""

    gone: bool = False
    why: str | None = None
