"""Requests to ARM for which the compute SDK has no method, through its own pipeline."""

from collections.abc import Mapping
from typing import Any, cast

from azure_clients.errors import ArmRefused, arm_errors
from azure_clients.session import CALL, compute

type Json = Mapping[str, Any]
_MOST_PAGES = 20


async def get_json(resource_id: str, query: str) -> Json:
    """Read what stands under an ARM id; `query` begins with its api-version.

    Raises ArmRefused (404: not there, 403: not allowed), ArmThrottled or ArmUnavailable.
    """
    return (await _send("GET", f"{_endpoint()}{resource_id}?{query}", resource_id, None))[0]


async def order(method: str, resource_id: str, query: str, body: Any = None) -> str | None:
    """PUT or DELETE an ARM id and return as soon as it was accepted; gives the correlation id."""
    return (await _send(method, f"{_endpoint()}{resource_id}?{query}", resource_id, body))[1]


async def list_pages(path: str, query: str, most_pages: int = _MOST_PAGES) -> list[Json]:
    """Read a whole list, at most so many pages (1 request a page).

    A page's link to anywhere but our own endpoint would carry our token there: it is not followed, and raises
    ArmRefused, as a longer list does: half a list must not pass for a whole one.
    """
    endpoint = _endpoint()
    url: str | None = f"{endpoint}{path}?{query}"
    found: list[Json] = []
    for _ in range(most_pages):
        body, _id = await _send("GET", url, path, None)
        found += cast("list[Json]", body.get("value") or [])
        url = body.get("nextLink")
        if not url:
            return found
        if not url.startswith(f"{endpoint}/"):
            raise ArmRefused(200, "ForeignLink", f"the list at {path} goes on at another address")
    raise ArmRefused(200, "ListTooLong", f"the list at {path} has more than {most_pages} pages")


def _endpoint() -> str:
    import settings

    return settings.current().arm_endpoint


async def _send(method: str, url: str, path: str, body: Any) -> tuple[Json, str | None]:
    from azure.core.rest import HttpRequest

    client = await compute(path.split("/")[2])
    async with arm_errors():
        response = await client.send_request(HttpRequest(method, url, json=body), **CALL)
        response.raise_for_status()
        given: Json = response.json() if method == "GET" else {}
    return given, response.headers.get("x-ms-correlation-request-id")
