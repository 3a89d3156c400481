"""Streams go through the host both ways, a piece at a time."""

import asyncio
from collections.abc import AsyncGenerator

import aiohttp

from emulators.functions_host import HostProcess
from tests.emulators.functions_host.conftest import APPS, until


async def test_streams_go_both_ways_piece_by_piece(http: aiohttp.ClientSession) -> None:
    # A process of its own: the library remembers for good that an app has streamed.
    async with HostProcess(APPS / "streaming", engine="memory") as host:
        async with http.get(f"{host.url}/api/count/sheep?from=1") as slow:
            assert (slow.status, slow.headers["X-Streamed"]) == (203, "yes")
            assert await slow.content.readany() == b"sheep 1 "

            async def body() -> AsyncGenerator[bytes]:
                yield b"x" * 10
                async with asyncio.timeout(10):
                    assert await slow.content.readany() == b"and the rest"
                yield b"y" * 2_000_000

            async with http.post(f"{host.url}/api/size", data=body()) as answer:
                assert (answer.status, await answer.text()) == (200, "2000010")
        async with http.get(f"{host.url}/api/fails") as failed:
            assert failed.status == 500
            assert "must not see" not in await failed.text()
        async with http.get(f"{host.url}/api/nobody") as missing:
            assert missing.status == 404
        # The stream may end before the host has heard that the function has.
        await until(lambda: "Executed 'Functions.fails' (Failed" in host.log())
