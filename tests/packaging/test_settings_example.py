"""The example of local settings fits the host and the app."""

import json

import pytest

from settings import PREFIX, BadSettings, read_settings
from tests.layers.fault import ROOT

EXAMPLE: dict[str, str] = json.loads((ROOT / "local.settings.example.json").read_text())["Values"]


def test_the_example_is_valid() -> None:
    found = read_settings(EXAMPLE)
    assert found.credential == "local"
    assert len(found.allowed_scopes) == 1
    (place,) = found.build_places
    assert place.resource_group_id in found.allowed_scopes, "nothing could be created there"
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
