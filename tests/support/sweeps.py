"""Leftovers and sweeps as tests need them: by default nothing speaks against deleting."""

from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.ids import Scope, VmId
from contracts.made import Kind, Made, Purpose, made_id, made_name
from contracts.run import Door
from contracts.stages import Stage
from contracts.sweep import SweepJob, SweepMode
from contracts.sweep_steps import EndedRun, Leftover
from tests.support.requests import GROUP, vm_id

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
OVER = "vm-over-0123456789"
PARTS = {
    Kind.MACHINE: "vm",
    Kind.NETWORK_INTERFACE: "nic",
    Kind.SECURITY_GROUP: "nsg",
    Kind.DISK: "os",
    Kind.SNAPSHOT: "snap",
}


def sweep_job(mode: SweepMode = SweepMode.DELETE, **more: Any) -> SweepJob:
    """Give a sweep of the tests' group by the app `tests`."""
    values: dict[str, Any] = {
        "sweep_id": "sweep-1",
        "mode": mode,
        "door": Door.TIMER,
        "asked_at": NOW,
        "scopes": (Scope.parse(GROUP),),
        "app_name": "tests",
        "minimum_age_minutes": 120,
    }
    return SweepJob.model_validate(values | more)


def leftover(kind: Kind = Kind.DISK, run_id: str = OVER, *, name: str | None = None, **more: Any) -> Leftover:
    """Give a thing that a sweep deletes once its run is over."""
    purpose = more.pop("purpose", Purpose.CLONE)
    group = Scope.parse(more.pop("group", GROUP))
    made = Made(kind=kind, id=made_id(group, kind, name or made_name(run_id, PARTS.get(kind, "x"))), purpose=purpose)
    values: dict[str, Any] = {
        "made": made,
        "run_id": run_id,
        "app_name": "tests",
        "created_at": NOW - timedelta(hours=3),
    }
    return Leftover.model_validate(values | more)


def ended(name: str = "vm1", run_id: str = OVER) -> EndedRun:
    """Give a run that was terminated while its machine stopped."""
    return EndedRun(run_id=run_id, vm_id=VmId.parse(vm_id(name)), stage=Stage.STOPPING)
