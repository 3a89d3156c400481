"""Reads what denies a run's requests although its role allows them: deny assignments and policies."""

from datetime import datetime

from contracts.activities.governance import InspectDenyAssignments, InspectPolicies
from contracts.catalog import INSPECT_DENY_ASSIGNMENTS, INSPECT_POLICIES
from contracts.error_codes import Refusal
from contracts.polling import POLICIES_HOLD
from orchestrators.golden_image.plan import Plan
from orchestrators.golden_image.planned import planned
from orchestrators.golden_image.polling import ask
from orchestrators.golden_image.vm_run import VmRun
from orchestrators.run_activity import Orchestration
from policy.denied_places import TemporaryPlace, needs_of, scopes_to_read
from policy.deny_assignments import check_deny_assignments
from policy.places import Place
from policy.policy_checks import check_policies


def check_denied(run: VmRun, plan: Plan, until: datetime) -> Orchestration[tuple[Refusal, ...]]:
    """Return the refusals for deny assignments at every place of the run."""
    needs = needs_of(
        run.job,
        plan.source,
        generalized=plan.already_generalized,
        specialized=plan.specialized,
        clone=_temporary(plan.clone_place),
        validation=_temporary(plan.validation_place),
        rollback=plan.rollback_group,
    )
    request = InspectDenyAssignments(scopes=scopes_to_read(needs))
    inspected = yield from ask(run, INSPECT_DENY_ASSIGNMENTS, request, until)
    return check_deny_assignments(needs, inspected.places)


def check_disallowed(run: VmRun, plan: Plan, until: datetime) -> Orchestration[tuple[Refusal, ...]]:
    """Return the refusals for policies that deny what the run will create; if it creates nothing, none is asked."""
    request = planned(run, plan)
    if request == InspectPolicies():
        return ()
    return check_policies((yield from ask(run, INSPECT_POLICIES, request, until)))


def still_holds(run: VmRun, before: Plan | None) -> bool:
    """Return whether what policies said before an approval is still good: Azure applies new ones no faster."""
    asked_at = before.policies_read_at if before is not None else None
    return asked_at is not None and run.ctx.current_utc_datetime < asked_at + POLICIES_HOLD


def _temporary(place: Place | None) -> TemporaryPlace | None:
    return None if place is None else TemporaryPlace(group=place.group, subnet_id=place.subnet_id)
