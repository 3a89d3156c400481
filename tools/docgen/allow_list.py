"""Updates the hashes in guest/allow_list.json after a listed script has changed."""

import json
from pathlib import Path

from guest.allow_list import LIST
from guest.scripts import FOLDER, read_script, sha256_of


def refreshed_list(folder: Path = FOLDER) -> str:
    """Return the text of the list with the current hash of every listed file; everything else stays unchanged.

    Raises OSError for a listed file that is missing, KeyError for an entry without `file`.
    """
    document = json.loads((folder / LIST).read_text(encoding="utf-8"))
    for entry in document["scripts"]:
        entry["sha256"] = sha256_of(read_script(folder / entry["file"]))
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def stale_list(folder: Path = FOLDER) -> bool:
    """Return whether a listed script was changed since its hash was written."""
    return (folder / LIST).read_text(encoding="utf-8") != refreshed_list(folder)


def refresh_list(folder: Path = FOLDER) -> None:
    """Write the list with the current hashes."""
    (folder / LIST).write_text(refreshed_list(folder), encoding="utf-8")
