"""Fetches the reason of a failure out of a machine that still runs, by a second, read-only Run Command."""

from azure_clients.errors import ArmRefused, clean
from azure_clients.run_commands import put_run_command, read_run_command
from contracts.facts import OsType
from contracts.guest_report import SENTINEL
from contracts.machine_steps import CollectEvidence, EvidenceCollected
from contracts.redaction import redact
from guest.scripts import load_script

_TIMEOUT = 120
_MOST_CHARACTERS = 3_500


async def collect_evidence(request: CollectEvidence) -> EvidenceCollected:
    """Order the evidence the first time, read it later (1 or 2 requests); not `ready` means: ask again.

    What cannot be fetched is evidence too: the text then says why.
    """
    machine = request.machine
    try:
        found = await read_run_command(machine.vm_id, request.run_command)
        if found is None:
            await _order(request)
            return EvidenceCollected()
    except ArmRefused as refused:
        return EvidenceCollected(ready=True, text=f"no evidence could be collected: {refused}")
    if not found.ended:
        return EvidenceCollected()
    lines = [line for line in found.output.splitlines() if not line.startswith(SENTINEL)]
    text = redact("\n".join(lines)).strip()[-_MOST_CHARACTERS:]
    return EvidenceCollected(ready=True, text=text or clean(f"the evidence script said nothing: {found.message}"))


async def _order(request: CollectEvidence) -> None:
    linux = request.machine.os_type is OsType.LINUX
    names = ("GOLDEN_RUN_ID", "GOLDEN_NONCE") if linux else ("RunId", "Nonce")
    await put_run_command(
        request.machine,
        request.run_command,
        script=load_script("linux/collect_evidence.sh" if linux else "windows/collect_evidence.ps1").text,
        parameters=dict(zip(names, (request.run_id, request.nonce), strict=True)),
        timeout_seconds=_TIMEOUT,
        app_name=request.app_name,
        run_id=request.run_id,
    )
