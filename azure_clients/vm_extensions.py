"""Reads the extensions of a VM out of the answer that describes the VM itself, and removes them."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from azure_clients.clients import CALL, compute
from azure_clients.correlation import CorrelationId
from azure_clients.errors import arm_errors
from azure_clients.resources import properties_of
from contracts.facts import VmExtension
from contracts.ids import VmId

type Json = Mapping[str, Any]

_MOST = 100
_LONGEST = 100
"""More than Azure allows; they keep what others write from filling a run's history."""


def extensions_of(vm: Json) -> tuple[VmExtension, ...]:
    """Return the extensions in the model of a VM, then those that only its instance view shows.

    The instance view of a VM that is not running shows none, the model all of them.
    """
    view = cast("Json", properties_of(vm).get("instanceView") or {})
    found: dict[str, VmExtension] = {}
    for extension in (*_in_model(vm), *_in_view(view)):
        found.setdefault(extension.name.lower(), extension)
    return tuple(found.values())[:_MOST]


def removable_now() -> tuple[str, ...]:
    """Return the extensions that the app's settings of now allow to remove."""
    import settings

    return settings.current().removable_extensions


async def begin_removal(vm_id: VmId, name: str) -> str | None:
    """Request the removal of an extension and return as soon as Azure accepted it (1 request).

    Returns the correlation id. Raises ArmRefused (404: it is gone; 403: not allowed), ArmThrottled or ArmUnavailable.
    """
    client = await compute(vm_id.subscription_id)
    operations: Any = client.virtual_machine_extensions
    seen = CorrelationId()
    async with arm_errors():
        await operations.begin_delete(
            vm_id.resource_group, vm_id.name, name, polling=False, raw_response_hook=seen, **CALL
        )
    return seen.value


def _in_model(vm: Json) -> Iterator[VmExtension]:
    for resource in _items(vm, "resources"):
        properties = properties_of(resource)
        name = _text(resource.get("name")).rpartition("/")[2]
        if "/extensions" not in str(resource.get("type") or resource.get("id") or "").lower() or not name:
            continue
        yield VmExtension(
            name=name,
            publisher=_text(properties.get("publisher")),
            type=_text(properties.get("type")),
            provisioning_state=_text(properties.get("provisioningState")),
        )


def _in_view(view: Json) -> Iterator[VmExtension]:
    """The instance view names the type with its publisher: Microsoft.Azure.Monitor.AzureMonitorLinuxAgent."""
    for extension in _items(view, "extensions"):
        name = _text(extension.get("name"))
        publisher, _, kind = _text(extension.get("type")).rpartition(".")
        codes = (_text(status.get("code")).partition("/") for status in _items(extension, "statuses"))
        states = [value.partition("/")[0] for name, _, value in codes if name.lower() == "provisioningstate"]
        if name:
            state = states[0] if states else ""
            yield VmExtension(name=name, publisher=publisher, type=kind, provisioning_state=state)


def _text(value: object) -> str:
    return str(value or "")[:_LONGEST]


def _items(parent: Json, name: str) -> list[Json]:
    return cast("list[Json]", parent.get(name) or [])
