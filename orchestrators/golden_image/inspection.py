"""One reading of everything that a run will need, and the reasons to refuse that it found."""

from dataclasses import dataclass, field
from datetime import datetime

from contracts.error_codes import Refusal
from orchestrators.golden_image.vm_run import VmRun


@dataclass(frozen=True)
class Inspection:
    """One reading of everything: until when Azure may throttle it, and the reasons to refuse that it found."""

    run: VmRun
    until: datetime
    found: list[Refusal] = field(default_factory=list[Refusal])

    def refuse(self, *refusals: Refusal | None) -> None:
        """Add the reasons that there are."""
        self.found.extend(refusal for refusal in refusals if refusal is not None)
