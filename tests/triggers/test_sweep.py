"""The sweeper's doors: every hour by timer, and by hand."""

import asyncio
import json
from datetime import datetime
from typing import Any
from unittest.mock import patch

import azure.functions as func
import pytest

from contracts.answer import Answer
from contracts.sweep import SweepJob
from tests.support.calls import BASE, call, read
from tests.support.doors import Doors, doors
from tests.support.requests import GROUP
from triggers import http, sweep

SWEEPS = "https://golden.example.net/api/sweeps"


class Tick(func.TimerRequest):
    """A tick."""

    def __init__(self) -> None:
        """Any."""


class _At(datetime):
    moment = datetime.fromisoformat("2026-11-22T04:30:01Z")

    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
        return cls.moment


async def tick(at: Doors, moment: str) -> None:
    _At.moment = datetime.fromisoformat(moment)
    with patch.object(sweep, "datetime", _At):
        await sweep.sweep_leftovers(Tick(), at.client)


def started(at: Doors) -> list[str]:
    return [run_id for run_id in at.engine.backend.started if run_id.startswith("sweep-")]


def job(at: Doors, sweep_id: str) -> SweepJob:
    state = at.engine.client.get_orchestration_state(sweep_id)
    assert state is not None
    return SweepJob.model_validate_json(state.serialized_input or "")


async def begin(at: Doors, body: Any, **headers: str) -> func.HttpResponse:
    return await sweep.start_sweep(call(SWEEPS, body=body, headers=headers), at.client)


async def look(at: Doors, sweep_id: str) -> func.HttpResponse:
    request = func.HttpRequest("GET", f"{SWEEPS}/{sweep_id}", route_params={"sweep_id": sweep_id}, body=b"")
    return await sweep.get_sweep(request, at.client)


async def test_each_hour_is_one_dry_sweep_however_often_the_timer_ticks() -> None:
    async with doors(restart_finished=True) as at:
        for moment in ("2026-11-22T04:29:58Z", "2026-11-22T04:30:00Z", "2026-11-22T05:10:00Z"):
            await tick(at, moment)
            await asyncio.to_thread(at.engine.end_of, "sweep-20261122T043000Z")
        await tick(at, "2026-11-22T05:30:00Z")
        asked = job(at, "sweep-20261122T043000Z")
    assert started(at) == ["sweep-20261122T043000Z", "sweep-20261122T053000Z"]
    assert (asked.mode, asked.app_name, asked.minimum_age_minutes) == ("dryRun", "golden-images", 120)
    assert [str(scope).lower() for scope in asked.scopes] == [GROUP.lower()]
    assert asked.unknown_age_minutes == (24 + 8) * 60, "a temporary machine's life and the longest publication"
    assert asked.asked_at.isoformat() == "2026-11-22T04:30:00+00:00"


@pytest.mark.parametrize("more", [{"GOLDEN_SWEEP": "off"}, {"GOLDEN_ALLOWED_SCOPES": ""}])
async def test_switched_off_or_without_a_scope_nothing_is_swept(more: dict[str, str]) -> None:
    async with doors("vm1", restart_finished=False, **more) as at:
        await tick(at, "2026-11-22T04:30:00Z")
    assert started(at) == []


async def test_the_setting_says_whether_the_timer_deletes() -> None:
    more = {
        "GOLDEN_TEMPORARY_HOURS": "48",
        "GOLDEN_WAITS": '{"publish": {"first": 240, "every": 120, "deadline": 50001}}',
    }
    more |= {"GOLDEN_SWEEP": "delete", "GOLDEN_SWEEP_AGE_MINUTES": "60"}
    async with doors("vm1", restart_finished=False, **more) as at:
        await tick(at, "2026-11-22T04:30:00Z")
        asked = job(at, "sweep-20261122T043000Z")
    assert (asked.mode, asked.minimum_age_minutes) == ("delete", 60)
    assert asked.unknown_age_minutes == 48 * 60 + 834


@pytest.mark.parametrize(("body", "mode"), [({"mode": "delete"}, "delete"), ({}, "dryRun"), (b"", "dryRun")])
async def test_a_sweep_by_hand_is_answered_with_a_link_to_what_comes_of_it(body: Any, mode: str) -> None:
    async with doors() as at:
        response = await begin(at, body, **{"x-ms-client-principal-name": "ops@example.com"})
        about = read(response)
        await asyncio.to_thread(at.engine.end_of, about["sweepId"])
        view = read(await look(at, about["sweepId"]))
        asked = job(at, about["sweepId"])
    assert response.status_code == 202
    assert response.headers["Location"] == about["links"]["self"] == f"{SWEEPS}/{about['sweepId']}"
    assert about["mode"] == asked.mode == mode
    assert (asked.door, asked.caller.principal) == ("http", "ops@example.com")
    assert (view["runtimeStatus"], view["result"]["kind"], view["result"]["mode"]) == ("COMPLETED", "sweep", mode)


async def test_where_the_sweeper_is_off_a_sweep_by_hand_may_look_and_not_delete() -> None:
    async with doors(GOLDEN_SWEEP="off") as at:
        refused = await begin(at, {"mode": "delete"})
        assert started(at) == []
        looked = await begin(at, {"mode": "dryRun"})
        await asyncio.to_thread(at.engine.end_of, read(looked)["sweepId"])
    assert (refused.status_code, read(refused)["type"].rpartition(":")[2]) == (409, "SweepIsOff")
    assert "GOLDEN_SWEEP" in read(refused)["detail"]
    assert looked.status_code == 202


@pytest.mark.parametrize("body", [{"mode": "all"}, {"dryRun": True}, b"delete", b" " * (16 * 1024 + 1)])
async def test_a_body_that_is_no_sweep_starts_none(body: Any) -> None:
    async with doors() as at:
        response = await begin(at, body)
    assert response.status_code in {400, 413}
    assert started(at) == []


async def test_a_sweep_that_is_under_way_must_end_before_an_upgrade() -> None:
    async with doors() as at:
        at.azure.trouble = lambda step, vm, nth: Answer(try_again_after=60) if nth == 1 else None
        at.engine.clock.allow(at.engine.clock.now())
        sweep_id = read(await begin(at, {}))["sweepId"]
        request = func.HttpRequest("GET", BASE, params={"status": "unfinished"}, body=b"")
        listed = read(await http.list_runs(request, at.client))["runs"]
        at.engine.clock.allow(None)
        await asyncio.to_thread(at.engine.end_of, sweep_id)
    assert [(run["runId"], run["self"]) for run in listed] == [(sweep_id, f"{SWEEPS}/{sweep_id}")]


async def test_a_run_is_no_sweep_and_bad_settings_are_a_problem() -> None:
    async with doors() as at:
        missing = await look(at, "sweep-none")
    async with doors(GOLDEN_SWEEP_AGE_MINUTES="1") as at:
        bad = await begin(at, {})
    assert (missing.status_code, read(missing)["type"].rpartition(":")[2]) == (404, "NoSuchSweep")
    assert bad.status_code == 500
    assert "GOLDEN_SWEEP_AGE_MINUTES" in json.loads(bad.get_body())["detail"]
