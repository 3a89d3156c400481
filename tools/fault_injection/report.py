"""Runs the orchestration once, with one fault or none, and a cleanup if there are orphaned resources."""

from dataclasses import replace

from contracts.catalog import CLEANUP, GOLDEN_IMAGE
from contracts.cleanup import CleanupJob, CleanupMode
from contracts.ids import cleanup_run_id
from contracts.results import VmResult
from contracts.run import Trigger
from emulators.arm import Fault
from tools.fault_injection.calls import Call, calls_of
from tools.fault_injection.scene import APP_NAME, Scene, new_resources, set_up
from tools.fault_injection.sight import Seen, is_image, observe
from tools.fault_injection.station import Station

_MINIMUM_AGE_MINUTES = 60
_UNKNOWN_AGE_MINUTES = 1_920


def clean_run(station: Station) -> tuple[Seen, list[Call]]:
    """Run without faults; return what was observed, and the calls that the run makes."""
    first, already = len(station.simulator.requests()), len(station.begun)
    seen = report(station)
    begun = [(place - first, activity) for place, activity in station.begun[already:]]
    return seen, calls_of(station.simulator.requests()[first:], begun)


def report(station: Station, fault: Fault | None = None) -> Seen:
    """Run in a resource group of its own. TimeoutError if it does not end, RuntimeError if it has no result."""
    station.runs += 1
    simulator = station.simulator
    scene = set_up(simulator, f"run-{station.runs}")
    injected = simulator.inject(fault) if fault is not None else None
    try:
        text = station.run(GOLDEN_IMAGE, scene.job.model_dump(mode="json", exclude_none=True), scene.job.run_id)
    finally:
        simulator.world.faults.clear()
    seen = observe(simulator, scene, VmResult.model_validate_json(text), met=injected.met if injected else 0)
    if all(is_image(resource) for resource in seen.standing):
        return seen
    _cleanup(station, scene)
    return replace(seen, cleanup=new_resources(simulator, scene))


def _cleanup(station: Station, scene: Scene) -> None:
    """Wait until orphaned resources are old enough, and clean up the run's group; no fault is active any more."""
    station.clock.advance(60 * (_MINIMUM_AGE_MINUTES + 30))
    job = CleanupJob(
        cleanup_id=cleanup_run_id(station.runs),
        mode=CleanupMode.DELETE,
        trigger=Trigger.TIMER,
        asked_at=station.clock.now(),
        scopes=(scene.group,),
        app_name=APP_NAME,
        minimum_age_minutes=_MINIMUM_AGE_MINUTES,
        unknown_age_minutes=_UNKNOWN_AGE_MINUTES,
    )
    station.run(CLEANUP, job.model_dump(mode="json", exclude_none=True), job.cleanup_id)
