"""Calls the HTTP triggers as the host does."""

import asyncio
import json
import time
from typing import Any

import azure.functions as func

from tests.support.triggers import Triggers
from triggers import http

BASE = "https://golden.example.net/api/runs"


def call(
    url: str = BASE,
    *,
    body: Any = None,
    headers: dict[str, str] | None = None,
    params: dict[str, str] | None = None,
    run_id: str = "",
) -> func.HttpRequest:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    route = {"run_id": run_id} if run_id else {}
    return func.HttpRequest("POST", url, headers=headers or {}, params=params or {}, route_params=route, body=data)


def read(response: func.HttpResponse) -> dict[str, Any]:
    return json.loads(response.get_body())


async def start(at: Triggers, document: Any, **headers: str) -> func.HttpResponse:
    return await http.start_run(call(body=document, headers=headers), at.client)


async def look(at: Triggers, run_id: str, **params: str) -> func.HttpResponse:
    return await http.get_run(call(f"{BASE}/{run_id}", params=params, run_id=run_id), at.client)


async def until_stage(at: Triggers, run_id: str, stage: str) -> dict[str, Any]:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        view = read(await look(at, run_id))
        stages = [vm["status"].get("stage") for vm in view.get("vms", [])]
        if stage in stages and await asyncio.to_thread(at.engine.backend.is_idle):
            return view
        await asyncio.sleep(0.01)
    raise AssertionError(f"{run_id} did not reach {stage}")
