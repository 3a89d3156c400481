"""The durable HTTP API of a host whose engine is the extension: the extension itself answers."""

from collections.abc import Iterable

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

_PREFIX = "/runtime/webhooks/durabletask"
# Of one connection, or set again for this host's own answer.
_NOT_PASSED_ON = frozenset(
    {"connection", "content-encoding", "content-length", "host", "keep-alive", "transfer-encoding"}
)


class ExtensionWebhooks:
    """Passes a request on with this host's own address in `Host`, so that the addresses in answers are this host's."""

    def __init__(self, address: str) -> None:
        """Uses the address of the extension's API, as "http://127.0.0.1:PORT/runtime/webhooks/durabletask"."""
        self._base = address.removesuffix(_PREFIX)
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Closes the connections to the extension."""
        if self._session is not None:
            await self._session.close()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Returns the extension's answer; 503 without one."""
        if self._session is None:
            self._session = aiohttp.ClientSession(auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar())
        headers = _passed_on(request.headers.items())
        headers["Host"] = request.host
        target = URL(self._base + request.rel_url.raw_path_qs, encoded=True)
        try:
            async with self._session.request(
                request.method, target, headers=headers, data=await request.read(), allow_redirects=False
            ) as answer:
                body = await answer.read()
                return web.Response(status=answer.status, body=body, headers=_passed_on(answer.headers.items()))
        except aiohttp.ClientConnectionError:
            return web.Response(status=503, text="the extension does not answer: see its log")


def _passed_on(headers: Iterable[tuple[str, str]]) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in headers if name.lower() not in _NOT_PASSED_ON)
