"""The settings of the backend: the extension's defaults, host.json, and the environment, which overrides it."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from emulators.task_hub import BackendOptions, TaskHub, VersionMatch
from emulators.task_hub.starting import Existing


def test_the_defaults_are_the_extensions() -> None:
    options = BackendOptions()
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
    ("content", "words"),
    [
        ("{", "is not valid JSON"),
        ("[]", "must hold a JSON object"),
        ('{"extensions": {}}', "missing the required 'version' property"),
        ('{"version": ""}', "missing the required 'version' property"),
        ('{"version": "3.0"}', "'3.0' is an invalid value"),
        ('{"version": "2.0", "extensions": {"durableTask": "none"}}', "durableTask must hold a JSON object"),
        ('{"version": "2.0", "extensions": {"durableTask": {"defaultVersion": []}}}', "must be a single value"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, content: str, words: str) -> None:
    file = tmp_path / "host.json"
    file.write_text(content)
    with pytest.raises(ValueError, match=words):
        BackendOptions.of_host_json(file, {})


def test_no_file_and_an_empty_object_stand_for_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "host.json"
    assert BackendOptions.of_host_json(file, {}) == BackendOptions()
    file.write_text("\ufeff{}")
    assert BackendOptions.of_host_json(file, {}) == BackendOptions()


def test_a_hub_reads_its_version_and_its_rule_for_known_ids_from_the_options() -> None:
    hub = TaskHub(None, options=BackendOptions(default_version="7", replace_running=True))
    assert (hub.options.default_version, hub.existing) == ("7", Existing.REPLACE)
    assert TaskHub(None).existing is Existing.RESTART
    assert TaskHub(None, existing="reject", default_version="8").options.default_version == "8"
