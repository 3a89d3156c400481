"""The published documents are those that the contracts make today."""

from pathlib import Path

import pytest

from contracts.reasons import WHAT_TO_CHANGE, FailureCode, RefusalCode
from workbench.published.codes import codes_page
from workbench.published.files import published_files
from workbench.published.when import WHEN

DOCS = Path(__file__).parents[3] / "docs"
FILES = published_files()


@pytest.mark.parametrize("name", FILES)
def test_a_published_file_is_current(name: str) -> None:
    path = DOCS / name
    found = path.read_text(encoding="utf-8") if path.exists() else ""
    assert found == FILES[name], f"docs/{name} is not what the contracts say: run python -m workbench.published"


def test_no_schema_is_left_from_before() -> None:
    found = {f"schema/{path.name}" for path in (DOCS / "schema").iterdir()}
    assert found == {name for name in FILES if name.startswith("schema/")}, "run python -m workbench.published"


@pytest.mark.parametrize("code", [*RefusalCode, *FailureCode])
def test_the_page_names_every_code_when_it_comes_and_what_to_change(code: RefusalCode | FailureCode) -> None:
    rows = [line for line in codes_page().splitlines() if line.startswith(f"| `{code}` |")]
    assert rows == [f"| `{code}` | {WHEN[code]} | {WHAT_TO_CHANGE[code]} |"]
    assert rows[0].count("|") == 4
    assert WHEN[code].endswith(".")


def test_every_sentence_has_its_code() -> None:
    assert set(WHEN) == set(WHAT_TO_CHANGE)
