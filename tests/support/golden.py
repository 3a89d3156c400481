"""A gallery to publish to, jobs that clone and publish, and what to check afterwards."""

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, Protocol

import pytest

import settings
from contracts.catalog import CLEANUP, GOLDEN_IMAGE, IMAGE_BATCH
from contracts.cleanup import CleanupMode, CleanupResult
from contracts.ids import Scope
from contracts.results import VmResult
from contracts.run import AcceptedRun, VmJob
from contracts.stages import Stage
from contracts.tags import RUN_TAG
from emulators.arm import RequestRecord, Role, Vm
from emulators.arm.state.store import Resource
from tests.support.cleanups import cleanup_job
from tests.support.engine import RunningEngine
from tests.support.journey import READING_POSTS, Journey
from tests.support.requests import GROUP, SUBSCRIPTION, job
from tests.support.running import result_of

_QUIET = 4
SUBNET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet-westeurope/subnets/default"
TWO_REGIONS = [{"name": "westeurope"}, {"name": "northeurope"}]


def definition_id(name: str = "web") -> str:
    """Return the id of an image definition in the tests' gallery."""
    return f"{GROUP}/providers/Microsoft.Compute/galleries/golden/images/{name}"


def add_definition(
    journey: Journey, name: str = "web", system: Literal["Linux", "Windows"] = "Linux", **more: Any
) -> str:
    """Add a definition, and the gallery when it is the first; return its id."""
    world = journey.simulator.world
    if world.store.get(definition_id(name).rpartition("/images/")[0]) is None:
        world.add_gallery("golden", resource_group="rg-images", subscription_id=SUBSCRIPTION)
    return world.add_definition("golden", name, system, **more).id


def version_options(definition: str = "web", *, validated: bool = True, **more: Any) -> dict[str, Any]:
    """Return the options for an image version, with its validation if `validated`."""
    validate = {"validate": {"subnetId": SUBNET}} if validated else {}
    return {"kind": "galleryImageVersion", "imageDefinitionId": definition_id(definition), **validate, **more}


def clone_job(
    name: str = "vm1", *, image: dict[str, Any], request_id: str = "r1", stamped: Any = None, **target: Any
) -> VmJob:
    """Return the job of one VM that is cloned; `target` is added to its target."""
    wanted = {"mode": "clone", "clone": {"subnetId": SUBNET}, "image": image, **target}
    more = {} if stamped is None else {"settings": stamped}
    return job(name, request_id=request_id, target=wanted, **more)


def standing(journey: Journey, result: VmResult | VmJob) -> list[str]:
    """Return the resources that have the run's tag now."""
    return journey.simulator.world.tagged(RUN_TAG, result.run_id)


def versions(journey: Journey, definition: str = "web") -> list[Resource]:
    """Return the versions of a definition, the lowest first."""
    return journey.simulator.world.galleries.versions(definition_id(definition))


def doubled(requests: list[RequestRecord]) -> list[str]:
    """Return "METHOD path" of every request that Azure accepted more than once, except those that are harmless."""
    harmless = {*READING_POSTS, "runCommands.delete", "virtualMachines.deallocate"}
    accepted = [r for r in requests if r.method != "GET" and r.operation not in harmless and 200 <= r.status < 300]
    return [request for request, times in Counter(f"{r.method} {r.path}" for r in accepted).items() if times > 1]


def changing(requests: list[RequestRecord]) -> list[str]:
    """Return "METHOD operation status" of every request that is not a read, in order."""
    changes = [r for r in requests if r.method != "GET" and r.operation not in READING_POSTS]
    return [f"{r.method} {r.operation} {r.status}" for r in changes]


class HasEngine(Protocol):
    """Whatever runs orchestrations under a virtual clock."""

    @property
    def engine(self) -> RunningEngine:
        """The engine."""
        ...


