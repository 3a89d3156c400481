"""Functions that take and give streams."""

import asyncio
from collections.abc import AsyncGenerator

import azure.functions as func
from aiohttp import web
from tiny_web import WebApp

assert WebApp, "importing the extension is what turns streaming on"

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
_go_on = asyncio.Event()


@app.route(route="count/{name}", methods=["GET"])
async def count(req: web.Request) -> web.Response:
    async def numbers() -> AsyncGenerator[bytes]:
        yield f"{req['route_params']['name']} {req.query['from']} ".encode()
        await _go_on.wait()
        yield b"and the rest"

    return web.Response(body=numbers(), status=203, headers={"X-Streamed": "yes"})


@app.route(route="size", methods=["POST"])
async def size(req: web.Request) -> web.Response:
    total = 0
    async for chunk in req.content.iter_any():
        total += len(chunk)
        # The rest of the body is sent only after its beginning has arrived here.
        _go_on.set()
    return web.Response(text=str(total))


@app.route(route="fails", methods=["GET"])
async def fails(req: web.Request) -> web.Response:
    raise ValueError("the caller must not see this")
