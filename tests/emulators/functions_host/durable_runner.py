"""Starts orchestrations of a hosted app by HTTP and follows them through the durable HTTP API."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from emulators.functions_host import FunctionsHost


@dataclass(frozen=True)
class Answer:
    """One HTTP answer; `body` is decoded JSON, or text where it is none."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Runner:
    """A host that runs, and a session."""

    host: FunctionsHost
    http: aiohttp.ClientSession

    @property
    def url(self) -> str:
        return self.host.url

    async def start(self, name: str, given: object = "x", instance_id: str = "") -> str:
        """Through the app's own trigger; returns the address of the status."""
        url = f"{self.url}/api/run/{name}" + (f"?id={instance_id}" if instance_id else "")
        async with self.http.post(url, json=given) as answer:
            assert answer.status == 202, await answer.text()
            return str((await answer.json())["statusQueryGetUri"])

    async def end(self, status_url: str) -> dict[str, Any]:
        """The status once it is no longer running."""
        async with asyncio.timeout(15):
            while True:
                async with self.http.get(status_url) as answer:
                    if answer.status != 202:
                        return await answer.json()
                await asyncio.sleep(0.01)

    async def run(self, name: str, given: object = "x") -> dict[str, Any]:
        """The status at the end of a run that was started by HTTP."""
        return await self.end(await self.start(name, given))

    async def request(self, method: str, path: str, **more: Any) -> Answer:
        """One request to the host."""
        async with self.http.request(method, f"{self.url}/{path}", **more) as answer:
            text = await answer.text()
            is_json = text and answer.content_type == "application/json"
            return Answer(answer.status, await answer.json() if is_json else text, answer.headers)

    async def until(self, instance_id: str, status: str) -> dict[str, Any]:
        """The status once it is `status`."""
        async with asyncio.timeout(15):
            while True:
                found = await self.api("GET", f"instances/{instance_id}")
                if found.status in (200, 202) and found.body["runtimeStatus"] == status:
                    return found.body
                await asyncio.sleep(0.01)

    async def api(self, method: str, path: str, **more: Any) -> Answer:
        """One request to the durable HTTP API; `json=` or `data=` for a body."""
        return await self.request(method, f"runtime/webhooks/durabletask/{path}", **more)
