"""The HTTP endpoints: start, read, list, cancel, schema; errors as problem details."""

import asyncio
from pathlib import Path
from typing import Any
from unittest.mock import patch

import azure.functions as func
import pytest

from contracts.answer import Answer
from tests.support.calls import BASE, call, look, read, start, until_stage
from tests.support.requests import request
from tests.support.triggers import Triggers, triggers
from triggers import entity_state, http

PUBLISHED = Path(__file__).parents[2] / "docs" / "schema" / "request.v1.json"
AT_ONCE = {"rollbackSnapshot": False}
"""On a stopped clock no snapshot ever succeeds."""


async def cancel(at: Triggers, run_id: str) -> func.HttpResponse:
    return await http.cancel_run(call(f"{BASE}/{run_id}/cancel", run_id=run_id), at.client)


async def test_a_request_is_answered_with_202_and_links() -> None:
    async with triggers() as at:
        response = await start(at, request("vm1", requestId="r1"))
        await asyncio.to_thread(at.engine.end_of, "batch-r1")
    body = read(response)
    assert response.status_code == 202
    assert response.headers["Location"] == f"{BASE}/batch-r1"
    assert body["existing"] is False
    assert body["links"] == {
        "self": f"{BASE}/batch-r1",
        "cancel": f"{BASE}/batch-r1/cancel",
        "list": BASE,
    }


async def test_without_a_request_id_each_call_starts_its_own_run() -> None:
    async with triggers() as at:
        first, second = read(await start(at, request("vm1"))), read(await start(at, request("vm1")))
    assert first["runId"] != second["runId"]


async def test_the_same_request_again_is_the_existing_run() -> None:
    async with triggers() as at:
        await start(at, request("vm1", requestId="r1"))
        again = await start(at, request("vm1", requestId="r1"))
    assert again.status_code == 202
    assert read(again)["existing"] is True
    assert at.batches() == ["batch-r1"]


async def test_other_content_with_a_known_id_is_409() -> None:
    async with triggers() as at:
        await start(at, request("vm1", requestId="r1"))
        response = await start(at, request("vm1", requestId="r1", dryRun=True))
    assert response.status_code == 409
    assert read(response)["type"].endswith(":RequestIdReused")


async def test_a_bad_body_is_400_with_every_fault() -> None:
    async with triggers() as at:
        response = await start(at, {"version": 1, "targets": [{"vmId": "x"}], "dryrun": True})
    body = read(response)
    assert response.status_code == 400
    assert response.mimetype == "application/problem+json"
    assert {"type", "title", "status", "detail", "faults"} <= set(body)
    assert {fault["path"] for fault in body["faults"]} == {"$.targets[0].vmId", "$.targets[0].mode", "$.dryrun"}


async def test_a_body_over_1_mib_is_413() -> None:
    async with triggers() as at:
        assert (await start(at, b" " * (1024 * 1024 + 1))).status_code == 413


async def test_the_callers_principal_is_kept_in_the_run() -> None:
    async with triggers() as at:
        headers = {
            "x-ms-client-principal-name": "ops@example.com",
            "x-ms-client-principal-idp": "aad",
            "x-ms-token-aad-id-token": "secret-token",
        }
        await start(at, request("vm1", requestId="r1"), **headers)
        await asyncio.to_thread(at.engine.end_of, "batch-r1")
        view = read(await look(at, "batch-r1"))
        state = at.engine.client.get_orchestration_state("batch-r1")
    assert view["principal"] == "ops@example.com"
    assert view["trigger"] == "http"
    assert "secret-token" not in str(state)


async def test_a_run_shows_each_vm_from_its_own_instance() -> None:
    async with triggers("vm1", "vm2", "vm3") as at:
        await start(at, request("vm1", "vm2", "vm3", requestId="r1"))
        await asyncio.to_thread(at.engine.end_of, "batch-r1")
        view = read(await look(at, "batch-r1"))
        page = read(await look(at, "batch-r1", **{"from": "1", "count": "1"}))
        vm = read(await look(at, view["vms"][0]["runId"]))
    assert view["total"] == 3
    assert [vm["result"]["outcome"] for vm in view["vms"]] == ["generalized"] * 3
    assert view["result"]["counts"] == {"generalized": 3}
    assert [shown["runId"] for shown in page["vms"]] == [view["vms"][1]["runId"]]
    assert vm["kind"] == "vm"
    assert vm["status"]["stage"] == "done"
    assert view["vms"][0]["self"] == f"{BASE}/{vm['runId']}"


async def test_an_unknown_run_is_404() -> None:
    async with triggers() as at:
        for response in (await look(at, "batch-none"), await cancel(at, "batch-none")):
            assert response.status_code == 404
            assert read(response)["type"].endswith(":NoSuchRun")


@pytest.mark.parametrize("params", [{"from": "-1"}, {"count": "0"}, {"count": "x"}, {"count": "201"}])
async def test_an_invalid_page_is_400(params: dict[str, str]) -> None:
    async with triggers() as at:
        assert (await look(at, "batch-r1", **params)).status_code == 400


