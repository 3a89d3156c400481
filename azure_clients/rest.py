"""Requests to ARM for which the compute SDK has no method, through the SDK's pipeline."""

from collections.abc import Mapping
from typing import Any, cast

from azure_clients.clients import CALL, compute
from azure_clients.correlation import CORRELATION_HEADER
from azure_clients.errors import ArmRefused, arm_errors

type Json = Mapping[str, Any]
NETWORK_API = "api-version=2024-05-01"
_MOST_PAGES = 20


async def get_json(resource_id: str, query: str) -> Json:
    """Read the resource of an ARM id; `query` begins with its api-version.

    Raises ArmRefused (404: it does not exist, 403: not allowed), ArmThrottled or ArmUnavailable.
    """
    return (await _send("GET", f"{_endpoint()}{resource_id}?{query}", resource_id, None))[0]


async def post_json(path: str, query: str, body: Any) -> Json:
    """POST a question to ARM and return its answer (1 request, which changes nothing)."""
    return (await _send("POST", f"{_endpoint()}{path}?{query}", path, body))[0]


async def submit(method: str, resource_id: str, query: str, body: Any = None) -> str | None:
    """PUT or DELETE an ARM id and return as soon as it was accepted; returns the correlation id."""
    return (await _send(method, f"{_endpoint()}{resource_id}?{query}", resource_id, body))[1]


async def list_pages(path: str, query: str, most_pages: int = _MOST_PAGES) -> list[Json]:
    """Read a complete list of at most `most_pages` pages (1 request for each).

    A link to another endpoint is not followed, since it would receive the token. It raises ArmRefused, as a longer list
    does: an incomplete list must not be taken for a complete one.
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
            raise ArmRefused(200, "ForeignLink", f"the next page of {path} is at another address")
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
        result: Json = response.json() if method in {"GET", "POST"} else {}
    return result, response.headers.get(CORRELATION_HEADER)
