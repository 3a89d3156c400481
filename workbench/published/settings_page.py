"""The table of settings as Markdown."""

from contracts.run import Wait, Waits
from settings import PREFIX, Settings

_HEAD = """# Settings

This page is made from `settings.py` by `python -m workbench.published`; change it there.

Names are upper case; a name with this prefix that is not below is refused, so that a misspelt guard is never ignored.
All that a run needs is stamped into it when it is accepted: a later change does not touch runs under way.
"""
_WAITS = """
## Waits

`GOLDEN_WAITS` is JSON with the stages that differ, for example
`{"linuxStop": {"first": 75, "every": 30, "deadline": 1200}}`. Seconds: the first look, then every so often (at
least 15, since Azure refills twelve reads and four orders of a machine a minute), until the deadline.
"""


def settings_page() -> str:
    """Give the page: every setting with its default, then the waits with theirs."""
    rows = [
        f"| `{PREFIX}{name.upper()}` | {_default(field.default)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    waits = Waits()
    wait_rows = [
        f"| `{field.alias}` | {wait.first} | {wait.every} | {wait.deadline} |"
        for name, field in Waits.model_fields.items()
        if isinstance(wait := getattr(waits, name), Wait)
    ]
    return "\n".join(
        [
            _HEAD,
            "| setting | default | what it says |",
            "|---|---|---|",
            *rows,
            _WAITS,
            "| stage | first | every | deadline |",
            "|---|---|---|---|",
            *wait_rows,
            "",
        ]
    )


def _default(value: object) -> str:
    if value is None or value == () or value == {}:
        return ""
    return "see below" if isinstance(value, Waits) else f"`{value}`"
