"""May a thing that a run left behind be deleted, and a machine that it left stopped be deallocated?"""

from datetime import timedelta

from contracts.facts import MachineState, PowerState
from contracts.made import Kind, Purpose, bears_our_name
from contracts.sweep import SweepJob
from contracts.sweep_steps import EndedRun, Leftover

_IMAGES = frozenset({Kind.MANAGED_IMAGE, Kind.IMAGE_VERSION})


def why_it_stays(found: Leftover, job: SweepJob, *, run_alive: bool) -> str | None:
    """Give the first reason to leave a thing alone; None only if every condition for deleting it holds.

    What cannot be read (age, keep-until of an undo snapshot) is a reason to leave it.
    """
    if found.made.kind in _IMAGES or found.made.purpose is Purpose.IMAGE:
        return "it is an image, or what it was made for cannot be read: no sweep deletes it"
    return _not_ours(found, job) or _too_early(found, job) or (f"run {found.run_id} is alive" if run_alive else None)


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


def _too_early(found: Leftover, job: SweepJob) -> str | None:
    if found.created_at is None:
        return "its age cannot be read"
    if found.created_at > job.asked_at - timedelta(minutes=job.minimum_age_minutes):
        return f"it is younger than {job.minimum_age_minutes} minutes"
    if found.keep_until is not None and found.keep_until > job.asked_at:
        return f"it is kept until {found.keep_until.isoformat()}"
    if found.made.purpose is Purpose.UNDO and found.keep_until is None:
        return "it is an undo snapshot, and until when it is kept cannot be read"
    return None
