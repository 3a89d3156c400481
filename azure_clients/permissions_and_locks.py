"""Reads the app's own permissions and the locks at a scope, and the Run Commands of a VM."""

from typing import cast

from azure_clients.clients import CALL, compute
from azure_clients.errors import ArmRefused, arm_errors
from azure_clients.rest import Json, list_pages
from contracts.facts import FoundRunCommand, Lock, Permission
from contracts.ids import VmId
from contracts.tags import APP_TAG, NONCE_TAG, RUN_TAG, tag_of

_PERMISSIONS_API = "api-version=2022-04-01"
_LOCKS_API = "api-version=2020-05-01"
_AT_SCOPE = "&$filter=atScope()"


async def read_permissions(scope: object) -> tuple[Permission, ...] | None:
    """Read the permissions of this identity at a scope (Permissions - List); None: not readable.

    `scope` is the ARM id of a subscription, resource group or resource, or an object whose text is one.
    """
    found = await _list(str(scope), "permissions", _PERMISSIONS_API)
    if found is None:
        return None
    return tuple(
        Permission(actions=tuple(entry.get("actions") or ()), not_actions=tuple(entry.get("notActions") or ()))
        for entry in found
    )


async def read_locks(scope: object, *, below: bool = True) -> tuple[Lock, ...] | None:
    """Read the locks at a scope, inherited ones too (Management Locks - List); None: not readable.

    Without `below` the locks on resources inside the scope are left out: they do not concern a new resource.
    """
    found = await _list(str(scope), "locks", _LOCKS_API + ("" if below else _AT_SCOPE))
    if found is None:
        return None
    return tuple(
        Lock(
            name=str(entry.get("name", "")),
            level=str(cast("Json", entry.get("properties") or {}).get("level", "")),
            scope=str(entry.get("id", "")).lower().partition("/providers/microsoft.authorization")[0],
        )
        for entry in found
    )


async def list_run_commands(vm_id: VmId) -> tuple[FoundRunCommand, ...] | None:
    """List the managed Run Commands on the VM; None: not readable."""
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
                    FoundRunCommand(
                        name=item.name or "",
                        app_name=tag_of(tags, APP_TAG),
                        run_id=tag_of(tags, RUN_TAG),
                        nonce=tag_of(tags, NONCE_TAG),
                    )
                )
    except ArmRefused:
        return None
    return tuple(found)


async def _list(scope: str, what: str, query: str) -> list[Json] | None:
    try:
        return await list_pages(f"{scope}/providers/Microsoft.Authorization/{what}", query)
    except ArmRefused:
        return None
