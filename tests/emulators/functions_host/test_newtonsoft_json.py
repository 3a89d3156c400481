"""JSON read and written again: texts that Newtonsoft.Json 13 gave, and the same compared with it where it is there."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from emulators.functions_host.newtonsoft_json import JsonReaderException, indented, looks_like_json, parse, text_of

# Strings, and what Newtonsoft.Json writes for them in UTC.
_DATES = {
    "2026-11-27T10:00:00.437700Z": "2026-11-27T10:00:00.4377Z",
    "2026-11-27T10:00:00.437700": "2026-11-27T10:00:00.4377",
    "2026-11-27T10:00:00.000Z": "2026-11-27T10:00:00Z",
    "2026-11-27T10:00:00": "2026-11-27T10:00:00",
    "2026-11-27T10:00:00z": "2026-11-27T10:00:00Z",
    "2026-11-27T10:00:00+02:00": "2026-11-27T08:00:00+00:00",
    "2026-11-27T10:00:00-00:30": "2026-11-27T10:30:00+00:00",
    "2026-11-27T10:00:00+0200": "2026-11-27T08:00:00+00:00",
    "2026-11-27T10:00:00+02": "2026-11-27T08:00:00+00:00",
    "2026-11-27T10:00:00+14:59": "2026-11-26T19:01:00+00:00",
    "2026-11-27T10:00:00.1234567+02:00": "2026-11-27T08:00:00.1234567+00:00",
    "2026-11-27T24:00:00Z": "2026-11-28T00:00:00Z",
    "0001-01-01T00:00:00+05:00": "0001-01-01T00:00:00+00:00",
    "9999-12-31T23:59:59-05:00": "9999-12-31T23:59:59.9999999+00:00",
    "9999-12-31T23:59:59.9999999Z": "9999-12-31T23:59:59.9999999Z",
    "/Date(1198908717056)/": "2007-12-29T06:11:57.056Z",
    "/Date(1198908717056+0100)/": "2007-12-29T06:11:57.056+00:00",
}
_NO_DATES = (
    *("2026-11-27", "2026-11-27 10:00:00Z", "2026-11-27T10:00Z", "2026-13-27T10:00:00Z", " 2026-11-27T10:00:00Z"),
    *("2026-11-27T10:00:00Z ", "2026-11-27t10:00:00Z", "2026-11-27T10:00:00.Z", "2026-11-27T10:00:00.12345678Z"),
    *("2026-11-27T10:00:60Z", "2026-02-29T10:00:00Z", "2026-11-27T24:00:00.5Z", "2026-11-27T10:00:00,5Z", "T"),
    *("\u0662026-11-27T10:00:00Z", "2026-11-27T10:00:00Zx", "/Date(x)/", ""),
)
# Numbers: within a document, and alone as an element of an array.
_NUMBERS = {
    "1": ("1", "1"),
    "-0": ("0", "0"),
    "12345678901234567890123": ("12345678901234567890123", "12345678901234567890123"),
    "1.50": ("1.5", "1.5"),
    "1.0": ("1.0", "1"),
    "-0.0": ("-0.0", "-0"),
    "1E5": ("100000.0", "100000"),
    "1.5e16": ("15000000000000000.0", "15000000000000000"),
    "1e17": ("1E+17", "1E+17"),
    "123456789012345678.0": ("1.2345678901234568E+17", "1.2345678901234568E+17"),
    "1.7976931348623157e308": ("1.7976931348623157E+308", "1.7976931348623157E+308"),
    "0.00012": ("0.00012", "0.00012"),
    "0.000012": ("1.2E-05", "1.2E-05"),
    "5e-324": ("5E-324", "5E-324"),
    "0.1234567890123456789": ("0.12345678901234568", "0.12345678901234568"),
    "NaN": ('"NaN"', "NaN"),
    "-Infinity": ('"-Infinity"', "-Infinity"),
}
_DOCUMENT = (
    '{"a":[],"b":{},"c":null,"d":true,"x":1,"e":[1,[2,3],{"f":[]}],"x":2,'
    '"s":"tab\\t\\u0001\\u007f\\u0085\\u2028 / \\/ \u00fc \\" \\\\"}'
)
_INDENTED = """{
  "a": [],
  "b": {},
  "c": null,
  "d": true,
  "x": 2,
  "e": [
    1,
    [
      2,
      3
    ],
    {
      "f": []
    }
  ],
  "s": "tab\\t\\u0001\x7f\\u0085\\u2028 / / \u00fc \\" \\\\"
}"""


def _again(text: str) -> str:
    return text_of(parse(text, dates=True))


@pytest.mark.parametrize(("given", "written"), _DATES.items())
def test_times_are_written_anew(given: str, written: str) -> None:
    assert _again(json.dumps({"at": given})) == f'{{\n  "at": "{written}"\n}}'


@pytest.mark.parametrize("given", _NO_DATES)
def test_other_strings_stay(given: str) -> None:
    assert parse(json.dumps({"at": given}), dates=True) == {"at": given}


def test_times_stay_where_the_worker_sent_a_list() -> None:
    assert indented(parse('["2026-11-27T10:00:00.50Z"]', dates=False)) == '[\n  "2026-11-27T10:00:00.50Z"\n]'


@pytest.mark.parametrize(("given", "within", "alone"), [(number, *texts) for number, texts in _NUMBERS.items()])
def test_numbers_are_written_as_dotnet_does(given: str, within: str, alone: str) -> None:
    assert _again(f'{{"n":{given}}}') == f'{{\n  "n": {within}\n}}'
    [element] = parse(f"[{given}]", dates=True)  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType]
    assert text_of(element) == alone  # pyright: ignore[reportUnknownArgumentType]


def test_a_document_is_indented_and_the_last_of_two_members_counts() -> None:
    assert _again(_DOCUMENT) == _INDENTED


@pytest.mark.parametrize(
    ("element", "text"),
    [("null", ""), ("true", "True"), ('"a"', "a"), ('"2026-11-27T10:00:00.5Z"', "11/27/2026 10:00:00")],
)
def test_a_scalar_alone_is_dotnets_text(element: str, text: str) -> None:
    [value] = parse(f"[{element}]", dates=True)  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType]
    assert text_of(value) == text  # pyright: ignore[reportUnknownArgumentType]


@pytest.mark.parametrize("text", ["{not json}", '{"a":1} {"b":2}', "[}", '{"a":+1}', "[" * 65 + "]" * 65])
def test_what_newtonsoft_refuses_is_refused(text: str) -> None:
    with pytest.raises(JsonReaderException):
        parse(text, dates=True)


def test_64_levels_are_read() -> None:
    assert looks_like_json("[" * 64 + "]" * 64)
    assert parse("[" * 64 + "]" * 64, dates=True) is not None


@pytest.mark.parametrize(
    ("text", "is_json"),
    [(" {x} ", True), ("[1]\n", True), ("{1]", False), ("", False), ("plain", False), ('"{}"', False)],
)
def test_the_first_and_last_character_decide_what_is_taken_for_json(text: str, is_json: bool) -> None:
    assert looks_like_json(text) is is_json


@pytest.mark.skipif(shutil.which("pwsh") is None, reason="pwsh, which brings Newtonsoft.Json, is not on PATH")
def test_newtonsoft_itself_writes_the_same(tmp_path: Path) -> None:
    documents = [_DOCUMENT, *(f'{{"n":{number}}}' for number in _NUMBERS)]
    documents += [json.dumps({"at": text}) for text in (*_DATES, *_NO_DATES)]
    assert _newtonsoft(documents, tmp_path) == [_again(document) for document in documents]


def _newtonsoft(documents: list[str], folder: Path) -> list[str]:
    """What `JToken.Parse(text).ToString()` gives for each."""
    given, script, written = folder / "given.json", folder / "again.ps1", folder / "written.json"
    given.write_text(json.dumps(documents), "utf-8")
    script.write_text(
        f"""
$settings = [Newtonsoft.Json.JsonSerializerSettings]::new()
$settings.DateParseHandling = 'None'
$given = [Newtonsoft.Json.JsonConvert]::DeserializeObject([IO.File]::ReadAllText('{given}'), [string[]], $settings)
$again = @($given | ForEach-Object {{ [Newtonsoft.Json.Linq.JToken]::Parse($_).ToString() }})
[IO.File]::WriteAllText('{written}', [Newtonsoft.Json.JsonConvert]::SerializeObject([string[]]$again))
"""
    )
    subprocess.run(["pwsh", "-NoProfile", "-NonInteractive", "-File", script], check=True, timeout=60)
    return json.loads(written.read_text("utf-8"))
