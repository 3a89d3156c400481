"""The Event Grid webhook: handshakes, both schemas, arrays, failures."""

from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from tests.emulators.functions_host.conftest import StartHost

type Records = Callable[[], list[dict[str, Any]]]


def _event(number: int, subject: str = "vm") -> dict[str, object]:
    return {
        "id": f"e{number}",
        "topic": "/subscriptions/s",
        "subject": subject,
        "eventType": "Test.Happened",
        "eventTime": "2026-01-02T03:04:05.1234567Z",
        "data": {"n": number},
        "dataVersion": "1",
    }


def _cloud_event(number: int) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": f"c{number}",
        "source": "/tests",
        "type": "test.happened",
        "time": "2026-01-02T03:04:05Z",
        "data": {"n": number},
    }


def _hook(url: str, function: str) -> str:
    return f"{url}/runtime/webhooks/eventgrid?functionName={function}"


async def test_an_array_runs_one_invocation_an_event(
    start_host: StartHost, http: aiohttp.ClientSession, records: Records
) -> None:
    async with start_host("events") as host:
        headers = {"aeg-event-type": "Notification"}
        async with http.post(_hook(host.url, "ON_EVENT"), json=[_event(1), _event(2)], headers=headers) as answer:
            assert answer.status == 202
    assert sorted((r["kind"], r["id"], r["data"]["n"]) for r in records()) == [
        ("EventGridEvent", "e1", 1),
        ("EventGridEvent", "e2", 2),
    ]


@pytest.mark.parametrize("body", [_cloud_event(1), [_cloud_event(1)]], ids=["single", "batch"])
async def test_cloud_events_arrive_single_and_in_batches(
    start_host: StartHost, http: aiohttp.ClientSession, records: Records, body: object
) -> None:
    content_type = f"application/cloudevents{'-batch' if isinstance(body, list) else ''}+json"
    async with start_host("events") as host:
        headers = {"Content-Type": content_type, "aeg-event-type": "Notification"}
        async with http.post(_hook(host.url, "on_cloud_event"), json=body, headers=headers) as answer:
            assert answer.status == 202
    assert [(r["kind"], r["id"], r["data"]) for r in records()] == [("CloudEvent", "c1", {"n": 1})]


async def test_a_failing_event_is_500_so_that_the_sender_repeats(
    start_host: StartHost, http: aiohttp.ClientSession, records: Records
) -> None:
    events = [_event(1, "fail"), _event(2)]
    async with start_host("events") as host:
        headers = {"aeg-event-type": "Notification"}
        async with http.post(_hook(host.url, "on_event"), json=events, headers=headers) as answer:
            assert answer.status == 500
    assert len(records()) == 2


async def test_the_subscription_handshake_returns_the_code(
    start_host: StartHost, http: aiohttp.ClientSession, records: Records
) -> None:
    validation = {
        **_event(0),
        "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
        "data": {"validationCode": "512d38b6"},
    }
    async with start_host("events") as host:
        headers = {"aeg-event-type": "SubscriptionValidation"}
        async with http.post(_hook(host.url, "on_event"), json=[validation], headers=headers) as answer:
            assert (answer.status, await answer.json()) == (200, {"validationResponse": "512d38b6"})
    assert records() == []


async def test_the_cloud_events_handshake_allows_the_origin(start_host: StartHost, http: aiohttp.ClientSession) -> None:
    async with start_host("events") as host:
        headers = {"WebHook-Request-Origin": "eventgrid.azure.net", "WebHook-Request-Rate": "120"}
        async with http.options(_hook(host.url, "on_cloud_event"), headers=headers) as answer:
            assert answer.status == 200
            assert answer.headers["WebHook-Allowed-Origin"] == "eventgrid.azure.net"
            assert answer.headers["WebHook-Allowed-Rate"] == "120"


@pytest.mark.parametrize(
    ("function", "body", "status"),
    [
        ("nobody", b"[]", 404),
        ("not_an_event", b"[]", 404),
        ("on_event", b"not json", 400),
        ("on_event", b"[]", 400),
        ("on_event", b"[1]", 400),
    ],
)
async def test_refusals(
    start_host: StartHost, http: aiohttp.ClientSession, function: str, body: bytes, status: int
) -> None:
    async with start_host("events") as host:
        headers = {"aeg-event-type": "Notification"}
        async with http.post(_hook(host.url, function), data=body, headers=headers) as answer:
            assert answer.status == status


@pytest.mark.parametrize("headers", [{}, {"aeg-event-type": "Else"}, {"aeg-event-type": "SubscriptionValidation"}])
async def test_a_request_whose_header_does_not_say_what_it_is_runs_nothing(
    start_host: StartHost, http: aiohttp.ClientSession, records: Records, headers: dict[str, str]
) -> None:
    async with (
        start_host("events") as host,
        http.post(_hook(host.url, "on_event"), json=[_event(1)], headers=headers) as answer,
    ):
        assert answer.status == 400
    assert records() == []
