"""The temporary resources, scripts and images of the small model of Azure for orchestrator tests."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contracts.activities.cleanup import (
    EndedRunsFound,
    FindEndedRuns,
    FindOrphanedResources,
    OrphanedResourcesFound,
    ReadStuckVm,
    StuckVmRead,
)
from contracts.activities.image import (
    CreateImageVersion,
    CreateManagedImage,
    ImageUses,
    ImageVersionRead,
    ImageVersionsListed,
    ImageVersionSubmitted,
    ListImageVersions,
    ReadImageUses,
    ReadImageVersion,
    UpdateImageVersion,
)
from contracts.activities.resources import (
    AdoptDisk,
    CreateVm,
    Deleted,
    DeleteResource,
    NewResource,
    ReadResource,
    ResourceRead,
)
from contracts.activities.scripts import (
    IdentityRead,
    ReadIdentity,
    ReadScript,
    ScriptRead,
    StartScript,
)
from contracts.activities.vm import OneVm, PowerStateRead, Submitted, TemporaryVm
from contracts.error_codes import Refusal, RefusalCode
from contracts.facts import (
    GuestIdentity,
    OsType,
    RegionState,
    VmState,
)
from contracts.ids import VmId
from contracts.resources import Kind
from tests.support.fake_extensions import FakeExtensions
from tests.support.fake_preflight import EVERYTHING as EVERYTHING
from tests.support.fake_preflight import GROUP as GROUP
from tests.support.fake_preflight import FakePreflight
from tests.support.fake_preflight import image_facts as image_facts
from tests.support.fake_preflight import shape as shape


def part_of(resource_id: str) -> str:
    """Return what comes after the run's digest in the name of a created resource ("os-disk")."""
    name = resource_id.rsplit("/", 1)[-1]
    return name.split("-", 3)[3] if name.startswith("golden-image-") else name


def identity(host: str = "vm1", **more: Any) -> GuestIdentity:
    """Return the identity that the source VM reports."""
    values = {"host_name": host, "identity": f"id-{host}", "ssh_host_keys": (f"key-{host}",), "boot_id": "b1"}
    return GuestIdentity.model_validate({**values, **more})


