"""One reading of everything that a run will need, and the reasons to refuse that it found."""

from dataclasses import dataclass, field
from datetime import datetime

from contracts.error_codes import Refusal, RefusalCode
from contracts.facts import NetworkFacts
from contracts.ids import Scope
from orchestrators.golden_image.vm_run import VmRun


@dataclass(frozen=True)
class Inspection:
    """One reading of everything: until when Azure may throttle it, and the reasons to refuse that it found.

    `groups` is what was read about resource groups that something will be created in.
    """

    run: VmRun
    until: datetime
    found: list[Refusal] = field(default_factory=list[Refusal])
    groups: dict[Scope, NetworkFacts] = field(default_factory=dict[Scope, NetworkFacts])

    def refuse(self, *refusals: Refusal | None) -> None:
        """Add the reasons that there are."""
        self.found.extend(refusal for refusal in refusals if refusal is not None)


def outside_scopes(refusals: tuple[Refusal, ...]) -> bool:
    """Return whether something is outside the allowed scopes, and is not even read: a dry run would tell of it."""
    return any(refusal.code is RefusalCode.SCOPE_NOT_ALLOWED for refusal in refusals)
