"""Functions that answer with a setting, that log, and that take as long as they are asked to."""

import asyncio
import logging
import os
import time

import azure.functions as func

from tests.emulators.functions_host.recorder import record

_audit = logging.getLogger("my.audit")
app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="%ROUTE%", methods=["GET"])
def greet(req: func.HttpRequest) -> str:
    return os.environ["GREETING"]


@app.route(route="sync", methods=["GET"])
def sync_log(req: func.HttpRequest, context: func.Context) -> str:
    _audit.info("from sync")
    return context.invocation_id


@app.route(route="async", methods=["GET"])
async def async_log(req: func.HttpRequest, context: func.Context) -> str:
    _audit.info("from async")
    return context.invocation_id


@app.route(route="sync/{seconds}", methods=["GET"])
def slow_sync(req: func.HttpRequest) -> str:
    record(event="begin")
    time.sleep(float(req.route_params["seconds"]))
    record(event="end")
    return "done"


@app.route(route="async/{seconds}", methods=["GET"])
async def slow_async(req: func.HttpRequest) -> str:
    record(event="begin")
    await asyncio.sleep(float(req.route_params["seconds"]))
    record(event="end")
    return "done"
