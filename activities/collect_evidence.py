"""Reads the reason of a failure from a VM that still runs, with a second, read-only Run Command."""

from azure_clients.errors import ArmRefused, clean
from azure_clients.run_commands import put_run_command, read_run_command
from contracts.activities.vm import CollectEvidence, EvidenceCollected
from contracts.facts import OsType
from contracts.guest_report import SENTINEL
from contracts.polling import EVIDENCE_SCRIPT_SECONDS
from contracts.redaction import redact
from guest.scripts import load_script

_MOST_CHARACTERS = 3_500


async def collect_evidence(request: CollectEvidence) -> EvidenceCollected:
    """Start the script on the first call, read its output on later calls (1 or 2 requests); repeat until `ready`.

    If nothing can be collected, the text says why.
    """
    vm = request.vm
    try:
        found = await read_run_command(vm.vm_id, request.run_command)
        if found is None:
            await _start(request)
            return EvidenceCollected()
    except ArmRefused as refused:
        return EvidenceCollected(ready=True, text=f"no evidence could be collected: {refused}")
    if not found.ended:
        return EvidenceCollected()
    lines = [line for line in found.output.splitlines() if not line.startswith(SENTINEL)]
    text = redact("\n".join(lines)).strip()[-_MOST_CHARACTERS:]
    return EvidenceCollected(ready=True, text=text or clean(f"the evidence script wrote nothing: {found.message}"))


async def _start(request: CollectEvidence) -> None:
    linux = request.vm.os_type is OsType.LINUX
    names = ("GOLDEN_RUN_ID", "GOLDEN_NONCE") if linux else ("RunId", "Nonce")
    await put_run_command(
        request.vm,
        request.run_command,
        script=load_script("linux/collect_evidence.sh" if linux else "windows/collect_evidence.ps1").text,
        parameters=dict(zip(names, (request.run_id, request.nonce), strict=True)),
        timeout_seconds=EVIDENCE_SCRIPT_SECONDS,
        app_name=request.app_name,
        tags=request.tags,
        run_id=request.run_id,
    )
