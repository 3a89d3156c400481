"""What preflight reads of the small model of Azure for orchestrator tests: everything is allowed, and there is room."""

from dataclasses import dataclass, field
from typing import Any

from contracts.activities.governance import (
    DenyAssignmentsAt,
    DenyAssignmentsInspected,
    InspectDenyAssignments,
    InspectPolicies,
    PoliciesInspected,
)
from contracts.activities.image import (
    ImageInspected,
    InspectImage,
)
from contracts.activities.resources import (
    CapacityInspected,
    DisksInspected,
    InspectCapacity,
    InspectDisks,
    InspectNetwork,
    NetworkInspected,
)
from contracts.activities.scripts import (
    CheckScripts,
    CheckSecret,
    ScriptsChecked,
    SecretChecked,
)
from contracts.capacity import CapacityFacts
from contracts.facts import (
    DiskFacts,
    ImageDefinition,
    ImageFacts,
    NetworkFacts,
    OsType,
    Permission,
    VmShape,
)
from contracts.recycle_bin import RecycleBin
from tests.support.capacity import every_size

GROUP = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg-images"
EVERYTHING = (Permission(actions=("*",)),)


def shape(**more: Any) -> VmShape:
    """Return a VM of one OS disk that may be cloned."""
    disk = DiskFacts(
        id=f"{GROUP}/providers/Microsoft.Compute/disks/vm1-os", location="westeurope", sku="Premium_LRS", size_gb=30,
        os_type=OsType.LINUX, generation="V2",
    )  # fmt: skip
    return VmShape.model_validate({"location": "westeurope", "vm_size": "Standard_D2s_v5", "os_disk": disk, **more})


def _site() -> NetworkFacts:
    everything = {"group_permissions": EVERYTHING, "subnet_permissions": EVERYTHING}
    return NetworkFacts.model_validate({**everything, "group_locks": (), "vnet_location": "westeurope"})


def image_facts(**more: Any) -> ImageFacts:
    """Return a definition that a Linux VM of generation 2 fits; `more` changes the definition."""
    values = {"location": "westeurope", "os_type": OsType.LINUX, "os_state": "Generalized", "generation": "V2"}
    definition = ImageDefinition.model_validate({**values, **more})
    return ImageFacts(
        definition=definition,
        versions=(),
        permissions=EVERYTHING,
        image_exists=False,
        locks=(),
        recycle_bin=RecycleBin(enabled=False),
    )


@dataclass
class FakePreflight:
    """The answers to preflight, and what it asked."""

    shape: VmShape = field(default_factory=shape)
    site: NetworkFacts = field(default_factory=lambda: _site())
    image_facts: ImageFacts = field(default_factory=lambda: image_facts())
    capacity: CapacityFacts | None = None
    groups_read: list[str] = field(default_factory=list[str])
    denying: dict[str, DenyAssignmentsAt] = field(default_factory=dict[str, DenyAssignmentsAt])
    scopes_read: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])
    policies: PoliciesInspected = field(default_factory=PoliciesInspected)
    asked_policies: list[InspectPolicies] = field(default_factory=list[InspectPolicies])

    def _inspect_disks(self, request: InspectDisks) -> DisksInspected:
        return DisksInspected(shape=self.shape)

    def _inspect_network(self, request: InspectNetwork) -> NetworkInspected:
        self.groups_read.append(str(request.group))
        return NetworkInspected(facts=self.site)

    def _inspect_capacity(self, request: InspectCapacity) -> CapacityInspected:
        return CapacityInspected(facts=self.capacity or every_size(*request.sizes))

    def _inspect_deny_assignments(self, request: InspectDenyAssignments) -> DenyAssignmentsInspected:
        self.scopes_read.append(request.scopes)
        nothing = {scope: DenyAssignmentsAt(scope=scope, found=()) for scope in request.scopes}
        return DenyAssignmentsInspected(places=tuple((nothing | self.denying).values()))

    def _inspect_policies(self, request: InspectPolicies) -> PoliciesInspected:
        self.asked_policies.append(request)
        return self.policies

    def _inspect_image(self, request: InspectImage) -> ImageInspected:
        return ImageInspected(facts=self.image_facts)

    def _check_scripts(self, request: CheckScripts) -> ScriptsChecked:
        return ScriptsChecked(
            customize=tuple(f"hash-{use.script}" for use in request.customize), deprovision="hash-own"
        )

    def _check_secret(self, request: CheckSecret) -> SecretChecked:
        return SecretChecked()
