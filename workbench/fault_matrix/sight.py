"""What is seen of one run from outside, once it has ended."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from contracts.results import MachineResult
from workbench.arm_simulator import Simulator
from workbench.fault_matrix.scene import Scene, new_things


@dataclass(frozen=True)
class Seen:
    """One run.

    `met`: how many requests met the trouble. `standing`: ids of what was there at the end and not at its beginning;
    `swept`: the same after a sweep, None if none was needed. `effects`: by machine, how often something
    irreversible was done to it. `births`: by id, how often Azure made it.
    """

    result: MachineResult
    met: int
    standing: frozenset[str]
    source_untouched: bool
    effects: Mapping[str, Mapping[str, int]]
    births: Mapping[str, int]
    swept: frozenset[str] | None = None


def look(simulator: Simulator, scene: Scene, result: MachineResult, *, met: int) -> Seen:
    """Look at what a run did to the simulated Azure."""
    world, prefix = simulator.world, f"{scene.group}/".lower()
    machines = [each for each in (*world.machines.values(), *world.former) if each.id.lower().startswith(prefix)]
    effects: dict[str, Counter[str]] = {}
    for machine in machines:
        # A machine that was made again under its name has the same id: what was done to both counts as one.
        effects.setdefault(machine.id, Counter()).update(effect.kind for effect in machine.effects)
    return Seen(
        result=result,
        met=met,
        standing=new_things(simulator, scene),
        source_untouched=world.picture(simulator.machine(str(scene.job.target.vm_id))) == scene.picture,
        effects=effects,
        births=Counter(trace.id for trace in world.made if trace.id.lower().startswith(prefix)),
    )


def is_image(thing: str) -> bool:
    """Whether an id is that of an image version: no sweep ever deletes one."""
    return "/versions/" in thing.lower()
