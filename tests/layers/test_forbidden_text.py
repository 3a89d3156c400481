"""No file names a registry, a path of one machine or a ticket; the checker reports each that does."""

import subprocess

import pytest

from tests.layers.fault import ROOT, Fault, all_files, show
from tests.layers.forbidden_text import word_faults
from tests.support.rows import rows

# The contents of the histories (.gz) are checked by their own test.
_BINARY = (".png", ".ico", ".svg", ".gz")


@rows(
    ("file", "text"),
    [
        ("README.md", "--index-url https://" + "py" + "pi.org/simple"),
        ("a.lock", "https://files.python" + "hosted.org/packages/x"),
        ("emulators/azurite/.npmrc", "registry=https://registry.npm" + "js.org/"),
        ("docs/x.md", "see /wor" + "k/main/x.py"),
        ("docs/x.md", "in /home" + "/me/x"),
        ("policy/x.py", "PATH = '/ro" + "ot/.cache'"),
        ("docs/x.md", "as iss" + "ue 12 says"),
        ("docs/x.md", "as Iss" + "ue #12 says"),
        ("policy/x.py", "# fixes #" + "3"),
        ("emulators/azurite/package-lock.json", '      "resol' + 'ved": "x",'),
    ],
)
def test_a_forbidden_text_is_reported(file: str, text: str) -> None:
    assert word_faults(file, f"first\n{text}\n")[0].line == 2


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("guest/linux/x.sh", "rm -f /ro" + "ot/anaconda-ks.cfg"),
        ("docs/x.md", "the issue is old; colour #123; https://example.org/work/x"),
    ],
)
def test_an_allowed_text_is_not_reported(file: str, text: str) -> None:
    assert word_faults(file, text) == []


def test_no_file_of_the_project_has_a_forbidden_text() -> None:
    faults: list[Fault] = []
    for file in _kept_files():
        if not file.endswith(_BINARY):
            faults += word_faults(file, (ROOT / file).read_text())
    assert not faults, show(faults)


def _kept_files() -> list[str]:
    """Return the files that git tracks or would track; all files without git."""
    try:
        done = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return all_files()
    return [file for file in done.stdout.splitlines() if (ROOT / file).is_file()]
