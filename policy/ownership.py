"""Whether a resource belongs to a run: only resources with this run's tag are used, changed or deleted."""

from collections.abc import Mapping

from contracts.activities.resources import NewResource
from contracts.activities.vm import Submitted
from contracts.error_codes import Failure, FailureCode, Refusal, RefusalCode
from contracts.facts import VmState
from contracts.resources import Resource, bears_our_name
from contracts.tags import APP_TAG, PURPOSE_TAG, RUN_TAG, tag_of

type Tags = Mapping[str, str]


def tags_for(wanted: NewResource) -> dict[str, str]:
    """Return all tags of a new resource; the app's own tags cannot be overridden."""
    own = {APP_TAG: wanted.app_name, RUN_TAG: wanted.run_id, PURPOSE_TAG: str(wanted.resource.purpose)}
    return {**wanted.tags, **own}


def standing(wanted: NewResource, tags: Tags) -> Submitted:
    """Check an existing resource with the wanted name: it is used if it belongs to this run, otherwise refused.

    The app's tag is compared too: two apps with the same requestId and VM have the same run id.
    """
    if tag_of(tags, RUN_TAG) == wanted.run_id and tag_of(tags, APP_TAG) == wanted.app_name:
        return Submitted(already=True)
    return Submitted(refusal=name_taken(wanted.resource, tags))


def name_taken(resource: Resource, tags: Tags) -> Refusal:
    """Return the refusal for a resource of this name that does not belong to this run."""
    owner = tag_of(tags, RUN_TAG)
    found = f"has the tag of run {owner}" if owner else "has no run's tag"
    return Refusal.of(RefusalCode.NAME_TAKEN, f"{resource.id} already exists and {found}")


def why_not_ours(resource: Resource, run_id: str, tags: Tags, managed_by: str) -> str | None:
    """Return why a resource does not belong to this run; None if it does.

    A resource that Azure created together with a VM of this run (`resource.implied`) has no tag until it is adopted.
    Until then its name must be one of this run's and, if it is attached, the VM's name too.
    """
    owner = tag_of(tags, RUN_TAG)
    if owner == run_id:
        return None
    if owner is not None or not resource.implied:
        return f"not deleted: it has the tag of run {owner}" if owner else "not deleted: it has no run's tag"
    if not bears_our_name(resource.name, run_id):
        return "not deleted: it has no run's tag, and its name is not one of this run"
    vm = managed_by.rstrip("/").rsplit("/", 1)[-1]
    if vm and not bears_our_name(vm, run_id):
        return f"not deleted: it is attached to the VM {vm}, which does not belong to this run"
    return None


def not_temporary(name: str, tags: Tags) -> Failure | None:
    """Return a failure unless the VM is a temporary VM of some run: by its tag and by its name."""
    owner = tag_of(tags, RUN_TAG)
    if owner is not None and bears_our_name(name, owner):
        return None
    message = f"{name} is not a temporary VM of a run: it was not restarted or deallocated"
    return Failure.of(FailureCode.UNEXPECTED, message)


def created_by_run(vm: VmState, run_id: str, app_name: str | None = None) -> Failure | None:
    """Return a failure unless this run (of this app, if it is named) created the VM: by its tags and by its name."""
    app = app_name is None or tag_of(vm.tags, APP_TAG) == app_name
    if app and tag_of(vm.tags, RUN_TAG) == run_id and bears_our_name(vm.vm_id.name, run_id):
        return None
    message = f"{vm.vm_id.name} was not created by run {run_id}; nothing was started on it"
    return Failure.of(FailureCode.VM_REPLACED, message)
