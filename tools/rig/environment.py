"""The environment in which the app finds what is emulated: the one place that knows the names of these settings."""

import json
from pathlib import Path

from emulators.arm import Simulator

ROOT = Path(__file__).parents[2]
HOST_JSON = ROOT / "host.json"
ROLE_FILE = ROOT / "infra" / "role.json"


def product_environment(simulator: Simulator, **more: str) -> dict[str, str]:
    """Return the environment in which the app finds a started emulator of Azure; `more` is added to it."""
    return {
        **simulator.environment(),
        "GOLDEN_ARM_ENDPOINT": simulator.endpoint,
        "GOLDEN_CA_FILE": str(simulator.ca_file),
        "GOLDEN_CLIENT_ID": "00000000-0000-0000-0000-00000000c11e",
        "AZURE_FUNCTIONS_DURABLE_STRICT_TYPING": "1",
        "NO_PROXY": "127.0.0.1",
        **more,
    }


def operator_settings(scope: object, triggers: str = "queue timer eventGrid http") -> dict[str, str]:
    """Return what an operator sets so that runs may change VMs in this scope, and cleanups delete."""
    return {
        "GOLDEN_ALLOWED_SCOPES": str(scope),
        "GOLDEN_IN_PLACE_TRIGGERS": triggers,
        "GOLDEN_CLEANUP_MODE": "delete",
    }


def place_settings(region: str, group: object, subnet_id: str) -> dict[str, str]:
    """Return the setting by which the app creates temporary VMs and rollback snapshots of a region in this group."""
    place = {"region": region, "resourceGroupId": str(group), "subnetId": subnet_id}
    return {"GOLDEN_BUILD_PLACES": json.dumps([place])}


def host_environment(simulator: Simulator, *, scope: str, triggers: str, app_name: str, **more: str) -> dict[str, str]:
    """Return the environment of the app in a Functions host: it may use the VMs of `scope`, for these triggers."""
    return product_environment(
        simulator,
        FUNCTIONS_WORKER_RUNTIME="python",
        GOLDEN_ALLOWED_SCOPES=scope,
        GOLDEN_IN_PLACE_TRIGGERS=triggers,
        GOLDEN_TIMER_SCHEDULE="0 0 4 * * 0",
        GOLDEN_APP_NAME=app_name,
        **more,
    )
