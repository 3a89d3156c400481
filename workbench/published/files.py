"""All generated files, by their path below docs/."""

from contracts.schemas import schemas
from workbench.published.codes import codes_page
from workbench.published.rights_page import rights_page
from workbench.published.settings_page import settings_page


def published_files() -> dict[str, str]:
    """Return the text of each file by its path below docs/."""
    pages = {"refusals-and-failures.md": codes_page(), "rights.md": rights_page(), "settings.md": settings_page()}
    return {f"schema/{name}": text for name, text in schemas().items()} | pages
