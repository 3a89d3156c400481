"""A gallery to publish into, jobs that clone and publish, and what to look at when they are over."""

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

import pytest

import settings
from contracts.ids import Scope
from contracts.made import RUN_TAG
from contracts.results import MachineResult
from contracts.run import MachineJob
from contracts.stages import Stage
from contracts.steps import GOLDEN_IMAGE, SWEEP
from contracts.sweep import SweepMode, SweepResult
from tests.support.journey import SERIAL_LOG, Journey
from tests.support.requests import GROUP, SUBSCRIPTION, job
from tests.support.sweeps import sweep_job
from workbench.arm_simulator import Machine, RequestRecord, Role
from workbench.arm_simulator.store import Resource

SUBNET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet-westeurope/subnets/default"
TWO_REGIONS = [{"name": "westeurope"}, {"name": "northeurope"}]


def definition_id(name: str = "web") -> str:
    """Give the id of an image definition in the tests' gallery."""
    return f"{GROUP}/providers/Microsoft.Compute/galleries/golden/images/{name}"


def add_definition(told: Journey, name: str = "web", system: Literal["Linux", "Windows"] = "Linux", **more: Any) -> str:
    """Add a definition, and the gallery when it is the first; give its id."""
    world = told.simulator.world
    if world.store.get(definition_id(name).rpartition("/images/")[0]) is None:
        world.add_gallery("golden", resource_group="rg-images", subscription_id=SUBSCRIPTION)
    return world.add_definition("golden", name, system, **more).id


def version_wish(definition: str = "web", *, verified: bool = True, **more: Any) -> dict[str, Any]:
    """Give the wish for an image version, with its verification unless it is not `verified`."""
    verify = {"verify": {"subnetId": SUBNET}} if verified else {}
    return {"kind": "galleryImageVersion", "imageDefinitionId": definition_id(definition), **verify, **more}


def clone_job(
    name: str = "vm1", *, image: dict[str, Any], request_id: str = "r1", stamped: Any = None, **target: Any
) -> MachineJob:
    """Give the job of one machine that is cloned; `target` is further said of it."""
    wanted = {"mode": "clone", "clone": {"subnetId": SUBNET}, "image": image, **target}
    more = {} if stamped is None else {"settings": stamped}
    return job(name, request_id=request_id, target=wanted, **more)


def standing(told: Journey, result: MachineResult | MachineJob) -> list[str]:
    """Give what carries the run's tag now."""
    return told.simulator.world.tagged(RUN_TAG, result.run_id)


def versions(told: Journey, definition: str = "web") -> list[Resource]:
    """Give the versions of a definition, the lowest first."""
    return told.simulator.world.galleries.versions(definition_id(definition))


def doubled(requests: list[RequestRecord]) -> list[str]:
    """Give "METHOD path" of every order that Azure took more than once, but for those that change nothing again."""
    harmless = {SERIAL_LOG, "runCommands.delete", "virtualMachines.deallocate"}
    orders = [r for r in requests if r.method != "GET" and r.operation not in harmless and 200 <= r.status < 300]
    return [order for order, times in Counter(f"{r.method} {r.path}" for r in orders).items() if times > 1]


def changing(requests: list[RequestRecord]) -> list[str]:
    """Give "METHOD operation status" of every request that is no read, in order."""
    orders = [r for r in requests if r.method != "GET" and r.operation != SERIAL_LOG]
    return [f"{r.method} {r.operation} {r.status}" for r in orders]


def begin(told: Journey, asked: MachineJob, stage: Stage) -> None:
    """Start a run and hold the time where it has reached a stage and waits there."""
    clock, backend = told.engine.clock, told.engine.backend
    limit = clock.now()
    clock.allow(limit)
    payload = asked.model_dump(mode="json", exclude_none=True)
    told.engine.client.schedule_new_orchestration(GOLDEN_IMAGE, input=payload, instance_id=asked.run_id)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        time.sleep(0.002)
        if not backend.is_idle() or any(moment <= limit for moment in backend.pending_timers()):
            continue
        state = told.engine.client.get_orchestration_state(asked.run_id)
        status: dict[str, Any] = json.loads(state.serialized_custom_status or "{}") if state else {}
        if status.get("stage") == stage:
            return
        limit += timedelta(seconds=15)
        clock.allow(limit)
    raise AssertionError(f"{asked.run_id} did not reach {stage}")


def end_of(told: Journey, asked: MachineJob) -> MachineResult:
    """Let the time go on, and give the result of a run that was begun."""
    told.engine.clock.allow(None)
    state = told.engine.end_of(asked.run_id)
    assert state.serialized_output is not None, state.failure_details
    return MachineResult.model_validate_json(state.serialized_output)


def sweep_now(
    told: Journey, mode: SweepMode, name: str = "1", scope: str = GROUP, *, hold: bool = False
) -> SweepResult:
    """Sweep a scope as if three hours had passed; `hold`: while the time stands still."""
    if not hold:
        told.engine.clock.allow(None)
    at = told.engine.clock.now() + timedelta(hours=3)
    asked = sweep_job(mode, sweep_id=f"sweep-{name}", asked_at=at, scopes=(Scope.parse(scope),))
    state = told.engine.run(SWEEP, asked.model_dump(mode="json", exclude_none=True), asked.sweep_id)
    assert state.serialized_output is not None, state.failure_details
    return SweepResult.model_validate_json(state.serialized_output)


def former(told: Journey, part: str) -> Machine:
    """Give a temporary machine that is gone, by the end of its name."""
    (found,) = [machine for machine in told.simulator.world.former if machine.name.endswith(f"-{part}")]
    return found


def add_secret(told: Journey, patch: pytest.MonkeyPatch, value: str) -> str:
    """Add a secret that the settings name from now on; give its address."""

    async def add() -> None:
        told.simulator.add_secret("builds", "sysprep", value)

    asyncio.run_coroutine_threadsafe(add(), told.loop).result(30)
    vault = told.simulator.vault_endpoint("builds")
    patch.setenv("GOLDEN_KEY_VAULTS", f"{vault}/secrets/sys*")
    settings.current.cache_clear()
    return f"{vault}/secrets/sysprep"


@dataclass(frozen=True)
class TracedRole(Role):
    """A role that keeps which of its actions were asked for."""

    @staticmethod
    def of_role(role: Role) -> "TracedRole":
        """Trace this role."""
        return TracedRole(role.actions, role.not_actions, role.scopes, role.data_actions)

    def __post_init__(self) -> None:
        """Begin with nothing asked."""
        object.__setattr__(self, "_asked", set[str]())

    @property
    def asked(self) -> set[str]:
        """The actions that were asked for, of the data plane too."""
        return self._asked  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue]

    def allows(self, action: str, scope: str) -> bool:
        """Note the action, and judge it."""
        self.asked.add(action)
        return super().allows(action, scope)

    def allows_data(self, action: str, scope: str) -> bool:
        """Note the action, and judge it."""
        self.asked.add(action)
        return super().allows_data(action, scope)
