"""Reads everything that the check of a VM needs: model, instance view, permissions, locks, Run Commands, serial log."""

import asyncio

from azure_clients.errors import ArmRefused
from azure_clients.permissions_and_locks import list_run_commands, read_locks, read_permissions
from azure_clients.serial_log import read_serial_log
from azure_clients.vms import read_vm
from contracts.activities.vm import Inspected, InspectVm
from contracts.error_codes import Refusal, RefusalCode
from contracts.facts import OsType, PowerState, VmFacts, VmState


async def inspect_vm(request: InspectVm) -> Inspected:
    """Read the facts (4 or 5 requests); a fact that cannot be read is None, and the check refuses it.

    A VM that does not exist, or cannot be read, is a refusal.
    """
    vm_id = request.vm_id
    try:
        vm = await read_vm(vm_id)
    except ArmRefused as refused:
        code = RefusalCode.VM_NOT_FOUND if refused.status == 404 else RefusalCode.VM_UNREADABLE
        return Inspected(refusal=Refusal.of(code, str(refused)), correlation_id=refused.correlation_id)
    permissions, locks, run_commands, readable = await asyncio.gather(
        read_permissions(vm_id), read_locks(vm_id), list_run_commands(vm_id), _serial_log(request, vm)
    )
    facts = VmFacts(
        vm=vm,
        permissions=permissions,
        locks=locks,
        run_commands=run_commands,
        serial_log_readable=readable,
    )
    return Inspected(facts=facts)


async def _serial_log(request: InspectVm, vm: VmState) -> bool | None:
    """Check whether the serial log can be read: after the point of no return it would be too late."""
    running_linux = vm.os_type is OsType.LINUX and vm.power_state is PowerState.RUNNING
    if not (request.serial_log and running_linux and vm.boot_diagnostics):
        return None
    try:
        return await read_serial_log(vm.vm_id) is not None
    except ArmRefused:
        return False
