"""The VM sizes that exist, in every region: one row for each series."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from emulators.arm.errors import invalid_parameter
from emulators.arm.state.regions import region_key

type Architecture = Literal["x64", "Arm64"]

#: Regions without availability zones.
_WITHOUT_ZONES = frozenset({"northcentralus", "ukwest", "westcentralus", "westus"})
#: The largest memory with which a size of a suitable series can hibernate, in GB.
_HIBERNATION_LIMIT = 64


@dataclass(frozen=True)
class Series:
    """Sizes that differ only in cores and memory: `{}` in the pattern is what the mapping's keys replace."""

    pattern: str
    family: str
    sizes: Mapping[str, tuple[int, float]]
    generations: tuple[str, ...] = ("V1", "V2")
    architecture: Architecture = "x64"
    controllers: tuple[str, ...] = ("SCSI",)
    premium: bool = True
    #: A local disk, which can hold an ephemeral OS disk.
    local_disk: bool = False
    hibernation: bool = False
    trusted_launch: bool = True
    confidential: Literal["SNP", "TDX"] | None = None
    ultra: bool = True


@dataclass(frozen=True)
class Size:
    """One size. `cores` count against the quota, `available` is what the guest sees."""

    name: str
    series: Series = field(repr=False)
    cores: int
    available: int
    memory_gb: float
    #: The size whose memory and bandwidth a size with fewer available cores has.
    parent: str | None = None

    @property
    def family(self) -> str:
        """The family, whose cores have a quota."""
        return self.series.family

    @property
    def data_disks(self) -> int:
        """How many data disks it takes."""
        return max(2, min(32, 2 * self.cores))

    @property
    def hibernation(self) -> bool:
        """Whether a VM of this size can hibernate."""
        return self.series.hibernation and self.memory_gb <= _HIBERNATION_LIMIT


def _each(gb: float, *cores: int) -> dict[str, tuple[int, float]]:
    return {str(count): (count, count * gb) for count in cores}


_USUAL = (2, 4, 8, 16, 32, 48, 64, 96)
_GENERAL, _MEMORY = _each(4, *_USUAL), _each(8, *_USUAL)
_SECOND, _NVME = ("V2",), ("NVMe",)
_BOTH = ("SCSI", "NVMe")
_D_V2 = {"1": (1, 3.5), "2": (2, 7.0), "3": (4, 14.0), "4": (8, 28.0), "5": (16, 56.0)}

