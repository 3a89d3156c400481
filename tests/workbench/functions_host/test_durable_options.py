"""`extensions.durableTask`: what the extension 3.19.0 was seen to take and refuse, and the same asked of it again."""

import json
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from workbench.functions_host.app_settings import AppSettings
from workbench.functions_host.durable_options import DurableOptions, hub_name_of, read_durable_options
from workbench.functions_host.errors import ConfigurationError
from workbench.functions_host.host_json_section import Section
from workbench.task_hub import BackendOptions

_PROGRAM = "durable-extension-host"


def _storage(**values: object) -> dict[str, object]:
    return {"storageProvider": {"type": "AzureStorage", **values}}


# With a part of the extension's own message.
_REFUSED: dict[str, tuple[dict[str, object], str]] = {
    "hyphen": ({"hubName": "my-hub"}, "should contain only alphanumeric characters"),
    "short": ({"hubName": "ab"}, "should contain only alphanumeric characters"),
    "digit first": ({"hubName": "1abc"}, "should contain only alphanumeric characters"),
    "51 characters": ({"hubName": "a" * 51}, "should contain only alphanumeric characters"),
    "umlaut": ({"hubName": "hübsch"}, "should contain only alphanumeric characters"),
    "empty": ({"hubName": ""}, "should contain only alphanumeric characters"),
    "a number": ({"hubName": 12345}, "should contain only alphanumeric characters"),
    "half a minute": (_storage(controlQueueVisibilityTimeout="00:00:30"), "must be between 1 and 60 minutes"),
    "two hours": (_storage(controlQueueVisibilityTimeout="02:00:00"), "must be between 1 and 60 minutes"),
    "five days": (_storage(controlQueueVisibilityTimeout=5), "must be between 1 and 60 minutes"),
    "no span": (_storage(maxQueuePollingInterval="2 seconds"), "2 seconds"),
    "60 minutes": (_storage(controlQueueVisibilityTimeout="00:60:00"), "00:60:00"),
    "negative": (_storage(maxQueuePollingInterval="-00:00:01"), "must be non-negative"),
    "provider": (_storage(type="azureManaged"), "Storage provider type (azureManaged) was not found"),
    "no partition": (_storage(partitionCount=0), "between 1 and 16"),
    "17 partitions": (_storage(partitionCount=17), "between 1 and 16"),
    "no batch": (_storage(controlQueueBatchSize=0), "ontrolQueueBatchSize"),
    "buffer": (_storage(controlQueueBufferThreshold=1001), "between 1 and 1000"),
    "no activity": ({"maxConcurrentActivityFunctions": 0}, "axConcurrentActivityFunctions"),
    "no orchestrator": ({"maxConcurrentOrchestratorFunctions": 0}, "axConcurrentOrchestratorFunctions"),
    "no entity": ({"maxConcurrentEntityFunctions": 0}, "axConcurrentEntityFunctions"),
    "many": ({"maxConcurrentActivityFunctions": "many"}, "many"),
    "a fraction": ({"maxConcurrentActivityFunctions": 1.5}, "1.5"),
    "window": ({"entityMessageReorderWindowInMinutes": "soon"}, "soon"),
    "strategy": ({"versionFailureStrategy": "Maybe"}, "Maybe"),
    "flag": ({"extendedSessionsEnabled": "perhaps"}, "perhaps"),
    "another case": ({"HUBNAME": "my-hub"}, "should contain only alphanumeric characters"),
}
_TAKEN: dict[str, dict[str, object]] = {
    "50 characters": {"hubName": "a" * 50},
    "work items may come back at once": _storage(workItemQueueVisibilityTimeout="00:00:30"),
    "work items may stay away for hours": _storage(workItemQueueVisibilityTimeout="02:00:00"),
    "one hour": _storage(controlQueueVisibilityTimeout="01:00:00"),
    "hours and minutes": _storage(controlQueueVisibilityTimeout="00:02"),
    "provider in another case": _storage(type="azurestorage"),
    "a number as text": {"maxConcurrentActivityFunctions": "7"},
    "a version that is a number": {"defaultVersion": 1},
    "a window below zero": {"entityMessageReorderWindowInMinutes": -1},
    "unknown names": {"nonsense": 1, **_storage(nonsense="x")},
}


def _read(document: dict[str, Any]) -> DurableOptions:
    options = read_durable_options(Section(document))
    hub_name_of(options, AppSettings({}))
    return options


