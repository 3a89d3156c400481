"""No public name and no log event holds a word that was given up; the checker reports each that does."""

import json
import re
from collections.abc import Iterator
from typing import Any, cast

from contracts.error_codes import FailureCode, RefusalCode
from contracts.registered_names import ALL
from contracts.results import Outcome
from contracts.schemas import schemas
from contracts.stages import Stage
from settings import PREFIX, Settings
from tests.layers.fault import ROOT, Source, kept_files
from tests.layers.retired_words import name_faults, retired_in, script_faults, source_faults, words_of

_EVENT = re.compile(r"\b(?:log|audit|log_line|audit_line)\(\s*f?\"([^\"]+)\"")


def members(value: Any) -> Iterator[str]:
    """Return every name in a JSON Schema: of members, definitions and constants."""
    if isinstance(value, dict):
        for name, each in cast("dict[str, Any]", value).items():
            if name in {"properties", "$defs"}:
                yield from each
            if name in {"const", "enum"}:
                found = cast("list[object]", each if isinstance(each, list) else [each])
                yield from (one for one in found if isinstance(one, str))
            yield from members(each)
    elif isinstance(value, list):
        for each in cast("list[Any]", value):
            yield from members(each)


def test_no_public_name_holds_a_retired_word() -> None:
    names = [
        *(member for text in schemas().values() for member in members(json.loads(text))),
        *(PREFIX + name.upper() for name in Settings.model_fields),
        *ALL,
        *(str(value) for kind in (RefusalCode, FailureCode, Stage, Outcome) for value in kind),
    ]
    assert len(names) > 300
    assert list(name_faults("public", names)) == []


def test_no_log_event_holds_a_retired_word() -> None:
    rooms = ("orchestrators/", "activities/", "triggers/")
    product = [file for file in kept_files() if file.startswith(rooms) and file.endswith(".py")]
    events = [event for file in product for event in _EVENT.findall((ROOT / file).read_text(encoding="utf-8"))]
    assert len(events) > 20
    assert list(name_faults("events", events)) == []


NAMES = {
    "whatToChange": "what to change",
    "DoorMayNotAsk": "door",
    "GOLDEN_SWEEP": "sweep",
    "_told_on": "told",
    "StoppedBySomebodyElse": "somebody else",
    "history": None,
    "outdoors": None,
    "HTTPTrigger": None,
}


def test_a_name_is_split_at_underscores_and_capitals() -> None:
    assert {name: retired_in(name) for name in NAMES} == NAMES
    assert words_of("VMDoor2Open") == ["vm", "door", "2", "open"]


def test_a_retired_word_is_reported_in_names_and_not_in_comments() -> None:
    assert [fault.line for fault in source_faults(Source("policy/x.py", "# the door\nx = 'door'\ndoor_of = 1\n"))] == [
        3
    ]
    assert [fault.line for fault in script_faults("guest/x.sh", "true\ndoor=1\n")] == [2]
