"""One run a machine at a time: the entity that holds the lease, and how a run takes and gives it back."""

from typing import Any, TypedDict, cast

from durabletask.entities import EntityContext, EntityInstanceId

from contracts.ids import VmId
from contracts.machine_steps import ReadRunState
from contracts.reasons import Refusal, RefusalCode
from contracts.steps import MACHINE_LEASE, READ_RUN_STATE
from orchestrators.calling import Story, run_step
from orchestrators.machine_run import MachineRun, Refused


class LeaseAnswer(TypedDict):
    """Whether the caller holds the lease now, and who does."""

    granted: bool
    holder: str | None


def machine_lease(ctx: EntityContext, request: dict[str, str] | None) -> LeaseAnswer:
    """Hold one machine's lease: `acquire` {holder, dead?}, `release` {holder}, `peek`.

    `dead` names a holder that was seen to be over: the lease passes on only if that one still holds it
    (compare and swap), so that two who saw the same dead holder do not both get it.
    """
    asked = request or {}
    holder = ctx.get_state(str)
    caller = asked.get("holder")
    if ctx.operation == "acquire" and holder in {None, caller, asked.get("dead", "")}:
        ctx.set_state(caller)
        return {"granted": True, "holder": caller}
    if ctx.operation == "release" and holder == caller:
        ctx.set_state(None)
        return {"granted": False, "holder": None}
    return {"granted": False, "holder": holder}


def take_lease(run: MachineRun) -> Story[None]:
    """Take the machine's lease, from a run that is over too; Refused (MachineBusy) names a live holder."""
    me = run.job.run_id
    answer = yield from _call(run, "acquire", {"holder": me})
    holder = answer["holder"]
    if not answer["granted"] and holder is not None:
        state = yield from run_step(run.ctx, READ_RUN_STATE, ReadRunState(run_id=holder))
        if not state.alive:
            run.log("lease of a run that is over", holder=holder)
            answer = yield from _call(run, "acquire", {"holder": me, "dead": holder})
    if not answer["granted"]:
        raise Refused(Refusal.of(RefusalCode.MACHINE_BUSY, f"run {answer['holder']} holds the machine"))


def look_at_lease(run: MachineRun) -> Story[tuple[Refusal, ...]]:
    """Tell, for a dry run, whether another live run holds the machine; takes nothing."""
    holder = (yield from _call(run, "peek", {}))["holder"]
    if holder is None:
        return ()
    state = yield from run_step(run.ctx, READ_RUN_STATE, ReadRunState(run_id=holder))
    return (Refusal.of(RefusalCode.MACHINE_BUSY, f"run {holder} holds the machine"),) if state.alive else ()


def give_lease_back(run: MachineRun) -> None:
    """Give the lease back, one way; a lease that another run took over stays with it."""
    run.ctx.signal_entity(_entity(run.job.target.vm_id), "release", {"holder": run.job.run_id})


def _call(run: MachineRun, operation: str, request: dict[str, str]) -> Story[LeaseAnswer]:
    raw: Any = yield run.ctx.call_entity(_entity(run.job.target.vm_id), operation, request)
    return cast("LeaseAnswer", raw)


def _entity(vm_id: VmId) -> EntityInstanceId:
    # Entity keys are case-sensitive and may hold no '/': the digest of the lower-cased id is neither.
    return EntityInstanceId(MACHINE_LEASE, vm_id.digest)
