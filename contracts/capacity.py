"""What a region offers for temporary VMs: sizes with their restrictions, and quotas. Facts only, no checks."""

from contracts.message import Message

ALL_CORES, ALL_VMS = "cores", "virtualMachines"
"""The names of the quotas of a region that every VM counts towards, beside the one of its size's family."""


class SizeFacts(Message):
    """A size as the region offers it to the subscription.

    `restricted`: the reason code why it is not offered at all, such as NotAvailableForSubscription. `zones` are those
    in which it may be created, without the restricted ones. `controllers` are SCSI, NVMe or both.
    """

    name: str
    family: str
    cores: int
    architecture: str = "x64"
    generations: tuple[str, ...] = ("V1", "V2")
    zones: tuple[str, ...] = ()
    restricted: str | None = None
    controllers: tuple[str, ...] = ("SCSI",)
    trusted_launch: bool = True
    premium_disks: bool = True
    encryption_at_host: bool = True
    most_data_disks: int | None = None


class Quota(Message):
    """A quota of a region: how many may be used, and how many are."""

    name: str
    limit: int
    used: int

    @property
    def left(self) -> int:
        """How many more may be used."""
        return self.limit - self.used


class CapacityFacts(Message):
    """The sizes that were asked for, as far as the region knows them, and its quotas. None: not readable."""

    sizes: tuple[SizeFacts, ...] | None = None
    quotas: tuple[Quota, ...] | None = None

    def size(self, name: str) -> SizeFacts | None:
        """Return a size by its name, in any case; None: the region does not have it."""
        return next((size for size in self.sizes or () if size.name.lower() == name.lower()), None)

    def quota(self, name: str) -> Quota | None:
        """Return a quota by its name, in any case; None: the region lists none."""
        return next((quota for quota in self.quotas or () if quota.name.lower() == name.lower()), None)


class Candidate(Message):
    """One way to create a temporary VM: its size, and its zone if it is created in one."""

    size: str
    zone: str | None = None

    def __str__(self) -> str:
        """Return it as a message names it."""
        return self.size if self.zone is None else f"{self.size} in zone {self.zone}"
