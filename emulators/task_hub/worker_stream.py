"""One worker's stream of work items: its filters, its limits, and its current work items."""

import asyncio
from enum import StrEnum

from durabletask.internal import orchestrator_service_pb2 as pb

from emulators.task_hub.ready_queue import Accepted, accepts


class Work(StrEnum):
    """The kinds of work items."""

    ORCHESTRATION = "orchestration"
    ACTIVITY = "activity"
    ENTITY = "entity"


class WorkerStream:
    """A connected worker."""

    def __init__(self, request: pb.GetWorkItemsRequest, most_bytes: int) -> None:
        """Read the worker's request; a limit of 0 is none, and filters without a name accept everything."""
        self.most_bytes = most_bytes
        self._limits = {
            Work.ORCHESTRATION: request.maxConcurrentOrchestrationWorkItems,
            Work.ACTIVITY: request.maxConcurrentActivityWorkItems,
            Work.ENTITY: request.maxConcurrentEntityWorkItems,
        }
        self.accepted: dict[Work, Accepted | None] = dict.fromkeys(Work)
        filters = request.workItemFilters
        if filters.orchestrations or filters.activities or filters.entities:
            self.accepted = {
                Work.ORCHESTRATION: _by_name(filters.orchestrations),
                Work.ACTIVITY: _by_name(filters.activities),
                Work.ENTITY: {f.name: frozenset[str]() for f in filters.entities},
            }
        self.tokens: set[str] = set()
        self.out = dict.fromkeys(Work, 0)
        self.outgoing: asyncio.Queue[bytes | None] = asyncio.Queue()

    def has_capacity(self, work: Work) -> bool:
        """Return whether the worker accepts one more of a kind."""
        limit = self._limits[work]
        return limit <= 0 or self.out[work] < limit

    def accepts(self, work: Work, name: str, version: str | None) -> bool:
        """Return whether its filters accept an item."""
        return accepts(self.accepted[work], name, version)

    def give(self, work: Work, token: str, item: bytes) -> None:
        """Send an item."""
        self.out[work] += 1
        self.tokens.add(token)
        self.outgoing.put_nowait(item)

    def take_back(self, work: Work, token: str) -> None:
        """Stop counting an item."""
        if token in self.tokens:
            self.tokens.discard(token)
            self.out[work] -= 1


def _by_name(filters: object) -> Accepted:
    accepted: dict[str, frozenset[str]] = {}
    for one in filters:  # type: ignore[attr-defined] # pyright: ignore
        accepted[one.name] = accepted.get(one.name, frozenset()) | frozenset(one.versions)  # pyright: ignore
    return accepted
