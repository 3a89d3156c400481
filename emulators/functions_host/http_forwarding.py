"""Streams requests to the web server inside the worker, for apps that stream HTTP."""

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy

from emulators.functions_host.errors import HostError
from emulators.functions_host.invoker import Outcome

# Of one connection only, or set again by the sender.
_NOT_PASSED_ON = frozenset(
    ("connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "content-length", "host")
)
# How long an answer may follow a failed function; a function that timed out sends none.
_GRACE_SECONDS = 2.0
_OPEN_SECONDS = 10.0


class WorkerForwarder:
    """An app that imports a web extension (azurefunctions-extensions-http-fastapi) receives its requests as streams.

    Source: the worker library's http_v2; the Functions host does the same, with the invocation's id as a header.
    """

    def __init__(self, address: str) -> None:
        """Uses the address that the worker reported, as "http://127.0.0.1:PORT"."""
        self._address = address
        self._session: aiohttp.ClientSession | None = None

    async def wait_until_open(self) -> None:
        """Returns once the server accepts connections: the worker starts it without waiting for it.

        Raises:
            HostError: it does not within ten seconds.
        """
        address = urlsplit(self._address)
        try:
            async with asyncio.timeout(_OPEN_SECONDS):
                while True:
                    with suppress(OSError):
                        _, writer = await asyncio.open_connection(address.hostname, address.port)
                        writer.close()
                        return await writer.wait_closed()
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise HostError(f"the app's web extension does not listen at {self._address}: see the log") from None

    async def answer(
        self, request: web.Request, invocation_id: str, invocation: "asyncio.Task[Outcome]"
    ) -> web.StreamResponse:
        """The answer of the function that `invocation` runs; 500 without a body when there is none."""
        upstream = asyncio.create_task(self._open(request, invocation_id))
        await asyncio.wait({upstream, invocation}, return_when=asyncio.FIRST_COMPLETED)
        if not upstream.done() and invocation.result().failure is not None:
            await asyncio.wait({upstream}, timeout=_GRACE_SECONDS)
            if not upstream.done():
                upstream.cancel()
                return web.Response(status=500)
        async with await upstream as found:
            return await _pass_on(request, found)

    async def close(self) -> None:
        """Ends the connections to the worker."""
        if self._session is not None:
            await self._session.close()

    async def _open(self, request: web.Request, invocation_id: str) -> aiohttp.ClientResponse:
        if self._session is None:
            # The answer is passed on unchanged, without a time limit.
            self._session = aiohttp.ClientSession(auto_decompress=False, timeout=aiohttp.ClientTimeout(total=None))
        headers = _passed_on(request.headers)
        headers["x-ms-invocation-id"] = invocation_id
        url = self._address + request.rel_url.raw_path_qs
        body = request.content if request.body_exists else None
        return await self._session.request(request.method, url, headers=headers, data=body, allow_redirects=False)


async def _pass_on(request: web.Request, found: aiohttp.ClientResponse) -> web.StreamResponse:
    response = web.StreamResponse(status=found.status, headers=_passed_on(found.headers))
    await response.prepare(request)
    async for chunk in found.content.iter_any():
        await response.write(chunk)
    await response.write_eof()
    return response


def _passed_on(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in _NOT_PASSED_ON)
