"""The triggers of the cleanup: every hour by timer, and by hand."""

import asyncio
import json
from datetime import datetime
from typing import Any
from unittest.mock import patch

import azure.functions as func
import pytest

from contracts.answer import Answer
from contracts.cleanup import CleanupJob
from tests.support.calls import BASE, call, read
from tests.support.requests import GROUP
from tests.support.triggers import Triggers, triggers
from triggers import cleanup, http

CLEANUPS = "https://golden.example.net/api/cleanups"


class Tick(func.TimerRequest):
    """A tick."""

    def __init__(self) -> None:
        """Any."""


class _At(datetime):
    moment = datetime.fromisoformat("2026-11-22T04:30:01Z")

    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
        return cls.moment


async def tick(at: Triggers, moment: str) -> None:
    _At.moment = datetime.fromisoformat(moment)
    with patch.object(cleanup, "datetime", _At):
        await cleanup.clean_up_on_schedule(Tick(), at.client)


def started(at: Triggers) -> list[str]:
    return [run_id for run_id in at.engine.backend.started if run_id.startswith("cleanup-")]


def job(at: Triggers, cleanup_id: str) -> CleanupJob:
    state = at.engine.client.get_orchestration_state(cleanup_id)
    assert state is not None
    return CleanupJob.model_validate_json(state.serialized_input or "")


async def begin(at: Triggers, body: Any, **headers: str) -> func.HttpResponse:
    return await cleanup.start_cleanup(call(CLEANUPS, body=body, headers=headers), at.client)


async def get(at: Triggers, cleanup_id: str) -> func.HttpResponse:
    request = func.HttpRequest("GET", f"{CLEANUPS}/{cleanup_id}", route_params={"cleanup_id": cleanup_id}, body=b"")
    return await cleanup.get_cleanup(request, at.client)


async def test_each_hour_has_one_reporting_cleanup_however_often_the_timer_ticks() -> None:
    async with triggers(restart_finished=True) as at:
        for moment in ("2026-11-22T04:29:58Z", "2026-11-22T04:30:00Z", "2026-11-22T05:10:00Z"):
            await tick(at, moment)
            await asyncio.to_thread(at.engine.end_of, "cleanup-20261122T043000Z")
        await tick(at, "2026-11-22T05:30:00Z")
        asked = job(at, "cleanup-20261122T043000Z")
    assert started(at) == ["cleanup-20261122T043000Z", "cleanup-20261122T053000Z"]
    assert (asked.mode, asked.app_name, asked.minimum_age_minutes) == ("report", "golden-images", 120)
    assert [str(scope).lower() for scope in asked.scopes] == [GROUP.lower()]
    assert asked.unknown_age_minutes == (24 + 8) * 60, "a temporary VM's life and the longest publication"
    assert asked.asked_at.isoformat() == "2026-11-22T04:30:00+00:00"


@pytest.mark.parametrize("more", [{"GOLDEN_CLEANUP_MODE": "off"}, {"GOLDEN_ALLOWED_SCOPES": ""}])
async def test_if_off_or_without_a_scope_no_cleanup_starts(more: dict[str, str]) -> None:
    async with triggers("vm1", restart_finished=False, **more) as at:
        await tick(at, "2026-11-22T04:30:00Z")
    assert started(at) == []


async def test_the_setting_decides_whether_the_timer_deletes() -> None:
    more = {
        "GOLDEN_TEMPORARY_VM_MAX_HOURS": "48",
        "GOLDEN_POLLING": '{"publish": {"initialDelaySeconds": 240, "intervalSeconds": 120, "timeoutSeconds": 50001}}',
    }
    more |= {"GOLDEN_CLEANUP_MODE": "delete", "GOLDEN_CLEANUP_MIN_AGE_MINUTES": "60"}
    async with triggers("vm1", restart_finished=False, **more) as at:
        await tick(at, "2026-11-22T04:30:00Z")
        asked = job(at, "cleanup-20261122T043000Z")
    assert (asked.mode, asked.minimum_age_minutes) == ("delete", 60)
    assert asked.unknown_age_minutes == 48 * 60 + 834


@pytest.mark.parametrize(("body", "mode"), [({"mode": "delete"}, "delete"), ({}, "report"), (b"", "report")])
async def test_a_cleanup_by_hand_is_answered_with_a_link_to_it(body: Any, mode: str) -> None:
    async with triggers(GOLDEN_CLEANUP_MODE="delete") as at:
        response = await begin(at, body, **{"x-ms-client-principal-name": "ops@example.com"})
        about = read(response)
        await asyncio.to_thread(at.engine.end_of, about["cleanupId"])
        view = read(await get(at, about["cleanupId"]))
        asked = job(at, about["cleanupId"])
    assert response.status_code == 202
    assert response.headers["Location"] == about["links"]["self"] == f"{CLEANUPS}/{about['cleanupId']}"
    assert about["mode"] == asked.mode == mode
    assert (asked.trigger, asked.caller.principal) == ("http", "ops@example.com")
    assert (view["runtimeStatus"], view["result"]["kind"], view["result"]["mode"]) == ("COMPLETED", "cleanup", mode)


@pytest.mark.parametrize(("setting", "modes"), [("off", ("report", "delete")), ("report", ("delete",))])
async def test_a_cleanup_by_hand_does_not_more_than_the_setting_allows(setting: str, modes: tuple[str, ...]) -> None:
    async with triggers(GOLDEN_CLEANUP_MODE=setting) as at:
        refused = [await begin(at, {"mode": mode}) for mode in modes]
        assert started(at) == []
    for response in refused:
        assert (response.status_code, read(response)["type"].rpartition(":")[2]) == (409, "CleanupNotAllowed")
        assert "GOLDEN_CLEANUP_MODE" in read(response)["detail"]


@pytest.mark.parametrize("body", [{"mode": "all"}, {"dryRun": True}, b"delete", b" " * (16 * 1024 + 1)])
async def test_an_invalid_body_starts_no_cleanup(body: Any) -> None:
    async with triggers() as at:
        response = await begin(at, body)
    assert response.status_code in {400, 413}
    assert started(at) == []


async def test_a_cleanup_in_progress_is_listed_as_unfinished() -> None:
    async with triggers() as at:
        at.azure.fault = lambda activity, vm, nth: Answer(try_again_after=60) if nth == 1 else None
        at.engine.clock.allow(at.engine.clock.now())
        cleanup_id = read(await begin(at, {}))["cleanupId"]
        request = func.HttpRequest("GET", BASE, params={"status": "unfinished"}, body=b"")
        listed = read(await http.list_runs(request, at.client))["runs"]
        at.engine.clock.allow(None)
        await asyncio.to_thread(at.engine.end_of, cleanup_id)
    assert [(run["runId"], run["self"]) for run in listed] == [(cleanup_id, f"{CLEANUPS}/{cleanup_id}")]


async def test_a_run_is_not_a_cleanup_and_bad_settings_are_a_problem() -> None:
    async with triggers() as at:
        missing = await get(at, "cleanup-none")
    async with triggers(GOLDEN_CLEANUP_MIN_AGE_MINUTES="1") as at:
        bad = await begin(at, {})
    assert (missing.status_code, read(missing)["type"].rpartition(":")[2]) == (404, "NoSuchCleanup")
    assert bad.status_code == 500
    assert "GOLDEN_CLEANUP_MIN_AGE_MINUTES" in json.loads(bad.get_body())["detail"]
