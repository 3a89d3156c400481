"""The tags of requests and settings: Azure's limits, the app's own names, and which value wins."""

import json

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from contracts import tags as app_tags
from contracts.own_tags import MOST_OWN_CHARACTERS, MOST_OWN_TAGS, merged, tag_faults
from contracts.parsing import BadRequest, read_request
from contracts.tags import MOST_SCRIPT_TAGS, customizer_tag
from settings import BadSettings, read_settings
from tests.support.requests import request

unhurried = hypothesis_settings(deadline=None)  # a busy VM is no fault

BAD: dict[str, tuple[dict[str, object], str]] = {
    "the app's own": ({"Golden-Image-Run": "x"}, "are the app's own"),
    "too many": ({f"t{n}": "" for n in range(16)}, "at most 15"),
    "too much together": ({f"t{n}": "x" * 250 for n in range(7)}, "at most 1500"),
    "a name of 513": ({"n" * 513: ""}, "512"),
    "no name": ({"": "x"}, "1"),
    "a value of 257": ({"n": "x" * 257}, "256"),
    "a character of its own": ({"a/b": "x"}, "< > % & \\ ? /"),
    "a line break": ({"a": "x\ny"}, "control character"),
    "spaces around": ({" a": "x"}, "spaces"),
    "Azure's names": ({"AzureOwner": "x"}, "reserves"),
    "Microsoft's": ({"microsoft.x": "x"}, "reserves"),
    "the system's": ({"Windows": "x"}, "reserves"),
    "one name twice": ({"Owner": "a", "owner": "b"}, "names of tags have no case"),
    "no text": ({"n": 1}, "string"),
}


@pytest.mark.parametrize(("tags", "message"), BAD.values(), ids=BAD.keys())
def test_tags_that_azure_would_reject_are_refused_in_requests_and_settings(
    tags: dict[str, object], message: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        read_request(json.dumps(request(tags=tags)), max_targets=1)
    assert message in str(caught.value)
    assert "$.tags" in str(caught.value)
    with pytest.raises(BadSettings, match="GOLDEN_TAGS"):
        read_settings({"GOLDEN_TAGS": json.dumps(tags)})


def test_good_tags_are_taken() -> None:
    tags = {"Owner": "", "hidden-cost": "12 %&<>/", "n" * 512: "x"}
    assert read_request(json.dumps(request(tags=tags)), max_targets=1).tags == tags
    assert read_settings({"GOLDEN_TAGS": json.dumps(tags)}).for_run().tags == tags


def test_the_setting_must_not_contain_the_opt_in_tag() -> None:
    with pytest.raises(BadSettings, match="the tag in GOLDEN_OPT_IN_TAG"):
        read_settings({"GOLDEN_TAGS": '{"ALLOW": "no"}', "GOLDEN_OPT_IN_TAG": "allow=yes"})


def test_the_requests_value_wins_in_any_case() -> None:
    assert merged({"Owner": "ops", "env": "prod"}, {"owner": "web"}) == {"env": "prod", "owner": "web"}
    assert merged({}, {}) == {}


def test_the_apps_own_tags_and_these_fit_on_every_resource() -> None:
    public = {name: value for name, value in vars(app_tags).items() if name.endswith("_TAG") and name[0] != "_"}
    own = {value for name, value in public.items() if name != "OPT_IN_TAG"}
    own |= {customizer_tag(place) for place in range(MOST_SCRIPT_TAGS)}
    assert all(name.startswith(app_tags.OWN_PREFIX) for name in own)
    # The opt-in tag is on a clone, too.
    assert len(own) + 1 + MOST_OWN_TAGS <= 50


@unhurried
@given(st.dictionaries(st.text(max_size=30), st.text(max_size=300), max_size=20))
def test_faults_are_bounded_and_what_is_taken_fits(tags: dict[str, str]) -> None:
    faults = list(tag_faults(tags))
    assert all(len(fault) < 400 for fault in faults)
    if not faults:
        assert len(tags) <= MOST_OWN_TAGS
        assert sum(len(name) + len(value) for name, value in tags.items()) <= MOST_OWN_CHARACTERS
