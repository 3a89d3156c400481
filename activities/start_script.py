"""Puts a script of the allow-list on a machine that this run made: one Run Command under a name of its own."""

from azure_clients.machines import read_machine_or_none
from azure_clients.run_commands import put_run_command, read_run_command
from contracts.machine_steps import Ordered
from contracts.reasons import Refusal, RefusalCode
from contracts.script_steps import StartScript
from guest.allow_list import AllowedScript, NotAllowed, allowed
from policy.identity import same_machine
from policy.ownership import made_by_run


async def start_script(request: StartScript) -> Ordered:
    """Put the Run Command unless it stands already, and return at once (3 requests).

    The text must be the one that was checked when the run began. The machine is read once more: only one that
    carries this run's tag is ever prepared.
    """
    machine = request.machine
    if await read_run_command(machine.vm_id, request.run_command) is not None:
        return Ordered(already=True)
    script = _checked(request)
    if isinstance(script, Refusal):
        return Ordered(refusal=script)
    now = await read_machine_or_none(machine.vm_id)
    failure = same_machine(now, machine.unique_id)
    if failure is not None or now is None:
        return Ordered(failure=failure)
    if failure := made_by_run(now, request.run_id, request.app_name):
        return Ordered(failure=failure)
    correlation_id = await put_run_command(
        machine,
        request.run_command,
        script=script.text,
        parameters=request.parameters,
        timeout_seconds=request.timeout_seconds,
        app_name=request.app_name,
        run_id=request.run_id,
    )
    return Ordered(correlation_id=correlation_id)


def _checked(request: StartScript) -> AllowedScript | Refusal:
    try:
        script = allowed(request.script)
    except NotAllowed as not_allowed:
        return Refusal.of(RefusalCode.SCRIPT_NOT_ALLOWED, str(not_allowed))
    faults = list(script.faults(request.parameters))
    if script.kind != "prepare" or script.os != request.machine.os_type:
        faults.append(f"{script.name} is a {script.kind} script for {script.os}.")
    if script.sha256 != request.sha256:
        faults.append(f"{script.name} was changed since the run began.")
    return Refusal.of(RefusalCode.SCRIPT_NOT_ALLOWED, " ".join(faults)) if faults else script
