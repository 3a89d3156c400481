"""Which ARM actions a story needs, and whether the permissions that were read grant them."""

import re
from collections.abc import Iterable
from functools import lru_cache

from contracts.facts import Permission
from contracts.request import EvidenceLevel, Target

_COMPUTE = "Microsoft.Compute/virtualMachines"


def needed_actions(target: Target, *, linux: bool) -> tuple[str, ...]:
    """Give every ARM action that the in-place story of this target will use on the machine."""
    actions = [
        f"{_COMPUTE}/read",
        f"{_COMPUTE}/runCommands/read",
        f"{_COMPUTE}/runCommands/write",
        f"{_COMPUTE}/runCommands/delete",
        f"{_COMPUTE}/deallocate/action",
        f"{_COMPUTE}/generalize/action",
    ]
    if linux and target.deprovision.evidence is EvidenceLevel.GUEST_REPORTED:
        actions.append(f"{_COMPUTE}/retrieveBootDiagnosticsData/action")
    return tuple(actions)


def missing_actions(permissions: Iterable[Permission], needed: Iterable[str]) -> tuple[str, ...]:
    """Give those of the needed actions that no entry grants.

    An entry grants what its actions match and its notActions do not; another entry may still grant it
    (Azure role assignments add up; source: Azure RBAC, "How NotActions work").
    """
    entries = tuple(permissions)
    return tuple(action for action in needed if not any(_grants(entry, action) for entry in entries))


def _grants(entry: Permission, action: str) -> bool:
    return any(_matches(p, action) for p in entry.actions) and not any(_matches(p, action) for p in entry.not_actions)


def _matches(pattern: str, action: str) -> bool:
    return _pattern(pattern).fullmatch(action) is not None


@lru_cache(maxsize=512)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in text.split("*")), re.IGNORECASE)
