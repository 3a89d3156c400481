"""Reads what came of a script, and whether its machine still runs."""

from azure_clients.errors import clean
from azure_clients.machines import read_machine_or_none
from azure_clients.run_commands import RunCommandView, read_run_command
from contracts.redaction import redact
from contracts.script_steps import ReadScript, ScriptRead
from policy.identity import same_machine

_MOST_CHARACTERS = 1_000


async def read_script(request: ReadScript) -> ScriptRead:
    """Read the Run Command; while it holds no end, the machine too (1 or 2 requests)."""
    found = await read_run_command(request.vm_id, request.run_command)
    if found is not None and found.ended:
        return ScriptRead(ended=True, exit_code=found.own_exit_code, output=_end_of_output(found))
    machine = await read_machine_or_none(request.vm_id)
    return ScriptRead(machine=machine, failure=same_machine(machine, request.unique_id))


def _end_of_output(found: RunCommandView) -> str:
    # Cleaned before it is cut: half a token is no longer seen as one.
    text = redact(f"{found.output}\n{found.error}").strip()
    if found.own_exit_code is None:
        text = f"{text}\n{clean(found.message)}".strip()
    return text[-_MOST_CHARACTERS:]
