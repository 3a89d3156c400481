"""Asks the app's settings of now before an activity creates, changes or deletes anything."""

from collections.abc import Callable, Mapping
from typing import Any

from contracts.authority import Bearer
from contracts.catalog import Activity
from contracts.error_codes import Refusal, RefusalCode
from contracts.run import LiveSettings
from policy.authority import ends_own_work, why_no_cleanup, why_not


def denied(
    entry: Activity[Any, Any], asked: Any, request: Mapping[str, object], live: Callable[[], LiveSettings]
) -> Refusal | None:
    """Return the reason why this activity must not be carried out; None if it only reads, or is allowed.

    The payload of an orchestration is data that others can write. It never widens what may be done: an activity that
    changes something and names no authority is refused. What only ends a run's own work (`recovers`) is done without
    asking: a VM that stays stopped is billed.
    """
    if entry.changes is None:
        return None
    bearer, ids = Bearer.model_validate(request), entry.changes(asked)
    if bearer.cleanup is not None:
        if entry.recovers:
            return why_no_cleanup(ids, live())
    elif bearer.authority is not None:
        own = entry.recovers and ends_own_work(bearer.authority, asked)
        return None if own else why_not(bearer.authority, ids, live())
    return Refusal.of(RefusalCode.SCOPE_NOT_ALLOWED, f"{entry.name} was asked without a run's authority")
