"""App settings: which source wins, `%NAME%`, and storage connections."""

import json
import os
from pathlib import Path

import pytest

from emulators.functions_host.app_settings import AppSettings, load_settings
from emulators.functions_host.environment import Environment
from emulators.functions_host.errors import ConfigurationError


def _write_local(folder: Path, **document: object) -> None:
    (folder / "local.settings.json").write_text(json.dumps(document))


def test_the_process_environment_wins_over_local_settings(tmp_path: Path) -> None:
    _write_local(tmp_path, IsEncrypted=False, Values={"A": "file", "B": "file", "N": 3})
    settings = load_settings(tmp_path, {"A": "process"})
    assert (settings.get("A"), settings.get("B"), settings.get("N")) == ("process", "file", "3")


def test_the_app_sees_overrides_over_environment_over_file_and_nothing_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write_local(tmp_path, Values={"LAYER_A": "file", "LAYER_B": "file", "LAYER_C": "file"})
    monkeypatch.setenv("LAYER_B", "process")
    monkeypatch.setenv("LAYER_C", "process")
    environment = Environment.enter(tmp_path, {"LAYER_C": "override"})
    seen = [os.environ[name] for name in ("LAYER_A", "LAYER_B", "LAYER_C")]
    environment.leave()
    assert seen == ["file", "process", "override"]
    assert "LAYER_A" not in os.environ
    assert os.environ["LAYER_C"] == "process"


def test_an_encrypted_file_says_what_to_run(tmp_path: Path) -> None:
    _write_local(tmp_path, IsEncrypted=True, Values={})
    with pytest.raises(ConfigurationError, match="func settings decrypt"):
        load_settings(tmp_path, {})


def test_percent_names_are_replaced_and_a_missing_one_is_named() -> None:
    settings = AppSettings({"Queue": "orders", "Section__Key": "deep"})
    assert settings.resolve("%queue%-%Section:Key%") == "orders-deep"
    assert settings.resolve("100%") == "100%"
    with pytest.raises(ConfigurationError, match="MISSING"):
        settings.resolve("%MISSING%")


def test_connections_are_found_by_name_with_and_without_the_prefix() -> None:
    settings = AppSettings({"AzureWebJobsOther": "prefixed", "Plain": "plain", "AzureWebJobsStorage": "default"})
    assert settings.storage_connection("Other") == "prefixed"
    assert settings.storage_connection("Plain") == "plain"
    assert settings.storage_connection(None) == "default"


def test_development_storage_is_written_out() -> None:
    connection = AppSettings({"AzureWebJobsStorage": "UseDevelopmentStorage=true"}).storage_connection(None)
    assert "QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1" in connection


@pytest.mark.parametrize(
    ("values", "said"),
    [({}, "AzureWebJobsStorage"), ({"AzureWebJobsStorage__queueServiceUri": "https://x"}, "identity-based")],
)
def test_an_unusable_connection_says_what_to_set(values: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        AppSettings(values).storage_connection(None)
