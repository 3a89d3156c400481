"""Whether the app's settings of now still allow what an activity is about to change."""

from collections.abc import Iterable, Iterator

from contracts.authority import Authority
from contracts.error_codes import Refusal, RefusalCode
from contracts.ids import Scope, VmId, in_scope
from contracts.request import Mode
from contracts.resources import Kind, Resource, bears_our_name
from contracts.run import LiveSettings

_IMAGES = frozenset({Kind.MANAGED_IMAGE, Kind.IMAGE_VERSION})


def why_not(authority: Authority, ids: Iterable[str], live: LiveSettings) -> Refusal | None:
    """Return the first reason not to change these resources (ARM ids); None if the run still may.

    A run keeps what it was accepted under and never gains anything: both its own settings and those of now must allow
    it. A pause does not stop a run that is past the point of no return.
    """
    return next(_reasons(authority, ids, live), None)


def why_no_cleanup(ids: Iterable[str], live: LiveSettings) -> Refusal | None:
    """Return the reason why a cleanup may not delete or deallocate these resources; None if it may."""
    if live.cleanup_mode != "delete":
        message = "GOLDEN_CLEANUP_MODE is not delete (any more): a cleanup changes nothing"
        return Refusal.of(RefusalCode.CLEANUP_NOT_ALLOWED, message)
    return next(_outside(ids, live.run.allowed_scopes), None)


def ends_own_work(authority: Authority, asked: object) -> bool:
    """Return whether a request only ends the run's own work: on its own VM, or on a temporary resource of its name.

    An image is never that: once it exists, others may use it.
    """
    resource: Resource | None = getattr(asked, "resource", None)
    if resource is not None:
        mine = getattr(asked, "run_id", None) == authority.run_id and bears_our_name(resource.name, authority.run_id)
        return mine and resource.kind not in _IMAGES
    vm_id: VmId | None = getattr(asked, "vm_id", None)
    return vm_id is not None and (vm_id == authority.vm_id or bears_our_name(vm_id.name, authority.run_id))


def _reasons(authority: Authority, ids: Iterable[str], live: LiveSettings) -> Iterator[Refusal]:
    yield from _outside((str(authority.vm_id), *ids), live.run.allowed_scopes)
    if authority.mode is Mode.IN_PLACE:
        yield from _in_place(authority, live)
    if authority.mode in live.run.approval_modes and not authority.approved:
        message = f"the app demands an approval for mode {authority.mode}, and nobody approved this run"
        yield Refusal.of(RefusalCode.APPROVAL_REQUIRED, message)
    if live.paused and not authority.committed:
        yield Refusal.of(RefusalCode.APP_PAUSED, "the app is paused")


def _in_place(authority: Authority, live: LiveSettings) -> Iterator[Refusal]:
    if authority.trigger not in live.run.in_place_triggers:
        message = f"the trigger {authority.trigger} does not allow mode inPlace"
        yield Refusal.of(RefusalCode.TRIGGER_NOT_ALLOWED, message)
    if (authority.opt_in_tag, authority.opt_in_value) != (live.run.opt_in_tag, live.run.opt_in_value):
        message = "the app's opt-in tag is not the one that the run was accepted under"
        yield Refusal.of(RefusalCode.NOT_OPTED_IN, message)


def _outside(ids: Iterable[str], scopes: tuple[Scope, ...]) -> Iterator[Refusal]:
    for resource_id in ids:
        if not any(in_scope(resource_id, scope) for scope in scopes):
            yield Refusal.of(RefusalCode.SCOPE_NOT_ALLOWED, f"{resource_id} is in no allowed scope")