@dataclass
class FakeResources(FakeExtensions, FakePreflight):
    """What was created and deleted; `breaks` says by part how a resource fails: failed, never, taken, stuck.

    `no_capacity`: how many times the creation of a VM in this size finds no room.
    """

    now: Callable[[], datetime] = field(kw_only=True)
    no_capacity: dict[str, int] = field(default_factory=dict[str, int])
    created_vms: list[CreateVm] = field(default_factory=list[CreateVm])
    resources: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    deleted: list[str] = field(default_factory=list[str])
    breaks: dict[str, str] = field(default_factory=dict[str, str])
    exit_codes: dict[str, int | None] = field(default_factory=dict[str, int | None])
    ran: list[str] = field(default_factory=list[str])
    before: GuestIdentity = field(default_factory=identity)
    after: Callable[[str], GuestIdentity] = identity
    excluded: dict[str, bool] = field(default_factory=dict[str, bool])
    owners: dict[str, str] = field(default_factory=dict[str, str])
    marks: dict[str, str] = field(default_factory=dict[str, str])
    computer_name: str = ""
    wanted: list[NewResource] = field(default_factory=list[NewResource])

    def standing(self) -> list[str]:
        """Return the parts of the resources that exist now."""
        return [part_of(resource) for resource in self.resources]

    def _temporary_vm(self, vm_id: VmId, system: OsType) -> VmState:
        raise NotImplementedError

    def _create(self, request: NewResource) -> Submitted:
        self.wanted.append(request)
        resource, part = request.resource, part_of(request.resource.id)
        if resource.id in self.resources:
            return Submitted(already=True)
        if self.breaks.get(part) == "taken":
            return Submitted(refusal=Refusal.of(RefusalCode.NAME_TAKEN, f"{part} is another caller's"))
        self.resources[resource.id] = request.tags
        return Submitted(correlation_id=f"c-{part}")

    _create_snapshot = _create_disk = _create_security_group = _create_network_interface = _create

    def _create_vm(self, request: CreateVm) -> Submitted:
        self.computer_name = request.computer_name or self.computer_name
        self.created_vms.append(request)
        return self._create(request)

    def _create_managed_image(self, request: CreateManagedImage) -> Submitted:
        return self._create(request)

    def _read_resource(self, request: ReadResource) -> ResourceRead:
        resource = request.resource.id
        if resource not in self.resources:
            return ResourceRead()
        how = self.breaks.get(part_of(resource))
        return ResourceRead(provisioning_state={"failed": "Failed", "never": "Creating"}.get(how or "", "Succeeded"))

    def _read_temporary_vm(self, request: TemporaryVm) -> PowerStateRead:
        if not any(resource.lower() == request.vm_id.key for resource in self.resources):
            return PowerStateRead()
        assert self.shape.os_disk is not None
        vm = self._temporary_vm(request.vm_id, self.shape.os_disk.os_type or OsType.LINUX)
        vm = vm.model_copy(update={"vm_id": request.vm_id})
        how = self.breaks.get(part_of(str(request.vm_id)))
        size = self.created_vms[-1].vm_size
        if self.no_capacity.get(size, 0) > 0:
            self.no_capacity[size] -= 1
            fault = "ProvisioningState/failed/AllocationFailed no room"
            vm = vm.model_copy(update={"provisioning_state": "Failed", "fault": fault})
        if how == "failed":
            vm = vm.model_copy(update={"provisioning_state": "Failed"})
        if how == "never":
            vm = vm.model_copy(update={"agent_ready": False})
        if part_of(str(request.vm_id)) == "clone":
            vm = self.with_extensions(vm)
        return PowerStateRead(vm=vm)

    def _adopt_disk(self, request: AdoptDisk) -> Submitted:
        self.resources[request.resource.id] = {}
        return Submitted()

    def _delete_resource(self, request: DeleteResource) -> Deleted:
        resource = request.resource
        if self.breaks.get(part_of(resource.id)) == "stuck":
            return Deleted(why="ScopeLocked: a lock is in the way")
        if resource.id not in self.resources:
            return Deleted(gone=True)
        del self.resources[resource.id]
        self.deleted.append(part_of(resource.id))
        if resource.kind is Kind.VM:
            self.resources = {known: tags for known, tags in self.resources.items() if "validate-os-disk" not in known}
        return Deleted()

    def _start_script(self, request: StartScript) -> Submitted:
        if request.script not in self.ran:
            self.ran.append(request.script)
        return Submitted()

    def _read_script(self, request: ReadScript) -> ScriptRead:
        script = self.ran[-1]
        if self.exit_codes.get(script, 0) == -1:
            return ScriptRead()
        return ScriptRead(ended=True, exit_code=self.exit_codes.get(script, 0), output=f"output of {script}")

    def _restart_vm(self, request: OneVm) -> Submitted:
        self.ran.append("restart")
        return Submitted()

    def _read_identity(self, request: ReadIdentity) -> IdentityRead:
        reported = self.after(self.computer_name) if request.known_user else self.before
        boots = 0 if self.breaks.get("restart") == "never" else self.ran.count("restart")
        return IdentityRead(ready=True, identity=reported.model_copy(update={"boot_id": f"b{boots}"}))

    def _list_image_versions(self, request: ListImageVersions) -> ImageVersionsListed:
        return ImageVersionsListed(versions=self.image_facts.versions or ())

    def _create_image_version(self, request: CreateImageVersion) -> ImageVersionSubmitted:
        self.wanted.append(request)
        already = request.resource.id in self.resources
        self.resources[request.resource.id] = request.tags
        self.excluded[request.resource.id] = request.excluded
        self.owners[request.resource.id] = request.run_id
        return ImageVersionSubmitted(already=already)

    def _read_image_version(self, request: ReadImageVersion) -> ImageVersionRead:
        if request.id not in self.resources:
            return ImageVersionRead()
        failed = self.breaks.get("version") == "failed"
        state = RegionState(name="westeurope", state="Failed" if failed else "Completed", progress=100)
        return ImageVersionRead(
            provisioning_state="Failed" if failed else "Succeeded",
            run_id=self.owners[request.id],
            excluded=self.excluded[request.id],
            regions=(state,),
        )

    def _update_image_version(self, request: UpdateImageVersion) -> Submitted:
        if request.excluded is not None:
            self.excluded[request.id] = request.excluded
        self.marks |= request.tags
        return Submitted()

    def _read_image_uses(self, request: ReadImageUses) -> ImageUses:
        return ImageUses()

    def _find_orphaned_resources(self, request: FindOrphanedResources) -> OrphanedResourcesFound:
        return OrphanedResourcesFound()

    def _find_ended_runs(self, request: FindEndedRuns) -> EndedRunsFound:
        return EndedRunsFound()

    def _read_stuck_vm(self, request: ReadStuckVm) -> StuckVmRead:
        return StuckVmRead()


def subject_of(value: Any) -> str:
    """Return what an activity's request is about: a VM's name, or the part of a created resource."""
    resource = getattr(value, "resource", None)
    if resource is not None:
        return part_of(resource.id)
    holder = getattr(value, "vm", value)
    vm_id = getattr(holder, "vm_id", None)
    return part_of(str(vm_id)) if vm_id is not None else ""
