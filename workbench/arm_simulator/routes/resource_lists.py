"""Lists across types: resources by their tags, and scale sets with the images they are made from."""

import re
from datetime import datetime
from typing import Any

from workbench.arm_simulator.api import Answer, Call, Route
from workbench.arm_simulator.errors import ArmError
from workbench.arm_simulator.paging import page
from workbench.arm_simulator.roles import is_within

_SUBSCRIPTION = "/subscriptions/{subscription}"
_GROUP = f"{_SUBSCRIPTION}/resourceGroups/{{group}}"
_SETS = "Microsoft.Compute/virtualMachineScaleSets"
_FILTER = re.compile(r"\s*tagName\s+eq\s+'([^']+)'(?:\s+and\s+tagValue\s+eq\s+'([^']*)')?\s*", re.IGNORECASE)


async def list_group(call: Call) -> Answer:
    """Resources of a group."""
    call.world.require_group(call.subscription, call.names["group"])
    return _listed(call, f"/subscriptions/{call.subscription}/resourceGroups/{call.names['group']}")


async def list_all(call: Call) -> Answer:
    """Resources of a subscription."""
    call.world.require_subscription(call.subscription)
    return _listed(call, f"/subscriptions/{call.subscription}")


def _listed(call: Call, scope: str) -> Answer:
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
    # As on Azure: who filters by a tag is not told the tags.
    untold: dict[str, Any] = {} if wanted is None else {"tags": None}
    return page(call, found, lambda item: {k: v for k, v in item.items() if k not in hidden} | untold)


def _items(call: Call) -> list[dict[str, Any]]:
    """Everything that lists show by now; what has no location (a subnet) is no resource of its own here."""
    world = call.world
    now = world.clock.now()
    items: list[dict[str, Any]] = []
    for held in world.store.all():
        if held.listed_from <= now and held.location and not held.kind.endswith("/subnets"):
            item = _item(held.id, held.kind, held.location, held.tags, held.created, held.provisioning_state)
            items.append({**item, **({"managedBy": held.owners[0]} if held.owners else {})})
    for machine in world.machines.values():
        if machine.listed_from <= now:
            kind, state = "Microsoft.Compute/virtualMachines", machine.provisioning_state
            items.append(_item(machine.id, kind, machine.spec.location, machine.tags, machine.created, state))
    return items


def _item(
    resource_id: str, kind: str, location: str, tags: dict[str, str], created: datetime, state: str
) -> dict[str, Any]:
    # A child is named with its parents: gallery/definition/version.
    name = "/".join(resource_id.partition("/providers/")[2].split("/")[2::2])
    moment = created.isoformat()
    shown: dict[str, Any] = {"id": resource_id, "name": name, "type": kind, "location": location, "tags": dict(tags)}
    return {**shown, "createdTime": moment, "changedTime": moment, "provisioningState": state}


def _wanted(text: str | None) -> tuple[str, str | None] | None:
    if text is None:
        return None
    found = _FILTER.fullmatch(text)
    if found is None:
        message = f"The filter '{text}' is not understood here: only tagName eq '…', and with it tagValue eq '…'."
        raise ArmError(400, "InvalidFilterInQueryString", message, target="$filter")
    return found[1].lower(), found[2]


def _fits(tags: dict[str, str], wanted: tuple[str, str | None] | None) -> bool:
    if wanted is None:
        return True
    name, value = wanted
    return any(key.lower() == name and value in (None, text) for key, text in tags.items())


async def list_scale_sets(call: Call) -> Answer:
    """Scale sets of a subscription."""
    call.world.require_subscription(call.subscription)
    found = call.world.store.listed(_SETS, f"/subscriptions/{call.subscription}")
    return page(call, found, lambda held: held.body())


_QUERIES = ("$filter", "$expand", "$skiptoken")

ROUTES = (
    Route(
        "GET", f"{_SUBSCRIPTION}/resources", "resources.list", "Microsoft.Resources/subscriptions/resources/read",
        list_all, queries=_QUERIES,
    ),
    Route(
        "GET", f"{_GROUP}/resources", "resources.list",
        "Microsoft.Resources/subscriptions/resourceGroups/resources/read", list_group, queries=_QUERIES,
    ),
    Route(
        "GET", f"{_SUBSCRIPTION}/providers/{_SETS}", "virtualMachineScaleSets.listAll", f"{_SETS}/read",
        list_scale_sets, queries=("$skiptoken",),
    ),
)  # fmt: skip
