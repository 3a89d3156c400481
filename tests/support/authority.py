"""In whose name tests change something."""

from typing import Any

from contracts.authority import Authority, Bearer
from contracts.ids import VmId
from contracts.request import Mode
from contracts.run import LiveSettings, Trigger
from tests.support.requests import settings, vm_id

RUN_ID = "vm-r1-0123456789"


def authority(**more: Any) -> Authority:
    """Return what a run of the tests' settings is accepted under."""
    values: dict[str, Any] = {
        "run_id": RUN_ID,
        "trigger": Trigger.QUEUE,
        "mode": Mode.IN_PLACE,
        "vm_id": VmId.parse(vm_id()),
        "opt_in_tag": "golden-image-in-place",
        "opt_in_value": "allowed",
        **more,
    }
    return Authority(**values)


def bearing(request: Any, bearer: Bearer | None = None) -> dict[str, object]:
    """Return an activity's request as the orchestrator sends it."""
    given = bearer or Bearer(authority=authority())
    return {**request.model_dump(mode="json"), **given.model_dump(mode="json", exclude_none=True)}


def live(*, paused: bool = False, cleanup_mode: str = "delete", **run: Any) -> LiveSettings:
    """Return the app's settings of now."""
    document = {"run": settings(**run).model_dump(mode="json"), "paused": paused, "cleanupMode": cleanup_mode}
    return LiveSettings.model_validate(document)