@pytest.mark.parametrize("name", _REFUSED)
def test_what_stops_the_extension_stops_this_host(name: str) -> None:
    document, message = _REFUSED[name]
    with pytest.raises(ConfigurationError) as caught:
        _read(document)
    assert message in str(caught.value)


@pytest.mark.parametrize("name", _TAKEN)
def test_what_the_extension_takes_is_taken(name: str) -> None:
    _read(_TAKEN[name])


@pytest.mark.skipif(shutil.which(_PROGRAM) is None, reason=f"{_PROGRAM} is not on PATH")
def test_the_extension_itself_refuses_the_same(tmp_path: Path) -> None:
    def log_of(name: str) -> str:
        return _extension_log(tmp_path, name)

    with ThreadPoolExecutor(2) as pool:
        logs = dict(zip(_REFUSED, pool.map(log_of, _REFUSED), strict=True))
    assert {name: log for name, log in logs.items() if _REFUSED[name][1] not in log} == {}


def _extension_log(folder: Path, name: str) -> str:
    """What the extension says while it does not start: it looks at its options before it looks for its storage."""
    file = folder / f"{name}.json"
    document = {"hubName": "Probe", **_REFUSED[name][0]}
    if "HUBNAME" in document:
        del document["hubName"]
    file.write_text(json.dumps({"version": "2.0", "extensions": {"durableTask": document}}), "utf-8")
    nowhere = "http://127.0.0.1:1/devstoreaccount1"
    endpoints = "".join(f"{service}Endpoint={nowhere};" for service in ("Blob", "Queue", "Table"))
    storage = f"AccountName=devstoreaccount1;AccountKey=a2V5;{endpoints}"
    ended = subprocess.run(
        [_PROGRAM, "--host-json", file, "--functions", "-", "--stop-on-eof"],
        input="[]\n",
        env={**os.environ, "AzureWebJobsStorage": storage},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1, name
    return ended.stderr


def test_values_reach_the_engine_as_the_extension_reads_them() -> None:
    document = {
        "defaultVersion": "3",
        "entityMessageReorderWindowInMinutes": 0,
        "overridableExistingInstanceStates": "anystate",
        **_storage(
            maxQueuePollingInterval="00:00:02",
            controlQueueVisibilityTimeout="00:02",
            workItemQueueVisibilityTimeout="00:01:00",
        ),
    }
    engine = BackendOptions.of_durable_task(_read(document).section())
    assert (engine.default_version, engine.replace_running) == ("3", True)
    assert engine.entity_reorder_window == timedelta(0)
    assert engine.max_polling_interval == timedelta(seconds=2)
    assert engine.control_queue_visibility == timedelta(minutes=2)
    assert engine.work_item_visibility == timedelta(minutes=1)


def test_without_values_the_engine_is_set_as_the_extension_is() -> None:
    assert BackendOptions.of_durable_task(_read({}).section()) == BackendOptions()
    assert _read(_storage(maxQueuePollingInterval="00:00:00")).storage.max_polling_interval == timedelta(seconds=30)


@pytest.mark.parametrize(
    ("site", "name"),
    [
        (None, "TestHubName"),
        ("my-site.net", "mysitenet"),
        ("1-site", "t1site"),
        ("a" * 60, "a" * 45),
        ("x", "xHub"),
        ("---", "DefaultTaskHub"),
    ],
)
def test_only_a_name_made_of_the_sites_is_made_to_fit(site: str | None, name: str) -> None:
    settings = AppSettings({"WEBSITE_SITE_NAME": site} if site else {})
    assert hub_name_of(DurableOptions(), settings) == name


def test_a_setting_within_the_name_is_resolved_before_it_is_judged() -> None:
    options = DurableOptions(hub_name="%SITE%")
    assert hub_name_of(options, AppSettings({"SITE": "Hub7"})) == "Hub7"
    with pytest.raises(ConfigurationError, match="'my-hub'"):
        hub_name_of(options, AppSettings({"SITE": "my-hub"}))


def test_the_engine_hears_of_versions_and_of_the_size_of_messages() -> None:
    document = {"versionMatchStrategy": "strict", "versionFailureStrategy": "fail", "maxGrpcMessageSizeInBytes": 1_000}
    engine = BackendOptions.of_durable_task(_read(document).section())
    assert (engine.version_match, engine.fail_other_versions) == ("strict", True)
    assert engine.max_message_bytes == 1_000
