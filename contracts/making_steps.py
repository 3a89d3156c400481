"""What the steps take and give that make temporary things, look at them and unmake them."""

from contracts.answer import Answer
from contracts.facts import DiskFacts, MachineShape, OsType, SiteFacts
from contracts.ids import Scope, VmId
from contracts.made import Made
from contracts.message import Message
from contracts.resource_ids import SubnetId


class InspectDisks(Message):
    """Read what a machine is made of: its model and each of its disks (2 requests and one a data disk)."""

    vm_id: VmId


class DisksInspected(Answer):
    """The shape; what cannot be read is a refusal."""

    shape: MachineShape | None = None


class InspectSite(Message):
    """Read where a temporary machine would stand."""

    group: Scope
    subnet_id: SubnetId | None = None


class SiteInspected(Answer):
    """The facts about the site."""

    facts: SiteFacts = SiteFacts()


class NewThing(Message):
    """What everything that is made has in common.

    `tags` come on top of the run's and the app's own. A thing of this name that carries this run's tag stands
    already; one that does not is a refusal (NameTaken).
    """

    made: Made
    run_id: str
    app_name: str
    location: str
    tags: dict[str, str] = {}


class MakeSnapshot(NewThing):
    """Copy a disk, incrementally, under the key that it has."""

    source_disk_id: str


class MakeDisk(NewThing):
    """Make a disk out of a snapshot, of the same kind as `like`; `zone` where the machine will stand in one."""

    snapshot_id: str
    like: DiskFacts
    zone: str | None = None


class MakeSecurityGroup(NewThing):
    """Make a network security group that denies everything but Azure's platform address and these service tags."""

    service_tags: tuple[str, ...] = ()


class MakeNetworkInterface(NewThing):
    """Make a network interface without a public address."""

    subnet_id: SubnetId
    security_group_id: str


class DataDisk(Message):
    """A made disk and where it is attached."""

    id: str
    lun: int
    caching: str = "None"


class MakeMachine(NewThing):
    """Make a machine like `shape`: from a disk of ours (`os_disk_id`), or from an image (`image_id`).

    `computer_name` is given for a generalized image: Azure then provisions it under a user `admin_user` whose password
    nobody knows. `os_disk_name` names the disk that Azure makes along with a machine from an image.
    """

    shape: MachineShape
    os_type: OsType
    vm_size: str
    network_interface_id: str
    os_disk_id: str | None = None
    data_disks: tuple[DataDisk, ...] = ()
    image_id: str | None = None
    os_disk_name: str | None = None
    computer_name: str | None = None
    admin_user: str = "goldencheck"


class ReadMade(Message):
    """Look at a thing that this run asked for."""

    made: Made
    run_id: str


class MadeRead(Answer):
    """Its provisioning state (Succeeded, Creating, Failed, ...); None: it is not there.

    `progress` is the percentage of a background copy (incremental snapshots), where Azure tells one.
    """

    provisioning_state: str | None = None
    progress: float | None = None


class AdoptDisk(Message):
    """Put this run's tags on the disk that Azure made along with a machine of ours, and keep it from being exported."""

    made: Made
    run_id: str
    app_name: str
    machine_id: str


class DeleteMade(Message):
    """Begin to delete a thing of this run; asked again, tell whether it is gone.

    `insist`: order it even if Azure says that it is being deleted: that deletion may never end.
    """

    made: Made
    run_id: str
    insist: bool | None = None


class Deleted(Answer):
    """`gone`: it is not there (any more). `why` it will not go: not ours, locked, in use."""

    gone: bool = False
    why: str | None = None
