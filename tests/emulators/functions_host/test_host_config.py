"""host.json: defaults, values, and errors that name the key."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from emulators.functions_host.errors import ConfigurationError
from emulators.functions_host.host_config import HostConfig, parse_host_config, read_host_config


def test_a_missing_file_gives_the_hosts_defaults(tmp_path: Path) -> None:
    config = read_host_config(tmp_path)
    assert config == HostConfig()
    assert (config.route_prefix, config.queues.batch_size, config.queues.max_dequeue_count) == ("api", 16, 5)


def test_reads_every_section() -> None:
    config = parse_host_config(
        {
            "version": "2.0",
            "logging": {"logLevel": {"default": "Warning"}},
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
    assert config.durable.default_version == "1.1"


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


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ({"extensions": {"queues": {"batchSize": "many"}}}, "queues.batchSize: 'many' is no whole number"),
        ({"extensions": {"queues": {"batchSize": 0}}}, "queues.batchSize: 0 must be between 1 and 32"),
        ({"extensions": {"queues": {"batchSize": 33}}}, "queues.batchSize: 33 must be between 1 and 32"),
        ({"extensions": {"queues": {"batchSize": 1.5}}}, "batchSize"),
        ({"extensions": {"queues": {"batchSize": True}}}, "batchSize"),
        ({"extensions": {"queues": {"batchSize": [1]}}}, "batchSize: must be a single value"),
        ({"extensions": {"queues": {"newBatchThreshold": -1}}}, "newBatchThreshold: -1 must be at least 0"),
        ({"extensions": {"queues": {"maxDequeueCount": 0}}}, "maxDequeueCount"),
        ({"extensions": {"queues": {"maxPollingInterval": "00:00:00.05"}}}, "must not be less than 00:00:00.1"),
        ({"extensions": {"queues": {"visibilityTimeout": "soon"}}}, "visibilityTimeout: 'soon'"),
        ({"extensions": {"queues": {"messageEncoding": "hex"}}}, "messageEncoding: 'hex' is none of None, Base64"),
        ({"extensions": []}, "extensions must hold a JSON object"),
        ({"functionTimeout": "5 minutes"}, "functionTimeout"),
        ({"functionTimeout": "00:00:00.9"}, "functionTimeout: must be at least 00:00:01"),
        ({"functionTimeout": "00:00:00"}, "functionTimeout: must be at least 00:00:01"),
        ({"functionTimeout": 0}, "functionTimeout: must be at least 00:00:01"),
        ({"functionTimeout": "-00:05:00"}, "functionTimeout: must be at least 00:00:01"),
        ({"functionTimeout": "-2"}, "functionTimeout: must be at least 00:00:01"),
        ({"extensions": {"queues": {"batchSize": "1_0"}}}, "batchSize: '1_0' is no whole number"),
        ({"extensions": {"queues": {"maxDequeueCount": 2**31}}}, "maxDequeueCount: '2147483648' is outside"),
        ({"logging": {"logLevel": {"default": "Chatty"}}}, "Configuration value 'Chatty' is not supported"),
        ({"logging": {"logLevel": {"default": " "}}}, "Configuration value ' ' is not supported"),
        ({"logging": {"logLevel": {"default": True}}}, "Configuration value 'True' is not supported"),
        ({"logging": {"logLevel": {"Host.Results": "x"}}}, "Configuration value 'x' is not supported"),
        ({"logging": {"logLevel": {"Host": {"Results": "x"}}}}, "Configuration value 'x' is not supported"),
        ({"logging": {"console": {"logLevel": {"default": "x"}}}}, "Configuration value 'x' is not supported"),
    ],
)
def test_a_wrong_value_is_named(document: object, named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        parse_host_config(document)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('{"extensions": {}}', "missing the required 'version' property"),
        ('{"version": ""}', "missing the required 'version' property"),
        ('{"version": "3.0"}', "'3.0' is an invalid value"),
    ],
)
def test_another_version_is_refused(tmp_path: Path, text: str, named: str) -> None:
    (tmp_path / "host.json").write_text(text)
    with pytest.raises(ConfigurationError, match=named):
        read_host_config(tmp_path)


def test_an_empty_object_stands_for_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "host.json").write_text("{}")
    assert read_host_config(tmp_path) == HostConfig()


def test_bad_json_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "host.json").write_text("{")
    with pytest.raises(ConfigurationError, match=r"host\.json"):
        read_host_config(tmp_path)


@pytest.mark.parametrize(
    ("given", "limit"),
    [
        ({}, timedelta(minutes=30)),
        ({"functionTimeout": "00:05:00"}, timedelta(minutes=5)),
        ({"functionTimeout": "-1"}, None),
        ({"functionTimeout": -1}, None),
        ({"functionTimeout": "-1.00:00:00"}, None),
        ({"functionTimeout": ""}, timedelta(minutes=30)),
        ({"functionTimeout": "00:00:01"}, timedelta(seconds=1)),
    ],
)
def test_the_most_that_a_function_may_take(given: dict[str, object], limit: timedelta | None) -> None:
    assert parse_host_config(given).function_timeout == limit


@pytest.mark.parametrize(
    ("given", "level"),
    [("", "Information"), (" warning ", "Warning"), (4, "Error"), ("9", "None"), ("Information, Warning", "Warning")],
)
def test_a_level_is_a_name_or_any_number(given: object, level: str) -> None:
    document: object = {"logging": {"logLevel": {"default": given}, "applicationInsights": {"level": "x"}}}
    assert parse_host_config(document).default_log_level == level


def test_the_number_of_an_encoding_is_its_name() -> None:
    assert not parse_host_config({"extensions": {"queues": {"messageEncoding": "0"}}}).queues.base64
