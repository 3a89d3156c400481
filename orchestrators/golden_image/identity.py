"""Reads the identity of a VM from inside, with a read-only Run Command."""

from datetime import datetime

from contracts.activities.scripts import ReadIdentity
from contracts.catalog import READ_IDENTITY
from contracts.facts import GuestIdentity, VmState
from contracts.run_commands import run_command_name
from orchestrators.golden_image.polling import ask, at_once, wait_for
from orchestrators.golden_image.vm_run import VmRun
from orchestrators.run_activity import Orchestration


def read_identity(
    run: VmRun, vm: VmState, part: str, *, known_user: str = "", old_host: str = "", greets: bool = False
) -> Orchestration[GuestIdentity | None]:
    """Read the VM's identity; None if it does not report one. `part` names the Run Command.

    `greets`: a Linux VM also writes a line on its serial console.
    """
    request = ReadIdentity(
        vm=vm,
        run_id=run.job.run_id,
        app_name=run.settings.app_name,
        nonce=run.nonce,
        run_command=run_command_name(run.job.run_id, part),
        known_user=known_user,
        old_host=old_host,
        greets=greets,
        tags=run.job.tags,
    )
    found: GuestIdentity | None = None

    def poll(until: datetime) -> Orchestration[bool | None]:
        nonlocal found
        read = yield from ask(run, READ_IDENTITY, request, until)
        found = read.identity
        if read.ready and read.why:
            run.note(f"the VM did not report its identity: {read.why}")
        return True if read.ready else None

    yield from wait_for(run, at_once(run.polling.identity), poll)
    return found
