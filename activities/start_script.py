"""Runs a script from the allow-list on a temporary VM, with one Run Command of its own name."""

from azure_clients.run_commands import put_run_command, read_run_command
from azure_clients.vms import read_vm_or_none
from contracts.activities.scripts import StartScript
from contracts.activities.vm import Submitted
from contracts.error_codes import Refusal, RefusalCode
from guest.allow_list import AllowedScript, NotAllowed, allowed
from policy.identity import same_vm
from policy.ownership import created_by_run


async def start_script(request: StartScript) -> Submitted:
    """Create the Run Command unless it exists, and return at once (3 requests).

    The text must be the one that was checked when the run began. The VM is read again: only a VM with this run's tag is
    customized.
    """
    vm = request.vm
    if await read_run_command(vm.vm_id, request.run_command) is not None:
        return Submitted(already=True)
    script = _checked(request)
    if isinstance(script, Refusal):
        return Submitted(refusal=script)
    now = await read_vm_or_none(vm.vm_id)
    failure = same_vm(now, vm.unique_id)
    if failure is not None or now is None:
        return Submitted(failure=failure)
    if failure := created_by_run(now, request.run_id, request.app_name):
        return Submitted(failure=failure)
    correlation_id = await put_run_command(
        vm,
        request.run_command,
        script=script.text,
        parameters=request.parameters,
        timeout_seconds=request.timeout_seconds,
        app_name=request.app_name,
        tags=request.tags,
        run_id=request.run_id,
    )
    return Submitted(correlation_id=correlation_id)


def _checked(request: StartScript) -> AllowedScript | Refusal:
    try:
        script = allowed(request.script)
    except NotAllowed as not_allowed:
        return Refusal.of(RefusalCode.SCRIPT_NOT_ALLOWED, str(not_allowed))
    faults = list(script.faults(request.parameters))
    if script.kind != "customize" or script.os != request.vm.os_type:
        faults.append(f"{script.name} is a {script.kind} script for {script.os}.")
    if script.sha256 != request.sha256:
        faults.append(f"{script.name} was changed since the run began; send the request again.")
    return Refusal.of(RefusalCode.SCRIPT_NOT_ALLOWED, " ".join(faults)) if faults else script
