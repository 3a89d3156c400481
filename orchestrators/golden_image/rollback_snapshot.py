"""The rollback snapshot of a VM in place: taken before the point of no return, kept from then on.

Until then `delete_resources` deletes it when the run ends. Once it is kept, a cleanup in the mode "delete" deletes it
when the time in its tag `golden-image-keep-until` has passed (`policy/orphans.py`).
"""

from datetime import timedelta

from contracts.activities.resources import CreateSnapshot
from contracts.catalog import CREATE_SNAPSHOT
from contracts.error_codes import FailureCode
from contracts.facts import VmState
from contracts.ids import Scope
from contracts.resources import Kind, Purpose, Resource
from contracts.results import RollbackSnapshot
from contracts.tags import KEEP_TAG
from orchestrators.golden_image.temporary_resources import common_fields, create, resource_of, wait_until_succeeded
from orchestrators.golden_image.vm_run import VmRun
from orchestrators.run_activity import Orchestration


def take_rollback_snapshot(run: VmRun, vm: VmState, group: Scope | None) -> Orchestration[Resource | None]:
    """Take a snapshot of the OS disk, if there is a group for it; the VM can be restored from it later."""
    if group is None:
        return None
    keep_until = run.now + timedelta(days=run.settings.rollback_snapshot_days)
    snapshot = resource_of(run, group, Kind.SNAPSHOT, "rollback-snapshot", Purpose.ROLLBACK)
    tags = {KEEP_TAG: keep_until.isoformat(timespec="seconds")}
    wait = run.polling.snapshot
    fields = common_fields(run, snapshot, vm.location, tags)
    wanted = CreateSnapshot(**fields, vm_id=vm.vm_id, source_disk_id=vm.os_disk_id)
    yield from create(run, wait, CREATE_SNAPSHOT, wanted)
    yield from wait_until_succeeded(run, wait, [snapshot], FailureCode.SNAPSHOT_FAILED)
    run.journal.rollback_snapshot = RollbackSnapshot(id=snapshot.id, keep_until=keep_until)
    return snapshot
