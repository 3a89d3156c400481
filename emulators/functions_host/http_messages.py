"""HTTP requests and responses in the worker's form."""

import json

from aiohttp import web
from multidict import CIMultiDict

from emulators.functions_host.worker_protocol import RpcHttp, TypedData


async def read_request(request: web.Request, route_values: dict[str, str]) -> TypedData:
    """The trigger's value: header names in lower case, repeated query values joined, empty ones omitted.

    Source: RpcMessageConversionExtensions of the Functions host.
    """
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        folded = name.lower()
        headers[folded] = f"{headers[folded]},{value}" if folded in headers else value
    query: dict[str, str] = {}
    for name, value in request.query.items():
        if value:
            query[name] = f"{query[name]},{value}" if name in query else value
    body = await request.read()
    return TypedData(
        http=RpcHttp(
            method=request.method,
            url=str(request.url),
            headers=headers,
            query=query,
            params=route_values,
            body=TypedData(bytes=body) if body else TypedData(),
        )
    )


def build_response(value: TypedData | None) -> web.Response:
    """The response for what a function returned: an HttpResponse, a string (200), or nothing (204)."""
    if value is None:
        return web.Response(status=204)
    if value.http is not None:
        return _from_http(value.http)
    if value.bytes is not None:
        return web.Response(body=value.bytes, content_type="application/octet-stream")
    if value.json is not None:
        return web.Response(text=value.json, content_type="application/json")
    return web.Response(text=value.string or "", content_type="text/plain")


def json_response(document: object, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """A JSON answer of the host itself."""
    return web.Response(text=json.dumps(document), status=status, content_type="application/json", headers=headers)


def message_response(text: str, status: int) -> web.Response:
    """An error in the Durable extension's form: `{"Message": …}`."""
    return json_response({"Message": text}, status)


def _from_http(http: RpcHttp) -> web.Response:
    headers: CIMultiDict[str] = CIMultiDict()
    for name, text in http.headers.items():
        # The server counts the body itself; an app's own value could differ.
        if name.lower() not in ("content-length", "transfer-encoding"):
            headers.add(name, text)
    body = http.body.bytes if http.body and http.body.bytes is not None else b""
    return web.Response(body=body, status=int(http.status_code or 200), headers=headers)
