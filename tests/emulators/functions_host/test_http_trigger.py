"""The HTTP trigger: routes, requests, responses and errors as the Functions host answers them."""

import asyncio
import io
from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from tests.emulators.functions_host.conftest import NO_ENGINE, host_of, running
from tests.emulators.functions_host.durable_runner import Runner

pytestmark = pytest.mark.asyncio(loop_scope="module")
_TEXT = "text/plain; charset=utf-8"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def host(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Runner]:
    settings = {"AzureFunctionsJobHost__functionTimeout": "00:00:01"}
    async with running(host_of("http", tmp_path_factory.mktemp("http"), settings=settings, engine=NO_ENGINE)) as runner:
        yield runner


async def test_a_function_sees_the_whole_request_and_its_response_is_kept(host: Runner) -> None:
    headers = {"X-MS-CLIENT-PRINCIPAL-NAME": "ada@example.org", "x-functions-key": "key"}
    path = "api/echo/a%20b?x=1&x=2&empty=&code=key"
    answer = await host.request("POST", path, data="grüße", headers=headers)
    seen = answer.body
    assert (answer.status, answer.headers["X-Seen"]) == (201, "yes")
    assert answer.headers["Content-Type"].startswith("application/json")
    assert seen["method"] == "POST"
    assert seen["name"] == "a b"
    assert seen["params"] == {"x": "1,2", "code": "key"}
    assert (seen["principal"], seen["key"], seen["body"]) == ("ada@example.org", "key", "grüße")
    assert seen["url"].startswith(host.url)


async def test_binary_and_large_bodies_go_both_ways(host: Runner) -> None:
    body = bytes(range(256)) * 16_384  # 4 MiB, above aiohttp's own limit
    async with host.http.put(f"{host.url}/api/binary", data=io.BytesIO(body)) as answer:
        assert answer.status == 200
        assert await answer.read() == body[::-1]


@pytest.mark.parametrize(
    ("request_line", "status", "body"),
    [
        ("GET api/echo/fixed", 200, "the literal route"),
        ("GET api/ECHO/FIXED", 200, "the literal route"),
        ("GET api/nothing", 404, ""),
        ("GET echo/fixed", 404, ""),  # without the prefix
        ("DELETE api/echo/fixed", 404, ""),  # the Functions host knows no 405
        ("GET api/raise", 500, ""),
        ("POST api/raise", 500, ""),
        ("GET api/silent", 500, ""),
        ("GET api/named", 203, "by its name"),
        ("GET api/form/empty", 204, ""),
        ("HEAD api/form/teapot", 418, ""),
        *((f"{method} api/form/teapot", 418, "short and stout") for method in ("GET", "POST", "PUT", "DELETE")),
        *((f"{method} api/form/teapot", 418, "short and stout") for method in ("PATCH", "OPTIONS")),
    ],
)
async def test_the_most_specific_route_answers_and_errors_have_no_body(
    host: Runner, request_line: str, status: int, body: str
) -> None:
    answer = await host.request(*request_line.split())
    assert (answer.status, answer.body) == (status, body)


@pytest.mark.parametrize(
    ("name", "status", "kind", "body"),
    [
        ("text", 200, _TEXT, "grüße".encode()),
        ("latin", 200, "text/plain; charset=latin-1", "grüße".encode("latin-1")),
        ("bytes", 200, "image/png", b"\x00\xff"),
        ("away", 302, _TEXT, b""),
        ("teapot", 418, _TEXT, b"short and stout"),
        ("typed", 200, "application/problem+json", b"{}"),
    ],
)
async def test_every_form_of_response_arrives(host: Runner, name: str, status: int, kind: str, body: bytes) -> None:
    async with host.http.get(f"{host.url}/api/form/{name}", allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Content-Type"], await answer.read()) == (status, kind, body)
        assert name != "teapot" or answer.headers["X-Tea"] == "earl grey"
        assert name != "away" or answer.headers["Location"] == "https://example.org/"


async def test_a_function_over_its_time_is_given_up_and_answers_500(
    host: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await host.request("GET", "api/slow")
    assert (answer.status, answer.body) == (500, "")
    assert "FunctionTimeoutException: Timeout value of 0:00:01 was exceeded" in caplog.text


async def test_requests_run_at_the_same_time(host: Runner) -> None:
    waiting = asyncio.create_task(host.request("GET", "api/meet/first"))
    assert (await host.request("GET", "api/meet/second")).body == "here"
    assert (await waiting).body == "met"


async def test_a_function_that_blocks_its_event_loop_does_not_stall_the_host(host: Runner) -> None:
    blocked = asyncio.create_task(host.request("GET", "api/block"))
    await asyncio.sleep(0.05)
    assert (await host.request("GET", "admin/functions")).status == 200
    assert not blocked.done()
    assert (await blocked).body == "blocked its event loop"


async def test_a_function_that_exits_fails_and_the_host_goes_on(host: Runner) -> None:
    assert (await host.request("GET", "api/exit")).status == 500
    assert (await host.request("GET", "api/echo/fixed")).body == "the literal route"


async def test_the_functions_are_listed_and_only_timers_run_by_hand(host: Runner) -> None:
    assert {"name": "echo", "trigger": "httpTrigger"} in (await host.request("GET", "admin/functions")).body
    for name, status in (("nobody", 404), ("ECHO", 400)):
        assert (await host.request("POST", f"admin/functions/{name}", json={})).status == status, name
