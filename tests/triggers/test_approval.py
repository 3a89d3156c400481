"""The approval endpoint: who may decide, about what, and until when."""

import asyncio
import logging
from typing import Any

import azure.functions as func
import pytest

from tests.support.calls import BASE, call, look, read, start, until_stage
from tests.support.log_lines import audit_lines
from tests.support.requests import request
from tests.support.triggers import Triggers, triggers
from triggers.approval import decide_run

ASKED = {"approval": {"timeoutMinutes": 60}, "target": {"rollbackSnapshot": False}}
YES, NO = {"approved": True}, {"approved": False}


def by(name: str, provider: str = "aad", object_id: str | None = None) -> dict[str, str]:
    """Return what App Service authentication says about a caller; two providers may give the same name."""
    known = {"name": name, "idp": provider, "id": object_id or f"id-{name.partition('@')[0]}"}
    return {f"x-ms-client-principal-{what}": text for what, text in known.items()}


async def waiting(at: Triggers, *names: str, requester: str = "ops@example.com", **more: Any) -> dict[str, Any]:
    """Start a run that waits for its approval on a stopped clock; return the response of GET /runs/{run_id}."""
    at.engine.clock.allow(at.engine.clock.now())
    await start(at, request(*names or ("vm1",), requestId="r1", **{**ASKED, **more}), **by(requester))
    return await until_stage(at, "batch-r1", "awaitingApproval")


async def decide(
    at: Triggers,
    run_id: str,
    body: Any,
    name: str | None = "boss@example.com",
    *,
    headers: dict[str, str] | None = None,
) -> func.HttpResponse:
    if headers is None:
        headers = by(name.lower()) if name else {}
    return await decide_run(call(f"{BASE}/{run_id}/approval", body=body, headers=headers, run_id=run_id), at.client)


async def end(at: Triggers) -> dict[str, Any]:
    at.engine.clock.allow(None)
    await asyncio.to_thread(at.engine.end_of, "batch-r1")
    return read(await look(at, "batch-r1"))


def code(response: func.HttpResponse) -> tuple[int, str]:
    return response.status_code, read(response)["type"].rpartition(":")[2]


async def test_an_approval_continues_the_run_and_records_the_approver(caplog: pytest.LogCaptureFixture) -> None:
    async with triggers() as at:
        before = await waiting(at)
        with caplog.at_level(logging.INFO, "golden_images"):
            response = await decide(at, "batch-r1", {"approved": True, "comment": "seen"})
        view = await end(at)
        over = await decide(at, "batch-r1", YES)
    assert before["links"]["approval"] == f"{BASE}/batch-r1/approval"
    assert response.status_code == 202
    assert read(response)["links"] == {"self": f"{BASE}/batch-r1"}
    assert view["result"]["counts"] == {"generalized": 1}
    decision = view["vms"][0]["result"]["decision"]
    assert (decision["principal"], decision["comment"], decision["approved"]) == ("boss@example.com", "seen", True)
    assert [line["principal"] for line in audit_lines(caplog) if line["event"] == "decision"] == ["boss@example.com"]
    assert code(over) == (409, "RunOver")


async def test_a_rejection_ends_the_run_before_anything_is_changed() -> None:
    async with triggers("vm1", "vm2") as at:
        await waiting(at, "vm1", "vm2", maxParallel=1)
        response = await decide(at, "batch-r1", NO)
        view = await end(at)
    assert response.status_code == 202
    assert view["result"]["counts"] == {"refused": 2}
    assert sum(guest.requested for guest in at.azure.guests.values()) == 0


async def test_one_vm_is_decided_alone() -> None:
    async with triggers("vm1", "vm2") as at:
        view = await waiting(at, "vm1", "vm2")
        for vm in view["vms"]:
            await until_own_stage(at, vm["runId"])
        one, other = (vm["runId"] for vm in view["vms"])
        responses = [await decide(at, one, NO), await decide(at, other, YES)]
        view = await end(at)
    assert [response.status_code for response in responses] == [202, 202]
    assert [vm["result"]["outcome"] for vm in view["vms"]] == ["refused", "generalized"]


async def test_the_first_decision_counts_and_a_second_is_409() -> None:
    async with triggers("vm1", "vm2") as at:
        view = await waiting(at, "vm1", "vm2", maxParallel=1)
        await decide(at, "batch-r1", NO)
        await until_decided(at)
        again = await decide(at, "batch-r1", YES)
        vm = await decide(at, view["vms"][0]["runId"], YES)
        await end(at)
    assert code(again) == (409, "AlreadyDecided")
    assert vm.status_code == 409


