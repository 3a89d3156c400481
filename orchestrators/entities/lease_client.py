"""Takes, reads and releases a lease from an orchestration; also one whose holder has ended."""

from typing import Any, Protocol, cast

from durabletask import task
from durabletask.entities import EntityInstanceId

from contracts.activities.vm import RunStateRead
from contracts.catalog import CALL_LEASE
from contracts.entity_keys import ACQUIRE, PEEK, RELEASE, EntityKey
from contracts.polling import LEASE_ANSWER, LEASE_ATTEMPTS, LEASE_PAUSE_SECONDS, LEASE_UNKNOWN_SECONDS
from orchestrators.entities.lease import LeaseAnswer, LeaseRequest
from orchestrators.run_activity import Orchestration
from orchestrators.waiting import Waits, sleep


class LeaseUnavailable(Exception):
    """The lease did not answer, after several attempts."""


class Holds(Waits, Protocol):
    """An orchestration that takes a lease."""

    def run_state(self, run_id: str) -> Orchestration[RunStateRead]:
        """Ask the engine whether a run is active, and whether it knows it."""
        ...


def take(holds: Holds, lease: EntityKey, *, holder: str, ticket: str) -> Orchestration[LeaseAnswer]:
    """Take a lease, also from a run that has ended; the answer names the holder if it is another one."""
    mine = LeaseRequest(holder=holder, ticket=ticket)
    answer = yield from _ask(holds, lease, ACQUIRE, mine)
    other = answer["holder"]
    if not answer["granted"] and other is not None and not (yield from _is_held(holds, other)):
        answer = yield from _ask(holds, lease, ACQUIRE, {**mine, "dead": other})
    return answer


def active_holder(holds: Holds, lease: EntityKey, *, but: str | None = None) -> Orchestration[str | None]:
    """Return the active run that holds the lease, if it is not `but`; the lease is not taken."""
    holder = (yield from _ask(holds, lease, PEEK, {}))["holder"]
    if holder is None or holder == but or not (yield from _is_held(holds, holder)):
        return None
    return holder


def release(ctx: task.OrchestrationContext, lease: EntityKey, ticket: str) -> None:
    """Release the lease with a signal; a lease that another run took over stays with it."""
    ctx.signal_entity(EntityInstanceId(*lease), RELEASE, {"ticket": ticket})


def call_lease(ctx: task.OrchestrationContext, request: dict[str, Any]) -> Orchestration[Any]:
    """Call a lease once, in an orchestration of its own; takes {entity, key, operation, request}.

    The Durable extension answers an entity operation that fails, or whose worker stops, with plain text. The SDK then
    fails the calling orchestration, outside of any `try`. Here only this orchestration fails, and its parent can catch
    that.
    """
    entity = EntityInstanceId(request["entity"], request["key"])
    called: task.Task[Any] = ctx.call_entity(entity, request["operation"], request["request"])
    yield task.when_any([called, ctx.create_timer(LEASE_ANSWER)])
    # Without an answer this orchestration ends too: its parent has stopped waiting for it.
    return called.get_result() if called.is_complete else None


def _is_held(holds: Holds, holder: str) -> Orchestration[bool]:
    """Return whether the holder still runs. One that the engine does not know was purged, or is not listed yet."""
    state = yield from holds.run_state(holder)
    if not state.alive and not state.known:
        yield from sleep(holds, LEASE_UNKNOWN_SECONDS)
        state = yield from holds.run_state(holder)
    if not state.alive:
        holds.log("the lease's holder has ended" if state.known else "the lease's holder is not known", holder=holder)
    return state.alive


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
        if called.is_complete and not called.is_failed and called.get_result() is not None:
            timer.cancel()
            return cast("LeaseAnswer", called.get_result())
    raise LeaseUnavailable(f"{lease.entity} {lease.key} did not answer {operation} {LEASE_ATTEMPTS} times")
