"""Identity scripts and customizer scripts, as tests send them."""

import json
from pathlib import Path
from typing import Any

from emulators.arm.guests.model import Guest, Outcome
from tests.emulators.arm.scripts import NEVER

READ_IDENTITY_SH = "#!/bin/sh\n# script: read-identity\n# reads GOLDEN_RUN_ID\nexit 1\n"
READ_IDENTITY_PS1 = "# script: read-identity\nparam($RunId, $Nonce, $KnownUser, $OldHost)\nexit 1\n"
UPDATE_SH = "#!/bin/sh\n# script: linux-packages-update\nexit 1\n"
UPDATE_PS1 = "# script: windows-update\nparam($MaxMinutes)\nexit 1\n"
LINUX_PARAMETERS = {"GOLDEN_RUN_ID": "run-1", "GOLDEN_NONCE": "abc12345", "GOLDEN_NOT_AFTER": str(NEVER)}
WINDOWS_PARAMETERS = {"RunId": "run-1", "Nonce": "abc12345", "NotAfter": str(NEVER)}
REAL_IDENTITY = Path(__file__).parents[3] / "guest/linux/read_identity.sh"


def answer(outcome: Outcome) -> dict[str, Any]:
    """The result line of a script that ended."""
    reported: dict[str, Any] = json.loads(outcome.stdout.splitlines()[-1].split(" ", 1)[1])
    return reported


async def identity(guest: Guest, known: str = "", old: str = "", script: str = READ_IDENTITY_SH) -> dict[str, str]:
    """The facts that a Linux guest reports of itself."""
    parameters = {
        "GOLDEN_RUN_ID": "run-1",
        "GOLDEN_NONCE": "abc12345",
        "GOLDEN_KNOWN_USER": known,
        "GOLDEN_OLD_HOST": old,
    }
    reported = answer(await guest.run(script, parameters, 30))
    assert (reported["outcome"], reported["runId"], reported["nonce"]) == ("identity", "run-1", "abc12345")
    return reported["facts"]


async def windows_identity(guest: Guest, known: str = "", old: str = "") -> dict[str, str]:
    """The facts that a Windows guest reports of itself."""
    parameters = {"RunId": "run-1", "Nonce": "abc12345", "KnownUser": known, "OldHost": old}
    reported = answer(await guest.run(READ_IDENTITY_PS1, parameters, 30))
    assert reported["outcome"] == "identity"
    return reported["facts"]
