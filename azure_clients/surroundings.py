"""Reads what stands around a machine: our own permissions on it, its locks, its Run Commands."""

from collections.abc import Mapping
from typing import Any, cast

from azure_clients.errors import ArmRefused, arm_errors
from azure_clients.session import CALL, compute
from contracts.facts import FoundRunCommand, Lock, Permission
from contracts.ids import VmId
from contracts.made import APP_TAG, RUN_TAG

_PERMISSIONS_API = "2022-04-01"
_LOCKS_API = "2020-05-01"
_MOST_PAGES = 20


async def read_permissions(vm_id: VmId) -> tuple[Permission, ...] | None:
    """Read what this identity may do on the machine (Permissions - List For Resource); None: not readable."""
    found = await _list(vm_id, "permissions", _PERMISSIONS_API)
    if found is None:
        return None
    return tuple(
        Permission(actions=tuple(entry.get("actions") or ()), not_actions=tuple(entry.get("notActions") or ()))
        for entry in found
    )


async def read_locks(vm_id: VmId) -> tuple[Lock, ...] | None:
    """Read the locks on the machine, inherited ones too (Management Locks - List); None: not readable."""
    found = await _list(vm_id, "locks", _LOCKS_API)
    if found is None:
        return None
    return tuple(
        Lock(
            name=str(entry.get("name", "")),
            level=str(cast("Mapping[str, Any]", entry.get("properties") or {}).get("level", "")),
            scope=str(entry.get("id", "")).lower().partition("/providers/microsoft.authorization")[0],
        )
        for entry in found
    )


async def list_run_commands(vm_id: VmId) -> tuple[FoundRunCommand, ...] | None:
    """List the managed Run Commands on the machine; None: not readable."""
    client = await compute(vm_id.subscription_id)
    found: list[FoundRunCommand] = []
    try:
        async with arm_errors():
            pages = client.virtual_machine_run_commands.list_by_virtual_machine(
                vm_id.resource_group, vm_id.name, **CALL
            )
            async for item in pages:
                tags = item.tags or {}
                found.append(
                    FoundRunCommand(name=item.name or "", app_name=tags.get(APP_TAG), run_id=tags.get(RUN_TAG))
                )
    except ArmRefused:
        return None
    return tuple(found)


async def _list(vm_id: VmId, what: str, api_version: str) -> list[Mapping[str, Any]] | None:
    from azure.core.rest import HttpRequest

    import settings

    client = await compute(vm_id.subscription_id)
    endpoint = settings.current().arm_endpoint
    url: str | None = f"{endpoint}{vm_id}/providers/Microsoft.Authorization/{what}?api-version={api_version}"
    found: list[Mapping[str, Any]] = []
    try:
        for _ in range(_MOST_PAGES):
            async with arm_errors():
                response = await client.send_request(HttpRequest("GET", url), **CALL)
                response.raise_for_status()
                body = cast("Mapping[str, Any]", response.json())
            found += cast("list[Mapping[str, Any]]", body.get("value") or [])
            url = body.get("nextLink")
            if not url:
                return found
            if not url.startswith(f"{endpoint}/"):
                return None  # A link to elsewhere would carry our token there.
    except ArmRefused:
        return None
    return None