SERIES = (
    Series("Standard_D{}s_v5", "standardDSv5Family", _GENERAL, hibernation=True),
    Series("Standard_D{}ds_v5", "standardDDSv5Family", _GENERAL, local_disk=True, hibernation=True),
    Series("Standard_D{}_v5", "standardDv5Family", _GENERAL, premium=False, ultra=False),
    Series("Standard_D{}ls_v5", "standardDLSv5Family", _each(2, *_USUAL)),
    Series("Standard_D{}as_v5", "standardDASv5Family", _GENERAL, hibernation=True),
    Series("Standard_D{}ads_v5", "standardDADSv5Family", _GENERAL, local_disk=True, hibernation=True),
    Series("Standard_E{}s_v5", "standardESv5Family", _MEMORY, hibernation=True),
    Series("Standard_E{}ds_v5", "standardEDSv5Family", _MEMORY, local_disk=True, hibernation=True),
    Series("Standard_E{}as_v5", "standardEASv5Family", _MEMORY, hibernation=True),
    Series("Standard_E{}ads_v5", "standardEADSv5Family", _MEMORY, local_disk=True, hibernation=True),
    Series("Standard_E{}bs_v5", "standardEBSv5Family", _MEMORY, controllers=_BOTH),
    Series("Standard_E{}bds_v5", "standardEBDSv5Family", _MEMORY, controllers=_BOTH, local_disk=True),
    Series("Standard_D{}s_v6", "StandardDsv6Family", _GENERAL, _SECOND, controllers=_NVME),
    Series("Standard_D{}ds_v6", "StandardDdsv6Family", _GENERAL, _SECOND, controllers=_NVME, local_disk=True),
    Series("Standard_D{}as_v6", "standardDav6Family", _GENERAL, _SECOND, controllers=_NVME),
    Series("Standard_D{}ads_v6", "standardDadv6Family", _GENERAL, _SECOND, controllers=_NVME, local_disk=True),
    Series("Standard_E{}s_v6", "StandardEsv6Family", _MEMORY, _SECOND, controllers=_NVME),
    Series("Standard_D{}s_v7", "StandardDsv7Family", _GENERAL, _SECOND, controllers=_NVME),
    Series("Standard_D{}ps_v5", "standardDPSv5Family", _GENERAL, _SECOND, "Arm64", trusted_launch=False),
    Series(
        "Standard_D{}pds_v5", "standardDPDSv5Family", _GENERAL, _SECOND, "Arm64", trusted_launch=False, local_disk=True
    ),
    Series("Standard_D{}pls_v5", "standardDPLSv5Family", _each(2, *_USUAL), _SECOND, "Arm64", trusted_launch=False),
    Series("Standard_D{}ps_v6", "StandardDpsv6Family", _GENERAL, _SECOND, "Arm64", trusted_launch=False),
    Series("Standard_DC{}as_v5", "standardDCASv5Family", _GENERAL, _SECOND, confidential="SNP"),
    Series("Standard_DC{}ads_v5", "standardDCADSv5Family", _GENERAL, _SECOND, confidential="SNP", local_disk=True),
    Series("Standard_D{}s_v4", "standardDSv4Family", _GENERAL),
    Series("Standard_D{}as_v4", "standardDASv4Family", _GENERAL, local_disk=True),
    Series("Standard_E{}s_v4", "standardESv4Family", _MEMORY),
    Series("Standard_D{}s_v3", "standardDSv3Family", _GENERAL, local_disk=True),
    Series("Standard_D{}_v3", "standardDv3Family", _GENERAL, premium=False, ultra=False),
    Series("Standard_E{}s_v3", "standardESv3Family", _MEMORY, local_disk=True),
    Series("Standard_F{}s_v2", "standardFSv2Family", _each(2, 2, 4, 8, 16, 32, 48, 64, 72), local_disk=True),
    Series("Standard_L{}s_v3", "standardLSv3Family", _each(8, 8, 16, 32, 48, 64, 80), local_disk=True),
    Series("Standard_DS{}_v2", "standardDSv2Family", _D_V2, local_disk=True, ultra=False),
    Series("Standard_D{}_v2", "standardDv2Family", _D_V2, ("V1",), premium=False, trusted_launch=False, ultra=False),
    Series(
        "Standard_A{}_v2", "standardAv2Family", _each(2, 1, 2, 4, 8), ("V1",), premium=False, trusted_launch=False,
        ultra=False,
    ),
    Series("Standard_B{}", "standardBSFamily", {
        "1s": (1, 1.0), "1ms": (1, 2.0), "2s": (2, 4.0), "2ms": (2, 8.0), "4ms": (4, 16.0), "8ms": (8, 32.0),
        "16ms": (16, 64.0),
    }, ultra=False),
    Series("Standard_B{}s_v2", "standardBsv2Family", _each(4, 2, 4, 8, 16, 32), ultra=False),
    Series("Standard_B{}as_v2", "standardBasv2Family", _each(4, 2, 4, 8, 16, 32), ultra=False),
    Series(
        "Standard_B{}ps_v2", "standardBpsv2Family", _each(4, 2, 4, 8, 16), _SECOND, "Arm64", trusted_launch=False,
        ultra=False,
    ),
    Series("Standard_NC{}as_T4_v3", "Standard NCASv3_T4 Family", _each(7, 4, 8, 16, 64), local_disk=True),
    Series("Standard_M{}ms", "standardMSFamily", _each(27.34, 8, 16, 32, 64), trusted_launch=False),
)  # fmt: skip


def _all() -> Iterator[Size]:
    for series in SERIES:
        for number, (cores, memory) in series.sizes.items():
            name = series.pattern.format(number)
            yield Size(name, series, cores, cores, memory)
            if series.family in ("standardESv5Family", "standardMSFamily") and cores >= 4:
                for available in (cores // 2, cores // 4):
                    fewer = series.pattern.format(f"{number}-{available}")
                    yield Size(fewer, series, cores, available, memory, name)


SIZES = {size.name.lower(): size for size in _all()}
FAMILIES = tuple(dict.fromkeys(series.family for series in SERIES))


def find_size(name: str) -> Size:
    """The size with this name, in any case. Raises 400 when there is none."""
    if (found := SIZES.get(name.lower())) is None:
        shown = ", ".join(size.name for size in SIZES.values())
        message = (
            f"The value {name} provided for the VM size is not valid. The valid sizes in the current region are: "
            f"{shown}. Find out more on the valid VM sizes in each region at https://aka.ms/azure-regions."
        )
        raise invalid_parameter("vmSize", message)
    return found


def zones_of(location: str) -> tuple[str, ...]:
    """The availability zones of a region."""
    return () if region_key(location) in _WITHOUT_ZONES else ("1", "2", "3")
