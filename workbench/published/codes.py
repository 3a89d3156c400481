"""The table of refusal and failure codes as Markdown."""

from collections.abc import Iterable

from contracts.reasons import WHAT_TO_CHANGE, FailureCode, RefusalCode
from workbench.published.when import WHEN

_HEAD = """# Refusals and failures

This page is made from `contracts/reasons.py` by `python -m workbench.published`; change it there.

Every code stands in `code`, what was seen in `message`, and the advice below in `whatToChange`.
"""


def codes_page() -> str:
    """Give the page: first the refusals, then the failures, in the order of the code."""
    return "\n".join(
        [
            _HEAD,
            "## Refusals",
            "",
            "A refusal comes before anything was changed: the machine is as it was.",
            "",
            *_table(RefusalCode),
            "",
            "## Failures",
            "",
            "A failure ends a run that had begun. The result says in which stage, and holds the evidence.",
            "",
            *_table(FailureCode),
            "",
        ]
    )


def _table(codes: Iterable[RefusalCode | FailureCode]) -> list[str]:
    rows = [f"| `{code}` | {_cell(WHEN[code])} | {_cell(WHAT_TO_CHANGE[code])} |" for code in codes]
    return ["| Code | When | What to change |", "|---|---|---|", *rows]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
