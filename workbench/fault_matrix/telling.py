"""Tells the story once, with one trouble or none, and sweeps where something was left."""

from dataclasses import replace

from contracts.results import MachineResult
from contracts.run import Door
from contracts.steps import GOLDEN_IMAGE, SWEEP
from contracts.sweep import SweepJob, SweepMode
from workbench.arm_simulator import Fault
from workbench.fault_matrix.calls import Call, calls_of
from workbench.fault_matrix.scene import APP_NAME, Scene, new_things, set_up
from workbench.fault_matrix.sight import Seen, is_image, look
from workbench.fault_matrix.station import Station

_MINIMUM_AGE_MINUTES = 60


def clean_run(station: Station) -> tuple[Seen, list[Call]]:
    """Tell the story without trouble; give what was seen, and the calls that it makes."""
    first, already = len(station.simulator.requests()), len(station.begun)
    seen = tell(station)
    begun = [(place - first, step) for place, step in station.begun[already:]]
    return seen, calls_of(station.simulator.requests()[first:], begun)


def tell(station: Station, fault: Fault | None = None) -> Seen:
    """Tell the story in a group of its own. TimeoutError if it has no end, RuntimeError if it has no result."""
    station.runs += 1
    simulator = station.simulator
    scene = set_up(simulator, f"run-{station.runs}")
    injected = simulator.inject(fault) if fault is not None else None
    try:
        text = station.run(GOLDEN_IMAGE, scene.job.model_dump(mode="json", exclude_none=True), scene.job.run_id)
    finally:
        simulator.world.faults.clear()
    seen = look(simulator, scene, MachineResult.model_validate_json(text), met=injected.met if injected else 0)
    if all(is_image(thing) for thing in seen.standing):
        return seen
    _sweep(station, scene)
    return replace(seen, swept=new_things(simulator, scene))


def _sweep(station: Station, scene: Scene) -> None:
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
    station.run(SWEEP, job.model_dump(mode="json", exclude_none=True), job.sweep_id)
