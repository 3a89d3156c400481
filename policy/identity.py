"""Checks that the VM is still the one that the run began with, and that its opt-in is still there."""

from contracts.error_codes import Failure, FailureCode, Refusal, RefusalCode
from contracts.facts import PowerState, VmState
from contracts.tags import tag_of


def same_vm(vm: VmState | None, unique_id: str) -> Failure | None:
    """Return a failure if the VM was deleted, or if another one was created under its name; None if it is the same."""
    if vm is None:
        message = "no VM has this id any more: it was deleted, or moved to another resource group or subscription"
        return Failure.of(FailureCode.VM_DELETED, message)
    if vm.unique_id != unique_id:
        message = f"when the run began, the unique id (vmId) was {unique_id}; now it is {vm.unique_id}"
        return Failure.of(FailureCode.VM_REPLACED, message)
    return None


def opt_in_missing(vm: VmState, tag: str, value: str) -> Refusal | None:
    """Return a refusal if the VM does not have the opt-in tag; tag names are case-insensitive."""
    if tag_of(vm.tags, tag) == value:
        return None
    return Refusal.of(RefusalCode.NOT_OPTED_IN, f"the VM lacks the tag {tag}={value}")


def may_still_be_deprovisioned(vm: VmState, tag: str, value: str) -> Refusal | None:
    """Return a refusal if, since the inspection, the VM stopped or its owner removed the opt-in tag."""
    if vm.power_state is not PowerState.RUNNING:
        return Refusal.of(RefusalCode.NOT_RUNNING, f"the VM's power state is now {vm.power_state}")
    return opt_in_missing(vm, tag, value)


def may_be_deallocated(vm: VmState) -> Failure | None:
    """Return a failure if the VM was started after it had stopped: it is not deprovisioned any more."""
    if vm.power_state not in {PowerState.RUNNING, PowerState.STARTING}:
        return None
    message = f"the VM had stopped and is {vm.power_state} again"
    return Failure.of(FailureCode.STARTED_EXTERNALLY, message)
