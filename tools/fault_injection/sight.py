"""What is observed of one run from outside, once it has ended."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from contracts.results import VmResult
from emulators.arm import Simulator
from tools.fault_injection.scene import Scene, new_resources


@dataclass(frozen=True)
class Seen:
    """One run.

    `met`: how many requests met the fault. `standing`: ids of what existed at its end and not at its beginning;
    `cleanup`: the same after a cleanup, None if none was needed. `effects`: by VM, how often something
    irreversible was done to it. `births`: by id, how often Azure created it.
    """

    result: VmResult
    met: int
    standing: frozenset[str]
    source_untouched: bool
    effects: Mapping[str, Mapping[str, int]]
    births: Mapping[str, int]
    cleanup: frozenset[str] | None = None


def observe(simulator: Simulator, scene: Scene, result: VmResult, *, met: int) -> Seen:
    """Read what a run did to the simulated Azure."""
    world, prefix = simulator.world, f"{scene.group}/".lower()
    vms = [each for each in (*world.vms.values(), *world.former) if each.id.lower().startswith(prefix)]
    effects: dict[str, Counter[str]] = {}
    for vm in vms:
        # A VM that was created again with its name has the same id: what was done to both counts as one.
        effects.setdefault(vm.id, Counter()).update(effect.kind for effect in vm.effects)
    return Seen(
        result=result,
        met=met,
        standing=new_resources(simulator, scene),
        source_untouched=world.picture(simulator.vm(str(scene.job.target.vm_id))) == scene.picture,
        effects=effects,
        births=Counter(trace.id for trace in world.resource if trace.id.lower().startswith(prefix)),
    )


def is_image(resource: str) -> bool:
    """Whether an id is that of an image version: no cleanup ever deletes one."""
    return "/versions/" in resource.lower()
