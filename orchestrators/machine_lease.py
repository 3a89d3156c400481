"""One run a machine at a time: the lease of a machine, and how a run takes and gives it back."""

from durabletask.entities import EntityContext, EntityInstanceId

from contracts.ids import VmId
from contracts.machine_steps import ReadRunState
from contracts.reasons import Refusal, RefusalCode
from contracts.steps import MACHINE_LEASE, READ_RUN_STATE
from orchestrators.calling import Story, run_step
from orchestrators.lease import LeaseAnswer, LeaseRequest, LeaseUnavailable, ask_lease, lease
from orchestrators.machine_run import MachineRun, Refused


def machine_lease(ctx: EntityContext, request: LeaseRequest | None) -> LeaseAnswer:
    """Hold one machine's lease; the operations are those of `lease`."""
    return lease(ctx, request)


def take_lease(run: MachineRun) -> Story[None]:
    """Take the machine's lease, from a run that is over too.

    Refused (MachineBusy) names a live holder; Refused (LeaseUnavailable) says that the lease gave no answer.
    """
    mine = LeaseRequest(holder=run.job.run_id, ticket=run.nonce)
    answer = yield from _ask(run, "acquire", mine)
    holder = answer["holder"]
    if not answer["granted"] and holder is not None:
        state = yield from run_step(run.ctx, READ_RUN_STATE, ReadRunState(run_id=holder))
        if not state.alive:
            run.log("lease of a run that is over", holder=holder)
            answer = yield from _ask(run, "acquire", {**mine, "dead": holder})
    if not answer["granted"]:
        raise Refused(Refusal.of(RefusalCode.MACHINE_BUSY, f"run {answer['holder']} holds the machine"))


def look_at_lease(run: MachineRun) -> Story[tuple[Refusal, ...]]:
    """Tell, for a dry run, whether another live run holds the machine; takes nothing."""
    holder = (yield from _ask(run, "peek", {}))["holder"]
    if holder is None:
        return ()
    state = yield from run_step(run.ctx, READ_RUN_STATE, ReadRunState(run_id=holder))
    return (Refusal.of(RefusalCode.MACHINE_BUSY, f"run {holder} holds the machine"),) if state.alive else ()


def give_lease_back(run: MachineRun) -> None:
    """Give the lease back, one way; a lease that another run took over stays with it."""
    run.ctx.signal_entity(_entity(run.job.target.vm_id), "release", {"ticket": run.nonce})


def _ask(run: MachineRun, operation: str, request: LeaseRequest) -> Story[LeaseAnswer]:
    try:
        return (yield from ask_lease(run.ctx, run.first_of, _entity(run.job.target.vm_id), operation, request))
    except LeaseUnavailable as silent:
        raise Refused(Refusal.of(RefusalCode.LEASE_UNAVAILABLE, str(silent))) from None


def _entity(vm_id: VmId) -> EntityInstanceId:
    # Entity keys are case-sensitive and may hold no '/': the digest of the lower-cased id is neither.
    return EntityInstanceId(MACHINE_LEASE, vm_id.digest)
