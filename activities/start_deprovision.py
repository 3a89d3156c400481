"""Requests that the guest deprovisions itself, with one managed Run Command whose name is unique to the run."""

from azure_clients.errors import ArmRefused
from azure_clients.run_commands import put_run_command, read_run_command
from azure_clients.secrets import read_secret, secret_refusal
from azure_clients.vms import read_vm_or_none
from contracts.activities.vm import StartDeprovision, Submitted
from contracts.error_codes import Refusal, RefusalCode
from contracts.facts import OsType
from contracts.polling import LINUX_SCRIPT_SECONDS, SYSPREP_SCRIPT_MARGIN_SECONDS
from guest.allow_list import NotAllowed, allowed
from guest.scripts import LINUX_DEPROVISION, WINDOWS_DEPROVISION, load_script
from policy.identity import may_still_be_deprovisioned, same_vm


async def start_deprovision(request: StartDeprovision) -> Submitted:
    """Create the Run Command unless it exists, and return at once (3 requests, 1 or 2 more for a secret).

    Safe to run twice: the name is the same and is read first, and the script does nothing if the run already requested
    deprovisioning. The VM is read again: Azure may have throttled for a while since it was inspected.
    """
    vm = request.vm
    if await read_run_command(vm.vm_id, request.run_command) is not None:
        return Submitted(already=True)
    now = await read_vm_or_none(vm.vm_id)
    failure = same_vm(now, vm.unique_id)
    if failure is not None or now is None:
        return Submitted(failure=failure)
    refusal = may_still_be_deprovisioned(now, request.opt_in_tag, request.opt_in_value)
    if refusal is not None:
        return Submitted(refusal=refusal)
    try:
        script = _script(request)
    except NotAllowed as not_allowed:
        return Submitted(refusal=Refusal.of(RefusalCode.SCRIPT_NOT_ALLOWED, str(not_allowed)))
    try:
        protected = await _protected(request)
    except ArmRefused as refused:
        return Submitted(refusal=secret_refusal(refused))
    return Submitted(correlation_id=await _put(request, script, protected))


def _script(request: StartDeprovision) -> str:
    """Return the script's text; NotAllowed if it is not the one that was checked."""
    linux, name = request.vm.os_type is OsType.LINUX, request.options.script
    if name is None:
        script = load_script(LINUX_DEPROVISION if linux else WINDOWS_DEPROVISION)
    else:
        script = allowed(name)
        if script.kind != "deprovision" or script.os != request.vm.os_type:
            raise NotAllowed(f"{name} is a {script.kind} script for {script.os}.")
    if request.script_sha256 not in ("", script.sha256):
        raise NotAllowed(f"{script.name} was changed since the run began; send the request again.")
    return script.text


async def _protected(request: StartDeprovision) -> dict[str, str]:
    """Return the local administrator's name and password; they exist only here and in the request body."""
    credential = request.options.sysprep_credential
    if credential is None or request.vm.os_type is not OsType.WINDOWS:
        return {}
    return {"SysprepUser": credential.user, "SysprepPassword": await read_secret(credential.secret_id)}


async def _put(request: StartDeprovision, script: str, protected: dict[str, str]) -> str | None:
    linux = request.vm.os_type is OsType.LINUX
    return await put_run_command(
        request.vm,
        request.run_command,
        script=script,
        parameters=_linux(request) if linux else _windows(request),
        protected=protected,
        timeout_seconds=LINUX_SCRIPT_SECONDS
        if linux
        else request.sysprep_timeout_seconds + SYSPREP_SCRIPT_MARGIN_SECONDS,
        app_name=request.app_name,
        tags=request.tags,
        run_id=request.run_id,
        nonce=request.nonce,
    )


def _linux(request: StartDeprovision) -> dict[str, str]:
    return {
        "GOLDEN_RUN_ID": request.run_id,
        "GOLDEN_NONCE": request.nonce,
        "GOLDEN_KEEP_USER": _flag(request.options.keep_user),
        "GOLDEN_ALLOW_UNKNOWN_OS": _flag(request.options.allow_unknown_distribution),
        "GOLDEN_NOT_AFTER": str(request.not_after),
        "GOLDEN_DELAY_SECONDS": str(request.shutdown_delay_seconds),
        **({"GOLDEN_BOOT_ID": request.boot_id} if request.boot_id else {}),
    }


def _windows(request: StartDeprovision) -> dict[str, str]:
    return {
        "RunId": request.run_id,
        "Nonce": request.nonce,
        "NotAfter": str(request.not_after),
        "VmMode": _flag(request.options.sysprep_mode_vm),
        "SysprepTimeoutSeconds": str(request.sysprep_timeout_seconds),
        "ShutdownDelaySeconds": str(request.shutdown_delay_seconds),
        **({"BootId": request.boot_id} if request.boot_id else {}),
    }


def _flag(value: bool) -> str:
    return "true" if value else "false"
