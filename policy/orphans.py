"""Whether a cleanup may delete an orphaned resource, or deallocate a VM that an ended run left stopped."""

from datetime import timedelta

from contracts.activities.cleanup import EndedRun, Orphan
from contracts.activities.vm import RunStateRead
from contracts.cleanup import CleanupJob
from contracts.facts import PowerState, VmState
from contracts.ids import in_scope
from contracts.resources import Kind, Purpose, bears_our_name
from contracts.tags import KEEP_TAG

_IMAGES = frozenset({Kind.MANAGED_IMAGE, Kind.IMAGE_VERSION})


def why_it_stays(found: Orphan, job: CleanupJob, run: RunStateRead | None = None) -> str | None:
    """Return the first reason to keep a resource; None only if every condition for deleting it is met.

    `run` is the state of the resource's run in the task hub; None: it was not read yet, and only the other reasons are
    checked. If the age or a rollback snapshot's keep-until cannot be read, the resource is kept.
    """
    if found.resource.kind in _IMAGES and run is not None and not run.alive:
        return f"it is an image of run {found.run_id}, which has ended: delete it by hand if it is not needed"
    if found.resource.kind in _IMAGES or found.resource.purpose is Purpose.IMAGE:
        return "it is an image, or its purpose tag cannot be read: no cleanup deletes it"
    return _not_ours(found, job) or _too_early(found, job) or (_needed(found, job, run) if run else None)


def depends_on_its_run(found: Orphan, job: CleanupJob) -> bool:
    """Return whether the state of a resource's run must be read: it may be deleted, or is a new image of this app."""
    if found.resource.kind not in _IMAGES:
        return why_it_stays(found, job) is None
    since = job.asked_at - timedelta(days=job.look_back_days)
    ours = bool(found.run_id) and found.app_name == job.app_name
    return ours and found.created_at is not None and found.created_at > since


def why_not_deallocated(ended: EndedRun, vm: VmState | None, job: CleanupJob) -> str | None:
    """Return the reason not to deallocate the VM of an ended run; None if it may be deallocated."""
    if not any(scope.contains(ended.vm_id) for scope in job.scopes):
        return "it is in no allowed scope"
    if vm is None:
        return f"it does not exist, or is not the VM that run {ended.run_id} worked on"
    if vm.power_state is not PowerState.STOPPED:
        return f"its power state is {vm.power_state}: only a stopped VM is deallocated"
    return None


def _not_ours(found: Orphan, job: CleanupJob) -> str | None:
    if not found.run_id:
        return "its run tag is empty"
    if found.app_name != job.app_name:
        return f"it belongs to the app {found.app_name}" if found.app_name else "it has no tag of an app"
    if not bears_our_name(found.resource.name, found.run_id):
        return f"its name is not one of run {found.run_id}"
    if not any(in_scope(found.resource.id, scope) for scope in job.scopes):
        return "it is in no allowed scope"
    return None


def _needed(found: Orphan, job: CleanupJob, run: RunStateRead) -> str | None:
    """Return the reason if a run may still need it; an unknown run may be in another task hub of the same app."""
    if run.alive:
        return f"run {found.run_id} has not ended"
    if not run.known and _younger(found, job, job.unknown_age_minutes):
        return f"run {found.run_id} is not in this task hub, and it is younger than {job.unknown_age_minutes} minutes"
    return None


def _younger(found: Orphan, job: CleanupJob, minutes: int) -> bool:
    return found.created_at is None or found.created_at > job.asked_at - timedelta(minutes=minutes)


def _too_early(found: Orphan, job: CleanupJob) -> str | None:
    if found.created_at is None:
        return "its age cannot be read"
    if _younger(found, job, job.minimum_age_minutes):
        return f"it is younger than {job.minimum_age_minutes} minutes"
    if found.keep_until is not None and found.keep_until > job.asked_at:
        return f"it is kept until {found.keep_until.isoformat()}"
    if found.resource.purpose is Purpose.ROLLBACK and found.keep_until is None:
        return f"it is a rollback snapshot, and its tag {KEEP_TAG} cannot be read"
    return None
