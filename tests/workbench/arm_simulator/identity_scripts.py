"""Scripts that a guest answers by the identity report's contract, and prepare scripts, as tests send them."""

import json
from pathlib import Path
from typing import Any

from tests.workbench.arm_simulator.scripts import NEVER
from workbench.arm_simulator.guests.model import Guest, Outcome

READ_IDENTITY_SH = "#!/bin/sh\n# script: read-identity\n# reads GOLDEN_RUN_ID\nexit 1\n"
READ_IDENTITY_PS1 = "# script: read-identity\nparam($RunId, $Nonce, $KnownUser, $OldHost)\nexit 1\n"
UPDATE_SH = "#!/bin/sh\n# script: linux-packages-update\nexit 1\n"
UPDATE_PS1 = "# script: windows-update\nparam($MaxMinutes)\nexit 1\n"
LINUX_ORDER = {"GOLDEN_RUN_ID": "run-1", "GOLDEN_NONCE": "abc12345", "GOLDEN_NOT_AFTER": str(NEVER)}
WINDOWS_ORDER = {"RunId": "run-1", "Nonce": "abc12345", "NotAfter": str(NEVER)}
REAL_IDENTITY = Path(__file__).parents[3] / "guest/linux/read_identity.sh"


def answer(outcome: Outcome) -> dict[str, Any]:
    """The sentinel line of a script that ended."""
    told: dict[str, Any] = json.loads(outcome.stdout.splitlines()[-1].split(" ", 1)[1])
    return told


async def identity(guest: Guest, known: str = "", old: str = "", script: str = READ_IDENTITY_SH) -> dict[str, str]:
    """The facts that a Linux guest reports of itself."""
    order = {"GOLDEN_RUN_ID": "run-1", "GOLDEN_NONCE": "abc12345", "GOLDEN_KNOWN_USER": known, "GOLDEN_OLD_HOST": old}
    told = answer(await guest.run(script, order, 30))
    assert (told["outcome"], told["runId"], told["nonce"]) == ("identity", "run-1", "abc12345")
    return told["facts"]


async def windows_identity(guest: Guest, known: str = "", old: str = "") -> dict[str, str]:
    """The facts that a Windows guest reports of itself."""
    order = {"RunId": "run-1", "Nonce": "abc12345", "KnownUser": known, "OldHost": old}
    told = answer(await guest.run(READ_IDENTITY_PS1, order, 30))
    assert told["outcome"] == "identity"
    return told["facts"]
