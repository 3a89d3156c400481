"""Lists runs, newest first, in pages of limited size."""

import base64
import binascii
import json
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import UTC, datetime

import azure.durable_functions as df
from durabletask.client import OrchestrationQuery, OrchestrationState, OrchestrationStatus

from contracts.polling import LIST_AHEAD, LIST_FIRST_WINDOW, LIST_WINDOW_GROWTH

INSTANCES_A_MESSAGE = 5
"""The answer always contains the outputs and may have at most 4 MiB: five results of 1,000 VMs fit."""
EVER = datetime(2020, 1, 1, tzinfo=UTC)
_LONGEST_CONTINUATION = 300


class BadContinuation(ValueError):
    """The continuation does not come from a list of runs."""


@dataclass(frozen=True)
class Continuation:
    """The last run of a page: the next page begins with the one that was created before it."""

    created_at: datetime
    run_id: str

    @property
    def text(self) -> str:
        """The continuation as text that is valid in a URL."""
        document = json.dumps([self.created_at.isoformat(), self.run_id])
        return base64.urlsafe_b64encode(document.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> "Continuation":
        """Parse the text; BadContinuation if it is not valid."""
        try:
            if len(text) > _LONGEST_CONTINUATION:
                raise ValueError("too long")
            created_at, run_id = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            return cls(_utc(datetime.fromisoformat(created_at)), str(run_id))
        except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error):
            raise BadContinuation("continuation is not from a response of GET /api/runs") from None


@dataclass(frozen=True)
class Wanted:
    """The filter for runs: created since a time, with one of these names and runtime statuses (None: any)."""

    since: datetime
    names: Collection[str]
    statuses: list[OrchestrationStatus] | None = None
    id_prefix: str | None = None


async def list_page(
    client: df.DurableFunctionsClient, wanted: Wanted, *, count: int, after: Continuation | None
) -> tuple[list[OrchestrationState], Continuation | None]:
    """Return at most `count` runs, newest first, and where the next page begins if there are more.

    Durable Functions returns instances sorted by id, so the newest are queried in growing windows of time, backwards
    from now or from the end of the previous page.
    """
    found: list[OrchestrationState] = []
    async for states in _windows(client, wanted, after):
        found += [state for state in states if _is_older(state, after)]
        if len(found) > count:
            break
    page = found[:count]
    if len(found) <= count or not page:
        return page, None
    return page, Continuation(_utc(page[-1].created_at), page[-1].instance_id)


async def _windows(
    client: df.DurableFunctionsClient, wanted: Wanted, after: Continuation | None
) -> AsyncIterator[list[OrchestrationState]]:
    """Yield the runs of one window after the other, each sorted; no run is in two of them."""
    end, width = (after.created_at if after else datetime.now(UTC) + LIST_AHEAD), LIST_FIRST_WINDOW
    seen: set[str] = set()
    while end > wanted.since:
        begin = max(end - width, wanted.since)
        query = OrchestrationQuery(
            created_time_from=begin,
            created_time_to=end,
            runtime_status=wanted.statuses,
            instance_id_prefix=wanted.id_prefix,
            max_instance_count=INSTANCES_A_MESSAGE,
        )
        states = [
            state
            for state in await client.get_all_orchestration_states(query)
            if state.name in wanted.names and state.instance_id not in seen
        ]
        # The bounds of a window also belong to the windows next to it.
        seen.update(state.instance_id for state in states)
        yield sorted(states, key=_age, reverse=True)
        end, width = begin, width * LIST_WINDOW_GROWTH


def _is_older(state: OrchestrationState, after: Continuation | None) -> bool:
    return after is None or _age(state) < (after.created_at, after.run_id)


def _age(state: OrchestrationState) -> tuple[datetime, str]:
    return _utc(state.created_at), state.instance_id


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
