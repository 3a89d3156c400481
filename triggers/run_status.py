"""What the HTTP endpoints return about a run, and whether it can still be canceled."""

import asyncio
import json
from typing import Any, cast

import azure.durable_functions as df
from durabletask.client import OrchestrationState, OrchestrationStatus

from contracts.catalog import GOLDEN_IMAGE, IMAGE_BATCH
from contracts.ids import vm_run_id
from contracts.redaction import redact
from contracts.run import AcceptedRun, VmJob
from contracts.stages import Stage
from triggers.http_answers import moment

CANCEL, APPROVAL = "cancel", "approval"
"""The last parts of a run's URLs, and the names of the links to them."""
_AT_ONCE = 16
_BROKEN = frozenset({OrchestrationStatus.FAILED, OrchestrationStatus.TERMINATED})
OVER = frozenset({OrchestrationStatus.COMPLETED, OrchestrationStatus.FAILED, OrchestrationStatus.TERMINATED})


def run_links(url: str, run_id: str, *, approval: bool) -> dict[str, str]:
    """Return the links of a run, below the URL that started it; with a link to approve it if it needs an approval."""
    base = url.partition("?")[0].rstrip("/")
    links = {"self": f"{base}/{run_id}", CANCEL: f"{base}/{run_id}/{CANCEL}", "list": base}
    return links | ({APPROVAL: f"{base}/{run_id}/{APPROVAL}"} if approval else {})


async def known_run(client: df.DurableFunctionsClient, run_id: str) -> OrchestrationState | None:
    """Read the run of a request or of a VM; None for an unknown id and for other orchestrations."""
    state = await client.get_orchestration_state(run_id)
    return state if state is not None and state.name in {GOLDEN_IMAGE, IMAGE_BATCH} else None


async def view_of_run(
    client: df.DurableFunctionsClient, state: OrchestrationState, url: str, *, first: int, count: int
) -> dict[str, object]:
    """Return a run's status and result, and for a request also those of each VM's run, from its own instance."""
    view = _about(state)
    if state.name != IMAGE_BATCH:
        return view
    if not is_readable(state):
        return view  # What the engine says is all that is known.
    accepted = accepted_run(state)
    page = vm_run_ids(accepted)[first : first + count]
    states = await vm_run_states(client, page)
    base = url.partition("?")[0].rsplit("/", 1)[0]
    vms = [_about(found) if found else {"runId": run_id, "status": {"stage": "notBegun"}} for run_id, found in states]
    view["trigger"] = accepted.trigger
    view["principal"] = accepted.caller.principal
    view["links"] = run_links(base, accepted.run_id, approval=accepted.needs_approval)
    view["total"] = len(accepted.request.targets)
    view["vms"] = [{**vm, "self": f"{base}/{vm['runId']}"} for vm in vms]
    return view


async def cancel_refusal(client: df.DurableFunctionsClient, state: OrchestrationState) -> tuple[str, str, str] | None:
    """Return why a run cannot be canceled (code, title, what to do), or None if it can.

    A request that was terminated may have left the runs of its VMs: those can still be canceled by its id.
    """
    if state.runtime_status in OVER and not await runs_left(client, state):
        return ("RunOver", f"run {state.instance_id} has ended", "read its result")
    if state.name == GOLDEN_IMAGE:
        found: list[tuple[str, OrchestrationState | None]] = [(state.instance_id, state)]
    elif not is_readable(state):
        return None
    else:
        found = await vm_run_states(client, vm_run_ids(accepted_run(state)))
    begins = state.runtime_status not in OVER
    if any(begins if vm is None else _may_cancel(vm) for _, vm in found):
        return None
    return (
        "PastPointOfNoReturn",
        f"the runs of all VMs of run {state.instance_id} have started to deprovision, or have ended",
        "wait until the run has ended: it cannot be canceled any more",
    )


async def runs_left(client: df.DurableFunctionsClient, state: OrchestrationState) -> tuple[str, ...]:
    """Return the runs of VMs that have not ended although the run of their request was terminated, or failed."""
    if state.name != IMAGE_BATCH or state.runtime_status not in _BROKEN:
        return ()
    if not is_readable(state):
        return ()
    found = await vm_run_states(client, vm_run_ids(accepted_run(state)))
    return tuple(run_id for run_id, vm in found if vm is not None and vm.runtime_status not in OVER)


def _may_cancel(state: OrchestrationState) -> bool:
    if state.runtime_status in OVER:
        return False
    stage = stage_of(state)
    return stage is None or stage.allows.cancel


def stage_of(state: OrchestrationState) -> Stage | None:
    """Return the stage of a VM's run; None before it has started."""
    status = status_of(state)
    return Stage(status["stage"]) if status else None


def status_of(state: OrchestrationState) -> dict[str, Any]:
    """Return a run's custom status; empty if it has none yet."""
    return _json(state.serialized_custom_status)


def _about(state: OrchestrationState) -> dict[str, object]:
    return {
        "runId": state.instance_id,
        "kind": "run" if state.name == IMAGE_BATCH else "vm",
        "runtimeStatus": state.runtime_status.name,
        "createdAt": moment(state.created_at),
        "lastUpdatedAt": moment(state.last_updated_at),
        "status": status_of(state),
        "result": _json(state.serialized_output) if state.runtime_status is OrchestrationStatus.COMPLETED else None,
        **({"reason": _reason(state)} if state.runtime_status in _BROKEN else {}),
    }


def _reason(state: OrchestrationState) -> str:
    """Return why a run failed or was terminated, as far as the engine knows, without secrets."""
    details = state.failure_details
    return redact(details.message if details else state.serialized_output or "no reason was given")[:500]


def accepted_run(state: OrchestrationState) -> AcceptedRun:
    """Return the input of the run of a request."""
    return AcceptedRun.model_validate(_json(state.serialized_input))


def is_readable(state: OrchestrationState) -> bool:
    """Return whether the input can be read; that of a run of another version of this app may not be."""
    try:
        (AcceptedRun if state.name == IMAGE_BATCH else VmJob).model_validate(_json(state.serialized_input))
    except ValueError:
        return False
    return True


def vm_run_ids(accepted: AcceptedRun) -> list[str]:
    """Return the run id of each VM, in the order of the request."""
    return [vm_run_id(accepted.request_id, target.vm_id) for target in accepted.request.targets]


async def vm_run_states(
    client: df.DurableFunctionsClient, run_ids: list[str]
) -> list[tuple[str, OrchestrationState | None]]:
    """Read these runs, 16 at a time; None for one that has not started."""
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(run_id: str) -> tuple[str, OrchestrationState | None]:
        async with slots:
            return run_id, await client.get_orchestration_state(run_id)

    return await asyncio.gather(*(one(run_id) for run_id in run_ids))


def _json(text: str | None) -> dict[str, Any]:
    return cast("dict[str, Any]", json.loads(text)) if text else {}
