"""Managed Run Commands on a VM: create, read, delete."""

from collections.abc import Mapping
from typing import Any

from azure_clients.clients import CALL, compute
from azure_clients.correlation import CorrelationId
from azure_clients.errors import ArmRefused, arm_errors
from contracts.facts import VmState
from contracts.ids import VmId
from contracts.message import Message
from contracts.tags import APP_TAG, NONCE_TAG, RUN_TAG

_PENDING = frozenset({"", "unknown", "pending", "running"})


class RunCommandView(Message):
    """A Run Command; `ended` once the script has ended or could not be started.

    `exit_code` is what Azure reports. `own_exit_code` is the script's own, None unless it ran to its end: Azure reports
    a number also for a script that timed out or was not started. `error` is its error output.
    """

    ended: bool
    exit_code: int | None = None
    own_exit_code: int | None = None
    output: str = ""
    error: str = ""
    message: str = ""


async def read_run_command(vm_id: VmId, name: str) -> RunCommandView | None:
    """Read a Run Command with its instance view; None if it does not exist. Output is at most 4 KB."""
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
    vm: VmState,
    name: str,
    *,
    script: str,
    parameters: dict[str, str],
    timeout_seconds: int,
    app_name: str,
    run_id: str,
    protected: dict[str, str] | None = None,
    nonce: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> str | None:
    """Create a Run Command and return as soon as Azure accepted it; `parameters` are not put into the script's text.

    Linux receives them as environment variables, Windows as named parameters. Secrets go only into `protected`, which
    Azure never returns. Read before you create: a second PUT of the same name may run the script again. Returns the
    correlation id of the request.
    """
    body: Any = {
        "location": vm.location,
        "tags": {**(tags or {}), APP_TAG: app_name, RUN_TAG: run_id, **({NONCE_TAG: nonce} if nonce else {})},
        "properties": {
            "source": {"script": script},
            "parameters": _named(parameters),
            **({"protectedParameters": _named(protected)} if protected else {}),
            "asyncExecution": True,
            "timeoutInSeconds": timeout_seconds,
            "treatFailureAsDeploymentFailure": False,
        },
    }
    client = await compute(vm.vm_id.subscription_id)
    seen = CorrelationId()
    async with arm_errors():
        await client.virtual_machine_run_commands.begin_create_or_update(
            vm.vm_id.resource_group, vm.vm_id.name, name, body, polling=False, raw_response_hook=seen, **CALL
        )
    return seen.value


async def delete_run_command(vm_id: VmId, name: str) -> None:
    """Request the deletion of a Run Command; it need not exist. ArmRefused (409) on a stopped VM."""
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
    parts = [f"executionState {view.get('executionState')}" if view else "", view.get("executionMessage") or ""]
    if undelivered:
        parts.insert(0, "provisioningState Failed")
    parts.append(str(view.get("error") or "")[-500:])
    return RunCommandView(
        ended=undelivered or state not in _PENDING,
        exit_code=view.get("exitCode"),
        own_exit_code=None if undelivered else _own_exit_code(state, view.get("exitCode")),
        output=str(view.get("output") or ""),
        error=str(view.get("error") or ""),
        message=" ".join(part for part in parts if part),
    )


def _own_exit_code(state: str, exit_code: int | None) -> int | None:
    # "failed" with exit code 0 is an error of Azure, not of the script.
    if state == "succeeded" or (state == "failed" and exit_code):
        return exit_code
    return None
