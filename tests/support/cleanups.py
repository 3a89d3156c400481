"""Orphaned resources and cleanups as tests need them: by default they may be deleted."""

from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.activities.cleanup import EndedRun, Orphan
from contracts.cleanup import CleanupJob, CleanupMode
from contracts.ids import Scope, VmId
from contracts.resources import Kind, Purpose, Resource, resource_id, resource_name
from contracts.run import Trigger
from contracts.stages import Stage
from tests.support.requests import GROUP, vm_id

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
OVER = "vm-over-0123456789"
PARTS = {
    Kind.VM: "vm",
    Kind.NETWORK_INTERFACE: "nic",
    Kind.SECURITY_GROUP: "nsg",
    Kind.DISK: "os",
    Kind.SNAPSHOT: "snap",
}


def cleanup_job(mode: CleanupMode = CleanupMode.DELETE, **more: Any) -> CleanupJob:
    """Return a cleanup of the tests' group by the app `tests`."""
    values: dict[str, Any] = {
        "cleanup_id": "cleanup-1",
        "mode": mode,
        "trigger": Trigger.TIMER,
        "asked_at": NOW,
        "scopes": (Scope.parse(GROUP),),
        "app_name": "tests",
        "minimum_age_minutes": 120,
        "unknown_age_minutes": 1_920,
    }
    return CleanupJob.model_validate(values | more)


def orphan(kind: Kind = Kind.DISK, run_id: str = OVER, *, name: str | None = None, **more: Any) -> Orphan:
    """Return a resource that a cleanup deletes once its run is over."""
    purpose = more.pop("purpose", Purpose.CLONE)
    group = Scope.parse(more.pop("group", GROUP))
    resource = Resource(
        kind=kind, id=resource_id(group, kind, name or resource_name(run_id, PARTS.get(kind, "x"))), purpose=purpose
    )
    values: dict[str, Any] = {
        "resource": resource,
        "run_id": run_id,
        "app_name": "tests",
        "created_at": NOW - timedelta(hours=3),
    }
    return Orphan.model_validate(values | more)


def ended(name: str = "vm1", run_id: str = OVER) -> EndedRun:
    """Return a run that was terminated while its VM stopped."""
    return EndedRun(run_id=run_id, vm_id=VmId.parse(vm_id(name)), stage=Stage.STOPPING)
