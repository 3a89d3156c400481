"""The loader reads each guest script once, joins its parts, and refuses every other name."""

import hashlib
import re
from pathlib import Path

import pytest

from guest.scripts import FOLDER, UnknownGuestScriptError, load_script, read_script, sha256_of

NAMES = tuple(
    f"{system}/{name}.{suffix}"
    for system, suffix in (("linux", "sh"), ("windows", "ps1"))
    for name in ("collect_evidence", "deprovision", "read_identity")
)


def test_every_built_in_script_can_be_loaded_and_fits_a_managed_run_command():
    for name in NAMES:
        script = load_script(name)
        assert script.name == name
        assert script.text == read_script(FOLDER / name), name
        assert script.sha256 == hashlib.sha256(script.text.encode()).hexdigest() == sha256_of(script.text)
        assert len(script.text) < 64_000, name


def test_shell_scripts_are_plain_ascii_and_run_by_sh():
    scripts = [*FOLDER.glob("linux/*.sh"), *FOLDER.glob("customizers/*.sh")]
    assert len(scripts) >= 4
    for script in scripts:
        text = script.read_text(encoding="ascii")
        assert text.startswith("#!/bin/sh\n"), script
        assert "\r" not in text, script
        assert "eval" not in text, script


def test_every_file_of_both_systems_is_a_script_or_a_part_of_one():
    files = {str(file.relative_to(FOLDER)) for system in ("linux", "windows") for file in (FOLDER / system).iterdir()}
    parts = {
        f"{name.split('/')[0]}/{part}"
        for name in NAMES
        for part in re.findall(r"^# part: (.+)$", (FOLDER / name).read_text(), re.MULTILINE)
    }
    assert parts == {"windows/boot_id.ps1", "windows/preconditions.ps1", "windows/sysprep_as_user.ps1"}
    assert files == {*NAMES, *parts}


def test_a_script_without_parts_is_the_file_as_it_is():
    file = FOLDER / "linux/deprovision.sh"
    assert load_script("linux/deprovision.sh").sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_script_is_read_once():
    assert load_script("linux/deprovision.sh") is load_script("linux/deprovision.sh")


@pytest.mark.parametrize(
    "name", ["linux/nothing.sh", "../settings.py", "linux/../linux/deprovision.sh", "", "windows/preconditions.ps1"]
)
def test_another_name_is_refused_with_the_names_that_exist(name: str):
    with pytest.raises(UnknownGuestScriptError, match=r"linux/deprovision\.sh"):
        load_script(name)


def test_a_part_takes_the_place_of_its_line(tmp_path: Path):
    (tmp_path / "whole.ps1").write_text("first\n# part: middle.ps1\nlast\n")
    (tmp_path / "middle.ps1").write_bytes(b"\xef\xbb\xbfmiddle\r\nno end")
    assert read_script(tmp_path / "whole.ps1") == "first\nmiddle\nno end\nlast\n"
    before = sha256_of(read_script(tmp_path / "whole.ps1"))
    (tmp_path / "middle.ps1").write_text("other")
    assert sha256_of(read_script(tmp_path / "whole.ps1")) != before


@pytest.mark.parametrize("part", ["../secret.ps1", "/etc/passwd", "a b.ps1", "settings.py"])
def test_a_part_lies_in_the_same_folder(tmp_path: Path, part: str):
    (tmp_path / "whole.ps1").write_text(f"# part: {part}\n")
    with pytest.raises(ValueError, match="its own folder"):
        read_script(tmp_path / "whole.ps1")


def test_a_part_has_no_parts(tmp_path: Path):
    (tmp_path / "whole.sh").write_text("# part: one.sh\n")
    (tmp_path / "one.sh").write_text("# part: two.sh\n")
    with pytest.raises(ValueError, match=r"name all of them in whole\.sh"):
        read_script(tmp_path / "whole.sh")
