"""The lease of a VM: only one run at a time works on it."""

from durabletask.entities import EntityContext, EntityInstanceId

from contracts.activities.vm import ReadRunState
from contracts.catalog import READ_RUN_STATE, VM_LEASE
from contracts.error_codes import Refusal, RefusalCode
from contracts.ids import VmId
from orchestrators.lease import LeaseAnswer, LeaseRequest, LeaseUnavailable, ask_lease, lease
from orchestrators.run_activity import Orchestration, run_activity
from orchestrators.vm_run import Refused, VmRun


def vm_lease(ctx: EntityContext, request: LeaseRequest | None) -> LeaseAnswer:
    """Hold one VM's lease; the operations are those of `lease`."""
    return lease(ctx, request)


def take_lease(run: VmRun) -> Orchestration[None]:
    """Take the VM's lease, also from a run that has ended.

    Refused (VmBusy) names a holder that still runs; Refused (LeaseUnavailable): the lease did not answer.
    """
    mine = LeaseRequest(holder=run.job.run_id, ticket=run.nonce)
    answer = yield from _ask(run, "acquire", mine)
    holder = answer["holder"]
    if not answer["granted"] and holder is not None:
        state = yield from run_activity(run.ctx, READ_RUN_STATE, ReadRunState(run_id=holder))
        if not state.alive:
            run.log("lease taken over from an ended run", holder=holder)
            answer = yield from _ask(run, "acquire", {**mine, "dead": holder})
    if not answer["granted"]:
        raise Refused(Refusal.of(RefusalCode.VM_BUSY, f"run {answer['holder']} holds the VM"))


def read_lease(run: VmRun) -> Orchestration[tuple[Refusal, ...]]:
    """Check, for a dry run, whether another active run holds the VM; the lease is not taken."""
    holder = (yield from _ask(run, "peek", {}))["holder"]
    if holder is None:
        return ()
    state = yield from run_activity(run.ctx, READ_RUN_STATE, ReadRunState(run_id=holder))
    return (Refusal.of(RefusalCode.VM_BUSY, f"run {holder} holds the VM"),) if state.alive else ()


def release_lease(run: VmRun) -> None:
    """Release the lease with a signal; a lease that another run took over stays with it."""
    run.ctx.signal_entity(lease_entity(run.job.target.vm_id), "release", {"ticket": run.nonce})


def _ask(run: VmRun, operation: str, request: LeaseRequest) -> Orchestration[LeaseAnswer]:
    try:
        return (yield from ask_lease(run.ctx, run.first_of, lease_entity(run.job.target.vm_id), operation, request))
    except LeaseUnavailable as error:
        raise Refused(Refusal.of(RefusalCode.LEASE_UNAVAILABLE, str(error))) from None


def lease_entity(vm_id: VmId) -> EntityInstanceId:
    """Return the entity that holds the VM's lease."""
    # Entity keys are case-sensitive and may hold no '/': the digest of the lower-cased id is neither.
    return EntityInstanceId(VM_LEASE, vm_id.digest)
