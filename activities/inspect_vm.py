"""Reads all that the verdict on a machine needs: model, instance view, rights, locks, Run Commands, serial log."""

import asyncio

from azure_clients.errors import ArmRefused
from azure_clients.machines import read_machine
from azure_clients.serial_log import read_serial_log
from azure_clients.surroundings import list_run_commands, read_locks, read_permissions
from contracts.facts import MachineFacts, MachineState, OsType, PowerState
from contracts.machine_steps import Inspected, InspectVm
from contracts.reasons import Refusal, RefusalCode


async def inspect_vm(request: InspectVm) -> Inspected:
    """Read the facts (4 or 5 requests); what cannot be read is None in them, and the policy refuses it.

    A machine that is not there, or may not be read, is a refusal.
    """
    vm_id = request.vm_id
    try:
        machine = await read_machine(vm_id)
    except ArmRefused as refused:
        code = RefusalCode.MACHINE_NOT_FOUND if refused.status == 404 else RefusalCode.MACHINE_UNREADABLE
        return Inspected(refusal=Refusal.of(code, str(refused)), correlation_id=refused.correlation_id)
    permissions, locks, run_commands, readable = await asyncio.gather(
        read_permissions(vm_id), read_locks(vm_id), list_run_commands(vm_id), _serial_log(request, machine)
    )
    facts = MachineFacts(
        machine=machine,
        permissions=permissions,
        locks=locks,
        run_commands=run_commands,
        serial_log_readable=readable,
    )
    return Inspected(facts=facts)


async def _serial_log(request: InspectVm, machine: MachineState) -> bool | None:
    """Whether the proof could be read: learned now, since after the point of no return it is too late."""
    running_linux = machine.os_type is OsType.LINUX and machine.power_state is PowerState.RUNNING
    if not (request.serial_log and running_linux and machine.boot_diagnostics):
        return None
    try:
        return await read_serial_log(machine.vm_id) is not None
    except ArmRefused:
        return False
