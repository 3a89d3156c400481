"""Only listed scripts may run, and only with the text that was listed."""

import json
from pathlib import Path
from typing import Any

import pytest

from guest.allow_list import LIST, AllowedScript, NotAllowed, allowed, entry_faults, names
from guest.scripts import FOLDER, load_script, read_script, sha256_of

ENTRIES: list[dict[str, Any]] = json.loads((FOLDER / LIST).read_text())["scripts"]
MARKED = [entry["name"] for entry in ENTRIES if entry["kind"] == "customize"]


def own(folder: Path, text: str = "true\n", **changes: object) -> dict[str, Any]:
    """Lists one script in a folder, and returns its entry."""
    (folder / "own").mkdir(exist_ok=True)
    (folder / "own/one.sh").write_text(text)
    entry: dict[str, Any] = {
        "name": "one",
        "kind": "customize",
        "os": "Linux",
        "file": "own/one.sh",
        "sha256": sha256_of(text),
        "description": "One.",
        "parameters": {"SITE": "[a-z]{1,5}"},
    }
    entry |= changes
    (folder / LIST).write_text(json.dumps({"scripts": [entry]}))
    return entry


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: str(entry["name"]))
def test_every_listed_hash_is_that_of_the_file(entry: dict[str, Any]):
    found = sha256_of(read_script(FOLDER / entry["file"]))
    assert found == entry["sha256"], f"{entry['file']} was changed. Review it and run make docs."
    assert entry_faults(entry) == []
    assert entry["description"].endswith(".")


def test_the_names_of_the_list():
    assert names()[:4] == ("linux-packages-update", "windows-update", "linux-deprovision", "windows-deprovision")


def test_a_listed_script_comes_with_its_text():
    script = allowed("linux-packages-update")
    assert (script.kind, script.os) == ("customize", "Linux")
    assert script.sha256 == sha256_of(script.text)
    assert script.parameters == {"GOLDEN_LOCK_WAIT_SECONDS": "[0-9]{1,4}"}
    assert allowed("linux-packages-update") is script


@pytest.mark.parametrize("system", ["linux", "windows"])
def test_the_built_in_deprovision_scripts_are_listed_as_they_are_sent(system: str):
    script = allowed(f"{system}-deprovision")
    suffix = "sh" if system == "linux" else "ps1"
    assert (script.kind, script.text) == ("deprovision", load_script(f"{system}/deprovision.{suffix}").text)


@pytest.mark.parametrize("name", MARKED)
def test_a_customizer_script_begins_with_its_name(name: str):
    assert f"# script: {name}" in allowed(name).text.splitlines()[:2]


def test_the_identity_scripts_begin_with_their_name():
    assert load_script("linux/read_identity.sh").text.splitlines()[1] == "# script: read-identity"
    assert load_script("windows/read_identity.ps1").text.splitlines()[0] == "# script: read-identity"


@pytest.mark.parametrize("name", ["", "rm", "linux/deprovision.sh", "../own/x.sh", "Linux-Packages-Update"])
def test_a_name_that_is_not_listed_is_refused(name: str):
    with pytest.raises(NotAllowed, match="Use one of linux-packages-update, windows-update"):
        allowed(name)


def test_own_scripts_are_listed_the_same_way(tmp_path: Path):
    own(tmp_path)
    assert names(tmp_path) == ("one",)
    assert allowed("one", tmp_path) == AllowedScript(
        "one", "customize", "Linux", sha256_of("true\n"), "true\n", {"SITE": "[a-z]{1,5}"}
    )


def test_a_file_that_was_changed_since_it_was_listed_is_refused(tmp_path: Path):
    own(tmp_path)
    (tmp_path / "own/one.sh").write_text("curl example.org | sh\n")
    with pytest.raises(NotAllowed, match=r"own/one\.sh was changed since it was listed"):
        allowed("one", tmp_path)
    (tmp_path / "own/one.sh").write_text("true\n")
    assert allowed("one", tmp_path).text == "true\n"


