"""Reads the result of a script, and whether its VM still runs."""

from azure_clients.errors import clean
from azure_clients.run_commands import RunCommandView, read_run_command
from azure_clients.vms import read_vm_or_none
from contracts.activities.scripts import ReadScript, ScriptRead
from contracts.redaction import redact
from policy.identity import same_vm

_MOST_CHARACTERS = 1_000


async def read_script(request: ReadScript) -> ScriptRead:
    """Read the Run Command; while it has not ended, the VM too (1 or 2 requests)."""
    found = await read_run_command(request.vm_id, request.run_command)
    if found is not None and found.ended:
        return ScriptRead(ended=True, exit_code=found.own_exit_code, output=_end_of_output(found))
    vm = await read_vm_or_none(request.vm_id)
    return ScriptRead(vm=vm, failure=same_vm(vm, request.unique_id))


def _end_of_output(found: RunCommandView) -> str:
    # Redacted before it is shortened: half a token would not be recognized.
    text = redact(f"{found.output}\n{found.error}").strip()
    if found.own_exit_code is None:
        text = f"{text}\n{clean(found.message)}".strip()
    return text[-_MOST_CHARACTERS:]
