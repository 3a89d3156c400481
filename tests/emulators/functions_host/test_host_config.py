"""host.json: defaults, values, and errors that name the key."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from emulators.functions_host.errors import ConfigurationError
from emulators.functions_host.host_config import HostConfig, parse_host_config, read_host_config
from tests.support.rows import rows


def test_a_missing_file_gives_the_hosts_defaults_and_a_setting_overrides_them(tmp_path: Path) -> None:
    config = read_host_config(tmp_path)
    assert config == HostConfig()
    assert (config.route_prefix, config.queues.batch_size, config.queues.max_dequeue_count) == ("api", 16, 5)
    overridden = read_host_config(tmp_path, {"AzureFunctionsJobHost__extensions__http__routePrefix": "v1"})
    assert overridden.route_prefix == "v1"


def test_reads_every_section() -> None:
    config = parse_host_config(
        {
            "version": "2.0",
            "logging": {"logLevel": {"default": "warning", "Azure.Core": "None"}},
            "extensions": {
                "http": {"routePrefix": "v1/"},
                "queues": {"batchSize": 6, "visibilityTimeout": "00:00:30", "messageEncoding": "None"},
                "durableTask": {"hubName": "Hub", "maxConcurrentActivityFunctions": 2, "defaultVersion": "1.1"},
            },
        }
    )
    assert config.route_prefix == "v1"
    assert config.default_log_level == "Warning"
    assert (config.queues.new_batch_threshold, config.queues.base64) == (3 * (os.cpu_count() or 1), False)
    assert config.queues.visibility_timeout == timedelta(seconds=30)
    assert (config.durable.hub_name, config.durable.max_concurrent_activities) == ("Hub", 2)
    assert config.durable.backend.default_version == "1.1"


def test_half_a_batch_for_each_processor_is_the_threshold() -> None:
    batch = {"extensions": {"queues": {"batchSize": 7}}}
    assert parse_host_config(batch).queues.new_batch_threshold == 3 * (os.cpu_count() or 1)
    assert HostConfig().queues.new_batch_threshold == 8 * (os.cpu_count() or 1)


def test_names_match_in_any_case_and_numbers_may_be_texts() -> None:
    document = {"Extensions": {"QUEUES": {"batchsize": "6", "MAXPOLLINGINTERVAL": "00:00:10"}}}
    found = parse_host_config(document).queues
    assert (found.batch_size, found.max_polling_interval) == (6, timedelta(seconds=10))


def test_unknown_names_are_left_alone() -> None:
    document: object = {"nonsense": 1, "extensions": {"serviceBus": {"x": []}, "queues": {"nonsense": {"y": 2}}}}
    assert parse_host_config(document) == HostConfig()


@rows(
    ("document", "named"),
    [
        ({"extensions": {"queues": {"batchSize": "many"}}}, "queues.batchSize: 'many' is no whole number"),
        ({"extensions": {"queues": {"batchSize": 0}}}, "queues.batchSize: 0 must be between 1 and 32"),
        ({"extensions": {"queues": {"batchSize": 33}}}, "queues.batchSize: 33 must be between 1 and 32"),
        ({"extensions": {"queues": {"batchSize": 1.5}}}, "batchSize"),
        ({"extensions": {"queues": {"batchSize": True}}}, "batchSize"),
        ({"extensions": {"queues": {"batchSize": [1]}}}, "batchSize: must be a single value"),
        ({"extensions": {"queues": {"newBatchThreshold": -1}}}, "newBatchThreshold: -1 must be between 0"),
        ({"extensions": {"queues": {"maxDequeueCount": 0}}}, "maxDequeueCount"),
        ({"extensions": {"queues": {"maxPollingInterval": "00:00:00.05"}}}, "maxPollingInterval: 00:00:00.05 must be"),
        ({"extensions": {"queues": {"visibilityTimeout": "soon"}}}, "visibilityTimeout: 'soon'"),
        ({"extensions": {"queues": {"visibilityTimeout": "-00:00:01"}}}, "visibilityTimeout: -00:00:01 must be"),
        ({"extensions": {"queues": {"messageEncoding": "hex"}}}, "messageEncoding: 'hex' is none of None, Base64"),
        ({"extensions": []}, "extensions must hold a JSON object"),
        ({"functionTimeout": "5 minutes"}, "functionTimeout"),
        ({"functionTimeout": "00:00:00.9"}, "functionTimeout: 00:00:00.9 must be"),
        ({"functionTimeout": "-00:05:00"}, "functionTimeout: -00:05:00 must be"),
        ({"logging": {"logLevel": {"default": "Chatty"}}}, "logLevel.default: 'Chatty' is none of Trace"),
        ({"logging": {"logLevel": {"Host.Results": "x"}}}, "logLevel.host.results: 'x' is none of Trace"),
    ],
)
def test_a_wrong_value_is_named(document: object, named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        parse_host_config(document)


def test_a_wrong_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "host.json").write_text('{"version": "3.0"}')
    with pytest.raises(ConfigurationError, match=r"'3\.0' is an invalid value"):
        read_host_config(tmp_path)


@pytest.mark.parametrize(
    ("given", "limit"),
    [
        ({}, timedelta(minutes=30)),
        ({"functionTimeout": "00:05:00"}, timedelta(minutes=5)),
        ({"functionTimeout": "-1"}, None),
        ({"functionTimeout": -1}, None),
        ({"functionTimeout": "00:00:01"}, timedelta(seconds=1)),
    ],
)
def test_the_most_that_a_function_may_take(given: dict[str, object], limit: timedelta | None) -> None:
    assert parse_host_config(given).function_timeout == limit