def test_a_changed_part_is_a_change(tmp_path: Path):
    own(tmp_path, "# part: two.sh\n", sha256=sha256_of("two\n"))
    (tmp_path / "own/two.sh").write_text("two\n")
    assert allowed("one", tmp_path).text == "two\n"
    other = tmp_path / "other"
    other.mkdir()
    own(other, "# part: two.sh\n", sha256=sha256_of("two\n"))
    (other / "own/two.sh").write_text("three\n")
    with pytest.raises(NotAllowed, match="was changed"):
        allowed("one", other)


def test_a_listed_file_that_is_missing_is_refused(tmp_path: Path):
    own(tmp_path)
    (tmp_path / "own/one.sh").unlink()
    with pytest.raises(NotAllowed, match=r"Deploy own/one\.sh too"):
        allowed("one", tmp_path)


def test_line_ends_of_a_checkout_do_not_matter(tmp_path: Path):
    own(tmp_path)
    (tmp_path / "own/one.sh").write_bytes(b"true\r\n")
    assert allowed("one", tmp_path).text == "true\n"


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        ({}, ()),
        ({"SITE": "north"}, ()),
        ({"SITE": "north;reboot"}, ("SITE of one must match [a-z]{1,5}.",)),
        ({"SITE": "north\n"}, ("SITE of one must match [a-z]{1,5}.",)),
        ({"LD_PRELOAD": "x"}, ("one has no parameter 'LD_PRELOAD'; it allows SITE.",)),
    ],
)
def test_parameters_are_those_of_the_list(tmp_path: Path, given: dict[str, str], faults: tuple[str, ...]):
    own(tmp_path)
    assert allowed("one", tmp_path).faults(given) == faults


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"name": "One"}, "lower-case letters"),
        ({"kind": "anything"}, 'kind must be "customize" or "deprovision"'),
        ({"os": "linux"}, 'os must be "Linux" or "Windows"'),
        ({"os": "Windows"}, "file must match"),
        ({"file": "own/../../etc/passwd.sh"}, "file must match"),
        ({"file": "/etc/x.sh"}, "file must match"),
        ({"parameters": {"site": "x"}}, "The parameter 'site' must match"),
        ({"parameters": {"SITE": "("}}, "must be a regular expression"),
        ({"parameters": {"SITE": 1}}, "must be a regular expression"),
        ({"parameters": []}, "wrong type"),
        ({"sha256": None}, "wrong type"),
        ({"timeout": 1}, "timeout is not a member"),
    ],
)
def test_an_invalid_entry_invalidates_the_entire_list(tmp_path: Path, changes: dict[str, Any], fault: str):
    entry = own(tmp_path, **changes)
    assert fault in " ".join(entry_faults(entry))
    with pytest.raises(ValueError, match="allow_list"):
        names(tmp_path)


def test_an_entry_lacks_nothing(tmp_path: Path):
    entry = own(tmp_path)
    del entry["sha256"]
    assert entry_faults(entry) == ["An entry lacks sha256."]


def test_a_name_is_listed_once(tmp_path: Path):
    entry = own(tmp_path)
    (tmp_path / LIST).write_text(json.dumps({"scripts": [entry, entry]}))
    with pytest.raises(ValueError, match="the same name"):
        names(tmp_path)


def test_the_page_for_own_scripts_describes_the_protocol():
    page = (FOLDER / "own/README.md").read_text()
    deprovision = [load_script(name).text for name in ("linux/deprovision.sh", "windows/deprovision.ps1")]
    for word in ("GOLDEN_RUN_ID", "GOLDEN_NONCE", "GOLDEN_NOT_AFTER", "GOLDEN_KEEP_USER", "GOLDEN_DELAY_SECONDS"):
        assert word in page
        assert word in deprovision[0]
    for word in ("RunId", "NotAfter", "ShutdownDelaySeconds", "SysprepTimeoutSeconds", "VmMode", "SysprepPassword"):
        assert word in page
        assert f"${word} = '" in deprovision[1]
    for word in (
        "GOLDEN-IMAGE-RESULT",
        "GOLDEN-IMAGE-DEPROVISIONED",
        "GOLDEN-IMAGE-FAILED",
        "make docs",
    ):
        assert word in page
