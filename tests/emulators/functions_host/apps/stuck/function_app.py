"""Functions that take as long as they are asked to."""

import asyncio
import time

import azure.functions as func

from tests.emulators.functions_host.recorder import record

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="sync/{seconds}", methods=["GET"])
def stuck_sync(req: func.HttpRequest) -> str:
    record(event="begin")
    time.sleep(float(req.route_params["seconds"]))
    record(event="end")
    return "done"


@app.route(route="async/{seconds}", methods=["GET"])
async def stuck_async(req: func.HttpRequest) -> str:
    record(event="begin")
    await asyncio.sleep(float(req.route_params["seconds"]))
    record(event="end")
    return "done"
