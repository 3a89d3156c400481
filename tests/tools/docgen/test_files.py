"""The published documents match the contracts."""

from pathlib import Path

import pytest

from contracts.error_codes import REMEDIATION, FailureCode, RefusalCode
from tests.support.rows import rows
from tools.docgen import __main__ as published
from tools.docgen.codes import codes_page
from tools.docgen.files import published_files
from tools.docgen.when import WHEN

DOCS = Path(__file__).parents[3] / "docs"
FILES = published_files()


@rows("name", FILES)
def test_a_published_file_is_current(name: str) -> None:
    path = DOCS / name
    found = path.read_text(encoding="utf-8") if path.exists() else ""
    assert found == FILES[name], f"docs/{name} is out of date: run make docs"


def test_no_outdated_schema_exists() -> None:
    found = {f"schema/{path.name}" for path in (DOCS / "schema").iterdir()}
    assert found == {name for name in FILES if name.startswith("schema/")}, "run make docs"


@rows("code", [*RefusalCode, *FailureCode])
def test_the_page_has_every_code_with_its_meaning_and_remediation(code: RefusalCode | FailureCode) -> None:
    rows = [line for line in codes_page().splitlines() if line.startswith(f"| `{code}` |")]
    assert set(rows) == {f"| `{code}` | {WHEN[code]} | {REMEDIATION[code]} |"}
    assert rows[0].count("|") == 4
    assert WHEN[code].endswith(".")


def test_every_sentence_has_its_code() -> None:
    assert set(WHEN) == set(REMEDIATION)


def test_a_stale_page_fails_the_check_and_names_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert published.main(["--check"]) == 0
    monkeypatch.setattr(published, "published_files", lambda: {**FILES, "settings.md": "another text"})
    monkeypatch.setattr(published, "stale_list", lambda: True)
    assert published.main(["--check"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert [line.partition(" ")[0] for line in said] == ["docs/settings.md", "guest/allow_list.json"]
    assert all("`make docs`" in line for line in said)
