"""The quotas of a subscription in a region: cores, cores of each family, and VMs; deallocated VMs count."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from emulators.arm.compute.sizes.table import FAMILIES, Size, find_size
from emulators.arm.errors import not_allowed
from emulators.arm.state.regions import region_key
from emulators.arm.state.world import World

if TYPE_CHECKING:
    from emulators.arm.compute.vms.vm import Vm

CORES, MACHINES = "cores", "virtualMachines"
#: Limits without an entry in `world.quota`: those of a large subscription.
_LIMITS = {"availabilitySets": 2500, MACHINES: 25000, "virtualMachineScaleSets": 2500}
_ANY_CORES = 100_000
_SHOWN = {
    "availabilitySets": "Availability Sets",
    CORES: "Total Regional vCPUs",
    MACHINES: "Virtual Machines",
    "virtualMachineScaleSets": "Virtual Machine Scale Sets",
    "lowPriorityCores": "Total Regional Spot vCPUs",
}
#: How the refusal calls a quota, and the page that it links.
_NAMED = {
    CORES: ("Total Regional", "regional-quota-requests"),
    MACHINES: ("Virtual Machines", "regional-quota-requests"),
}


def quota_key(name: str) -> str:
    """The key in `world.quota`: `West Europe` is the region's cores, `West Europe/standardDSv5Family` a family's."""
    region, _, of = name.partition("/")
    return f"{region_key(region)}/{of.lower()}" if of and of.lower() != CORES else region_key(region)


def limit_of(world: World, location: str, name: str = CORES) -> int:
    """The limit of a quota in a region."""
    limits = {quota_key(key): limit for key, limit in world.quota.items()}
    return limits.get(quota_key(f"{location}/{name}"), _LIMITS.get(name, _ANY_CORES))


def cores_used(world: World, location: str, subscription: str | None = None) -> int:
    """Cores of every VM in a region, of one subscription or of all."""
    return sum(find_size(vm.spec.vm_size).cores for vm in _vms(world, location, subscription))


def _vms(world: World, location: str, subscription: str | None) -> Iterable["Vm"]:
    for vm in world.vms.values():
        same = subscription is None or vm.spec.subscription_id.lower() == subscription.lower()
        if same and region_key(vm.spec.location) == region_key(location):
            yield vm


def _used(world: World, location: str, subscription: str, name: str) -> int:
    vms = list(_vms(world, location, subscription))
    if name == MACHINES:
        return len(vms)
    sizes = [find_size(vm.spec.vm_size) for vm in vms]
    return sum(size.cores for size in sizes if name in (CORES, size.family))


def check_quota(world: World, subscription: str, location: str, size: Size) -> None:
    """Raises 409 when a new VM would exceed the cores of the region or of the family, or the number of VMs."""
    for name, wanted in ((CORES, size.cores), (size.family, size.cores), (MACHINES, 1)):
        limit, used = limit_of(world, location, name), _used(world, location, subscription, name)
        if used + wanted > limit:
            raise not_allowed(_message(subscription, location, name, (limit, used, wanted)))


def _message(subscription: str, location: str, name: str, numbers: tuple[int, int, int]) -> str:
    limit, used, wanted = numbers
    shown, page = _NAMED.get(name, (name, "per-vm-quota-requests"))
    what = f"{shown} quota" if name == MACHINES else f"{shown} Cores quota"
    asked = (
        f'{{"subscriptionId":"{subscription}","command":"openQuotaApprovalBlade","quotas":[{{"location":"{location}",'
    )
    asked += f'"providerId":"Microsoft.Compute","resourceName":"{name}","quotaRequest":{{"properties":{{"limit":'
    asked += f'{used + wanted},"unit":"Count","name":{{"value":"{name}"}}}}}}}}]}}'
    blade = "https://aka.ms/ProdportalCRP/#blade/Microsoft_Azure_Capacity/UsageAndQuota.ReactView/Parameters/"
    return (
        f"Operation could not be completed as it results in exceeding approved {what}. "
        f"Additional details - Deployment Model: Resource Manager, Location: {location}, Current Limit: {limit}, "
        f"Current Usage: {used}, Additional Required: {wanted}, (Minimum) New Limit Required: {used + wanted}. "
        "Setup Alerts when Quota reaches threshold. Learn more at https://aka.ms/quotamonitoringalerting . Submit a "
        f"request for Quota increase at {blade}{quote(asked, safe=':,[]')} by specifying parameters listed in the "
        "\u2018Details\u2019 section for deployment to succeed. Please read more about quota limits at "
        f"https://docs.microsoft.com/en-us/azure/azure-supportability/{page}"
    )


def usages(world: World, subscription: str, location: str) -> list[dict[str, Any]]:
    """Every quota of a region with its use, the families last."""
    shown: list[dict[str, Any]] = []
    for name in (*_SHOWN, *FAMILIES):
        used = _used(world, location, subscription, name)
        entry = {"limit": limit_of(world, location, name), "unit": "Count", "currentValue": used}
        shown.append({**entry, "name": {"value": name, "localizedValue": _SHOWN.get(name) or _family_shown(name)}})
    return shown


def _family_shown(family: str) -> str:
    name = family.removesuffix("Family").removesuffix(" ")
    for prefix in ("standard", "Standard"):
        if name.startswith(prefix):
            name = f"Standard {name.removeprefix(prefix).strip()}"
    return f"{name} Family vCPUs"
