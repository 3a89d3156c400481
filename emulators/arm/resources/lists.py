"""Lists across types: the resources of a subscription or a group, by their tags."""

import re
from datetime import datetime
from typing import Any

from emulators.arm.errors import ArmError
from emulators.arm.http.api import Answer, Call, Route
from emulators.arm.http.paging import page
from emulators.arm.state.ids import is_within

_SUBSCRIPTION = "/subscriptions/{subscription}"
_GROUP = f"{_SUBSCRIPTION}/resourceGroups/{{group}}"
_FILTER = re.compile(r"\s*tagName\s+eq\s+'([^']+)'(?:\s+and\s+tagValue\s+eq\s+'([^']*)')?\s*", re.IGNORECASE)


async def list_all(call: Call) -> Answer:
    """Resources of a group or a subscription."""
    scope = call.scope
    wanted = _wanted(call.query.get("$filter"))
    expand = call.expand("createdTime", "changedTime", "provisioningState")
    grouped = "/resourceGroups" if "group" in call.names else ""
    action = f"Microsoft.Resources/subscriptions{grouped}/resources/read"
    found = [
        item
        for item in sorted(_items(call), key=lambda item: str(item["id"]).lower())
        if is_within(item["id"], scope) and call.world.role.allows(action, item["id"]) and _fits(item["tags"], wanted)
    ]
    names = {name.lower(): name for name in ("createdTime", "changedTime", "provisioningState")}
    hidden = {names[name] for name in names.keys() - expand}
    # As on Azure: a list with a tag filter does not return the tags.
    hidden_tags: dict[str, Any] = {} if wanted is None else {"tags": None}
    return page(call, found, lambda item: {k: v for k, v in item.items() if k not in hidden} | hidden_tags)


def _items(call: Call) -> list[dict[str, Any]]:
    """Every resource that lists show now, except child resources without a location, such as subnets."""
    world = call.world
    now = world.clock.now()
    items: list[dict[str, Any]] = []
    for held in world.store.all():
        if held.listed_from <= now and held.location and not held.kind.endswith("/subnets"):
            item = _item(held.id, held.kind, held.location, held.tags, held.created, held.provisioning_state)
            items.append({**item, **({"managedBy": held.owners[0]} if held.owners else {})})
    for vm in world.vms.values():
        if vm.listed_from <= now:
            kind, state = "Microsoft.Compute/virtualMachines", vm.provisioning_state
            items.append(_item(vm.id, kind, vm.spec.location, vm.tags, vm.created, state))
    return items


def _item(
    resource_id: str, kind: str, location: str, tags: dict[str, str], created: datetime, state: str
) -> dict[str, Any]:
    # The name of a child includes its parents: gallery/definition/version.
    name = "/".join(resource_id.partition("/providers/")[2].split("/")[2::2])
    moment = created.isoformat()
    shown: dict[str, Any] = {"id": resource_id, "name": name, "type": kind, "location": location, "tags": dict(tags)}
    return {**shown, "createdTime": moment, "changedTime": moment, "provisioningState": state}


def _wanted(text: str | None) -> tuple[str, str | None] | None:
    if text is None:
        return None
    found = _FILTER.fullmatch(text)
    if found is None:
        message = f"The filter '{text}' is not supported: use tagName eq '…', optionally with tagValue eq '…'."
        raise ArmError(400, "InvalidFilterInQueryString", message, target="$filter")
    return found[1].lower(), found[2]


def _fits(tags: dict[str, str], wanted: tuple[str, str | None] | None) -> bool:
    if wanted is None:
        return True
    name, value = wanted
    return any(key.lower() == name and value in (None, text) for key, text in tags.items())


_QUERIES = ("$filter", "$expand", "$skiptoken")


def _route(scope: str, kind: str) -> Route:
    action = f"Microsoft.Resources/{kind}/resources/read"
    path = f"{scope}/resources"
    return Route("GET", path, "resources.list", action, list_all, queries=_QUERIES, filter="*", filtered=True)


ROUTES = (_route(_SUBSCRIPTION, "subscriptions"), _route(_GROUP, "subscriptions/resourceGroups"))
