"""All files that are made from the contracts, by their path below docs/."""

from workbench.published.codes import codes_page
from workbench.published.schemas import schemas


def published_files() -> dict[str, str]:
    """Give path below docs/ to text."""
    return {**{f"schema/{name}": text for name, text in schemas().items()}, "refusals-and-failures.md": codes_page()}
