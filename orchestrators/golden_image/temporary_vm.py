"""Creates a temporary VM; while Azure has no capacity for it, it waits and tries again, then in another size."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from contracts.activities.resources import CreateVm
from contracts.capacity import Candidate
from contracts.catalog import CREATE_VM
from contracts.error_codes import Failure, FailureCode
from contracts.facts import VmState
from contracts.ids import VmId
from contracts.resources import Kind, Resource
from orchestrators.golden_image.delete_resources import delete_resources
from orchestrators.golden_image.ends import Failed
from orchestrators.golden_image.temporary_resources import create, wait_until_ready
from orchestrators.golden_image.vm_run import VmRun
from orchestrators.run_activity import Orchestration
from orchestrators.waiting import deadline_of, sleep, steady

type Prepare = Callable[[Candidate], Orchestration[CreateVm]]
"""Creates what a VM of this size and zone needs, and returns the request for the VM."""


def create_temporary_vm(
    run: VmRun, ways: Sequence[Candidate], prepare: Prepare, code: FailureCode, implied: Sequence[Resource] = ()
) -> Orchestration[VmState]:
    """Create a VM and return it once it is ready; Failed with CapacityUnavailable once every way was tried.

    Each way is tried again every `capacity.intervalSeconds` until `capacity.timeoutSeconds`; then the next one. A VM
    that got no capacity stays in Azure as failed, so it is deleted before it is requested again, with the disks that
    Azure may have created for it (`implied`). Any other failure ends the run with `code`.
    """
    tries, last = 0, ""
    for way in ways:
        ends = deadline_of(run.ctx, run.polling.capacity)
        for pause in steady(run.polling.capacity):
            if run.ctx.current_utc_datetime + timedelta(seconds=pause) > ends:
                break
            if pause:
                yield from sleep(run, pause)
            run.check_lifetime()
            request = yield from prepare(way)
            run.created.remember(*implied)
            try:
                return (yield from _create_once(run, request, code))
            except Failed as failed:
                if failed.failure.code is not FailureCode.CAPACITY_UNAVAILABLE:
                    raise
                tries, last = tries + 1, failed.failure.message
            run.log("no capacity for a temporary VM", way=str(way), tries=tries, error=last)
            yield from delete_resources(run, [request.resource, *implied])
    tried = "; ".join(str(way) for way in ways)
    message = f"no capacity for a temporary VM in {tries} tries ({tried}): {last}"[:500]
    raise Failed(Failure.of(FailureCode.CAPACITY_UNAVAILABLE, message))


def _create_once(run: VmRun, request: CreateVm, code: FailureCode) -> Orchestration[VmState]:
    assert request.resource.kind is Kind.VM
    yield from create(run, run.polling.vm, CREATE_VM, request)
    return (yield from wait_until_ready(run, run.polling.vm, VmId.parse(request.resource.id), code))
