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

from emulators.azurite import AzuriteServer
from emulators.functions_host.app_settings import AppSettings
from emulators.functions_host.durable_options import DurableOptions, hub_name_of, read_durable_options
from emulators.functions_host.errors import ConfigurationError
from emulators.task_hub import BackendOptions, VersionMatch
from emulators.task_hub.host_json import Section
from tests.support.rows import rows

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
    "another case": ({"HUBNAME": "my-hub"}, "should contain only alphanumeric characters"),
    "half a minute": (_storage(controlQueueVisibilityTimeout="00:00:30"), "must be between"),
    "two hours": (_storage(controlQueueVisibilityTimeout="02:00:00"), "must be between"),
    "five days": (_storage(controlQueueVisibilityTimeout=5), "must be between"),
    "no span": (_storage(maxQueuePollingInterval="2 seconds"), "2 seconds"),
    "60 minutes": (_storage(controlQueueVisibilityTimeout="00:60:00"), "00:60:00"),
    "negative": (_storage(maxQueuePollingInterval="-00:00:01"), "must be"),
    "provider": (_storage(type="azureManaged"), "Storage provider type (azureManaged) was not found"),
    "no type": (_storage(type=""), "Storage provider type () was not found"),
    "no activity": ({"maxConcurrentActivityFunctions": 0}, "axConcurrentActivityFunctions"),
    "no orchestrator": ({"maxConcurrentOrchestratorFunctions": 0}, "axConcurrentOrchestratorFunctions"),
    "no entity": ({"maxConcurrentEntityFunctions": 0}, "axConcurrentEntityFunctions"),
    "many": ({"maxConcurrentActivityFunctions": "many"}, "many"),
    "a fraction": ({"maxConcurrentActivityFunctions": 1.5}, "1.5"),
    "beyond 32 bits": ({"maxConcurrentActivityFunctions": 2147483648}, "2147483648"),
    "an underscore": ({"maxConcurrentActivityFunctions": "1_000"}, "1_000"),
    "Arabic digits": ({"maxConcurrentActivityFunctions": "٣"}, "٣"),
    "a minus": ({"maxConcurrentActivityFunctions": "-7"}, "axConcurrentActivityFunctions"),
    "window": ({"entityMessageReorderWindowInMinutes": "soon"}, "soon"),
    "large messages": ({"maxGrpcMessageSizeInBytes": 99999999999999}, "99999999999999"),
    "no size": ({"maxGrpcMessageSizeInBytes": ""}, "axGrpcMessageSizeInBytes"),
    "strategy": ({"versionFailureStrategy": "Maybe"}, "Maybe"),
    "no strategy": ({"versionMatchStrategy": ""}, "ersionMatchStrategy"),
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
    "32 bits": {"maxConcurrentActivityFunctions": 2147483647, "entityMessageReorderWindowInMinutes": -2147483648},
    "no limit": {"maxGrpcMessageSizeInBytes": -1},
}
# What the extension takes and nothing here does.
_NOT_EMULATED: dict[str, tuple[dict[str, object], str]] = {
    "a wrong name": ({"maxConcurrentActivityFunction": 7}, "durableTask.maxconcurrentactivityfunction"),
    "partitions": (_storage(partitionCount=4), "storageProvider.partitioncount"),
    "a text for storage": ({"storageProvider": "AzureStorage"}, "storageProvider must hold a JSON object"),
    "hexadecimal": ({"maxConcurrentActivityFunctions": "0x10"}, "is no whole number"),
    "the number of a member": ({"versionMatchStrategy": "1"}, "'1' is none of None, Strict, CurrentOrOlder"),
    "visible before": (_storage(workItemQueueVisibilityTimeout="-00:01:00"), "must be between"),
    "hidden for weeks": (_storage(workItemQueueVisibilityTimeout="8"), "must be between 0:00:00 and 7 days"),
}


def _read(document: dict[str, Any]) -> DurableOptions:
    try:
        options = read_durable_options(Section(document, "host.json: extensions.durableTask"))
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    hub_name_of(options, AppSettings({}))
    return options


@rows("name", [*_REFUSED, *_NOT_EMULATED])
def test_what_stops_the_extension_or_is_not_emulated_stops_this_host(name: str) -> None:
    document, message = {**_REFUSED, **_NOT_EMULATED}[name]
    with pytest.raises(ConfigurationError) as caught:
        _read(document)
    assert message in str(caught.value)


