"""Reads managed run commands back: the instance view, and the result line of the script."""

import json
from typing import Any

from tests.emulators.arm.fleet import GROUP, Sdk


async def view_of(client: Sdk, vm: str, name: str = "run") -> Any:
    """The instance view of a run command."""
    commands = client.virtual_machine_run_commands
    return (await commands.get_by_virtual_machine(GROUP, vm, name, expand="instanceView")).instance_view


async def result_of(client: Sdk, vm: str, name: str = "run") -> dict[str, Any]:
    """The result line of its script, empty without one."""
    last = ((await view_of(client, vm, name)).output or "").splitlines()[-1:]
    mark, _, document = last[0].partition(" ") if last else ("", "", "")
    return json.loads(document) if mark == "GOLDEN-IMAGE-RESULT" else {}
