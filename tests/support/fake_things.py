"""The temporary things, scripts and images of the small model of Azure that orchestrator tests run against."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contracts.facts import (
    DiskFacts,
    GuestIdentity,
    ImageDefinition,
    ImageFacts,
    MachineShape,
    MachineState,
    OsType,
    Permission,
    RegionState,
    SiteFacts,
)
from contracts.ids import VmId
from contracts.image_steps import (
    ImageInspected,
    ImageUses,
    ImageVersionOrdered,
    ImageVersionRead,
    ImageVersionsListed,
    InspectImage,
    ListImageVersions,
    MakeImageVersion,
    MakeManagedImage,
    ReadImageUses,
    ReadImageVersion,
    UpdateImageVersion,
)
from contracts.machine_steps import NewMachine, OneMachine, Ordered, PowerStateRead
from contracts.made import Kind
from contracts.making_steps import (
    AdoptDisk,
    Deleted,
    DeleteMade,
    DisksInspected,
    InspectDisks,
    InspectSite,
    MadeRead,
    MakeMachine,
    NewThing,
    ReadMade,
    SiteInspected,
)
from contracts.reasons import Refusal, RefusalCode
from contracts.script_steps import (
    CheckScripts,
    CheckSecret,
    IdentityRead,
    ReadIdentity,
    ReadScript,
    ScriptRead,
    ScriptsChecked,
    SecretChecked,
    StartScript,
)
from contracts.sweep_steps import (
    EndedRunsFound,
    FindEndedRuns,
    FindLeftovers,
    LeftoversFound,
    ReadStuckMachine,
    StuckMachineRead,
)

GROUP = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg-images"
EVERYTHING = (Permission(actions=("*",)),)


def part_of(resource_id: str) -> str:
    """Give what comes after the run's digest in the name of a made thing ("os-disk")."""
    name = resource_id.rsplit("/", 1)[-1]
    return name.split("-", 3)[3] if name.startswith("golden-image-") else name


def shape(**more: Any) -> MachineShape:
    """Give a machine of one OS disk that may be cloned."""
    disk = DiskFacts(
        id=f"{GROUP}/providers/Microsoft.Compute/disks/vm1-os", location="westeurope", sku="Premium_LRS", size_gb=30,
        os_type=OsType.LINUX, generation="V2",
    )  # fmt: skip
    return MachineShape.model_validate(
        {"location": "westeurope", "vm_size": "Standard_D2s_v5", "os_disk": disk, **more}
    )


def identity(host: str = "vm1", **more: Any) -> GuestIdentity:
    """Give who the source says that it is."""
    values = {"host_name": host, "identity": f"id-{host}", "ssh_host_keys": (f"key-{host}",), "boot_id": "b1"}
    return GuestIdentity.model_validate({**values, **more})


def _site() -> SiteFacts:
    everything = {"group_permissions": EVERYTHING, "subnet_permissions": EVERYTHING}
    return SiteFacts.model_validate({**everything, "group_locks": (), "vnet_location": "westeurope"})


def image_facts(**more: Any) -> ImageFacts:
    """Give a definition that a Linux machine of generation 2 fits; `more` changes the definition."""
    values = {"location": "westeurope", "os_type": OsType.LINUX, "os_state": "Generalized", "generation": "V2"}
    definition = ImageDefinition.model_validate({**values, **more})
    return ImageFacts(definition=definition, versions=(), permissions=EVERYTHING, image_exists=False)


