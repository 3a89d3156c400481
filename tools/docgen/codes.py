"""The table of refusal and failure codes as Markdown."""

from collections.abc import Iterable

from contracts.error_codes import REMEDIATION, FailureCode, RefusalCode
from tools.docgen.when import WHEN

_HEAD = """# Refusals and failures

`make docs` generates this page from `contracts/refusal_codes.py`, `contracts/failure_codes.py` and
`tools/docgen/when.py`. Change it there.

In a result, `code` holds the code, `message` says what was found, and `remediation` repeats the advice below.
"""


def codes_page() -> str:
    """Return the page: first the refusals, then the failures, in the order of the code."""
    return "\n".join(
        [
            _HEAD,
            "## Refusals",
            "",
            "A run is refused before anything is changed: the VM is as it was.",
            "",
            *_table(RefusalCode),
            "",
            "## Failures",
            "",
            "A failure ends a run that has started. The result contains the stage (`endedIn`) and the evidence.",
            "",
            *_table(FailureCode),
            "",
        ]
    )


def _table(codes: Iterable[RefusalCode | FailureCode]) -> list[str]:
    rows = [f"| `{code}` | {_cell(WHEN[code])} | {_cell(REMEDIATION[code])} |" for code in codes]
    return ["| Code | When | What to do |", "|---|---|---|", *rows]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
