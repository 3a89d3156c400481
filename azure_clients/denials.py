"""Which policy or deny assignment rejected a request, as Azure's error names it: one short text."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from azure.core.exceptions import ODataV4Format

_MOST_ASSIGNMENTS = 3
_LONGEST_NAME = 100
_LONGEST_ID = 300
_LONGEST_MESSAGE = 4_000
_DENY_ASSIGNMENT = re.compile(r"deny assignment with name '([^']{1,300})' and Id '([^']{1,300})'", re.I)
_LINKED = re.compile(r"blocked by deny assignments on the '\d{1,5}' linked scope\(s\) '[^']{1,300}'", re.I)
"""On a resource that the request names; Azure does not say which assignment."""


def denial_text(error: "ODataV4Format | None", message: str) -> str | None:
    """Return which resource was denied, and the assignments that denied it by name and id; None for other errors.

    `error` is the parsed error of ARM, `message` the text in it. The caller redacts the text.
    """
    if found := _DENY_ASSIGNMENT.search(message[:_LONGEST_MESSAGE]):
        name, assignment_id = found.groups()
        return f"deny assignment '{name[:_LONGEST_NAME]}' ({assignment_id}): {message}"
    if found := _LINKED.search(message[:_LONGEST_MESSAGE]):
        return f"{found[0]}: {message}"
    violations = dict.fromkeys(_violations(error)) if error is not None else {}
    if error is None or not violations:
        return None
    resource = f"resource '{str(error.target)[:_LONGEST_NAME]}': " if error.target else ""
    return f"{resource}denied by {', '.join(list(violations)[:_MOST_ASSIGNMENTS])}"


def _violations(error: "ODataV4Format") -> Iterator[str]:
    for part in (error, *error.details):
        for entry in cast("Sequence[object]", getattr(part, "additional_info", ())):
            info = getattr(entry, "info", None)
            if str(getattr(entry, "type", "")).lower() == "policyviolation" and isinstance(info, Mapping):
                yield _assignment(cast("Mapping[str, object]", info))


def _assignment(info: Mapping[str, object]) -> str:
    """Return the display name and the id of the assignment, and the name of the definition where there is one."""
    name = str(info.get("policyAssignmentDisplayName") or info.get("policyAssignmentName") or "?")[:_LONGEST_NAME]
    definition = str(info.get("policyDefinitionDisplayName") or info.get("policyDefinitionName") or "")[:_LONGEST_NAME]
    rule = f", definition '{definition}'" if definition else ""
    return f"policy assignment '{name}' ({str(info.get('policyAssignmentId') or '?')[:_LONGEST_ID]}{rule})"
