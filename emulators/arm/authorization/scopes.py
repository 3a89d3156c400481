"""Where an assignment applies: at its scope, below it, or in the subscriptions of its management group."""

from collections.abc import Mapping

from emulators.arm.state.ids import is_within

MANAGEMENT_GROUP = "/providers/Microsoft.Management/managementGroups/"


def applies_at(scope: str, assigned: str, members: Mapping[str, frozenset[str]]) -> bool:
    """Whether what is assigned at `assigned` applies at `scope`.

    `members` are the subscription ids of each management group, by its name in lower case. A group without an entry
    contains every subscription, as the root group does.
    """
    if assigned in ("", "/"):
        return True
    if assigned.lower().startswith(MANAGEMENT_GROUP.lower()) and not is_within(scope, assigned):
        parts = scope.split("/")
        if len(parts) < 3 or parts[1].lower() != "subscriptions":
            return False
        held = members.get(assigned.lower().rstrip("/").rpartition("/")[2])
        return held is None or parts[2].lower() in {subscription.lower() for subscription in held}
    return is_within(scope, assigned)
