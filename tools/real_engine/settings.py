"""The app's settings in a station: those of a real deployment, with polling intervals for a fast simulator."""

import json
from typing import Any

from emulators.arm import Durations, Simulator
from tools.demo.fleet import BUILDS, SCOPE
from tools.rig.environment import host_environment, place_settings

SPEED = 120.0
"""Simulated seconds in a real second; the engine's timers run in real time."""

DURATIONS = Durations(replicate_home=(170, 210), replicate_region=(250, 320))

# Real seconds. The first poll comes when the simulator should be done; the guest's and the simulator's clocks run
# ahead of the engine's, so the deadlines that the guest reads are a day.
_DAY = 86_400
_FIRST = {
    "linuxReport": 2,
    "windowsReport": 4,
    "linuxStop": 2,
    "windowsStop": 2,
    "serialMark": 1,
    "deallocate": 1,
    "generalize": 0,
    "evidence": 1,
    "snapshot": 1,
    "disk": 1,
    "network": 0,
    "vm": 2,
    "restart": 2,
    "script": 3,
    "identity": 2,
    "managedImage": 2,
    "publish": 7,
    "delete": 2,
}
_WAITS = {
    name: {"initialDelaySeconds": first, "intervalSeconds": 2, "timeoutSeconds": _DAY} for name, first in _FIRST.items()
}


def app_settings(simulator: Simulator, subnet_id: str) -> dict[str, str]:
    """The environment in which the app finds the simulator and may touch every VM of the group, from every trigger."""
    return {
        **host_environment(
            simulator, scope=f"{SCOPE} {BUILDS}", triggers="queue http", GOLDEN_APP_NAME="golden-real-engine"
        ),
        **place_settings("westeurope", BUILDS, subnet_id),
        "GOLDEN_TEMPORARY_VM_MAX_HOURS": "168",
        "GOLDEN_SHUTDOWN_DELAY_SECONDS": "30",
        "GOLDEN_POLLING": json.dumps(polling()),
        # With this, .NET uses a fifth less processor time to start the extension.
        "DOTNET_TieredPGO": "0",
    }


def polling(**changed: Any) -> dict[str, Any]:
    """The polling settings by stage, some of them changed."""
    return {**_WAITS, **changed}
