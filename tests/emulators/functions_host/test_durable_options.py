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
from emulators.functions_host.durable_options import (
    DurableOptions,
    check_named_settings,
    hub_name_of,
    read_durable_options,
)
from emulators.functions_host.errors import ConfigurationError
from emulators.functions_host.host_json_section import Section
from emulators.task_hub import BackendOptions

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
    "beyond 32 bits": ({"maxConcurrentActivityFunctions": 99999999999}, "99999999999"),
    "an underscore": ({"maxConcurrentActivityFunctions": "1_000"}, "1_000"),
    "Arabic digits": ({"maxConcurrentActivityFunctions": "٣"}, "٣"),
    "a minus": ({"maxConcurrentActivityFunctions": "-7"}, "axConcurrentActivityFunctions"),
    "a group": ({"maxConcurrentActivityFunctions": "1,000"}, "1,000"),
    "large messages": ({"maxGrpcMessageSizeInBytes": 99999999999999}, "99999999999999"),
    "no size": ({"maxGrpcMessageSizeInBytes": ""}, "axGrpcMessageSizeInBytes"),
    "long window": ({"entityMessageReorderWindowInMinutes": 2147483648}, "2147483648"),
    "no operation": ({"maxEntityOperationBatchSize": 0}, "axEntityOperationBatchSize"),
    "storage": (_storage(connectionName="NoSuch"), "Unable to resolve the Azure Storage connection named 'NoSuch'"),
    "no storage": (_storage(connectionName=""), "Unable to resolve the Azure Storage connection named ''"),
    "old name": (_storage(connectionStringName="NoSuch"), "Azure Storage connection named 'NoSuch'"),
    "tracking": (_storage(trackingStoreConnectionName="NoSuch"), "Azure Storage connection named 'NoSuch'"),
    "tracing": ({"tracing": {"version": "V9"}}, "V9"),
    "tracing flag": ({"tracing": {"traceReplayEvents": "x"}}, "raceReplayEvents"),
    "client's time": ({"grpcHttpClientTimeout": "x"}, "rpcHttpClientTimeout"),
    "sleep": ({"httpSettings": {"defaultAsyncRequestSleepTimeMilliseconds": "x"}}, "efaultAsyncRequestSleepTime"),
    "forwarded": ({"httpSettings": {"useForwardedHost": "x"}}, "seForwardedHost"),
    "no strategy": ({"versionMatchStrategy": ""}, "ersionMatchStrategy"),
    "hexadecimal strategy": ({"versionMatchStrategy": "0x1"}, "0x1"),
    "sessions": ({"extendedSessionsEnabled": True}, "set to 'true' is only supported when using the in-process"),
    "no flag": ({"useAppLease": ""}, "seAppLease"),
    "rpc": ({"localRpcEndpointEnabled": "1"}, "ocalRpcEndpointEnabled"),
    "actions": ({"maxOrchestrationActions": "x"}, "axOrchestrationActions"),
    "lease": ({"appLeaseOptions": {"leaseInterval": "x"}}, "easeInterval"),
    "hexadecimal partitions": (_storage(partitionCount="0x10"), "0x10"),
    "33 messages": (_storage(controlQueueBatchSize=33), "32"),
    "storage flag": (_storage(useInstanceTableEtag="1"), "useInstanceTableEtag"),
    "both managers": (
        _storage(useLegacyPartitionManagement=True, useTablePartitionManagement=True),
        "Cannot use both TablePartitionManagement and LegacyPartitionManagement",
    ),
    "encoding": (_storage(queueClientMessageEncoding="x"), "queueClientMessageEncoding"),
    "encoding 9": (_storage(queueClientMessageEncoding=9), "9"),
    "no type": (_storage(type=""), "Storage provider type () was not found"),
    "event key": ({"notifications": {"eventGrid": {"keySettingName": "NoSuch"}}}, "configuration values for NoSuch"),
    "event retry": ({"notifications": {"eventGrid": {"publishRetryInterval": "01:00:01"}}}, "no more than 60 minutes"),
    "event count": ({"notifications": {"eventGrid": {"publishRetryCount": "x"}}}, "ublishRetryCount"),
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
    "hexadecimal": {"maxConcurrentActivityFunctions": "0x10", "maxConcurrentEntityFunctions": " #10 "},
    "nothing where none may be": {"maxConcurrentActivityFunctions": "", "maxEntityOperationBatchSize": ""},
    "32 bits": {"maxConcurrentActivityFunctions": 2147483647, "entityMessageReorderWindowInMinutes": -2147483648},
    "no limit": {"maxGrpcMessageSizeInBytes": -1, "grpcHttpClientTimeout": ""},
    "visible before": _storage(workItemQueueVisibilityTimeout="-00:01:00"),
    "numbers of members": {"versionMatchStrategy": "1", "overridableExistingInstanceStates": 0},
    "several members": {"versionMatchStrategy": "None, Strict", "tracing": {"version": "9"}},
    "a setting's name": _storage(connectionName="Storage", connectionStringName="AzureWebJobsStorage"),
    "unknown names": {"nonsense": 1, **_storage(nonsense="x")},
}


