"""Checks the text of every file: no registry address, no path of one machine, no ticket number."""

import re

from tests.layers.fault import Fault
from tests.layers.packages import in_product

_A_MACHINE = "no path of one machine"
# Written in pieces, so that this file follows its own rules.
_RULES = (
    (re.compile("py" + r"pi\.org|python" + r"hosted\.org|npm" + r"js\.(?:org|com)", re.I), "no address of a registry"),
    (re.compile(r"(?<![\w.$}/~-])/(?:wor" + r"k|home/\w+|Users/\w+)/"), _A_MACHINE),
    (re.compile(r"\b(?:iss" + r"ue|tick" + r"et|pull request)s?\s+(?:no\.? ?)?#?\d+", re.I), "no ticket number"),
    (re.compile(r"\b(?:fix(?:es)?|closes|see|refs?)\s+#" + r"\d+", re.I), "no ticket number"),
)
_HOME_OF_ROOT = (re.compile(r"(?<![\w.$}/~-])/ro" + r"ot/"), _A_MACHINE)
_OF_A_GUEST = ("guest/", "infra/", "tests/guest/", "tests/emulators/", "emulators/arm/", "emulators/guest/")
_LOCATION = (re.compile(r'"resol' + r'ved"\s*:'), "the lock must not name where a package was found")
_EMULATOR = (re.compile(r"emulat|azurite|devstoreaccount|UseDevelopmentStorage", re.I), "the app knows no emulator")


def word_faults(file: str, text: str) -> list[Fault]:
    """Return a fault for every line that holds what a file of its kind may not name."""
    rules = [*_RULES]
    if not file.startswith(_OF_A_GUEST):
        rules.append(_HOME_OF_ROOT)
    if file.endswith("package-lock.json"):
        rules.append(_LOCATION)
    if in_product(file):
        rules.append(_EMULATOR)
    return [
        Fault(file, number, f"{what}: {line.strip()[:80]}")
        for rule, what in rules
        if rule.search(text)  # nearly every file is done with this one search
        for number, line in enumerate(text.splitlines(), 1)
        if rule.search(line)
    ]
