"""host.json and the example of local settings fit the host and the app."""

import json

import pytest

from emulators.functions_host.host_config import parse_host_config
from emulators.task_hub.time_spans import parse_timespan
from settings import PREFIX, BadSettings, read_settings
from tests.layers.fault import ROOT

EXAMPLE: dict[str, str] = json.loads((ROOT / "local.settings.example.json").read_text())["Values"]
HOST = json.loads((ROOT / "host.json").read_text())


def test_the_example_is_valid() -> None:
    found = read_settings(EXAMPLE)
    assert found.credential == "local"
    assert len(found.allowed_scopes) == 1
    assert found.app_name == "golden-images-local"


def test_the_example_names_what_the_host_needs() -> None:
    assert EXAMPLE["FUNCTIONS_WORKER_RUNTIME"] == "python"
    assert EXAMPLE["AzureWebJobsStorage"] == "UseDevelopmentStorage=true"
    assert EXAMPLE["AZURE_FUNCTIONS_DURABLE_STRICT_TYPING"] == "1"
    # The timer's binding names it as %...%: without it the app would not load.
    assert "GOLDEN_TIMER_SCHEDULE" in EXAMPLE


def test_a_misspelled_setting_would_be_reported() -> None:
    with pytest.raises(BadSettings, match="GOLDEN_CREDENTAIL"):
        read_settings({**EXAMPLE, f"{PREFIX}CREDENTAIL": "local"})


def test_no_secret_and_no_other_name_is_in_the_example() -> None:
    others = {name for name in EXAMPLE if not name.startswith(PREFIX)}
    assert others == {"FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsStorage", "AZURE_FUNCTIONS_DURABLE_STRICT_TYPING"}
    assert "AccountKey" not in json.dumps(EXAMPLE)


def test_host_json_has_the_values_that_the_app_needs() -> None:
    config = parse_host_config(HOST)
    assert config.route_prefix == "api"
    assert (config.durable.hub_name, config.durable.backend.default_version) == ("GoldenImages", "1")
    assert (config.queues.batch_size, config.queues.max_dequeue_count, config.queues.base64) == (16, 5, True)
    assert config.queues.visibility_timeout.total_seconds() == 30
    assert parse_timespan(HOST["functionTimeout"]).total_seconds() == 300


def test_no_audit_line_is_removed_by_sampling() -> None:
    excluded = HOST["logging"]["applicationInsights"]["samplingSettings"]["excludedTypes"].split(";")
    assert {"Trace", "Exception"} <= set(excluded)
