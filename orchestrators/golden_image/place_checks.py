"""Reads and checks where a run will create something: the places of temporary VMs, and of the rollback snapshot."""

from contracts.activities.resources import InspectNetwork
from contracts.catalog import INSPECT_NETWORK
from contracts.error_codes import Refusal
from contracts.facts import NetworkFacts
from contracts.ids import Scope
from contracts.image_options import Site
from contracts.request import Mode
from contracts.resource_ids import SubnetId
from orchestrators.golden_image.inspection import Inspection, outside_scopes
from orchestrators.golden_image.plan import Plan
from orchestrators.golden_image.polling import ask
from orchestrators.run_activity import Orchestration
from policy.clone_checks import check_network, check_place_fits
from policy.places import Place, place_of, rollback_group_of
from policy.rollback_checks import check_rollback_group, check_rollback_scope


def check_place(inspection: Inspection, plan: Plan, options: Site | None) -> Orchestration[Place | None]:
    """Check the place of a temporary VM, unless it was checked for another one; None: there is no place for it."""
    job, source = inspection.run.job, plan.source
    place = place_of(job, source.location, options)
    if isinstance(place, Refusal):
        inspection.refuse(place)
        return None
    if place == plan.clone_place:
        return place
    unfit = check_place_fits(job, source, plan.shape, place)
    inspection.refuse(*unfit)
    if not outside_scopes(unfit):
        facts = yield from _read_group(inspection, place.group, place.subnet_id)
        inspection.refuse(*check_network(job, source, place, facts))
    return place


def check_rollback(inspection: Inspection, plan: Plan) -> Orchestration[Scope | None]:
    """Check the group of the rollback snapshot; None: none is taken, since the VM already deprovisioned itself."""
    job = inspection.run.job
    target = job.target
    done = plan.already_generalized or plan.earlier
    if target.mode is not Mode.IN_PLACE or not target.rollback_snapshot or done:
        return None
    group = rollback_group_of(job, plan.source.location)
    unfit = check_rollback_scope(job, group)
    inspection.refuse(*unfit)
    if not unfit:
        facts = inspection.groups.get(group) or (yield from _read_group(inspection, group))
        inspection.refuse(*check_rollback_group(group, facts))
    return group


def _read_group(inspection: Inspection, group: Scope, subnet_id: SubnetId | None = None) -> Orchestration[NetworkFacts]:
    request = InspectNetwork(group=group, subnet_id=subnet_id)
    facts = (yield from ask(inspection.run, INSPECT_NETWORK, request, inspection.until)).facts
    inspection.groups[group] = facts
    return facts
