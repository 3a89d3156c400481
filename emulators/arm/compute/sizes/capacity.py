"""Where a size may be used, and whether Azure has room for it: restrictions of a subscription, and shortages."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from emulators.arm.compute.sizes.table import SIZES, zones_of
from emulators.arm.errors import ArmError
from emulators.arm.state.operations import Fate
from emulators.arm.state.regions import region_key

type Reason = Literal["NotAvailableForSubscription", "QuotaId"]
type ShortageCode = Literal[
    "AllocationFailed", "ZonalAllocationFailed", "OverconstrainedAllocationRequest",
    "OverconstrainedZonalAllocationRequest", "SkuNotAvailable",
]  # fmt: skip
REASONS: tuple[Reason, ...] = get_args(Reason.__value__)
SHORTAGE_CODES: tuple[ShortageCode, ...] = get_args(ShortageCode.__value__)
_ZONAL = ("ZonalAllocationFailed", "OverconstrainedZonalAllocationRequest")
_NO_ROOM = (
    "Allocation failed. We do not have sufficient capacity for the requested VM size in this {}. Read more about "
    "improving likelihood of allocation success at http://aka.ms/allocation-guidance"
)
_TOO_NARROW = (
    "Allocation failed. VM(s) with the following constraints cannot be allocated, because the condition is too "
    "restrictive. Please remove some constraints and try again. Constraints applied are:\n  - {}\n  - VM Size\n"
)
_MESSAGES = {
    "AllocationFailed": _NO_ROOM.format("region"),
    "ZonalAllocationFailed": _NO_ROOM.format("zone"),
    "OverconstrainedAllocationRequest": _TOO_NARROW.format(
        "Networking Constraints (such as Accelerated Networking or IPv6)"
    ),
    "OverconstrainedZonalAllocationRequest": _TOO_NARROW.format("Availability Zone"),
}


@dataclass(frozen=True)
class Restriction:
    """A subscription may not create VMs of a size in a region, or (with zones) in these zones of it."""

    size: str
    region: str
    zones: tuple[str, ...] = ()
    reason: Reason = "NotAvailableForSubscription"


@dataclass
class Shortage:
    """No room for VMs of a size in a region or zone ("*": any), for the next `left` allocations (None: until removed).

    Without a `code` a VM in a zone fails with ZonalAllocationFailed, another one with AllocationFailed.
    """

    size: str = "*"
    region: str = "*"
    zone: str = "*"
    code: ShortageCode | None = None
    left: int | None = None
    #: How many allocations failed.
    met: int = 0

    def code_for(self, size: str, location: str, zones: Sequence[str]) -> ShortageCode | None:
        """The code with which an allocation fails now; None when it does not."""
        if self.left == 0 or self.size.lower() not in ("*", size.lower()):
            return None
        if region_key(self.region) not in ("*", region_key(location)) or (self.zone != "*" and self.zone not in zones):
            return None
        if self.code in _ZONAL and not zones:
            return None
        return self.code or ("ZonalAllocationFailed" if zones else "AllocationFailed")

    def body(self) -> dict[str, Any]:
        """The state as JSON."""
        place = {"size": self.size, "region": self.region, "zone": self.zone}
        return {**place, "code": self.code, "left": self.left, "met": self.met}


class Capacity:
    """The restrictions and the shortages of every region; none at first."""

    def __init__(self) -> None:
        self.restrictions: list[Restriction] = []
        self.shortages: list[Shortage] = []

    def restrict(
        self, size: str, region: str, zones: Sequence[str] = (), reason: Reason = "NotAvailableForSubscription"
    ) -> Restriction:
        """Restrict a size in a region or in some of its zones. Raises ValueError for an unknown size."""
        if reason not in REASONS:
            raise ValueError(f"reason must be one of {', '.join(REASONS)}")
        if size.lower() not in SIZES:
            raise ValueError(f"there is no size '{size}'")
        restriction = Restriction(SIZES[size.lower()].name, region_key(region), tuple(zones), reason)
        self.restrictions.append(restriction)
        return restriction

    def restrictions_of(self, size: str, location: str) -> list[Restriction]:
        """The restrictions of a size in a region."""
        wanted = (size.lower(), region_key(location))
        return [held for held in self.restrictions if (held.size.lower(), held.region) == wanted]

    def run_out(
        self, size: str = "*", region: str = "*", zone: str = "*", code: ShortageCode | None = None,
        times: int | None = None,
    ) -> Shortage:  # fmt: skip
        """Let the next `times` allocations (None: all) fail, at the creation of a VM and at the start of one."""
        if code is not None and code not in SHORTAGE_CODES:
            raise ValueError(f"code must be one of {', '.join(SHORTAGE_CODES)}")
        shortage = Shortage(size, region, zone, code, times)
        self.shortages.append(shortage)
        return shortage

    def replace(self, document: Mapping[str, Any]) -> None:
        """Set both from JSON: `restrictions` and `shortages`, each a list of what `restrict` and `run_out` take."""
        if unknown := sorted(set(document) - {"restrictions", "shortages"}):
            raise ValueError(f"unknown field(s) {', '.join(unknown)}; known: restrictions, shortages")
        before = self.restrictions, self.shortages
        self.restrictions, self.shortages = [], []
        try:
            for entry in document.get("restrictions", []):
                self.restrict(**entry)
            for entry in document.get("shortages", []):
                self.run_out(**entry)
        except (ValueError, TypeError):
            self.restrictions, self.shortages = before
            raise

    def body(self) -> dict[str, Any]:
        """The state as JSON."""
        restrictions = [{**asdict(held), "zones": list(held.zones)} for held in self.restrictions]
        return {"restrictions": restrictions, "shortages": [shortage.body() for shortage in self.shortages]}

    def come_back(self) -> None:
        """There is room for every size again, everywhere."""
        self.shortages.clear()

    def check_allowed(self, vm_id: str, size: str, location: str, zones: Sequence[str]) -> None:
        """Raises SkuNotAvailable when the subscription may not create a VM of this size in this place."""
        for held in self.restrictions_of(size, location):
            if held.zones and not set(held.zones) & set(zones):
                continue
            message = (
                f"The requested size for resource '{vm_id}' is currently not available in location '{location}' zones "
                f"'{','.join(zones)}' for subscription '{vm_id.split('/')[2]}'. Please try another size or deploy to "
                "a different location or zones. See https://aka.ms/azureskunotavailable for details."
            )
            raise ArmError(409, "SkuNotAvailable", message)

    def check_at_once(self, size: str, location: str, zones: Sequence[str]) -> None:
        """Raises SkuNotAvailable, the only shortage that refuses the request itself."""
        for shortage in self.shortages:
            if shortage.code_for(size, location, zones) == "SkuNotAvailable":
                _use(shortage)
                failed = f"'Following SKUs have failed for Capacity Restrictions: {size}'"
                message = (
                    f"The requested VM size for resource {failed} is currently not available in location "
                    f"'{location}'. Please try another size or deploy to a different location or different zone. See "
                    "https://aka.ms/azureskunotavailable for details."
                )
                raise ArmError(409, "SkuNotAvailable", message)

    def allocate(self, size: str, location: str, zones: Sequence[str]) -> Fate | None:
        """A host for a VM: None, or the failure of the operation that asks for it."""
        for shortage in self.shortages:
            code = shortage.code_for(size, location, zones)
            if code is not None and code != "SkuNotAvailable":
                _use(shortage)
                return Fate("fails", code, _MESSAGES[code])
        return None


def _use(shortage: Shortage) -> None:
    shortage.met += 1
    if shortage.left is not None:
        shortage.left -= 1


def all_zones(location: str, restriction: Restriction) -> tuple[str, ...]:
    """The zones that a restriction covers: its own, or all of its region."""
    return restriction.zones or zones_of(location)