def begin(journey: HasEngine, asked: VmJob, stage: Stage, batch: AcceptedRun | None = None) -> None:
    """Start a run, alone or by its request, and stop the clock when it has reached a stage and waits there."""
    clock, backend = journey.engine.clock, journey.engine.backend
    limit = clock.now()
    clock.allow(limit)
    name, first = (GOLDEN_IMAGE, asked) if batch is None else (IMAGE_BATCH, batch)
    payload = first.model_dump(mode="json", exclude_none=True)
    journey.engine.client.schedule_new_orchestration(name, input=payload, instance_id=first.run_id)
    until, quiet = time.monotonic() + 60, 0
    while time.monotonic() < until:
        time.sleep(0.002)
        # Between a timer that fires and the work that it wakes the hub looks idle, so once is not enough.
        waits = backend.is_idle() and all(moment > limit for moment in backend.pending_timers())
        quiet = quiet + 1 if waits else 0
        if quiet < _QUIET:
            continue
        quiet = 0
        state = journey.engine.client.get_orchestration_state(asked.run_id)
        status: dict[str, Any] = json.loads(state.serialized_custom_status or "{}") if state else {}
        if status.get("stage") == stage:
            return
        limit += timedelta(seconds=15)
        clock.allow(limit)
    raise AssertionError(f"{asked.run_id} did not reach {stage}")


def end_of(journey: Journey, asked: VmJob) -> VmResult:
    """Let the time go on, and return the result of a run that was started."""
    journey.engine.clock.allow(None)
    return result_of(journey.engine, asked.run_id)


def cleanup_now(
    journey: Journey, mode: CleanupMode, name: str = "1", scope: str = GROUP, *, hold: bool = False
) -> CleanupResult:
    """Run a cleanup of a scope as if three hours had passed; `hold`: while the clock is stopped."""
    if not hold:
        journey.engine.clock.allow(None)
    at = journey.engine.clock.now() + timedelta(hours=3)
    asked = cleanup_job(mode, cleanup_id=f"cleanup-{name}", asked_at=at, scopes=(Scope.parse(scope),))
    state = journey.engine.run(CLEANUP, asked.model_dump(mode="json", exclude_none=True), asked.cleanup_id)
    assert state.serialized_output is not None, state.failure_details
    return CleanupResult.model_validate_json(state.serialized_output)


def former(journey: Journey, part: str) -> Vm:
    """Return a temporary VM that was deleted, by the end of its name."""
    (found,) = [vm for vm in journey.simulator.world.former if vm.name.endswith(f"-{part}")]
    return found


def add_secret(journey: Journey, patch: pytest.MonkeyPatch, value: str) -> str:
    """Add a secret that the settings name from now on; return its address."""

    async def add() -> None:
        journey.simulator.add_secret("builds", "sysprep", value)

    asyncio.run_coroutine_threadsafe(add(), journey.loop).result(30)
    vault = journey.simulator.vault_endpoint("builds")
    patch.setenv("GOLDEN_ALLOWED_SECRETS", f"{vault}/secrets/sys*")
    settings.current.cache_clear()
    return f"{vault}/secrets/sysprep"


@dataclass(frozen=True)
class TracedRole(Role):
    """A role that records which of its actions were used."""

    @staticmethod
    def of_role(role: Role) -> "TracedRole":
        """Trace this role."""
        return TracedRole(role.actions, role.not_actions, role.scopes, role.data_actions)

    def __post_init__(self) -> None:
        """Start with no action recorded."""
        object.__setattr__(self, "_asked", set[str]())

    @property
    def asked(self) -> set[str]:
        """The actions that were used, data actions too."""
        return self._asked  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue]

    def allows(self, action: str, scope: str) -> bool:
        """Record the action, and check it."""
        self.asked.add(action)
        return super().allows(action, scope)

    def allows_data(self, action: str, scope: str) -> bool:
        """Record the action, and check it."""
        self.asked.add(action)
        return super().allows_data(action, scope)
