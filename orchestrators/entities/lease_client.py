"""Takes, reads and releases a lease from an orchestration; also one whose holder has ended."""

from typing import Any, Protocol, cast

from durabletask import task
from durabletask.entities import EntityInstanceId

from contracts.catalog import CALL_LEASE
from contracts.entity_keys import EntityKey
from contracts.polling import LEASE_ANSWER, LEASE_ATTEMPTS, LEASE_PAUSE_SECONDS
from orchestrators.entities.lease import LeaseAnswer, LeaseRequest
from orchestrators.run_activity import Orchestration
from orchestrators.waiting import Waits, sleep


class LeaseUnavailable(Exception):
    """The lease did not answer, after several attempts."""


class Holds(Waits, Protocol):
    """An orchestration that takes a lease."""

    def is_active(self, run_id: str) -> Orchestration[bool]:
        """Ask the engine whether a run is active."""
        ...


def take(holds: Holds, lease: EntityKey, *, holder: str, ticket: str) -> Orchestration[LeaseAnswer]:
    """Take a lease, also from a run that has ended; the answer names the holder if it is another one."""
    mine = LeaseRequest(holder=holder, ticket=ticket)
    answer = yield from _ask(holds, lease, "acquire", mine)
    other = answer["holder"]
    if not answer["granted"] and other is not None and not (yield from holds.is_active(other)):
        holds.log("lease taken over from an ended run", holder=other)
        answer = yield from _ask(holds, lease, "acquire", {**mine, "dead": other})
    return answer


def active_holder(holds: Holds, lease: EntityKey, *, but: str | None = None) -> Orchestration[str | None]:
    """Return the active run that holds the lease, if it is not `but`; the lease is not taken."""
    holder = (yield from _ask(holds, lease, "peek", {}))["holder"]
    if holder is None or holder == but or not (yield from holds.is_active(holder)):
        return None
    return holder


def release(ctx: task.OrchestrationContext, lease: EntityKey, ticket: str) -> None:
    """Release the lease with a signal; a lease that another run took over stays with it."""
    ctx.signal_entity(EntityInstanceId(*lease), "release", {"ticket": ticket})


def call_lease(ctx: task.OrchestrationContext, request: dict[str, Any]) -> Orchestration[Any]:
    """Call a lease once, in an orchestration of its own; takes {entity, key, operation, request}.

    The Durable extension answers an entity operation that fails, or whose worker stops, with plain text. The SDK then
    fails the calling orchestration, outside of any `try`. Here only this orchestration fails, and its parent can catch
    that.
    """
    entity = EntityInstanceId(request["entity"], request["key"])
    return (yield ctx.call_entity(entity, request["operation"], request["request"]))


def _ask(holds: Waits, lease: EntityKey, operation: str, request: LeaseRequest) -> Orchestration[LeaseAnswer]:
    """Call a lease until it answers, five times at most; LeaseUnavailable then."""
    ctx = holds.ctx
    for attempt in range(LEASE_ATTEMPTS):
        if attempt:
            yield from sleep(holds, LEASE_PAUSE_SECONDS)
        called: task.Task[Any] = ctx.call_sub_orchestrator(
            CALL_LEASE,
            input={"entity": lease.entity, "key": lease.key, "operation": operation, "request": request},
            instance_id=f"lease-{ctx.new_uuid()}",
            version=ctx.version,
        )
        timer = ctx.create_timer(LEASE_ANSWER)
        yield from holds.first_of(called, timer)
        if called.is_complete and not called.is_failed:
            timer.cancel()
            return cast("LeaseAnswer", called.get_result())
    raise LeaseUnavailable(f"{lease.entity} {lease.key} did not answer {operation} {LEASE_ATTEMPTS} times")
