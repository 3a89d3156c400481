"""Reads the guest's report about the deprovisioning, and whether the VM still runs."""

from azure_clients.errors import clean
from azure_clients.run_commands import RunCommandView, read_run_command
from azure_clients.vms import read_vm_or_none
from contracts.activities.vm import DeprovisionProgress, ReadDeprovision
from contracts.guest_report import GuestOutcome, GuestReport, read_report
from contracts.redaction import redact
from policy.identity import same_vm


async def read_deprovision(request: ReadDeprovision) -> DeprovisionProgress:
    """Read the Run Command; while it has no report, the VM too (1 or 2 requests).

    Both are needed: a guest that shuts down while its Run Command runs never reports.
    """
    found = await read_run_command(request.vm_id, request.run_command)
    report = found and read_report(found.output, run_id=request.run_id, nonce=request.nonce)
    if report is not None and report.outcome is not GuestOutcome.ALREADY_REQUESTED:
        return DeprovisionProgress(report=_redacted(report))
    vm = await read_vm_or_none(request.vm_id)
    failure = same_vm(vm, request.unique_id)
    if report is not None:
        # A script that ran a second time reports only that deprovisioning was already requested.
        return DeprovisionProgress(vm=vm, failure=failure, report=_redacted(report))
    return DeprovisionProgress(vm=vm, failure=failure, ended_without_report=_why_none(found))


def _redacted(report: GuestReport) -> GuestReport:
    # Names with two underscores make the engine's JSON decoder build objects: they are not taken from a guest.
    facts = {name: redact(value) for name, value in report.facts.items() if not name.startswith("__")}
    return report.model_copy(update={"message": redact(report.message), "facts": facts})


def _why_none(found: RunCommandView | None) -> str | None:
    # A Run Command that is gone proves nothing: it may have run before it was deleted.
    if found is None or not found.ended:
        return None
    tail = found.output[-300:]
    return clean(f"{found.message} exit code {found.exit_code}; output ends: {tail!r}")
