"""HTTP functions that answer with what they got."""

import asyncio
import json
import sys
import time
from collections.abc import Mapping
from typing import cast

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)


@app.route(route="echo/{name}", methods=["GET", "POST"])
def echo(req: func.HttpRequest) -> func.HttpResponse:
    headers = cast(Mapping[str, str], req.headers)
    seen: dict[str, object] = {
        "method": req.method,
        "url": req.url,
        "name": req.route_params["name"],
        "params": dict(req.params),
        "principal": headers.get("X-MS-CLIENT-PRINCIPAL-NAME"),
        "key": headers.get("x-functions-key"),
        "body": req.get_body().decode(),
    }
    return func.HttpResponse(json.dumps(seen), status_code=201, mimetype="application/json", headers={"X-Seen": "yes"})


@app.route(route="echo/fixed", methods=["GET"])
def fixed(req: func.HttpRequest) -> str:
    return "the literal route"


@app.route(methods=["PUT"])
async def binary(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(req.get_body()[::-1], mimetype="application/octet-stream")


@app.route(route="raise")
def fails(req: func.HttpRequest) -> str:
    raise ValueError("the caller must not see this")


@app.route(route="block", methods=["GET"])
async def block(req: func.HttpRequest) -> str:
    time.sleep(0.5)  # noqa: ASYNC251 (the fault that the test is about)
    return "blocked its event loop"


@app.route(route="exit", methods=["GET"])
def exits(req: func.HttpRequest) -> str:
    sys.exit(3)


_meeting = asyncio.Event()


@app.route(route="meet/first", methods=["GET"])
async def meet_first(req: func.HttpRequest) -> str:
    await asyncio.wait_for(_meeting.wait(), 5)
    return "met"


@app.route(route="meet/second", methods=["GET"])
async def meet_second(req: func.HttpRequest) -> str:
    _meeting.set()
    return "here"


_FORMS = {
    "text": func.HttpResponse("grüße"),
    "latin": func.HttpResponse("grüße", charset="latin-1"),
    "bytes": func.HttpResponse(b"\x00\xff", mimetype="image/png"),
    "empty": func.HttpResponse(status_code=204),
    "away": func.HttpResponse(status_code=302, headers={"Location": "https://example.org/"}),
    "teapot": func.HttpResponse("short and stout", status_code=418, headers={"X-Tea": "earl grey"}),
    "typed": func.HttpResponse("{}", headers={"Content-Type": "application/problem+json"}),
}


@app.route(route="form/{name}")
def form(req: func.HttpRequest) -> func.HttpResponse:
    return _FORMS[req.route_params["name"]]


@app.route(route="silent")
def silent(req: func.HttpRequest):  # the worker refuses an app that annotates this None
    return None


@app.route(route="named", binding_arg_name="answer")
def named(req: func.HttpRequest, answer: func.Out[func.HttpResponse]) -> None:
    answer.set(func.HttpResponse("by its name", status_code=203))


@app.route(route="slow", methods=["GET"])
async def slow(req: func.HttpRequest) -> str:
    await asyncio.sleep(30)
    return "never"
