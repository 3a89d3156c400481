"""Checks the text of every file: no registry address, no path of one machine, no ticket number."""

import re

from tests.layers.fault import Fault

# Written in pieces, so that this file follows its own rules.
_RULES = (
    (re.compile("py" + r"pi\.org|python" + r"hosted\.org|npm" + r"js\.(?:org|com)", re.I), "no address of a registry"),
    (re.compile(r"(?<![\w.$}/~-])/(?:wor" + r"k|home/\w+|Users/\w+)/"), "no path of one machine"),
    (re.compile(r"\b(?:iss" + r"ue|tick" + r"et|pull request)s?\s+(?:no\.? ?)?#?\d+", re.I), "no ticket number"),
    (re.compile(r"\b(?:fix(?:es)?|closes|see|refs?)\s+#" + r"\d+", re.I), "no ticket number"),
)
_RESOLVED = re.compile(r'"resol' + r'ved"\s*:')


_OF_A_GUEST = (
    "guest/",
    "infra/",
    "tests/guest/",
    "tests/emulators/",
    "emulators/arm/",
    "emulators/guest/",
)
_HOME_OF_ROOT = re.compile(r"(?<![\w.$}/~-])/ro" + r"ot/")


def word_faults(file: str, text: str) -> list[Fault]:
    """Return a fault for every line that names a registry, a path of one machine or a ticket."""
    faults: list[Fault] = []
    for number, line in enumerate(text.splitlines(), 1):
        faults += [Fault(file, number, f"{what}: {line.strip()[:80]}") for rule, what in _RULES if rule.search(line)]
        if _HOME_OF_ROOT.search(line) and not file.startswith(_OF_A_GUEST):
            faults.append(Fault(file, number, f"no path of one machine: {line.strip()[:80]}"))
        if file.endswith("package-lock.json") and _RESOLVED.search(line):
            faults.append(Fault(file, number, "the lock must not name where a package was found"))
    return faults
