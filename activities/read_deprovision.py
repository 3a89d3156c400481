"""Reads what came of the deprovisioning order, and whether the machine still runs."""

from azure_clients.errors import clean
from azure_clients.machines import read_machine_or_none
from azure_clients.run_commands import RunCommandView, read_run_command
from contracts.guest_report import GuestOutcome, GuestReport, read_report
from contracts.machine_steps import DeprovisionProgress, ReadDeprovision
from contracts.redaction import redact
from policy.identity import same_machine


async def read_deprovision(request: ReadDeprovision) -> DeprovisionProgress:
    """Read the Run Command; while it holds no report, the machine too (1 or 2 requests).

    The two are separate facts: a guest that shuts down in the middle of its Run Command never reports.
    """
    found = await read_run_command(request.vm_id, request.run_command)
    report = found and read_report(found.output, run_id=request.run_id, nonce=request.nonce)
    if report is not None and report.outcome is not GuestOutcome.ALREADY_ARMED:
        return DeprovisionProgress(report=_redacted(report))
    machine = await read_machine_or_none(request.vm_id)
    failure = same_machine(machine, request.unique_id)
    if report is not None:
        # A script that ran again tells that it armed the guest before, not how far the guest has come.
        return DeprovisionProgress(machine=machine, failure=failure, report=_redacted(report))
    return DeprovisionProgress(machine=machine, failure=failure, ended_without_report=_why_none(found))


def _redacted(report: GuestReport) -> GuestReport:
    # A name of two underscores is how the loose codec is told to rebuild an object: a guest may tell us nothing of it.
    facts = {name: redact(value) for name, value in report.facts.items() if not name.startswith("__")}
    return report.model_copy(update={"message": redact(report.message), "facts": facts})


def _why_none(found: RunCommandView | None) -> str | None:
    # One that is gone tells nothing: it may have armed the guest before somebody took it off.
    if found is None or not found.ended:
        return None
    tail = found.output[-300:]
    return clean(f"{found.message} exit code {found.exit_code}; output ends: {tail!r}")
