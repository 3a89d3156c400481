"""The settings of the backend: the extension's defaults, host.json, and the environment, which overrides it."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from emulators.task_hub import BackendOptions, TaskHub, VersionMatch
from emulators.task_hub.starting import Existing


def test_the_defaults_are_the_extensions() -> None:
    options = BackendOptions.of_durable_task({})
    assert options == BackendOptions()
    assert options.entity_reorder_window == timedelta(minutes=30)
    assert options.control_queue_visibility == options.work_item_visibility == timedelta(minutes=5)
    assert options.max_polling_interval == timedelta(seconds=30)
    assert options.max_message_bytes == 4_194_304
    assert (options.early_timers, options.lose_early_events, options.replace_running) == (True, True, False)


def test_names_are_read_in_any_case_and_the_environment_wins(tmp_path: Path) -> None:
    section: dict[str, Any] = {
        "EntityMessageReorderWindowInMinutes": 0,
        "defaultVersion": "2",
        "overridableExistingInstanceStates": "AnyState",
        "versionMatchStrategy": "strict",
        "versionFailureStrategy": "FAIL",
        "storageProvider": {
            "type": "azurestorage",
            "maxQueuePollingInterval": "00:00:02.5",
            "controlQueueVisibilityTimeout": "00:01:00",
            "WorkItemQueueVisibilityTimeout": "01:00:00",
        },
    }
    file = tmp_path / "host.json"
    file.write_text(json.dumps({"version": "2.0", "Extensions": {"DurableTask": section}}))
    name = "AzureFunctionsJobHost__extensions__durableTask__"
    environment = {
        f"{name}storageProvider__controlQueueVisibilityTimeout": "00:03:00",
        f"{name}defaultVersion": "3",
        "AzureFunctionsJobHost__logging__logLevel__default": "None",
    }
    options = BackendOptions.of_host_json(file, environment)
    assert options.entity_reorder_window == timedelta()
    assert options.control_queue_visibility == timedelta(minutes=3)
    assert options.work_item_visibility == timedelta(hours=1)
    assert options.max_polling_interval == timedelta(seconds=2.5)
    assert (options.default_version, options.replace_running) == ("3", True)
    assert (options.version_match, options.fail_other_versions) == (VersionMatch.STRICT, True)


@pytest.mark.parametrize(
    ("section", "text"),
    [
        ({"storageProvider": {"type": "azureManaged"}}, r"Storage provider type \(azureManaged\) was not found"),
        ({"storageProvider": {"controlQueueVisibilityTimeout": "00:00:59"}}, "between 1 and 60 minutes"),
        ({"storageProvider": {"controlQueueVisibilityTimeout": "01:00:01"}}, "between 1 and 60 minutes"),
        ({"storageProvider": {"maxQueuePollingInterval": "-00:00:02"}}, "write hh:mm:ss"),
        ({"storageProvider": {"maxQueuePollingInterval": "2 s"}}, "write hh:mm:ss"),
        ({"entityMessageReorderWindowInMinutes": "none"}, "not a whole number"),
        ({"overridableExistingInstanceStates": "Some"}, "must be one of NonRunningStates, AnyState"),
    ],
)
def test_what_stops_the_extension_is_refused(section: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        BackendOptions.of_durable_task(section)


def test_what_the_extension_passes_over_is_passed_over() -> None:
    assert BackendOptions.of_durable_task({"storageProvider": "AzureStorage", "unknown": 1}) == BackendOptions()
    provider = {"workItemQueueVisibilityTimeout": "02:00:00", "maxQueuePollingInterval": "00:00:00"}
    options = BackendOptions.of_durable_task({"storageProvider": provider})
    assert options.work_item_visibility == timedelta(hours=2)
    assert options.max_polling_interval == timedelta(seconds=30)


def test_a_section_that_is_no_object_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "host.json"
    file.write_text(json.dumps({"extensions": {"durableTask": "none"}}))
    with pytest.raises(ValueError, match="write a JSON object"):
        BackendOptions.of_host_json(file, {})


def test_a_hub_reads_its_version_and_its_rule_for_known_ids_from_the_options() -> None:
    hub = TaskHub(None, options=BackendOptions(default_version="7", replace_running=True))
    assert (hub.options.default_version, hub.existing) == ("7", Existing.REPLACE)
    assert TaskHub(None).existing is Existing.RESTART
    assert TaskHub(None, existing="reject", default_version="8").options.default_version == "8"
