"""What was read before a run changes anything, and what the publishing works from."""

from dataclasses import dataclass
from datetime import datetime

from contracts.capacity import Candidate
from contracts.facts import FoundRunCommand, GuestIdentity, ImageFacts, VmShape, VmState
from contracts.ids import Scope
from contracts.request import EvidenceLevel
from orchestrators.golden_image.vm_run import VmRun
from policy.places import Place


@dataclass(frozen=True)
class Plan:
    """What preflight read. `already_generalized`: only the image is left to publish.

    `earlier`: ended runs asked the VM to deprovision itself and did not see the proof; what one began is finished.
    `clone_ways` and `validation_ways` are the sizes and zones in which the temporary VMs can be created, the first
    choice first.
    `rollback_group`: the group of the rollback snapshot; None: none is taken.
    `scripts` and `deprovision_script` are the SHA-256 of the scripts that will run. `policies_read_at`: when Azure was
    asked what its policies deny.
    """

    source: VmState
    already_generalized: bool = False
    earlier: tuple[FoundRunCommand, ...] = ()
    shape: VmShape | None = None
    image: ImageFacts | None = None
    clone_place: Place | None = None
    validation_place: Place | None = None
    clone_ways: tuple[Candidate, ...] = ()
    validation_ways: tuple[Candidate, ...] = ()
    rollback_group: Scope | None = None
    scripts: tuple[str, ...] = ()
    deprovision_script: str = ""
    policies_read_at: datetime | None = None

    @property
    def specialized(self) -> bool:
        """Whether the image keeps the VM's identity, so that nothing is deprovisioned."""
        return is_specialized(self.image)


def is_specialized(image: ImageFacts | None) -> bool:
    """Return whether the image's definition is specialized."""
    return image is not None and image.definition is not None and image.definition.specialized


@dataclass(frozen=True)
class ImageSource:
    """The VM that the image is published from: deallocated, and generalized unless the image is specialized.

    `run` is bound to the VM's lifetime if it is temporary. `running` is the VM as it ran: it names its system.
    `identity` is the VM's own, from before it was deprovisioned, if a VM created from the image is compared with it.
    """

    run: VmRun
    vm: VmState
    running: VmState
    identity: GuestIdentity | None = None
    evidence: EvidenceLevel | None = None
