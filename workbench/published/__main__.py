"""`python -m workbench.published`: write docs/schema/*.json, the pages made from code, and guest/allow_list.json."""

from pathlib import Path

from workbench.published.allow_list import refresh_list
from workbench.published.files import published_files

_DOCS = Path(__file__).parents[2] / "docs"


def main() -> None:
    """Write every file; a schema that is no longer made is removed."""
    files = published_files()
    for old in _DOCS.glob("schema/*.json"):
        if str(old.relative_to(_DOCS)) not in files:
            old.unlink()
    for name, text in files.items():
        path = _DOCS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    refresh_list()


if __name__ == "__main__":
    main()
