"""Lists runs newest first, a bounded page at a time, however many there are."""

import base64
import binascii
import json
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import azure.durable_functions as df
from durabletask.client import OrchestrationQuery, OrchestrationState, OrchestrationStatus

INSTANCES_A_MESSAGE = 5
"""The engine always sends outputs, and refuses an answer above 4 MiB: five results of 1,000 VMs stay below it."""
EVER = datetime(2020, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(minutes=5)
_FIRST_WINDOW = timedelta(hours=6)
_GROWTH = 4


class BadContinuation(ValueError):
    """The continuation is none that a list of runs gave."""


@dataclass(frozen=True)
class Continuation:
    """The last run of a page: the next page begins with the one that was created before it."""

    created_at: datetime
    run_id: str

    @property
    def text(self) -> str:
        """Write it as one word that may stand in an address."""
        document = json.dumps([self.created_at.isoformat(), self.run_id])
        return base64.urlsafe_b64encode(document.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> "Continuation":
        """Read it back; BadContinuation if it is none."""
        try:
            created_at, run_id = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            return cls(_utc(datetime.fromisoformat(created_at)), str(run_id))
        except (ValueError, TypeError, binascii.Error):
            raise BadContinuation("continuation is none that GET /api/runs gave") from None


@dataclass(frozen=True)
class Wanted:
    """Which runs: created since then, with one of these names and runtime statuses (None: any)."""

    since: datetime
    names: Collection[str]
    statuses: list[OrchestrationStatus] | None = None
    id_prefix: str | None = None


async def list_page(
    client: df.DurableFunctionsClient, wanted: Wanted, *, count: int, after: Continuation | None
) -> tuple[list[OrchestrationState], Continuation | None]:
    """Give at most `count` runs, newest first, and where the next page begins if there are more.

    The engine keeps instances in the order of their ids, so the newest are looked for in windows of time that grow
    backwards from now, or from where the last page ended.
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
    """Give the runs of one window after the other, each sorted; no run stands in two."""
    end, width = (after.created_at if after else datetime.now(UTC) + _AHEAD), _FIRST_WINDOW
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
        # The bounds of a window belong to both of its neighbours.
        seen.update(state.instance_id for state in states)
        yield sorted(states, key=_age, reverse=True)
        end, width = begin, width * _GROWTH


def _is_older(state: OrchestrationState, after: Continuation | None) -> bool:
    return after is None or _age(state) < (after.created_at, after.run_id)


def _age(state: OrchestrationState) -> tuple[datetime, str]:
    return _utc(state.created_at), state.instance_id


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