async def test_runs_are_listed_newest_first_and_filtered_by_status() -> None:
    async with triggers("vm1", "vm2") as at:
        for number in (1, 2):
            await start(at, request(f"vm{number}", requestId=f"r{number}"))
            await asyncio.to_thread(at.engine.end_of, f"batch-r{number}")
        days = {"days": "365"}
        listed = read(await http.list_runs(call(params=days), at.client))
        running = read(await http.list_runs(call(params={**days, "status": "running"}), at.client))
        bad = await http.list_runs(call(params={"status": "asleep"}), at.client)
        too_many = await http.list_runs(call(params={"days": "366"}), at.client)
    assert [run["runId"] for run in listed["runs"]] == ["batch-r2", "batch-r1"]
    assert running["runs"] == []
    assert bad.status_code == too_many.status_code == 400


async def test_a_cancel_before_the_point_of_no_return_is_202_and_changes_nothing() -> None:
    async with triggers() as at:
        at.azure.fault = lambda activity, vm, nth: Answer(try_again_after=60) if activity == "inspect_vm" else None
        at.engine.clock.allow(at.engine.clock.now())
        await start(at, request("vm1", requestId="r1"))
        await until_stage(at, "batch-r1", "inspecting")
        response = await cancel(at, "batch-r1")
        at.azure.fault = lambda activity, vm, nth: None
        at.engine.clock.allow(None)
        await asyncio.to_thread(at.engine.end_of, "batch-r1")
        view = read(await look(at, "batch-r1"))
        over = await cancel(at, "batch-r1")
    assert response.status_code == 202
    assert view["result"]["counts"] == {"canceled": 1}
    assert at.azure.guests["vm1"].requested == 0
    assert over.status_code == 409
    assert read(over)["type"].endswith(":RunOver")


async def test_a_cancel_after_the_point_of_no_return_is_409() -> None:
    async with triggers() as at:
        at.engine.clock.allow(at.engine.clock.now())
        await start(at, request("vm1", requestId="r1", target=AT_ONCE))
        view = await until_stage(at, "batch-r1", "deprovisioning")
        responses = [await cancel(at, "batch-r1"), await cancel(at, view["vms"][0]["runId"])]
        at.engine.clock.allow(None)
        await asyncio.to_thread(at.engine.end_of, "batch-r1")
        ended = read(await look(at, "batch-r1"))
    for response in responses:
        assert response.status_code == 409
        assert read(response)["type"].endswith(":PastPointOfNoReturn")
        assert "cannot be canceled any more" in read(response)["detail"]
    assert ended["result"]["counts"] == {"generalized": 1}


async def test_a_cancel_while_vms_still_wait_is_202() -> None:
    async with triggers("vm1", "vm2") as at:
        at.engine.clock.allow(at.engine.clock.now())
        await start(at, request("vm1", "vm2", requestId="r1", target=AT_ONCE, maxParallel=1))
        await until_stage(at, "batch-r1", "deprovisioning")
        response = await cancel(at, "batch-r1")
        at.engine.clock.allow(None)
        await asyncio.to_thread(at.engine.end_of, "batch-r1")
        view = read(await look(at, "batch-r1"))
    assert response.status_code == 202
    assert view["result"]["counts"] == {"generalized": 1, "canceled": 1}
    assert view["vms"][1]["status"] == {"stage": "notBegun"}


async def test_the_schema_of_the_request() -> None:
    response = await http.get_request_schema(call(f"{BASE}/schema/request"))
    assert response.get_body().decode() == PUBLISHED.read_text()
    assert response.mimetype == "application/schema+json"


async def test_a_principal_is_ignored_without_app_service_authentication() -> None:
    """With function keys alone any caller can set these headers."""
    async with triggers(WEBSITE_AUTH_ENABLED="False") as at:
        await start(at, request("vm1", requestId="r1"), **{"x-ms-client-principal-name": "another-caller"})
        await asyncio.to_thread(at.engine.end_of, "batch-r1")
        view = read(await look(at, "batch-r1"))
    assert view["principal"] is None


async def test_errors_of_the_app_are_problems_too() -> None:
    async with triggers(GOLDEN_ALLOWED_SCOPES="nonsense") as at:
        bad_settings = await start(at, request("vm1"))
    async with triggers() as at:
        with (
            patch.object(entity_state, "LONGEST_SILENCE_SECONDS", 0.01),
            patch.object(entity_state, "read_state", _never),
        ):
            not_answering = await start(at, request("vm1"))
    assert bad_settings.status_code == 500
    assert "GOLDEN_ALLOWED_SCOPES" in read(bad_settings)["detail"]
    assert not_answering.status_code == 503
    assert not_answering.headers["Retry-After"] == "15"
    assert {response.mimetype for response in (bad_settings, not_answering)} == {"application/problem+json"}


async def test_all_unfinished_runs_are_listed() -> None:
    """Also runs of VMs whose request's run was terminated, however old they are."""
    async with triggers() as at:
        at.engine.clock.allow(at.engine.clock.now())
        await start(at, request("vm1", requestId="r1", target=AT_ONCE))
        view = await until_stage(at, "batch-r1", "deprovisioning")
        unfinished = read(await http.list_runs(call(params={"status": "unfinished"}), at.client))
        at.engine.clock.allow(None)
        await asyncio.to_thread(at.engine.end_of, "batch-r1")
        drained = read(await http.list_runs(call(params={"status": "unfinished"}), at.client))
    assert {run["runId"] for run in unfinished["runs"]} == {"batch-r1", view["vms"][0]["runId"]}
    assert drained["runs"] == []


async def _never(*_: Any) -> None:
    return None
