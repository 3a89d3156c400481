"""All files that are made from the contracts, by their path below docs/."""

from contracts.schemas import schemas
from workbench.published.codes import codes_page
from workbench.published.rights_page import rights_page
from workbench.published.settings_page import settings_page


def published_files() -> dict[str, str]:
    """Give path below docs/ to text."""
    pages = {"refusals-and-failures.md": codes_page(), "rights.md": rights_page(), "settings.md": settings_page()}
    return {f"schema/{name}": text for name, text in schemas().items()} | pages
