"""The checker reports each text that no file may hold."""

from tests.layers.forbidden_text import word_faults

BAD = [
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
    ("policy/x.py", "# unless it is Azurite"),
]
ALLOWED = [
    ("guest/linux/x.sh", "rm -f /ro" + "ot/anaconda-ks.cfg"),
    ("docs/x.md", "the issue is old; colour #123; https://example.org/work/x"),
    ("tools/x.py", "# Azurite"),
]


def test_a_forbidden_text_is_reported() -> None:
    lines = [(file, text, [fault.line for fault in word_faults(file, f"first\n{text}\n")]) for file, text in BAD]
    assert [row for row in lines if row[2] != [2]] == []


def test_an_allowed_text_is_not_reported() -> None:
    assert [row for row in ALLOWED if word_faults(*row)] == []
