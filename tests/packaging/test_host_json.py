"""Every key of host.json: what depends on it, and that the documentation names it."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, cast

from contracts import polling as polling_contract
from contracts.polling import LEAST_TIMEOUT_SECONDS, LONGEST_SILENCE_SECONDS, Polling, PollingSettings
from emulators.functions_host.host_config import parse_host_config
from emulators.task_hub.time_spans import parse_timespan
from tests.layers.fault import ROOT

HOST = json.loads((ROOT / "host.json").read_text())
PAGE = (ROOT / "docs" / "host-json.md").read_text()
DURABLE = HOST["extensions"]["durableTask"]
STORAGE = DURABLE["storageProvider"]
QUEUES = HOST["extensions"]["queues"]
LEVELS = HOST["logging"]["logLevel"]
_START_OF_A_HOST = timedelta(seconds=20)


_SUCCEEDED = {"extensionBundle", "logging.applicationInsights.samplingSettings"}


def keys(value: Any, path: str = "") -> Iterator[str]:
    """Return the path of every value in the document; some sections count as one."""
    if path in _SUCCEEDED or not isinstance(value, dict):
        yield path
        return
    for name, each in cast("dict[str, Any]", value).items():
        yield from keys(each, f"{path}.{name}" if path else name)


def test_the_page_has_a_row_for_every_key_and_no_other() -> None:
    rows = [line.split(" | ")[0] for line in PAGE.splitlines() if line.startswith("| `")]
    named = [name for row in rows for name in re.findall(r"`([^`]+)`", row)]
    assert sorted(named) == sorted(keys(HOST))


def test_calls_of_entities_are_not_dropped() -> None:
    assert DURABLE["entityMessageReorderWindowInMinutes"] == 0


def test_another_instance_receives_a_request_within_seconds() -> None:
    assert STORAGE["type"] == "AzureStorage"
    assert timedelta(0) < parse_timespan(STORAGE["maxQueuePollingInterval"]) <= timedelta(seconds=5)
    assert parse_timespan(QUEUES["maxPollingInterval"]) <= timedelta(seconds=10)


def test_messages_of_a_stopped_host_are_visible_again_within_the_longest_pause() -> None:
    for name in ("controlQueueVisibilityTimeout", "workItemQueueVisibilityTimeout"):
        # "must be between 1 and 60 minutes", says the extension.
        assert timedelta(minutes=1) <= parse_timespan(STORAGE[name]) <= timedelta(minutes=60)
        silence = parse_timespan(STORAGE[name]) + parse_timespan(STORAGE["maxQueuePollingInterval"]) + _START_OF_A_HOST
        assert silence <= timedelta(seconds=LONGEST_SILENCE_SECONDS)


def test_no_timeout_of_the_app_is_shorter_than_that_pause() -> None:
    own = [wait for wait in vars(polling_contract).values() if isinstance(wait, Polling)]
    assert len(own) >= 4
    polling = [*own, *(wait for _, wait in PollingSettings() if isinstance(wait, Polling))]
    assert all(
        wait.timeout_seconds >= max(LEAST_TIMEOUT_SECONDS, wait.initial_delay_seconds + LONGEST_SILENCE_SECONDS)
        for wait in polling
    )


def test_the_sdk_s_request_log_does_not_flood_application_insights() -> None:
    assert LEVELS["Azure.Core"] == "Warning"
    assert LEVELS["default"] == "Information", "the app's own lines are at this level"


def test_the_engines_log_is_reduced_and_the_apps_log_is_not_sampled() -> None:
    assert {LEVELS["DurableTask"], LEVELS["Host.Triggers.DurableTask"]} == {"Warning"}
    sampling = HOST["logging"]["applicationInsights"]["samplingSettings"]
    assert sampling["isEnabled"] is True
    assert set(sampling["excludedTypes"].split(";")) == {"Exception", "Trace", "Request"}


def test_activities_wait_for_azure_and_orchestrators_compute() -> None:
    assert HOST["version"] == "2.0"
    assert DURABLE["maxConcurrentActivityFunctions"] == 32
    assert DURABLE["maxConcurrentOrchestratorFunctions"] == 16


def test_queues_function_timeout_and_routes_are_as_the_app_expects() -> None:
    assert (QUEUES["batchSize"], QUEUES["maxDequeueCount"], QUEUES["messageEncoding"]) == (16, 5, "base64")
    assert parse_timespan(QUEUES["visibilityTimeout"]) == timedelta(seconds=30)
    # The host of this repository reads the same from it.
    config = parse_host_config(HOST)
    assert config.route_prefix == "api"
    assert config.durable.hub_name == "GoldenImages"
    assert (config.queues.batch_size, config.queues.max_dequeue_count, config.queues.base64) == (16, 5, True)
    assert config.queues.visibility_timeout == timedelta(seconds=30)
    assert parse_timespan(HOST["functionTimeout"]) == timedelta(minutes=5)
    assert HOST["extensions"]["http"]["routePrefix"] == "api"
    assert DURABLE["defaultVersion"] == "1"


def test_the_extension_bundle_is_a_tested_version() -> None:
    assert HOST["extensionBundle"] == {
        "id": "Microsoft.Azure.Functions.ExtensionBundle",
        "version": "[4.38.1, 5.0.0)",
    }


def test_the_task_hub_name_is_valid() -> None:
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9]{2,44}", DURABLE["hubName"])