async def test_nobody_approves_their_own_request_but_may_reject_it() -> None:
    async with triggers() as at:
        view = await waiting(at)
        renamed = by("somebody@example.com", "AAD", "ID-ops")
        own = [await decide(at, run_id, YES, headers=renamed) for run_id in ("batch-r1", view["vms"][0]["runId"])]
        back = await decide(at, "batch-r1", NO, "ops@example.com")
        await end(at)
    assert {code(response) for response in own} == {(403, "OwnRequest")}
    assert back.status_code == 202


async def test_only_the_configured_approvers_may_decide() -> None:
    async with triggers(GOLDEN_APPROVERS="aad:id-boss, aad:id-deputy") as at:
        await waiting(at)
        strangers = [
            await decide(at, "batch-r1", body, name) for body in (YES, NO) for name in ("eve@example.com", None)
        ]
        same_name = by("deputy@example.com", "github", "99")
        strangers.append(await decide(at, "batch-r1", YES, headers=same_name))
        strangers.append(await decide(at, "batch-r1", YES, headers=by("deputy@example.com", "github", "id-deputy")))
        strangers.append(await decide(at, "batch-r1", YES, headers={"x-ms-client-principal-name": "aad:id-deputy"}))
        allowed = await decide(at, "batch-r1", YES, "Deputy@Example.com")
        await end(at)
    assert {code(response) for response in strangers} == {(403, "NotAnApprover")}
    assert allowed.status_code == 202


async def test_without_app_service_authentication_the_key_suffices_and_names_are_ignored() -> None:
    async with triggers(WEBSITE_AUTH_ENABLED="False") as at:
        await waiting(at)
        response = await decide(at, "batch-r1", YES, "ops@example.com")
        view = await end(at)
    assert response.status_code == 202
    assert "principal" not in view["vms"][0]["result"]["decision"]


async def test_without_a_pending_decision_it_is_409() -> None:
    async with triggers("vm1") as at:
        at.engine.clock.allow(at.engine.clock.now())
        await start(at, request("vm1", requestId="r1", target={"rollbackSnapshot": False}))
        view = await until_stage(at, "batch-r1", "deprovisioning")
        not_asked = [await decide(at, run_id, YES) for run_id in ("batch-r1", view["vms"][0]["runId"])]
        await end(at)
    async with triggers("vm1") as at:
        view = await waiting(at)
        vm = view["vms"][0]["runId"]
        await decide(at, vm, YES)
        await until_stage(at, "batch-r1", "deprovisioning")
        past = [await decide(at, run_id, YES) for run_id in ("batch-r1", vm)]
        await end(at)
    assert {code(response) for response in not_asked} == {(409, "ApprovalNotAsked")}
    assert {code(response) for response in past} == {(409, "PastApproval")}


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "$.approved"),
        ({"approved": "yes"}, "$.approved"),
        ({"approved": 1}, "$.approved"),
        ({"approved": True, "comment": "x" * 501}, "$.comment"),
        ({"approved": True, "principal": "me"}, "$.principal"),
        (b"yes", "$"),
        (b'{"approved": true, "approved": false}', "$"),
        (b"", "$"),
    ],
)
async def test_an_invalid_decision_is_400(body: Any, path: str) -> None:
    async with triggers() as at:
        response = await decide(at, "batch-r1", body)
    assert code(response) == (400, "BadRequest")
    assert path in [fault["path"] for fault in read(response)["faults"]]


async def test_an_unknown_run_is_404_and_a_huge_body_413() -> None:
    async with triggers() as at:
        assert code(await decide(at, "batch-none", YES)) == (404, "NoSuchRun")
        assert code(await decide(at, "batch-none", b" " * (16 * 1024 + 1))) == (413, "TooLarge")


async def until_own_stage(at: Triggers, run_id: str) -> None:
    for _ in range(2_000):
        if read(await look(at, run_id))["status"].get("stage") == "awaitingApproval":
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{run_id} does not wait")


async def until_decided(at: Triggers) -> None:
    for _ in range(2_000):
        if "decision" in read(await look(at, "batch-r1"))["status"]:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("not decided")
