"""Informs the rest of the hub of what was committed."""

from collections.abc import Callable

from emulators.task_hub.dispatch import Dispatcher
from emulators.task_hub.hidden import Item
from emulators.task_hub.polling import Polling
from emulators.task_hub.transaction import Effects, ReadyOrchestration
from emulators.task_hub.waiting import Waiting
from emulators.task_hub.worker_stream import Work


class Recovery:
    """What happens after a commit, in the order of the transitions."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        waiting: Waiting,
        note_timer: Callable[[int], None],
        on_started: Callable[[str], None] | None,
        polling: Polling,
        now: Callable[[], int],
    ) -> None:
        """Use the parts to inform, and the hub's clock."""
        self._polling = polling
        self._now = now
        self._dispatcher = dispatcher
        self._waiting = waiting
        self._note_timer = note_timer
        self._on_started = on_started

    def __call__(self, effects: Effects) -> None:
        """Apply the effects: leases end before new work is queued."""
        with self._dispatcher.lock:
            for token in effects.released:
                self._dispatcher.release(token)
            self._keep_histories(effects)
            self._hide(effects)
            self._queue(effects)
        if effects.earliest_timer is not None:
            self._note_timer(effects.earliest_timer)
        if self._on_started is not None:
            for instance_id in effects.started:
                self._on_started(instance_id)
        for instance_id in effects.changed:
            self._waiting.changed(instance_id)
        self._dispatcher.pump()

    def _keep_histories(self, effects: Effects) -> None:
        cache = self._dispatcher.cache
        for n, first, added in effects.appended:
            cache.append(n, first, added)
        for n in effects.forgotten:
            cache.forget(n)

    def _hide(self, effects: Effects) -> None:
        for target, row, until in effects.delayed:
            if isinstance(target, ReadyOrchestration):
                item = Item(Work.ORCHESTRATION, target.n, target.name, target.version)
            else:
                item = Item(Work.ENTITY, target, entity_name(target), None)
            self._dispatcher.hide(item, (row,), until)

    def _queue(self, effects: Effects) -> None:
        dispatcher = self._dispatcher
        now = self._now()
        for target in (*effects.touched, *effects.entities, *(ready.n for ready in effects.orchestrations)):
            self._polling.touch(target, now)
        for orchestration in effects.orchestrations:
            dispatcher.orchestration_ready(orchestration)
        for activity in effects.activities:
            dispatcher.add(Work.ACTIVITY, activity.seq, activity.name, activity.version)
        for entity in effects.entities:
            dispatcher.add(Work.ENTITY, entity, entity_name(entity), None)


def entity_name(entity_id: str) -> str:
    """Return the name in an entity's id, "@name@key"."""
    return entity_id.removeprefix("@").partition("@")[0]