def _read(document: dict[str, Any]) -> DurableOptions:
    options = read_durable_options(Section(document))
    settings = AppSettings({"AzureWebJobsStorage": "x"})
    hub_name_of(options, settings)
    check_named_settings(options, settings)
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
def test_only_a_name_made_of_the_sites_is_created_to_fit(site: str | None, name: str) -> None:
    settings = AppSettings({"WEBSITE_SITE_NAME": site} if site else {})
    assert hub_name_of(DurableOptions(), settings) == name


def test_a_setting_within_the_name_is_resolved_before_it_is_checked() -> None:
    options = DurableOptions(hub_name="%SITE%")
    assert hub_name_of(options, AppSettings({"SITE": "Hub7"})) == "Hub7"
    with pytest.raises(ConfigurationError, match="'my-hub'"):
        hub_name_of(options, AppSettings({"SITE": "my-hub"}))


def test_the_engine_hears_of_versions_and_of_the_size_of_messages() -> None:
    document = {"versionMatchStrategy": "strict", "versionFailureStrategy": "fail", "maxGrpcMessageSizeInBytes": 1_000}
    engine = BackendOptions.of_durable_task(_read(document).section())
    assert (engine.version_match, engine.fail_other_versions) == ("strict", True)
    assert engine.max_message_bytes == 1_000


def test_numbers_of_members_and_hexadecimal_numbers_mean_what_they_mean_to_the_extension() -> None:
    options = _read({"versionMatchStrategy": "1", "maxConcurrentActivityFunctions": "0x10"})
    assert (options.version_match, options.max_concurrent_activities) == ("Strict", 16)
    assert _read({"versionMatchStrategy": "None, Strict"}).version_match == "Strict"


def test_what_no_engine_can_do_is_not_asked_of_it() -> None:
    def visibility(text: str) -> timedelta:
        section = _read(_storage(workItemQueueVisibilityTimeout=text)).section()
        return BackendOptions.of_durable_task(section).work_item_visibility

    assert (visibility("-00:01:00"), visibility("10675199")) == (timedelta(0), timedelta(days=7))


def test_an_event_needs_a_known_name() -> None:
    grid = {"topicEndpoint": "http://127.0.0.1:1/", "keySettingName": "AzureWebJobsStorage"}
    _read({"notifications": {"eventGrid": {**grid, "publishEventTypes": ["Started"]}}})
    with pytest.raises(ConfigurationError, match="Unsupported event types"):
        _read({"notifications": {"eventGrid": {**grid, "publishEventTypes": ["started"]}}})


def test_a_connection_may_be_a_group_of_settings() -> None:
    settings = AppSettings({"Hub__accountName": "x"})
    check_named_settings(read_durable_options(Section(_storage(connectionName="hub"))), settings)
