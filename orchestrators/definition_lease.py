"""One run an image definition while a version's name is chosen and ordered: the entity, and how it is taken."""

from typing import Any, cast

from durabletask.entities import EntityContext, EntityInstanceId

from contracts.machine_steps import ReadRunState
from contracts.steps import DEFINITION_LEASE, READ_RUN_STATE
from orchestrators.calling import Story
from orchestrators.machine_lease import LeaseAnswer, machine_lease
from orchestrators.publication import Publication


def definition_lease(ctx: EntityContext, request: dict[str, str] | None) -> LeaseAnswer:
    """Hold one definition's lease, by the rules of a machine's: `acquire` {holder, dead?}, `release` {holder}."""
    return machine_lease(ctx, request)


def take_definition_lease(run: Publication) -> Story[str | None]:
    """Take the lease for this orchestration, from one that is over too; give None, or the one that holds it.

    The holder is the orchestration itself, not the run it publishes for: that one lives on after this has ended.
    """
    me = run.ctx.instance_id
    answer = yield from _acquire(run, {"holder": me})
    holder = answer["holder"]
    if not answer["granted"] and holder is not None:
        state = yield from run.ask(READ_RUN_STATE, ReadRunState(run_id=holder))
        if state is not None and not state.alive:
            run.tell("lease of a run that is over", holder=holder)
            answer = yield from _acquire(run, {"holder": me, "dead": holder})
    return None if answer["granted"] else answer["holder"] or ""


def give_definition_lease_back(run: Publication) -> None:
    """Give the lease back, one way; a lease that another orchestration took over stays with it."""
    run.ctx.signal_entity(_entity(run), "release", {"holder": run.ctx.instance_id})


def _acquire(run: Publication, request: dict[str, str]) -> Story[LeaseAnswer]:
    raw: Any = yield run.ctx.call_entity(_entity(run), "acquire", request)
    return cast("LeaseAnswer", raw)


def _entity(run: Publication) -> EntityInstanceId:
    # Entity keys are case-sensitive and may hold no '/': the digest of the lower-cased id is neither.
    return EntityInstanceId(DEFINITION_LEASE, run.job.wish.image_definition_id.digest)