@dataclass
class FakeThings:
    """What was made and what came of it; `breaks` says by part how a thing ends: failed, never, taken, stuck."""

    now: Callable[[], datetime]
    shape: MachineShape = field(default_factory=shape)
    site: SiteFacts = field(default_factory=lambda: _site())
    image_facts: ImageFacts = field(default_factory=lambda: image_facts())
    things: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
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

    def standing(self) -> list[str]:
        """Give the parts of what is there now."""
        return [part_of(made) for made in self.things]

    def _new_machine(self, vm_id: VmId, system: OsType) -> MachineState:
        raise NotImplementedError

    def _make(self, request: NewThing) -> Ordered:
        made, part = request.made, part_of(request.made.id)
        if made.id in self.things:
            return Ordered(already=True)
        if self.breaks.get(part) == "taken":
            return Ordered(refusal=Refusal.of(RefusalCode.NAME_TAKEN, f"{part} is somebody else's"))
        self.things[made.id] = request.tags
        return Ordered(correlation_id=f"c-{part}")

    _make_snapshot = _make_disk = _make_security_group = _make_network_interface = _make

    def _make_machine(self, request: MakeMachine) -> Ordered:
        self.computer_name = request.computer_name or self.computer_name
        return self._make(request)

    def _make_managed_image(self, request: MakeManagedImage) -> Ordered:
        return self._make(request)

    def _read_made(self, request: ReadMade) -> MadeRead:
        made = request.made.id
        if made not in self.things:
            return MadeRead()
        how = self.breaks.get(part_of(made))
        return MadeRead(provisioning_state={"failed": "Failed", "never": "Creating"}.get(how or "", "Succeeded"))

    def _read_new_machine(self, request: NewMachine) -> PowerStateRead:
        if not any(made.lower() == request.vm_id.key for made in self.things):
            return PowerStateRead()
        assert self.shape.os_disk is not None
        machine = self._new_machine(request.vm_id, self.shape.os_disk.os_type or OsType.LINUX)
        how = self.breaks.get(part_of(str(request.vm_id)))
        if how == "failed":
            machine = machine.model_copy(update={"provisioning_state": "Failed"})
        if how == "never":
            machine = machine.model_copy(update={"agent_ready": False})
        return PowerStateRead(machine=machine)

    def _adopt_disk(self, request: AdoptDisk) -> Ordered:
        self.things[request.made.id] = {}
        return Ordered()

    def _delete_made(self, request: DeleteMade) -> Deleted:
        made = request.made
        if self.breaks.get(part_of(made.id)) == "stuck":
            return Deleted(why="ScopeLocked: a lock is in the way")
        if made.id not in self.things:
            return Deleted(gone=True)
        del self.things[made.id]
        self.deleted.append(part_of(made.id))
        if made.kind is Kind.MACHINE:
            self.things = {known: tags for known, tags in self.things.items() if "verify-os-disk" not in known}
        return Deleted()

    def _inspect_disks(self, request: InspectDisks) -> DisksInspected:
        return DisksInspected(shape=self.shape)

    def _inspect_site(self, request: InspectSite) -> SiteInspected:
        return SiteInspected(facts=self.site)

    def _inspect_image(self, request: InspectImage) -> ImageInspected:
        return ImageInspected(facts=self.image_facts)

    def _check_scripts(self, request: CheckScripts) -> ScriptsChecked:
        return ScriptsChecked(prepare=tuple(f"hash-{use.script}" for use in request.prepare), deprovision="hash-own")

    def _check_secret(self, request: CheckSecret) -> SecretChecked:
        return SecretChecked()

    def _start_script(self, request: StartScript) -> Ordered:
        if request.script not in self.ran:
            self.ran.append(request.script)
        return Ordered()

    def _read_script(self, request: ReadScript) -> ScriptRead:
        script = self.ran[-1]
        if self.exit_codes.get(script, 0) == -1:
            return ScriptRead()
        return ScriptRead(ended=True, exit_code=self.exit_codes.get(script, 0), output=f"{script} said so")

    def _restart_vm(self, request: OneMachine) -> Ordered:
        self.ran.append("restart")
        return Ordered()

    def _read_identity(self, request: ReadIdentity) -> IdentityRead:
        told = self.after(self.computer_name) if request.known_user else self.before
        boots = 0 if self.breaks.get("restart") == "never" else self.ran.count("restart")
        return IdentityRead(ready=True, identity=told.model_copy(update={"boot_id": f"b{boots}"}))

    def _list_image_versions(self, request: ListImageVersions) -> ImageVersionsListed:
        return ImageVersionsListed(versions=self.image_facts.versions or ())

    def _make_image_version(self, request: MakeImageVersion) -> ImageVersionOrdered:
        already = request.made.id in self.things
        self.things[request.made.id] = request.tags
        self.excluded[request.made.id] = request.excluded
        self.owners[request.made.id] = request.run_id
        return ImageVersionOrdered(already=already)

    def _read_image_version(self, request: ReadImageVersion) -> ImageVersionRead:
        if request.id not in self.things:
            return ImageVersionRead()
        failed = self.breaks.get("version") == "failed"
        state = RegionState(name="westeurope", state="Failed" if failed else "Completed", progress=100)
        return ImageVersionRead(
            provisioning_state="Failed" if failed else "Succeeded",
            run_id=self.owners[request.id],
            excluded=self.excluded[request.id],
            regions=(state,),
        )

    def _update_image_version(self, request: UpdateImageVersion) -> Ordered:
        if request.excluded is not None:
            self.excluded[request.id] = request.excluded
        self.marks |= request.tags
        return Ordered()

    def _read_image_uses(self, request: ReadImageUses) -> ImageUses:
        return ImageUses()

    def _find_leftovers(self, request: FindLeftovers) -> LeftoversFound:
        return LeftoversFound()

    def _find_ended_runs(self, request: FindEndedRuns) -> EndedRunsFound:
        return EndedRunsFound()

    def _read_stuck_machine(self, request: ReadStuckMachine) -> StuckMachineRead:
        return StuckMachineRead()


def subject_of(value: Any) -> str:
    """Give what a step is about: a machine's name, or the part of a made thing."""
    made = getattr(value, "made", None)
    if made is not None:
        return part_of(made.id)
    holder = getattr(value, "machine", value)
    vm_id = getattr(holder, "vm_id", None)
    return part_of(str(vm_id)) if vm_id is not None else ""
