"""Every key of host.json: what depends on it, and that the page names it."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, cast

from contracts.engine import LEAST_TIMEOUT_SECONDS, LONGEST_SILENCE_SECONDS
from contracts.run import Wait, Waits
from orchestrators import aftermath, promotion
from tests.packaging.test_configuration import HOST
from tests.walls.fault import ROOT
from workbench.functions_host.time_spans import parse_timespan

PAGE = (ROOT / "docs" / "host-json.md").read_text()
DURABLE = HOST["extensions"]["durableTask"]
STORAGE = DURABLE["storageProvider"]
QUEUES = HOST["extensions"]["queues"]
LEVELS = HOST["logging"]["logLevel"]
_START_OF_A_HOST = timedelta(seconds=20)


_WHOLE = {"extensionBundle", "logging.applicationInsights.samplingSettings"}


def keys(value: Any, path: str = "") -> Iterator[str]:
    """Give the path of every value in the document; some sections count as one."""
    if path in _WHOLE or not isinstance(value, dict):
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


def test_an_engine_on_another_instance_hears_of_a_request_within_seconds() -> None:
    assert STORAGE["type"] == "AzureStorage"
    assert timedelta(0) < parse_timespan(STORAGE["maxQueuePollingInterval"]) <= timedelta(seconds=5)
    assert parse_timespan(QUEUES["maxPollingInterval"]) <= timedelta(seconds=10)


def test_what_a_stopped_host_had_taken_comes_back_within_the_silence_that_the_app_counts_with() -> None:
    for name in ("controlQueueVisibilityTimeout", "workItemQueueVisibilityTimeout"):
        # "must be between 1 and 60 minutes", says the extension.
        assert timedelta(minutes=1) <= parse_timespan(STORAGE[name]) <= timedelta(minutes=60)
        silence = parse_timespan(STORAGE[name]) + parse_timespan(STORAGE["maxQueuePollingInterval"]) + _START_OF_A_HOST
        assert silence <= timedelta(seconds=LONGEST_SILENCE_SECONDS)


def test_no_wait_of_the_app_is_shorter_than_such_a_silence() -> None:
    own = [wait for module in (aftermath, promotion) for wait in vars(module).values() if isinstance(wait, Wait)]
    assert len(own) >= 4
    waits = [*own, *(wait for _, wait in Waits() if isinstance(wait, Wait))]
    assert all(wait.deadline >= max(LEAST_TIMEOUT_SECONDS, wait.first + LONGEST_SILENCE_SECONDS) for wait in waits)


def test_the_sdk_s_request_log_does_not_flood_application_insights() -> None:
    assert LEVELS["Azure.Core"] == "Warning"
    assert LEVELS["default"] == "Information", "the app's own lines are at this level"


def test_the_extension_bundle_is_one_that_was_tried() -> None:
    assert HOST["extensionBundle"] == {
        "id": "Microsoft.Azure.Functions.ExtensionBundle",
        "version": "[4.38.1, 5.0.0)",
    }


def test_the_hub_s_name_is_one_that_the_extension_takes() -> None:
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9]{2,44}", DURABLE["hubName"])
