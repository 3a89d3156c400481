"""Tells the story once, with one trouble or none, sweeps where something was left, and writes down what was seen."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts.made import Kind
from contracts.results import MachineResult
from contracts.run import Door
from contracts.steps import GOLDEN_IMAGE, SWEEP
from contracts.sweep import SweepJob, SweepMode, SweepResult
from workbench.arm_simulator import Fault, Injected, RequestRecord
from workbench.fault_matrix.scene import APP_NAME, DEFINITION, MACHINE, Scene, set_up, standing
from workbench.fault_matrix.station import Station

_MINIMUM_AGE_MINUTES = 60


@dataclass(frozen=True)
class Told:
    """What was seen of one run, from outside.

    `met`: how many requests met the trouble. `standing`: ids of what was there at the end and not at its beginning;
    `swept`: the same after the sweep, None if none was needed. `effects`: by machine, how often something
    irreversible was done. `births`: by id, how often Azure made it.
    """

    result: MachineResult
    met: int
    standing: frozenset[str]
    swept: frozenset[str] | None
    source_untouched: bool
    effects: Mapping[str, Mapping[str, int]]
    births: Mapping[str, int]
    requests: list[RequestRecord] = field(repr=False)
    begun: list[tuple[int, str]] = field(repr=False)
    sweep: SweepResult | None = None


def tell(station: Station, seed: int, fault: Fault | None = None) -> Told:
    """Tell the story in a group of its own. TimeoutError if it has no end."""
    station.runs += 1
    station.seed(str(seed))
    simulator = station.simulator
    scene = set_up(simulator, f"run-{station.runs}")
    first, already = len(simulator.world.requests), len(station.begun)
    injected = simulator.inject(fault) if fault is not None else None
    try:
        state = station.run(GOLDEN_IMAGE, scene.job.model_dump(mode="json", exclude_none=True), scene.job.run_id)
    finally:
        simulator.world.faults.clear()
    if state.serialized_output is None:
        raise RuntimeError(f"the run has no result: {state.runtime_status} {state.failure_details}")
    requests = simulator.requests()[first:]
    begun = [(place - first, step) for place, step in station.begun[already:]]
    return _seen(station, scene, MachineResult.model_validate_json(state.serialized_output), injected, requests, begun)


def _seen(
    station: Station,
    scene: Scene,
    result: MachineResult,
    injected: Injected | None,
    requests: list[RequestRecord],
    begun: list[tuple[int, str]],
) -> Told:
    world = station.simulator.world
    stands = _new(station, scene)
    sweep = None
    if any(not _is_image(left) for left in stands):
        sweep = _sweep(station, scene)
    source = station.simulator.machine(str(scene.job.target.vm_id))
    prefix = f"{scene.group}/".lower()
    machines = [m for m in (*world.machines.values(), *world.former) if m.id.lower().startswith(prefix)]
    return Told(
        result=result,
        met=injected.met if injected is not None else 0,
        standing=stands,
        swept=_new(station, scene) if sweep is not None else None,
        source_untouched=source.name == MACHINE and world.picture(source) == scene.picture,
        effects={machine.id: Counter(effect.kind for effect in machine.effects) for machine in machines},
        births=Counter(trace.id for trace in world.made if trace.id.lower().startswith(prefix)),
        requests=requests,
        begun=begun,
        sweep=sweep,
    )


def _sweep(station: Station, scene: Scene) -> SweepResult:
    """Let what was left grow old enough, and sweep the run's group; nothing is in the way any more."""
    station.clock.advance(60 * (_MINIMUM_AGE_MINUTES + 30))
    job = SweepJob(
        sweep_id=f"sweep-{station.runs}",
        mode=SweepMode.DELETE,
        door=Door.TIMER,
        asked_at=station.clock.now(),
        scopes=(scene.group,),
        app_name=APP_NAME,
        minimum_age_minutes=_MINIMUM_AGE_MINUTES,
    )
    state = station.run(SWEEP, job.model_dump(mode="json", exclude_none=True), job.sweep_id)
    if state.serialized_output is None:
        raise RuntimeError(f"the sweep has no result: {state.runtime_status} {state.failure_details}")
    return SweepResult.model_validate_json(state.serialized_output)


def _new(station: Station, scene: Scene) -> frozenset[str]:
    return frozenset(standing(station.simulator, scene.group)) - scene.before


def _is_image(resource_id: str) -> bool:
    return f"/{DEFINITION}/versions/" in resource_id.lower() and Kind.IMAGE_VERSION.split("/")[1] in resource_id
