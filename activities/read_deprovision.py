"""Reads what came of the deprovisioning order, and whether the machine still runs."""

from azure_clients.errors import clean
from azure_clients.machines import read_machine_or_none
from azure_clients.run_commands import RunCommandView, read_run_command
from contracts.guest_report import read_report
from contracts.steps import DeprovisionProgress, ReadDeprovision
from policy.identity import same_machine


async def read_deprovision(request: ReadDeprovision) -> DeprovisionProgress:
    """Read the Run Command; while it holds no report, the machine too (1 or 2 requests).

    The two are separate facts: a guest that shuts down in the middle of its Run Command never reports.
    """
    found = await read_run_command(request.vm_id, request.run_command)
    report = found and read_report(found.output, run_id=request.run_id, nonce=request.nonce)
    if report is not None:
        return DeprovisionProgress(report=report)
    machine = await read_machine_or_none(request.vm_id)
    failure = same_machine(machine, request.unique_id)
    return DeprovisionProgress(machine=machine, failure=failure, ended_without_report=_why_none(found))


def _why_none(found: RunCommandView | None) -> str | None:
    if found is None:
        return "the Run Command is no longer on the machine"
    if not found.ended:
        return None
    tail = found.output[-300:]
    return clean(f"{found.message} exit code {found.exit_code}; output ends: {tail!r}")
