"""The rollback snapshot of a VM in place: taken before the point of no return, kept from then on.

Until then `delete_resources` deletes it when the run ends. Once it is kept, a cleanup in the mode "delete" deletes it
when the time in its tag `golden-image-keep-until` has passed (`policy/orphans.py`).
"""

from datetime import timedelta

from contracts.catalog import CREATE_SNAPSHOT
from contracts.error_codes import FailureCode
from contracts.facts import VmState
from contracts.ids import Scope
from contracts.resources import Resource
from contracts.results import RollbackSnapshot
from orchestrators.golden_image.temporary_resources import create, wait_until_succeeded
from orchestrators.golden_image.vm_run import VmRun
from orchestrators.golden_image.wanted import rollback_snapshot
from orchestrators.run_activity import Orchestration


def take_rollback_snapshot(run: VmRun, vm: VmState, group: Scope | None) -> Orchestration[Resource | None]:
    """Take a snapshot of the OS disk, if there is a group for it; the VM can be restored from it later."""
    if group is None:
        return None
    keep_until = run.now + timedelta(days=run.settings.rollback_snapshot_days)
    wanted, wait = rollback_snapshot(run, vm, group, keep_until), run.polling.snapshot
    yield from create(run, wait, CREATE_SNAPSHOT, wanted)
    yield from wait_until_succeeded(run, wait, [wanted.resource], FailureCode.SNAPSHOT_FAILED)
    run.journal.rollback_snapshot = RollbackSnapshot(id=wanted.resource.id, keep_until=keep_until)
    return wanted.resource
