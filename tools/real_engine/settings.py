"""The app's settings in a station: those of a real deployment, with polling intervals for a fast simulator."""

import json
from typing import Any

from emulators.arm import Durations, Simulator
from tools.demo.fleet import SCOPE

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
        **simulator.environment(),
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "AZURE_FUNCTIONS_DURABLE_STRICT_TYPING": "1",
        "GOLDEN_ARM_ENDPOINT": simulator.endpoint,
        "GOLDEN_CA_FILE": str(simulator.ca_file),
        "GOLDEN_ALLOWED_SCOPES": SCOPE,
        "GOLDEN_IN_PLACE_TRIGGERS": "queue http",
        "GOLDEN_BUILD_SUBNET_ID": subnet_id,
        "GOLDEN_TIMER_SCHEDULE": "0 0 4 * * 0",
        "GOLDEN_TEMPORARY_VM_MAX_HOURS": "168",
        "GOLDEN_CLIENT_ID": "00000000-0000-0000-0000-00000000c11e",
        "GOLDEN_APP_NAME": "golden-real-engine",
        "GOLDEN_SHUTDOWN_DELAY_SECONDS": "30",
        "GOLDEN_POLLING": json.dumps(polling()),
        "NO_PROXY": "127.0.0.1",
        # With this, .NET uses a fifth less processor time to start the extension.
        "DOTNET_TieredPGO": "0",
    }


def polling(**changed: Any) -> dict[str, Any]:
    """The polling settings by stage, some of them changed."""
    return {**_WAITS, **changed}
