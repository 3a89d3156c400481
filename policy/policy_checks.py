"""Whether an Azure Policy would deny what the run creates."""

from contracts.activities.governance import PoliciesInspected
from contracts.error_codes import Refusal, RefusalCode


def check_policies(inspected: PoliciesInspected) -> tuple[Refusal, ...]:
    """Return a refusal for each denial, and for each resource that Azure gave no answer about."""
    refusals = [
        Refusal.of(
            RefusalCode.POLICY_DENIES,
            f"policy assignment {denial.assignment_id.rsplit('/', 1)[-1]} ({denial.assignment_id}) denies "
            f"{denial.resource_type} in {denial.group}",
        )
        for denial in inspected.denials
    ]
    refusals += [Refusal.of(RefusalCode.POLICIES_UNREADABLE, why[:500]) for why in inspected.unreadable]
    return tuple(dict.fromkeys(refusals))
