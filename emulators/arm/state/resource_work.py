"""A long-running operation on a stored resource, from its start to the resulting state."""

from collections.abc import Callable
from typing import Any

from emulators.arm.errors import ArmError
from emulators.arm.state.operations import Family, Fate, Operation
from emulators.arm.state.platform import Platform
from emulators.arm.state.regions import region_key
from emulators.arm.state.store import Resource
from emulators.arm.state.world import World


def begin_write(
    platform: Platform,
    resource: Resource,
    *,
    family: Family,
    duration: str,
    fate: Fate | None,
    done: Callable[[], None] | None = None,
    during: str = "Creating",
    output: Callable[[], dict[str, Any]] | None = None,
) -> Operation:
    """Run a PUT or PATCH: `during` is the provisioningState until it is Succeeded, or as the fate sets it.

    `duration` is a field of Durations. `done` is called just before it succeeds; `output` returns what the operation
    contains then. A fate that fails leaves the resource Failed; one that never ends leaves it as it is during the work.
    A write that is in progress continues and is returned: the same PUT again starts no second operation.
    """
    if resource.operation is not None and resource.operation.status == "InProgress":
        return resource.operation
    operation = platform.operations.begin("write", resource.id, resource.location, fate, family)
    resource.operation, resource.provisioning_state = operation, during

    def end() -> None:
        if resource.operation is not operation or (fate is not None and fate.ends == "never"):
            return
        if fate is not None:
            resource.provisioning_state = "Failed"
            platform.operations.fail(operation, fate.code, fate.message)
            return
        if done is not None:
            done()
        resource.provisioning_state = "Succeeded"
        platform.operations.succeed(operation, None if output is None else output())

    platform.clock.call_in(platform.dice.draw(duration), end)
    return operation


def begin_delete(
    world: World,
    resource: Resource,
    *,
    family: Family,
    duration: str,
    fate: Fate | None,
    done: Callable[[], None] | None = None,
) -> Operation:
    """Run a DELETE: the resource is deleted when it succeeds, or Failed as the fate sets it. `done` is called after."""
    # A deletion with an injected failure is replaced by the next one, so that the resource can still be deleted.
    platform = world.platform
    if resource.deleting and resource.operation is not None and resource.operation.fate is None:
        return resource.operation
    if resource.operation is not None:
        platform.operations.preempt(resource.operation)
    operation = platform.operations.begin("delete", resource.id, resource.location, fate, family)
    before = resource.provisioning_state
    resource.operation, resource.deleting, resource.provisioning_state = operation, True, "Deleting"

    def end() -> None:
        if resource.operation is not operation or (fate is not None and fate.ends == "never"):
            return
        resource.deleting, resource.provisioning_state = False, before
        if fate is not None:
            resource.provisioning_state = "Failed"
            platform.operations.fail(operation, fate.code, fate.message)
            return
        world.store.remove(resource.id)
        if done is not None:
            done()
        platform.operations.succeed(operation)

    platform.clock.call_in(platform.dice.draw(duration), end)
    return operation


def check_location(resource: Resource, location: str) -> None:
    """Raises 409 when a PUT would move a resource to another region, or change one that is being deleted."""
    if resource.deleting:
        raise ArmError(409, "Conflict", f"The resource '{resource.id}' is being deleted. Try again when it is deleted.")
    if region_key(resource.location) != region_key(location):
        message = (
            f"The resource '{resource.name}' already exists in location '{resource.location}' in resource group "
            f"'{resource.group}'. A resource with the same name cannot be created in location '{location}'. "
            "Please select a new resource name."
        )
        raise ArmError(409, "InvalidResourceLocation", message, gateway=True)
