"""host.json: defaults, values, and errors that name the key."""

from datetime import timedelta
from pathlib import Path

import pytest

from workbench.functions_host.errors import ConfigurationError
from workbench.functions_host.host_config import HostConfig, parse_host_config, parse_timespan, read_host_config


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
    assert (config.queues.new_batch_threshold, config.queues.base64) == (3, False)
    assert config.queues.visibility_timeout == timedelta(seconds=30)
    assert (config.durable.hub_name, config.durable.max_concurrent_activities) == ("Hub", 2)
    assert config.durable.default_version == "1.1"


def test_a_batch_is_at_most_32_as_the_service_allows() -> None:
    assert parse_host_config({"extensions": {"queues": {"batchSize": 100}}}).queues.batch_size == 32


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ({"extensions": {"queues": {"batchSize": "many"}}}, "batchSize"),
        ({"extensions": {"queues": {"visibilityTimeout": "soon"}}}, "soon"),
        ({"extensions": {"queues": {"messageEncoding": "hex"}}}, "messageEncoding"),
        ({"extensions": []}, "extensions"),
    ],
)
def test_a_wrong_value_is_named(document: object, named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        parse_host_config(document)


def test_bad_json_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "host.json").write_text("{")
    with pytest.raises(ConfigurationError, match=r"host\.json"):
        read_host_config(tmp_path)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("00:00:30", timedelta(seconds=30)),
        ("00:00:00.2", timedelta(seconds=0.2)),
        ("2.03:00:00", timedelta(days=2, hours=3)),
    ],
)
def test_time_spans(text: str, span: timedelta) -> None:
    assert parse_timespan(text) == span


@pytest.mark.parametrize(
    ("given", "limit"),
    [
        ({}, timedelta(minutes=30)),
        ({"functionTimeout": "00:05:00"}, timedelta(minutes=5)),
        ({"functionTimeout": "-1"}, None),
        ({"functionTimeout": -1}, None),
    ],
)
def test_the_most_that_a_function_may_take(given: dict[str, object], limit: timedelta | None) -> None:
    assert parse_host_config(given).function_timeout == limit
