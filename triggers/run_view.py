"""What the HTTP doors tell of a run, and whether it may still be canceled."""

import asyncio
import json
from typing import Any, cast

import azure.durable_functions as df
from durabletask.client import OrchestrationState, OrchestrationStatus

from contracts.ids import machine_run_id
from contracts.run import AcceptedRun
from contracts.stages import BEFORE_NO_RETURN, Stage
from contracts.steps import GOLDEN_IMAGE, IMAGE_BATCH
from triggers.http_answers import moment

_AT_ONCE = 16
OVER = frozenset({OrchestrationStatus.COMPLETED, OrchestrationStatus.FAILED, OrchestrationStatus.TERMINATED})


def run_links(url: str, run_id: str, *, approval: bool) -> dict[str, str]:
    """Give the addresses of a run, next to the address it was started at; one to approve it if that was asked for."""
    base = url.partition("?")[0].rstrip("/")
    links = {"self": f"{base}/{run_id}", "cancel": f"{base}/{run_id}/cancel", "list": base}
    return links | ({"approval": f"{base}/{run_id}/approval"} if approval else {})


async def known_run(client: df.DurableFunctionsClient, run_id: str) -> OrchestrationState | None:
    """Read a run of ours; None for an unknown id and for orchestrations that are none of ours."""
    state = await client.get_orchestration_state(run_id)
    return state if state is not None and state.name in {GOLDEN_IMAGE, IMAGE_BATCH} else None


async def view_of_run(
    client: df.DurableFunctionsClient, state: OrchestrationState, url: str, *, first: int, count: int
) -> dict[str, object]:
    """Tell a run: its status and result, and for a request each machine's own run, from its own instance."""
    view = _about(state)
    if state.name != IMAGE_BATCH:
        return view
    accepted = accepted_run(state)
    page = machine_ids(accepted)[first : first + count]
    states = await machine_states(client, page)
    base = url.partition("?")[0].rsplit("/", 1)[0]
    machines = [
        _about(found) if found else {"runId": run_id, "status": {"stage": "notBegun"}} for run_id, found in states
    ]
    view["door"] = accepted.door
    view["principal"] = accepted.caller.principal
    view["links"] = run_links(base, accepted.run_id, approval=accepted.request.approval is not None)
    view["total"] = len(accepted.request.targets)
    view["machines"] = [{**machine, "self": f"{base}/{machine['runId']}"} for machine in machines]
    return view


async def cancel_verdict(client: df.DurableFunctionsClient, state: OrchestrationState) -> tuple[str, str, str] | None:
    """Give why a run cannot be canceled (code, title, what to do), or None if it can."""
    if state.runtime_status in OVER:
        return ("RunOver", f"run {state.instance_id} has ended", "look at its result")
    if state.name == GOLDEN_IMAGE:
        found: list[tuple[str, OrchestrationState | None]] = [(state.instance_id, state)]
    else:
        found = await machine_states(client, machine_ids(accepted_run(state)))
    if any(machine is None or _may_cancel(machine) for _, machine in found):
        return None
    return (
        "PastPointOfNoReturn",
        f"every machine of run {state.instance_id} has been told to deprovision itself, or has ended",
        "wait for the run's end: from here it only goes forward",
    )


def _may_cancel(state: OrchestrationState) -> bool:
    if state.runtime_status in OVER:
        return False
    stage = stage_of(state)
    return stage is None or stage in BEFORE_NO_RETURN


def stage_of(state: OrchestrationState) -> Stage | None:
    """Give the stage of a machine's run; None before its first turn."""
    status = status_of(state)
    return Stage(status["stage"]) if status else None


def status_of(state: OrchestrationState) -> dict[str, Any]:
    """Give a run's custom status; empty if it has none yet."""
    return _json(state.serialized_custom_status)


def _about(state: OrchestrationState) -> dict[str, object]:
    return {
        "runId": state.instance_id,
        "kind": "run" if state.name == IMAGE_BATCH else "machine",
        "runtimeStatus": state.runtime_status.name,
        "createdAt": moment(state.created_at),
        "lastUpdatedAt": moment(state.last_updated_at),
        "status": status_of(state),
        "result": _json(state.serialized_output) if state.runtime_status is OrchestrationStatus.COMPLETED else None,
    }


def accepted_run(state: OrchestrationState) -> AcceptedRun:
    """Give what the run of a request was started with."""
    return AcceptedRun.model_validate(_json(state.serialized_input))


def machine_ids(accepted: AcceptedRun) -> list[str]:
    """Give the run of each machine, in the order of the request."""
    return [machine_run_id(accepted.request_id, target.vm_id) for target in accepted.request.targets]


async def machine_states(
    client: df.DurableFunctionsClient, run_ids: list[str]
) -> list[tuple[str, OrchestrationState | None]]:
    """Read these runs, 16 at once; None for one that has not begun."""
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(run_id: str) -> tuple[str, OrchestrationState | None]:
        async with room:
            return run_id, await client.get_orchestration_state(run_id)

    return await asyncio.gather(*(one(run_id) for run_id in run_ids))


def _json(text: str | None) -> dict[str, Any]:
    return cast("dict[str, Any]", json.loads(text)) if text else {}
