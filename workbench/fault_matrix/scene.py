"""What a run begins with: a Linux machine, a network and an image definition in a resource group of its own."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from contracts.ids import Scope, batch_run_id, machine_run_id
from contracts.request import Target
from contracts.run import Door, MachineJob, RunSettings, Wait, Waits
from workbench.arm_simulator import MachineSpec, Simulator

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
REGIONS = ("westeurope", "northeurope")
APP_NAME = "fault-matrix"
_MACHINE, _GALLERY, _DEFINITION = "source", "images", "web"
# The deadlines are shorter than the app's: a run that waits in vain asks less often, and tells the same story.
_WAITS = Waits(
    snapshot=Wait(first=5, every=20, deadline=600),
    disk=Wait(first=3, every=15, deadline=600),
    machine=Wait(first=60, every=20, deadline=900),
    restart=Wait(first=60, every=20, deadline=900),
    script=Wait(first=20, every=30, deadline=900),
    publish=Wait(first=240, every=120, deadline=14_400),
)


@dataclass(frozen=True)
class Scene:
    """One run's world: its resource group, its job, and what there was before it began."""

    group: Scope
    job: MachineJob
    before: frozenset[str]
    picture: str


def set_up(simulator: Simulator, name: str, *, waits: Waits = _WAITS) -> Scene:
    """Put the source machine, its network, gallery and definition into the group `rg-<name>`."""
    world = simulator.world
    group = Scope(SUBSCRIPTION, f"rg-{name}")
    spec = MachineSpec(
        name=_MACHINE, subscription_id=SUBSCRIPTION, resource_group=group.resource_group or "", power="deallocated"
    )
    machine = simulator.add_machine(spec)
    subnet_id = world.add_network(spec.group_id, spec.location)
    gallery = world.add_gallery(
        _GALLERY, subscription_id=SUBSCRIPTION, resource_group=spec.resource_group, location=spec.location
    )
    definition = world.add_definition(gallery, _DEFINITION, "Linux", "Generalized")
    return Scene(
        group=group,
        job=_job(name, spec.id, subnet_id, definition.id, group, waits),
        before=frozenset(_standing(simulator, group)),
        picture=world.picture(machine),
    )


def new_things(simulator: Simulator, scene: Scene) -> frozenset[str]:
    """Give the ids of everything in the scene's group, tagged or not, that was not there before the run."""
    return frozenset(_standing(simulator, scene.group)) - scene.before


def _standing(simulator: Simulator, group: Scope) -> list[str]:
    world, prefix = simulator.world, f"{group}/".lower()
    held = [*(resource.id for resource in world.store.all()), *(machine.id for machine in world.machines.values())]
    return [held_id for held_id in held if held_id.lower().startswith(prefix)]


def _job(name: str, vm_id: str, subnet_id: str, definition_id: str, group: Scope, waits: Waits) -> MachineJob:
    wish: dict[str, Any] = {
        "vmId": vm_id,
        "mode": "clone",
        "clone": {"subnetId": subnet_id},
        "prepare": [{"script": "linux-packages-update", "reboot": True}],
        "image": {
            "kind": "galleryImageVersion",
            "imageDefinitionId": definition_id,
            "targetRegions": [{"name": region} for region in REGIONS],
            "verify": {"subnetId": subnet_id},
        },
    }
    target = Target.model_validate(wish)
    return MachineJob(
        request_id=name,
        batch_id=batch_run_id(name),
        run_id=machine_run_id(name, target.vm_id),
        door=Door.QUEUE,
        target=target,
        dry_run=False,
        accepted_at=datetime(2026, 1, 1, tzinfo=UTC),
        settings=RunSettings(
            app_name=APP_NAME,
            allowed_scopes=(group,),
            in_place_doors=(),
            opt_in_tag="golden-image-in-place",
            opt_in_value="allowed",
            waits=waits,
        ),
    )
