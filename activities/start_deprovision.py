"""Orders the guest to deprovision itself: one managed Run Command under a name that is this run's alone."""

from azure_clients.machines import read_machine_or_none
from azure_clients.run_commands import put_run_command, read_run_command
from contracts.facts import OsType
from contracts.machine_steps import Ordered, StartDeprovision
from guest.scripts import load_script
from policy.identity import may_still_be_told, same_machine

_LINUX_TIMEOUT = 300
_ROOM_AROUND_SYSPREP = 600


async def start_deprovision(request: StartDeprovision) -> Ordered:
    """Put the Run Command unless it stands already, and return at once (3 requests).

    Safe to run twice: the name is the same, it is looked for first, and the guest does nothing for a run that
    armed it before. The machine is read once more: throttles may lie between its inspection and this order.
    """
    machine = request.machine
    if await read_run_command(machine.vm_id, request.run_command) is not None:
        return Ordered(already=True)
    now = await read_machine_or_none(machine.vm_id)
    failure = same_machine(now, machine.unique_id)
    if failure is not None or now is None:
        return Ordered(failure=failure)
    refusal = may_still_be_told(now, request.opt_in_tag, request.opt_in_value)
    if refusal is not None:
        return Ordered(refusal=refusal)
    linux = machine.os_type is OsType.LINUX
    correlation_id = await put_run_command(
        machine,
        request.run_command,
        script=load_script("linux/deprovision.sh" if linux else "windows/deprovision.ps1").text,
        parameters=_linux(request) if linux else _windows(request),
        timeout_seconds=_LINUX_TIMEOUT if linux else request.sysprep_timeout_seconds + _ROOM_AROUND_SYSPREP,
        app_name=request.app_name,
        run_id=request.run_id,
    )
    return Ordered(correlation_id=correlation_id)


def _linux(request: StartDeprovision) -> dict[str, str]:
    return {
        "GOLDEN_RUN_ID": request.run_id,
        "GOLDEN_NONCE": request.nonce,
        "GOLDEN_KEEP_USER": _flag(request.options.keep_user),
        "GOLDEN_ALLOW_UNKNOWN_OS": _flag(request.options.allow_unknown_distribution),
        "GOLDEN_NOT_AFTER": str(request.not_after),
        "GOLDEN_DELAY_SECONDS": str(request.shutdown_delay_seconds),
    }


def _windows(request: StartDeprovision) -> dict[str, str]:
    return {
        "RunId": request.run_id,
        "Nonce": request.nonce,
        "NotAfter": str(request.not_after),
        "VmMode": _flag(request.options.vm_mode),
        "SysprepTimeoutSeconds": str(request.sysprep_timeout_seconds),
        "ShutdownDelaySeconds": str(request.shutdown_delay_seconds),
    }


def _flag(value: bool) -> str:
    return "true" if value else "false"
