"""All generated files, by their path below docs/."""

from contracts.schemas import schemas
from tools.docgen.codes import codes_page
from tools.docgen.rights_page import rights_page
from tools.docgen.settings_page import settings_page


def published_files() -> dict[str, str]:
    """Return the text of each file by its path below docs/."""
    pages = {"refusals-and-failures.md": codes_page(), "rights.md": rights_page(), "settings.md": settings_page()}
    return {f"schema/{name}": text for name, text in schemas().items()} | pages
