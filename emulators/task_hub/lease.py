"""A work item that a worker has, and who is informed of it."""

from collections.abc import Callable
from dataclasses import dataclass

from emulators.task_hub.hidden import Item
from emulators.task_hub.turns import Turn
from emulators.task_hub.work_items import Batch
from emulators.task_hub.worker_stream import WorkerStream


@dataclass(slots=True)
class Lease:
    """One work item that a worker has; `given` is on the hub's clock, `expires` on the machine's."""

    token: str
    item: Item
    taken: Turn | Batch | None
    size: int
    given: int
    expires: float
    stream: WorkerStream | None = None
    completing: bool = False

    @property
    def rows(self) -> tuple[int, ...]:
        """Its rows in the file."""
        if isinstance(self.taken, Turn):
            return self.taken.rows
        if isinstance(self.taken, Batch):
            return tuple(operation.order for operation in self.taken.operations)
        return (int(self.item.key),)


@dataclass(frozen=True, slots=True)
class Reports:
    """Receives the dispatcher's events: times of hidden rows, leases, and work that ends without its worker."""

    seen_at: Callable[[int], None]
    given: Callable[[list[Lease]], None]
    worker_lost: Callable[[Lease], None]
    too_large: Callable[[Lease], None]
    other_version: Callable[[Lease], None]
