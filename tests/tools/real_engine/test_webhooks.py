"""The durable HTTP API of a host on the extension: requests and answers pass unchanged."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from yarl import URL

from emulators.functions_host.extension_webhooks import ExtensionWebhooks

_PREFIX = "/runtime/webhooks/durabletask"


@asynccontextmanager
async def _served(app: web.Application) -> AsyncGenerator[str]:
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _host(extension: str) -> AsyncGenerator[str]:
    webhooks = ExtensionWebhooks(f"{extension}{_PREFIX}")
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", webhooks.handle)
    async with _served(app) as url:
        try:
            yield url
        finally:
            await webhooks.close()


async def _echo(request: web.Request) -> web.Response:
    seen = f"{request.method} {request.rel_url.raw_path_qs} {request.host} {await request.text()}"
    return web.Response(status=202, text=seen, headers={"Location": f"http://{request.host}/here"})


async def test_method_path_query_body_and_host_pass_unchanged() -> None:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", _echo)
    async with _served(app) as extension, _host(extension) as url, aiohttp.ClientSession() as http:
        path = f"{_PREFIX}/instances/a%2Fb/raiseEvent/go?taskHub=H&reason=two%20words"
        async with http.post(URL(url + path, encoded=True), data="body") as answer:
            host = url.removeprefix("http://")
            assert answer.status == 202
            assert await answer.text() == f"POST {path} {host} body"
            assert answer.headers["Location"] == f"http://{host}/here"


async def test_an_extension_that_is_gone_is_503() -> None:
    async with _served(web.Application()) as extension:
        gone = extension
    async with _host(gone) as url, aiohttp.ClientSession() as http, http.get(f"{url}{_PREFIX}/instances") as answer:
        assert answer.status == 503
