"""Removes the extensions that a policy installed on the clone, before what they installed becomes part of the image."""

from collections.abc import Iterable
from datetime import datetime

from contracts.activities.vm import RemoveExtension, TemporaryVm
from contracts.catalog import READ_TEMPORARY_VM, REMOVE_EXTENSION
from contracts.error_codes import Failure, FailureCode, Refusal, RefusalCode
from contracts.facts import VmExtension, VmState
from contracts.polling import EXTENSIONS
from orchestrators.golden_image.ends import Failed, Refused
from orchestrators.golden_image.polling import ask, wait_for
from orchestrators.golden_image.vm_run import VmRun
from orchestrators.run_activity import Orchestration
from policy.vm_extensions import Sorted, installed, sort_extensions


def remove_extensions(run: VmRun, vm: VmState) -> Orchestration[None]:
    """Wait until no extension on the clone is being installed or removed, and remove those that may be removed.

    Refused, with every reason, if one may not be removed, failed, or is not done at the deadline. A clone without any
    costs one read.
    """
    removed: dict[str, VmExtension] = {}
    pending: tuple[str, ...] | None = None

    def poll(until: datetime) -> Orchestration[bool | None]:
        nonlocal pending
        found = yield from _read(run, vm, until)
        if found is None:
            return None
        pending = found.busy
        if found.busy:
            return None
        if found.unwanted:
            raise _refused(found.unwanted)
        if not found.removable:
            return True
        removed.update({extension.name.lower(): extension for extension in found.removable})
        pending = yield from _remove(run, vm, found.removable, until)
        return None

    if (yield from wait_for(run, EXTENSIONS, poll)) is None:
        if pending is None:
            raise Failed(Failure.of(FailureCode.CLONE_FAILED, f"Azure did not return {vm.vm_id.name} any more"))
        raise _refused(f"{why}, after {EXTENSIONS.timeout_seconds} s" for why in pending)
    if removed:
        names = ", ".join(f"{extension.name} ({extension.kind})" for extension in removed.values())
        run.note(f"extensions removed from the clone before the point of no return: {names}")


def check_none_appeared(vm: VmState) -> None:
    """Fail if an extension came after all, while the clone was being deprovisioned; `vm` was read after it stopped.

    What it installed is in the image. The source is as it was, so that nothing is lost with the clone.
    """
    if late := installed(vm.extensions):
        names = ", ".join(f"{extension.name} ({extension.kind})" for extension in late)
        message = f"installed on {vm.vm_id.name} while it was being deprovisioned: {names}"
        raise Failed(Failure.of(FailureCode.EXTENSIONS_APPEARED, message))


def _read(run: VmRun, vm: VmState, until: datetime) -> Orchestration[Sorted | None]:
    request = TemporaryVm(vm_id=vm.vm_id, run_id=run.job.run_id)
    read = (yield from ask(run, READ_TEMPORARY_VM, request, until)).vm
    return None if read is None else sort_extensions(read.extensions, run.settings.removable_extensions)


def _remove(
    run: VmRun, vm: VmState, extensions: tuple[VmExtension, ...], until: datetime
) -> Orchestration[tuple[str, ...]]:
    """Request the removal of each; returns why they are still there."""
    pending: list[str] = []
    for extension in extensions:
        request = RemoveExtension(vm_id=vm.vm_id, run_id=run.job.run_id, extension=extension)
        answer = yield from ask(run, REMOVE_EXTENSION, request, until)
        why = answer.why or "it is being removed"
        pending.append(f"{extension.name} ({extension.kind}): {why}")
        run.log("extension removal requested", extension=extension.kind, why=answer.why)
    return tuple(pending)


def _refused(reasons: Iterable[str]) -> Refused:
    return Refused(*(Refusal.of(RefusalCode.UNEXPECTED_EXTENSIONS, reason) for reason in reasons))
