"""What a run begins with: a Linux VM, a network and an image definition in a resource group of its own."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from contracts.build_places import BuildPlace
from contracts.ids import Scope, batch_run_id, vm_run_id
from contracts.polling import Polling, PollingSettings
from contracts.request import Target
from contracts.resource_ids import SubnetId
from contracts.run import RunSettings, Trigger, VmJob
from contracts.tags import OPT_IN_TAG, OPT_IN_VALUE
from emulators.arm import Simulator, VmSpec

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
REGIONS = ("westeurope", "northeurope")
APP_NAME = "fault-matrix"
_VM, _GALLERY, _DEFINITION = "source", "images", "web"
# The deadlines are shorter than the app's: a run that times out polls less often, and takes the same path.
_WAITS = PollingSettings(
    snapshot=Polling(initial_delay_seconds=5, interval_seconds=20, timeout_seconds=600),
    disk=Polling(initial_delay_seconds=3, interval_seconds=15, timeout_seconds=600),
    vm=Polling(initial_delay_seconds=60, interval_seconds=20, timeout_seconds=900),
    restart=Polling(initial_delay_seconds=60, interval_seconds=20, timeout_seconds=900),
    script=Polling(initial_delay_seconds=20, interval_seconds=30, timeout_seconds=900),
    publish=Polling(initial_delay_seconds=240, interval_seconds=120, timeout_seconds=14_400),
)


SCOPE = f"/subscriptions/{SUBSCRIPTION}"
"""What the emulated operator allows: each scene has a resource group of its own in it."""


@dataclass(frozen=True)
class Scene:
    """What one run works on: its resource group, its job, and the resources that existed before it began."""

    group: Scope
    job: VmJob
    before: frozenset[str]
    picture: str


def set_up(simulator: Simulator, name: str, *, polling: PollingSettings = _WAITS) -> Scene:
    """Put the source VM, its network, gallery and definition into the group `rg-<name>`."""
    world = simulator.world
    group = Scope(SUBSCRIPTION, f"rg-{name}")
    spec = VmSpec(
        name=_VM, subscription_id=SUBSCRIPTION, resource_group=group.resource_group or "", power="deallocated"
    )
    vm = simulator.add_vm(spec)
    subnet_id = world.add_network(spec.group_id, spec.location)
    gallery = world.add_gallery(
        _GALLERY, subscription_id=SUBSCRIPTION, resource_group=spec.resource_group, location=spec.location
    )
    definition = world.add_definition(gallery, _DEFINITION, "Linux", "Generalized")
    return Scene(
        group=group,
        job=_job(name, spec.id, subnet_id, definition.id, group, polling),
        before=frozenset(_standing(simulator, group)),
        picture=world.picture(vm),
    )


def new_resources(simulator: Simulator, scene: Scene) -> frozenset[str]:
    """Return the ids of everything in the scene's group, tagged or not, that did not exist before the run."""
    return frozenset(_standing(simulator, scene.group)) - scene.before


def _standing(simulator: Simulator, group: Scope) -> list[str]:
    world, prefix = simulator.world, f"{group}/".lower()
    held = [*(resource.id for resource in world.store.all()), *(vm.id for vm in world.vms.values())]
    return [held_id for held_id in held if held_id.lower().startswith(prefix)]


def _job(name: str, vm_id: str, subnet_id: str, definition_id: str, group: Scope, polling: PollingSettings) -> VmJob:
    options: dict[str, Any] = {
        "vmId": vm_id,
        "mode": "clone",
        "customize": [{"script": "linux-packages-update", "reboot": True}],
        "image": {
            "kind": "galleryImageVersion",
            "imageDefinitionId": definition_id,
            "targetRegions": [{"name": region} for region in REGIONS],
            "validate": {},
        },
    }
    target = Target.model_validate(options)
    place = BuildPlace(region="westeurope", resource_group_id=group, subnet_id=SubnetId.parse(subnet_id))
    return VmJob(
        request_id=name,
        batch_id=batch_run_id(name),
        run_id=vm_run_id(name, target.vm_id),
        trigger=Trigger.QUEUE,
        target=target,
        dry_run=False,
        accepted_at=datetime(2026, 1, 1, tzinfo=UTC),
        settings=RunSettings(
            app_name=APP_NAME,
            allowed_scopes=(group,),
            in_place_triggers=(),
            opt_in_tag=OPT_IN_TAG,
            opt_in_value=OPT_IN_VALUE,
            build_places=(place,),
            polling=polling,
        ),
    )
