"""`make docs`: write the schemas, the generated pages and the hashes of the scripts; `--check` only compares."""

import argparse
import sys
from pathlib import Path

from tools.docgen.allow_list import refresh_list, stale_list
from tools.docgen.files import published_files

_DOCS = Path(__file__).parents[2] / "docs"


def main(arguments: list[str] | None = None) -> int:
    """Write every file and delete each schema that is no longer generated; or print each stale file."""
    parser = argparse.ArgumentParser(prog="python -m tools.docgen", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit status 1 if a file is stale")
    check = parser.parse_args(arguments).check
    files = published_files()
    superfluous = [path for path in _DOCS.glob("schema/*.json") if str(path.relative_to(_DOCS)) not in files]
    if check:
        return _report([*(f"docs/{name}" for name, text in files.items() if _read(_DOCS / name) != text), *superfluous])
    for path in superfluous:
        path.unlink()
    for name, text in files.items():
        path = _DOCS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    refresh_list()
    return 0


def _report(stale: list[object]) -> int:
    stale += ["guest/allow_list.json"] if stale_list() else []
    for name in stale:
        print(f"{name} is out of date: run `make docs`", file=sys.stderr)
    return 1 if stale else 0


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
