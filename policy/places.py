"""Where the temporary resources of a run are created."""

from collections.abc import Iterator
from typing import NamedTuple

from contracts.build_places import BuildPlace
from contracts.error_codes import Refusal, RefusalCode
from contracts.ids import Scope, in_scope
from contracts.image_options import Site, region_key
from contracts.resource_ids import SubnetId
from contracts.run import VmJob


class Place(NamedTuple):
    """Where a temporary VM is created."""

    group: Scope
    subnet_id: SubnetId


def place_of(job: VmJob, region: str, options: Site | None) -> Place | Refusal:
    """Return the place of a temporary VM; `region` is that of the source VM.

    What the request names wins, each. What it leaves open is that of the place of the source VM's subscription and
    region: never the source VM's own group.
    """
    known = build_place_of(job, region)
    group = (options and options.resource_group_id) or (known and known.resource_group_id)
    subnet_id = (options and options.subnet_id) or (known and known.subnet_id)
    if group is None or subnet_id is None:
        return _missing(job, region)
    return Place(group, subnet_id)


def build_place_of(job: VmJob, region: str) -> BuildPlace | None:
    """Return the app's place for a VM of this subscription in this region; None: there is none."""
    key = job.target.vm_id.subscription_id, region_key(region)
    return next((place for place in job.settings.build_places if place.key == key), None)


def rollback_group_of(job: VmJob, region: str) -> Scope:
    """Return the resource group of a VM's rollback snapshot: without a place for the VM, the VM's own."""
    place = build_place_of(job, region)
    return place.rollback_group if place is not None else own_group(job)


def group_not_allowed(job: VmJob, group: Scope) -> Iterator[Refusal]:
    """Refuse a group that is in no allowed scope."""
    if not any(in_scope(str(group), scope) for scope in job.settings.allowed_scopes):
        yield Refusal.of(RefusalCode.SCOPE_NOT_ALLOWED, f"{group} is in no allowed scope")


def own_group(job: VmJob) -> Scope:
    """Return the VM's own resource group."""
    vm_id = job.target.vm_id
    return Scope(vm_id.subscription_id, vm_id.resource_group.lower())


def _missing(job: VmJob, region: str) -> Refusal:
    """Name the places that there are by subscription and region only: groups and subnets are not the caller's."""
    places = ", ".join(f"subscription {subscription} in {name}" for subscription, name in _keys(job)) or "none"
    message = (
        f"there is no place for temporary VMs of subscription {job.target.vm_id.subscription_id} in "
        f"{region_key(region)}, and the request does not name both a group and a subnet; places: {places}"
    )
    return Refusal.of(RefusalCode.BUILD_PLACE_MISSING, message)


def _keys(job: VmJob) -> list[tuple[str, str]]:
    return sorted(place.key for place in job.settings.build_places)
