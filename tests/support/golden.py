"""A gallery to publish into, jobs that clone and publish, and what to look at when they are over."""

import asyncio
from dataclasses import dataclass
from typing import Any, Literal

from contracts.made import RUN_TAG
from contracts.results import MachineResult
from contracts.run import MachineJob
from tests.support.journey import Journey
from tests.support.requests import GROUP, SUBSCRIPTION, job
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
    name: str = "vm1", *, image: dict[str, Any], request_id: str = "r1", settings: Any = None, **target: Any
) -> MachineJob:
    """Give the job of one machine that is cloned; `target` is further said of it."""
    wanted = {"mode": "clone", "clone": {"subnetId": SUBNET}, "image": image, **target}
    more = {} if settings is None else {"settings": settings}
    return job(name, request_id=request_id, target=wanted, **more)


def standing(told: Journey, result: MachineResult) -> list[str]:
    """Give what carries the run's tag now."""
    return told.simulator.world.tagged(RUN_TAG, result.run_id)


def versions(told: Journey, definition: str = "web") -> list[Resource]:
    """Give the versions of a definition, the lowest first."""
    return told.simulator.world.galleries.versions(definition_id(definition))


def accepted(requests: list[RequestRecord], *methods: str) -> list[str]:
    """Give "METHOD path" of every order with one of these methods that Azure took."""
    return [f"{r.method} {r.path}" for r in requests if r.method in methods and 200 <= r.status < 300]


def former(told: Journey, part: str) -> Machine:
    """Give a temporary machine that is gone, by the end of its name."""
    (found,) = [machine for machine in told.simulator.world.former if machine.name.endswith(f"-{part}")]
    return found


def on_loop(told: Journey, work: Any) -> None:
    """Call something of the simulator on its own loop."""

    async def call() -> None:
        work()

    asyncio.run_coroutine_threadsafe(call(), told.loop).result(30)


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
