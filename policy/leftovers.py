"""May a thing that a run left behind be deleted, and a machine that it left stopped be deallocated?"""

from datetime import timedelta

from contracts.facts import MachineState, PowerState
from contracts.machine_steps import RunStateRead
from contracts.made import Kind, Purpose, bears_our_name
from contracts.sweep import SweepJob
from contracts.sweep_steps import EndedRun, Leftover

_IMAGES = frozenset({Kind.MANAGED_IMAGE, Kind.IMAGE_VERSION})


def why_it_stays(found: Leftover, job: SweepJob, run: RunStateRead | None = None) -> str | None:
    """Give the first reason to leave a thing alone; None only if every condition for deleting it holds.

    `run` is what the engine said of the thing's run; None: it was not asked yet, and only the other reasons count.
    What cannot be read (age, keep-until of an undo snapshot) is a reason to leave it.
    """
    if found.made.kind in _IMAGES and run is not None and not run.alive:
        return f"it is an image of run {found.run_id}, which is over: if nobody needs it, delete it by hand"
    if found.made.kind in _IMAGES or found.made.purpose is Purpose.IMAGE:
        return "it is an image, or what it was made for cannot be read: no sweep deletes it"
    return _not_ours(found, job) or _too_early(found, job) or (_needed(found, job, run) if run else None)


def depends_on_its_run(found: Leftover, job: SweepJob) -> bool:
    """Tell whether the engine must be asked for a thing's run: it may go, or it is a fresh image of this app."""
    if found.made.kind not in _IMAGES:
        return why_it_stays(found, job) is None
    since = job.asked_at - timedelta(days=job.look_back_days)
    ours = bool(found.run_id) and found.app_name == job.app_name
    return ours and found.created_at is not None and found.created_at > since


def why_not_deallocated(ended: EndedRun, machine: MachineState | None, job: SweepJob) -> str | None:
    """Give the reason to leave the machine of an ended run as it is; None if it may be deallocated."""
    if not any(scope.contains(ended.vm_id) for scope in job.scopes):
        return "it lies in no allowed scope"
    if machine is None:
        return f"it is gone, or no Run Command of run {ended.run_id} stands on it"
    if machine.power_state is not PowerState.STOPPED:
        return f"its power state is {machine.power_state}: only a stopped machine is deallocated"
    return None


def _not_ours(found: Leftover, job: SweepJob) -> str | None:
    if not found.run_id:
        return "its run tag names no run"
    if found.app_name != job.app_name:
        return f"it belongs to the app {found.app_name or 'that no tag names'}"
    if not bears_our_name(found.made.name, found.run_id):
        return f"its name is not one that run {found.run_id} gave"
    if not any(found.made.id.lower().startswith(f"{scope}/".lower()) for scope in job.scopes):
        return "it lies in no allowed scope"
    return None


def _needed(found: Leftover, job: SweepJob, run: RunStateRead) -> str | None:
    """Tell whether a run may still need it; one that is not known may live in another task hub of the app's name."""
    if run.alive:
        return f"run {found.run_id} is alive"
    if not run.known and _younger(found, job, job.unknown_age_minutes):
        return f"run {found.run_id} is not known here, and it is younger than {job.unknown_age_minutes} minutes"
    return None


def _younger(found: Leftover, job: SweepJob, minutes: int) -> bool:
    return found.created_at is None or found.created_at > job.asked_at - timedelta(minutes=minutes)


def _too_early(found: Leftover, job: SweepJob) -> str | None:
    if found.created_at is None:
        return "its age cannot be read"
    if _younger(found, job, job.minimum_age_minutes):
        return f"it is younger than {job.minimum_age_minutes} minutes"
    if found.keep_until is not None and found.keep_until > job.asked_at:
        return f"it is kept until {found.keep_until.isoformat()}"
    if found.made.purpose is Purpose.UNDO and found.keep_until is None:
        return "it is an undo snapshot, and until when it is kept cannot be read"
    return None
