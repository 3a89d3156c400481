"""The updater of the allow-list writes the current hashes and changes nothing else."""

import json
import shutil
from pathlib import Path

import pytest

from guest.allow_list import LIST, NotAllowed, allowed
from guest.scripts import FOLDER
from tools.docgen.allow_list import refresh_list, refreshed_list


def test_the_list_is_as_the_updater_writes_it():
    assert (FOLDER / LIST).read_text() == refreshed_list(), "run make docs"


def test_a_changed_script_is_listed_again(tmp_path: Path):
    folder = shutil.copytree(FOLDER, tmp_path / "guest")
    script = folder / "windows/sysprep_as_user.ps1"
    script.write_text(script.read_text() + "# a new line\n")
    before = json.loads((folder / LIST).read_text())["scripts"]
    with pytest.raises(NotAllowed):
        allowed("windows-deprovision", folder)
    refresh_list(folder)
    after = json.loads((folder / LIST).read_text())["scripts"]
    changed = [old["name"] for old, new in zip(before, after, strict=True) if old != new]
    assert changed == ["windows-deprovision"]
    assert {**before[3], "sha256": ""} == {**after[3], "sha256": ""}
