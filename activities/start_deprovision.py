"""Orders the guest to deprovision itself: one managed Run Command under a name that is this run's alone."""

from azure_clients.errors import ArmRefused
from azure_clients.machines import read_machine_or_none
from azure_clients.run_commands import put_run_command, read_run_command
from azure_clients.secrets import read_secret, secret_refusal
from contracts.facts import OsType
from contracts.machine_steps import Ordered, StartDeprovision
from contracts.reasons import Refusal, RefusalCode
from guest.allow_list import NotAllowed, allowed
from guest.scripts import load_script
from policy.identity import may_still_be_told, same_machine

_LINUX_TIMEOUT = 300
_ROOM_AROUND_SYSPREP = 600


async def start_deprovision(request: StartDeprovision) -> Ordered:
    """Put the Run Command unless it stands already, and return at once (3 requests, 1 or 2 more for a secret).

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
    try:
        script = _script(request)
    except NotAllowed as not_allowed:
        return Ordered(refusal=Refusal.of(RefusalCode.SCRIPT_NOT_ALLOWED, str(not_allowed)))
    try:
        protected = await _protected(request)
    except ArmRefused as refused:
        return Ordered(refusal=secret_refusal(refused))
    return Ordered(correlation_id=await _put(request, script, protected))


def _script(request: StartDeprovision) -> str:
    """The text that will run; NotAllowed if it is not the one that was checked."""
    linux, name = request.machine.os_type is OsType.LINUX, request.options.script
    if name is None:
        script = load_script("linux/deprovision.sh" if linux else "windows/deprovision.ps1")
    else:
        script = allowed(name)
        if script.kind != "deprovision" or script.os != request.machine.os_type:
            raise NotAllowed(f"{name} is a {script.kind} script for {script.os}.")
    if request.script_sha256 not in ("", script.sha256):
        raise NotAllowed(f"{script.name} was changed since the run began.")
    return script.text


async def _protected(request: StartDeprovision) -> dict[str, str]:
    """The local administrator's name and password; only here and in the body of the order is it ever held."""
    credential = request.options.sysprep_credential
    if credential is None or request.machine.os_type is not OsType.WINDOWS:
        return {}
    return {"SysprepUser": credential.user, "SysprepPassword": await read_secret(credential.secret_id)}


async def _put(request: StartDeprovision, script: str, protected: dict[str, str]) -> str | None:
    linux = request.machine.os_type is OsType.LINUX
    return await put_run_command(
        request.machine,
        request.run_command,
        script=script,
        parameters=_linux(request) if linux else _windows(request),
        protected=protected,
        timeout_seconds=_LINUX_TIMEOUT if linux else request.sysprep_timeout_seconds + _ROOM_AROUND_SYSPREP,
        app_name=request.app_name,
        run_id=request.run_id,
    )


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
