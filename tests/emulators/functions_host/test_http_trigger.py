"""The HTTP trigger: routes, requests, responses and errors as the Functions host answers them."""

import asyncio
import io

import aiohttp
import pytest

from tests.emulators.functions_host.conftest import StartHost


async def test_a_function_sees_the_succeeded_request_and_its_response_is_kept(
    start_host: StartHost, http: aiohttp.ClientSession
) -> None:
    async with start_host("http") as host:
        url = f"{host.url}/api/echo/a%20b?x=1&x=2&empty=&code=key"
        headers = {"X-MS-CLIENT-PRINCIPAL-NAME": "ada@example.org", "x-functions-key": "key"}
        async with http.post(url, data="grüße", headers=headers) as answer:
            seen = await answer.json()
            assert answer.status == 201
            assert answer.headers["X-Seen"] == "yes"
            assert answer.content_type == "application/json"
    assert seen["method"] == "POST"
    assert seen["name"] == "a b"
    assert seen["params"] == {"x": "1,2", "code": "key"}
    assert (seen["principal"], seen["key"], seen["body"]) == ("ada@example.org", "key", "grüße")
    assert seen["url"].startswith(host.url)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("echo/fixed", "the literal route"),
        ("echo/42", "the number 42"),
        ("files/a/b.txt", "file a/b.txt"),
        ("files", "file (none)"),
        ("ECHO/FIXED", "the literal route"),
    ],
)
async def test_the_most_specific_route_answers(
    start_host: StartHost, http: aiohttp.ClientSession, path: str, text: str
) -> None:
    async with start_host("http") as host, http.get(f"{host.url}/api/{path}") as answer:
        assert (answer.status, await answer.text()) == (200, text)
        assert answer.content_type == "text/plain"


async def test_binary_and_large_bodies_go_both_ways(start_host: StartHost, http: aiohttp.ClientSession) -> None:
    body = bytes(range(256)) * 16_384  # 4 MiB, above aiohttp's own limit
    async with start_host("http") as host, http.put(f"{host.url}/api/binary", data=io.BytesIO(body)) as answer:
        assert answer.status == 200
        assert await answer.read() == body[::-1]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "api/nothing", 404),
        ("GET", "echo/fixed", 404),  # without the prefix
        ("DELETE", "api/echo/fixed", 404),  # the Functions host knows no 405
        ("GET", "api/raise", 500),
        ("POST", "api/raise", 500),
    ],
)
async def test_errors_have_no_body(
    start_host: StartHost, http: aiohttp.ClientSession, method: str, path: str, status: int
) -> None:
    async with start_host("http") as host, http.request(method, f"{host.url}/{path}") as answer:
        assert (answer.status, await answer.text()) == (status, "")


async def test_the_prefix_comes_from_host_json(start_host: StartHost, http: aiohttp.ClientSession) -> None:
    settings = {"PREFIX": "p", "AzureWebJobsStorage": "UseDevelopmentStorage=true"}
    async with start_host("outputs", settings=settings) as host, http.post(f"{host.url}/send/none") as answer:
        assert (answer.status, await answer.text()) == (200, "none")


async def test_cookies_become_headers(start_host: StartHost, http: aiohttp.ClientSession) -> None:
    async with start_host("http") as host, http.get(f"{host.url}/api/cookies") as answer:
        cookies = answer.headers.getall("Set-Cookie")
    assert cookies == ["a=1; path=/; httponly; samesite=lax", "b=2; max-age=60; secure"]


@pytest.mark.parametrize(
    ("name", "status", "kind", "body"),
    [
        ("text", 200, "text/plain; charset=utf-8", "grüße".encode()),
        ("latin", 200, "text/plain; charset=latin-1", "grüße".encode("latin-1")),
        ("html", 200, "text/html; charset=utf-8", b"<p>"),
        ("bytes", 200, "image/png", b"\x00\xff"),
        ("away", 302, "text/plain; charset=utf-8", b""),
        ("teapot", 418, "text/plain; charset=utf-8", b"short and stout"),
        ("typed", 200, "application/problem+json", b"{}"),
    ],
)
async def test_every_form_of_response_arrives(
    start_host: StartHost, http: aiohttp.ClientSession, name: str, status: int, kind: str, body: bytes
) -> None:
    async with (
        start_host("http") as host,
        http.get(f"{host.url}/api/form/{name}", allow_redirects=False) as answer,
    ):
        assert (answer.status, answer.headers["Content-Type"], await answer.read()) == (status, kind, body)
        assert name != "teapot" or answer.headers["X-Tea"] == "earl grey"
        assert name != "away" or answer.headers["Location"] == "https://example.org/"


async def test_no_return_value_is_500_no_body_is_204_and_a_named_response_answers(
    start_host: StartHost, http: aiohttp.ClientSession
) -> None:
    async with start_host("http") as host:
        for path, status, text in (("silent", 500, ""), ("form/empty", 204, ""), ("named", 203, "by its name")):
            async with http.get(f"{host.url}/api/{path}") as answer:
                assert (answer.status, await answer.text()) == (status, text), path


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
async def test_a_route_without_methods_takes_every_method(
    start_host: StartHost, http: aiohttp.ClientSession, method: str
) -> None:
    async with start_host("http") as host, http.request(method, f"{host.url}/api/form/teapot") as answer:
        assert answer.status == 418
        assert await answer.text() == ("" if method == "HEAD" else "short and stout")


async def test_a_function_over_its_time_is_given_up_and_answers_500(
    start_host: StartHost, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    settings = {"AzureFunctionsJobHost__functionTimeout": "00:00:01"}
    async with start_host("http", settings=settings) as host:
        async with http.get(f"{host.url}/api/slow/long") as answer:
            assert (answer.status, await answer.text()) == (500, "")
        assert await _text(http, f"{host.url}/api/slow/short") == "in time"
    assert "FunctionTimeoutException: Timeout value of 0:00:01 was exceeded" in caplog.text


async def test_requests_run_at_the_same_time(start_host: StartHost, http: aiohttp.ClientSession) -> None:
    async with start_host("http") as host:
        waiting = asyncio.create_task(_text(http, f"{host.url}/api/meet/first"))
        assert await _text(http, f"{host.url}/api/meet/second") == "here"
        assert await waiting == "met"


async def test_a_function_that_blocks_its_event_loop_does_not_stall_the_host(
    start_host: StartHost, http: aiohttp.ClientSession
) -> None:
    async with start_host("http") as host:
        blocked = asyncio.create_task(_text(http, f"{host.url}/api/block"))
        await asyncio.sleep(0.05)
        assert "Running" in await _text(http, f"{host.url}/admin/host/status")
        assert not blocked.done()
        assert await blocked == "blocked its event loop"


async def test_a_function_that_exits_fails_and_the_host_goes_on(
    start_host: StartHost, http: aiohttp.ClientSession
) -> None:
    async with start_host("http") as host:
        async with http.get(f"{host.url}/api/exit") as answer:
            assert answer.status == 500
        assert await _text(http, f"{host.url}/api/echo/fixed") == "the literal route"


async def _text(http: aiohttp.ClientSession, url: str) -> str:
    async with http.get(url) as answer:
        return await answer.text()
