"""The environment in which the app finds what is emulated: the one place that knows the names of these settings."""

import json
from pathlib import Path

from emulators.arm import Simulator
from settings import STRICT_TYPING

ROOT = Path(__file__).parents[2]
HOST_JSON = ROOT / "host.json"
ROLE_FILE = ROOT / "infra" / "role.json"
EVERY_TRIGGER = "queue timer eventGrid http"
EVERY_APP = {
    "GOLDEN_CLIENT_ID": "00000000-0000-0000-0000-00000000c11e",
    STRICT_TYPING: "1",
}
"""What the app has wherever it runs."""


def product_environment(simulator: Simulator, **more: str) -> dict[str, str]:
    """Return the environment in which the app finds a started emulator of Azure; `more` is added to it."""
    return {
        **EVERY_APP,
        **simulator.environment(),
        "GOLDEN_ARM_ENDPOINT": simulator.endpoint,
        "GOLDEN_CA_FILE": str(simulator.ca_file),
        "NO_PROXY": "127.0.0.1",
        **more,
    }


def operator_settings(scope: object, triggers: str = EVERY_TRIGGER) -> dict[str, str]:
    """Return what an operator sets so that runs may change VMs in this scope, and cleanups delete."""
    return {
        "GOLDEN_ALLOWED_SCOPES": str(scope),
        "GOLDEN_IN_PLACE_TRIGGERS": triggers,
        "GOLDEN_TIMER_SCHEDULE": "0 0 4 * * *",
        "GOLDEN_CLEANUP_MODE": "delete",
    }


def place_settings(region: str, group: object, subnet_id: str) -> dict[str, str]:
    """Return the setting by which the app creates temporary VMs and rollback snapshots of a region in this group."""
    place = {"region": region, "resourceGroupId": str(group), "subnetId": subnet_id}
    return {"GOLDEN_BUILD_PLACES": json.dumps([place])}


def host_environment(simulator: Simulator, *, scope: str, triggers: str = EVERY_TRIGGER, **more: str) -> dict[str, str]:
    """Return the environment of the app in a Functions host: it may use the VMs of `scope`, for these triggers.

    The hourly cleanup goes by the real time, and the runs by a faster one: it only reports.
    """
    allowed = operator_settings(scope, triggers) | {"GOLDEN_CLEANUP_MODE": "report"}
    return product_environment(simulator, FUNCTIONS_WORKER_RUNTIME="python", **allowed, **more)
