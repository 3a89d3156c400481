"""Whether deny assignments deny an action that the run needs (Microsoft: "Understand Azure deny assignments")."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from contracts.activities.governance import DenyAssignment, DenyAssignmentsAt, Party
from contracts.error_codes import Refusal, RefusalCode
from policy.rights import missing_actions

_EVERYONE = "00000000-0000-0000-0000-000000000000"
_PERSONS = frozenset({"user", "serviceprincipal"})
_MOST_ACTIONS = 5


class Need(NamedTuple):
    """Actions that the run uses on `target`, an ARM id; `at` is the scope whose deny assignments were read."""

    at: str
    target: str
    actions: tuple[str, ...]


def below(scope: str) -> str:
    """Return a target that stands for everything inside a scope."""
    return f"{scope}/*"


def may_apply(assignment: DenyAssignment, own_id: str | None) -> bool:
    """Return whether a deny assignment may apply to the identity with this object id (None: not known).

    Members of groups are not known: a group may contain the identity if it is denied, and may not if it is excluded.
    """
    own = (own_id or "").lower()
    if own and own in {party.id.lower() for party in assignment.excluded}:
        return False
    listed = assignment.principals
    return not listed or not own or any(_may_be(party, own) for party in listed)


def _may_be(party: Party, own: str) -> bool:
    return party.id.lower() in {own, _EVERYONE} or party.type.lower() not in _PERSONS


def check_deny_assignments(needs: Iterable[Need], places: Iterable[DenyAssignmentsAt]) -> tuple[Refusal, ...]:
    """Return a refusal for each deny assignment that denies a needed action, and for each scope not read."""
    read = tuple(places)
    return tuple(dict.fromkeys(refusal for need in needs for refusal in _refusals(need, read)))


def _refusals(need: Need, places: Iterable[DenyAssignmentsAt]) -> Iterator[Refusal]:
    # What was read inside a scope contains what the scope hands down.
    found = next((p.found for p in places if f"{p.scope}/".lower().startswith(f"{need.at}/".lower())), None)
    if found is None:
        message = f"the deny assignments at {need.at} could not be read"
        yield Refusal.of(RefusalCode.DENY_ASSIGNMENTS_UNREADABLE, message)
        return
    for assignment in found:
        if denied := _denied(assignment, need):
            named = ", ".join(denied[:_MOST_ACTIONS]) + (", …" if len(denied) > _MOST_ACTIONS else "")
            message = f"deny assignment {assignment.name!r} ({assignment.id}) denies at {need.at}: {named}"
            yield Refusal.of(RefusalCode.DENY_ASSIGNMENT, message)


def _denied(assignment: DenyAssignment, need: Need) -> tuple[str, ...]:
    if not _covers(assignment, need.target):
        return ()
    left = missing_actions(assignment.denied, need.actions)
    return tuple(action for action in need.actions if action not in left)


def _covers(assignment: DenyAssignment, target: str) -> bool:
    """Return whether an assignment applies to the target: at its own scope, and inside it unless it says otherwise.

    The id of a management group, from which everything in a subscription may inherit, is no part of the target's id.
    """
    scope, target = assignment.scope.rstrip("/").lower(), target.lower()
    inherited = target.startswith(f"{scope}/") or not scope.startswith("/subscriptions/")
    return scope == target or (inherited and assignment.below)
