"""Lists in pages, with the URL of the next page."""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from emulators.arm.errors import invalid_parameter
from emulators.arm.http.api import Answer, Call

PAGE = 100


def page[T](call: Call, found: Sequence[T], show: Callable[[T], dict[str, Any]]) -> Answer:
    """The page that `$skiptoken` names; the URL of the next page repeats every other part of the query."""
    token = call.query.get("$skiptoken", "0")
    if not token.isdigit():
        raise invalid_parameter("$skiptoken", "The skip token is not valid.")
    start = int(token)
    body: dict[str, Any] = {"value": [show(item) for item in found[start : start + PAGE]]}
    if start + PAGE < len(found):
        query = {**call.query, "$skiptoken": str(start + PAGE)}
        body["nextLink"] = f"{call.endpoint}{quote(call.path)}?{urlencode(query, safe='$')}"
    return Answer(200, body)