@rows("name", _TAKEN)
def test_what_the_extension_takes_is_taken(name: str) -> None:
    _read(_TAKEN[name])


@pytest.mark.skipif(shutil.which(_PROGRAM) is None, reason=f"{_PROGRAM} is not on PATH")
def test_the_extension_itself_refuses_the_same(tmp_path: Path) -> None:
    def log_of(name: str) -> str:
        return _extension_log(tmp_path, name)

    with ThreadPoolExecutor(2) as pool:
        logs = dict(zip(_REFUSED, pool.map(log_of, _REFUSED), strict=True))
    assert {name: log for name, log in logs.items() if _REFUSED[name][1] not in log} == {}


@pytest.mark.skipif(shutil.which(_PROGRAM) is None, reason=f"{_PROGRAM} is not on PATH")
def test_the_extension_itself_takes_the_same(tmp_path: Path) -> None:
    with AzuriteServer(all_services=True) as azurite, ThreadPoolExecutor(2) as pool:

        def status_of(name: str) -> int:
            return _run(tmp_path, name, _TAKEN[name], azurite.connection_string).returncode

        assert dict(zip(_TAKEN, pool.map(status_of, _TAKEN), strict=True)) == dict.fromkeys(_TAKEN, 0)


def _extension_log(folder: Path, name: str) -> str:
    """What the extension says while it does not start: it looks at its options before it looks for its storage."""
    nowhere = "http://127.0.0.1:1/devstoreaccount1"
    endpoints = "".join(f"{service}Endpoint={nowhere};" for service in ("Blob", "Queue", "Table"))
    storage = f"AccountName=devstoreaccount1;AccountKey=a2V5;{endpoints}"
    ended = _run(folder, name, _REFUSED[name][0], storage)
    assert ended.returncode == 1, name
    return ended.stderr


def _run(folder: Path, name: str, section: dict[str, object], storage: str) -> subprocess.CompletedProcess[str]:
    """Starts the extension, which ends when it has started: its standard input is at its end."""
    file = folder / f"{name}.json"
    document = section if "HUBNAME" in section else {"hubName": "Probe", **section}
    file.write_text(json.dumps({"version": "2.0", "extensions": {"durableTask": document}}), "utf-8")
    return subprocess.run(
        [_PROGRAM, "--host-json", file, "--functions", "-", "--stop-on-eof"],
        input="[]\n",
        env={**os.environ, "AzureWebJobsStorage": storage},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_without_values_host_and_engine_are_set_as_the_extension_is() -> None:
    assert _read({}) == DurableOptions()
    assert _read({}).backend == BackendOptions()
    assert _read(_storage(maxQueuePollingInterval="00:00:00")).backend == BackendOptions()


def test_values_reach_the_engine_as_the_extension_reads_them() -> None:
    document = {
        "defaultVersion": "3",
        "entityMessageReorderWindowInMinutes": 0,
        "overridableExistingInstanceStates": "anystate",
        "versionMatchStrategy": "strict",
        "versionFailureStrategy": "fail",
        "maxGrpcMessageSizeInBytes": 1_000,
        **_storage(
            maxQueuePollingInterval="00:00:02",
            controlQueueVisibilityTimeout="00:02",
            workItemQueueVisibilityTimeout="00:01:00",
        ),
    }
    assert _read(document).backend == BackendOptions(
        default_version="3",
        entity_reorder_window=timedelta(0),
        replace_running=True,
        version_match=VersionMatch.STRICT,
        fail_other_versions=True,
        max_message_bytes=1_000,
        max_polling_interval=timedelta(seconds=2),
        control_queue_visibility=timedelta(minutes=2),
        work_item_visibility=timedelta(minutes=1),
    )


def test_a_setting_within_the_hubs_name_is_resolved_before_it_is_checked() -> None:
    options = DurableOptions(hub_name="%SITE%")
    assert hub_name_of(options, AppSettings({"SITE": "Hub7"})) == "Hub7"
    with pytest.raises(ConfigurationError, match="'my-hub'"):
        hub_name_of(options, AppSettings({"SITE": "my-hub"}))
