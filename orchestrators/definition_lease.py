"""One run an image definition while a version's name is chosen and ordered: the entity, and how it is taken."""

from typing import Any, cast

from durabletask import task
from durabletask.entities import EntityContext, EntityInstanceId

from contracts.machine_steps import ReadRunState
from contracts.resource_ids import ImageDefinitionId
from contracts.steps import DEFINITION_LEASE, READ_RUN_STATE
from orchestrators.calling import Story, run_step
from orchestrators.machine_lease import LeaseAnswer, machine_lease


def definition_lease(ctx: EntityContext, request: dict[str, str] | None) -> LeaseAnswer:
    """Hold one definition's lease, by the rules of a machine's: `acquire` {holder, dead?}, `release` {holder}."""
    return machine_lease(ctx, request)


def take_definition_lease(ctx: task.OrchestrationContext, definition: ImageDefinitionId) -> Story[str | None]:
    """Take the lease for this orchestration, from one that is over too; give None, or the live one that holds it.

    The holder is the orchestration itself, not the run it publishes for: that one lives on after this has ended.
    """
    me = ctx.instance_id
    answer = yield from _call(ctx, definition, {"holder": me})
    holder = answer["holder"]
    if not answer["granted"] and holder is not None:
        state = yield from run_step(ctx, READ_RUN_STATE, ReadRunState(run_id=holder))
        if not state.alive:
            answer = yield from _call(ctx, definition, {"holder": me, "dead": holder})
    return None if answer["granted"] else answer["holder"] or ""


def give_definition_lease_back(ctx: task.OrchestrationContext, definition: ImageDefinitionId) -> None:
    """Give the lease back, one way; a lease that another orchestration took over stays with it."""
    ctx.signal_entity(_entity(definition), "release", {"holder": ctx.instance_id})


def _call(ctx: task.OrchestrationContext, definition: ImageDefinitionId, request: dict[str, str]) -> Story[LeaseAnswer]:
    raw: Any = yield ctx.call_entity(_entity(definition), "acquire", request)
    return cast("LeaseAnswer", raw)


def _entity(definition: ImageDefinitionId) -> EntityInstanceId:
    # Entity keys are case-sensitive and may hold no '/': the digest of the lower-cased id is neither.
    return EntityInstanceId(DEFINITION_LEASE, definition.digest)
