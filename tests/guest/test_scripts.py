"""The loader reads each guest script once and refuses every other name."""

import hashlib
from pathlib import Path

import pytest

from guest.scripts import UnknownGuestScriptError, load_script

FOLDER = Path(__file__).parents[2] / "guest"


def test_every_script_in_the_folder_can_be_loaded():
    names = {str(file.relative_to(FOLDER)) for suffix in ("sh", "ps1") for file in FOLDER.rglob(f"*.{suffix}")}
    assert len(names) == 4
    for name in names:
        script = load_script(name)
        assert script.name == name
        assert script.text == (FOLDER / name).read_text()
        assert script.sha256 == hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()


def test_a_script_is_read_once():
    assert load_script("linux/deprovision.sh") is load_script("linux/deprovision.sh")


@pytest.mark.parametrize("name", ["linux/nothing.sh", "../settings.py", "linux/../linux/deprovision.sh", ""])
def test_another_name_is_refused_with_the_names_that_exist(name: str):
    with pytest.raises(UnknownGuestScriptError, match=r"linux/deprovision\.sh"):
        load_script(name)


@pytest.mark.parametrize("name", ["linux/deprovision.sh", "windows/deprovision.ps1"])
def test_a_script_fits_a_managed_run_command(name: str):
    assert len(load_script(name).text) < 64_000
