"""The query parameters of the durable HTTP API, read as Azure reads them: it ignores what it cannot read."""

import math
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.wrappers_pb2 import Int32Value, StringValue

from emulators.functions_host.durable_status import status_named

TOKEN = "x-ms-continuation-token"  # noqa: S105 (a header's name)
_PAGE = 100


def flag(request: web.Request, name: str, default: bool) -> bool:
    """A boolean, in any case."""
    return {"true": True, "false": False}.get(request.query.get(name, "").strip().lower(), default)


def seconds(request: web.Request, name: str) -> float | None:
    """A number of seconds, or None."""
    try:
        value = float(request.query.get(name, ""))
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def moment(request: web.Request, name: str) -> Timestamp | None:
    """A time; UTC without a zone."""
    text = request.query.get(name, "").strip()
    # The plus sign of a zone that was not encoded arrives as a space.
    found = _iso(text) or _iso(text.replace(" ", "+"))
    if found is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(found if found.tzinfo else found.replace(tzinfo=UTC))
    return stamp


def statuses(request: web.Request) -> list[pb.OrchestrationStatus]:
    """`runtimeStatus`, given once with commas or several times; unknown names are ignored."""
    names = [name for text in request.query.getall("runtimeStatus", []) for name in text.split(",")]
    return [status for name in names if (status := status_named(name.strip())) is not None]


def instances_query(request: web.Request) -> pb.InstanceQuery:
    """The filters of the list of instances, its page and how long the page is."""
    query = pb.InstanceQuery(
        runtimeStatus=statuses(request),
        createdTimeFrom=moment(request, "createdTimeFrom"),
        createdTimeTo=moment(request, "createdTimeTo"),
        maxInstanceCount=_top(request),
        fetchInputsAndOutputs=True,
    )
    if prefix := request.query.get("instanceIdPrefix"):
        query.instanceIdPrefix.value = prefix
    return _continued(request, query)


def entities_query(request: web.Request, name: str) -> pb.EntityQuery:
    """The filters of the list of entities; an empty `name` is every entity."""
    query = pb.EntityQuery(
        instanceIdStartsWith=StringValue(value=f"@{name.lower()}@" if name else "@"),
        lastModifiedFrom=moment(request, "lastOperationTimeFrom"),
        lastModifiedTo=moment(request, "lastOperationTimeTo"),
        includeState=flag(request, "fetchState", default=False),
        pageSize=Int32Value(value=_top(request)),
    )
    return _continued(request, query)


def purge_filter(request: web.Request) -> pb.PurgeInstanceFilter | None:
    """The filter of a purge, or None without the `createdTimeFrom` that it must have."""
    begin = moment(request, "createdTimeFrom")
    if begin is None:
        return None
    return pb.PurgeInstanceFilter(
        createdTimeFrom=begin, createdTimeTo=moment(request, "createdTimeTo"), runtimeStatus=statuses(request)
    )


def next_page(answer: Any) -> dict[str, str]:
    """The header with the token of the next page, if there is one."""
    token: str = answer.continuationToken.value
    return {TOKEN: token} if token else {}


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _continued[Query: (pb.InstanceQuery, pb.EntityQuery)](request: web.Request, query: Query) -> Query:
    if token := request.headers.get(TOKEN):
        query.continuationToken.value = token
    return query


def _top(request: web.Request) -> int:
    try:
        return max(int(request.query.get("top", "")), 1)
    except ValueError:
        return _PAGE
