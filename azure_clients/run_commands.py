"""Managed Run Commands on a machine: put once, read back, take away."""

from typing import Any

from azure_clients.correlation import CorrelationId
from azure_clients.errors import ArmRefused, arm_errors
from azure_clients.session import CALL, compute
from contracts.facts import MachineState
from contracts.ids import VmId
from contracts.made import APP_TAG, RUN_TAG
from contracts.message import Message

_PENDING = frozenset({"", "unknown", "pending", "running"})


class RunCommandView(Message):
    """A Run Command as it stands: `ended` once the script is over or was never delivered.

    `exit_code` as Azure tells it; `own_exit_code` is the script's own, None unless it came to its end: Azure shows a
    number also for one that timed out or was never delivered. `error` is what it wrote on its error output.
    """

    ended: bool
    exit_code: int | None = None
    own_exit_code: int | None = None
    output: str = ""
    error: str = ""
    message: str = ""


async def read_run_command(vm_id: VmId, name: str) -> RunCommandView | None:
    """Read a Run Command with its instance view; None if it is not there. Output is at most 4 KB."""
    client = await compute(vm_id.subscription_id)
    try:
        async with arm_errors():
            found = await client.virtual_machine_run_commands.get_by_virtual_machine(
                vm_id.resource_group, vm_id.name, name, expand="instanceView", **CALL
            )
    except ArmRefused as refused:
        if refused.status == 404:
            return None
        raise
    return _view(found.as_dict())


async def put_run_command(
    machine: MachineState,
    name: str,
    *,
    script: str,
    parameters: dict[str, str],
    timeout_seconds: int,
    app_name: str,
    run_id: str,
    protected: dict[str, str] | None = None,
) -> str | None:
    """Put a Run Command and return as soon as Azure accepted it; `parameters` never go into the script's text.

    Linux gets them as environment variables, Windows as named parameters; `protected` ones Azure never shows again:
    secrets go there and nowhere else. Look before you put: a second PUT under one name may run the script again.
    Gives the correlation id of the order.
    """
    body: Any = {
        "location": machine.location,
        "tags": {APP_TAG: app_name, RUN_TAG: run_id},
        "properties": {
            "source": {"script": script},
            "parameters": _named(parameters),
            **({"protectedParameters": _named(protected)} if protected else {}),
            "asyncExecution": True,
            "timeoutInSeconds": timeout_seconds,
            "treatFailureAsDeploymentFailure": False,
        },
    }
    client = await compute(machine.vm_id.subscription_id)
    seen = CorrelationId()
    async with arm_errors():
        await client.virtual_machine_run_commands.begin_create_or_update(
            machine.vm_id.resource_group, machine.vm_id.name, name, body, polling=False, raw_response_hook=seen, **CALL
        )
    return seen.value


async def delete_run_command(vm_id: VmId, name: str) -> None:
    """Begin to delete a Run Command; one that is not there is deleted. ArmRefused (409) on a stopped machine."""
    client = await compute(vm_id.subscription_id)
    try:
        async with arm_errors():
            await client.virtual_machine_run_commands.begin_delete(
                vm_id.resource_group, vm_id.name, name, polling=False, **CALL
            )
    except ArmRefused as refused:
        if refused.status != 404:
            raise


def _named(parameters: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": key, "value": value} for key, value in parameters.items()]


def _view(resource: dict[str, Any]) -> RunCommandView:
    properties: dict[str, Any] = resource.get("properties") or {}
    view: dict[str, Any] = properties.get("instanceView") or {}
    state = str(view.get("executionState") or "").lower()
    undelivered = str(properties.get("provisioningState", "")).lower() == "failed"
    words = [f"executionState {view.get('executionState')}" if view else "", view.get("executionMessage") or ""]
    if undelivered:
        words.insert(0, "provisioningState Failed")
    words.append(str(view.get("error") or "")[-500:])
    return RunCommandView(
        ended=undelivered or state not in _PENDING,
        exit_code=view.get("exitCode"),
        own_exit_code=None if undelivered else _own_exit_code(state, view.get("exitCode")),
        output=str(view.get("output") or ""),
        error=str(view.get("error") or ""),
        message=" ".join(part for part in words if part),
    )


def _own_exit_code(state: str, exit_code: int | None) -> int | None:
    # "failed" with a 0 is Azure's failure, not the script's.
    if state == "succeeded" or (state == "failed" and exit_code):
        return exit_code
    return None
