"""The Event Grid webhook: handshakes, both schemas, arrays, failures."""

import json
from collections.abc import AsyncGenerator, Mapping

import pytest
import pytest_asyncio

from tests.emulators.functions_host.conftest import NO_ENGINE, host_of, running
from tests.emulators.functions_host.durable_runner import Answer, Runner
from tests.emulators.functions_host.recorder import recorded

pytestmark = pytest.mark.asyncio(loop_scope="module")
_NOTIFICATION = {"aeg-event-type": "Notification"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def host(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Runner]:
    async with running(host_of("events", tmp_path_factory.mktemp("events"), engine=NO_ENGINE)) as runner:
        yield runner


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


async def _post(host: Runner, function: str, body: object, headers: Mapping[str, str] = _NOTIFICATION) -> Answer:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await host.request("POST", _hook(function), data=text, headers=headers)


def _hook(function: str) -> str:
    return f"runtime/webhooks/eventgrid?functionName={function}"


async def test_an_array_runs_one_invocation_an_event(host: Runner) -> None:
    assert (await _post(host, "ON_EVENT", [_event(1), _event(2)])).status == 202
    assert sorted((r["kind"], r["id"], r["data"]["n"]) for r in recorded()) == [
        ("EventGridEvent", "e1", 1),
        ("EventGridEvent", "e2", 2),
    ]


@pytest.mark.parametrize(("body", "kind"), [(_cloud_event(1), "cloudevents"), ([_cloud_event(1)], "cloudevents-batch")])
async def test_cloud_events_arrive_single_and_in_batches(host: Runner, body: object, kind: str) -> None:
    headers = {"Content-Type": f"application/{kind}+json", **_NOTIFICATION}
    assert (await _post(host, "on_cloud_event", body, headers)).status == 202
    assert [(r["kind"], r["id"], r["data"]) for r in recorded()] == [("CloudEvent", "c1", {"n": 1})]


async def test_a_failing_event_is_500_so_that_the_sender_repeats(host: Runner) -> None:
    assert (await _post(host, "on_event", [_event(1, "fail"), _event(2)])).status == 500
    assert len(recorded()) == 2


async def test_the_subscription_handshake_returns_the_code(host: Runner) -> None:
    kind, data = "Microsoft.EventGrid.SubscriptionValidationEvent", {"validationCode": "512d38b6"}
    validation = {**_event(0), "eventType": kind, "data": data}
    answer = await _post(host, "on_event", [validation], {"aeg-event-type": "SubscriptionValidation"})
    assert (answer.status, answer.body) == (200, {"validationResponse": "512d38b6"})
    assert recorded() == []


async def test_the_cloud_events_handshake_allows_the_origin(host: Runner) -> None:
    headers = {"WebHook-Request-Origin": "eventgrid.azure.net", "WebHook-Request-Rate": "120"}
    answer = await host.request("OPTIONS", _hook("on_cloud_event"), headers=headers)
    assert answer.status == 200
    assert answer.headers["WebHook-Allowed-Origin"] == "eventgrid.azure.net"
    assert answer.headers["WebHook-Allowed-Rate"] == "120"


@pytest.mark.parametrize(
    ("function", "body", "headers", "status"),
    [
        ("nobody", b"[]", _NOTIFICATION, 404),
        ("not_an_event", b"[]", _NOTIFICATION, 404),
        ("on_event", b"not json", _NOTIFICATION, 400),
        ("on_event", b"[]", _NOTIFICATION, 400),
        ("on_event", b"[1]", _NOTIFICATION, 400),
        ("on_event", [_event(1)], {}, 400),
        ("on_event", [_event(1)], {"aeg-event-type": "Else"}, 400),
        ("on_event", [_event(1)], {"aeg-event-type": "SubscriptionValidation"}, 400),
        ("on_event", [_event(1)], {"aeg-event-type": "Unsubscribe"}, 202),
    ],
)
async def test_other_requests_run_nothing(
    host: Runner, function: str, body: object, headers: Mapping[str, str], status: int
) -> None:
    assert (await _post(host, function, body, headers)).status == status
    assert recorded() == []
