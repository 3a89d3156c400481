"""Finds out in a fresh interpreter what the import of some modules loads."""

import json
import subprocess
import sys
from pathlib import Path

SDK = ("azure.mgmt", "azure.identity", "azure.core", "aiohttp")
_ASK = """
import importlib, json, pathlib, sys
folder = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(folder))
for name in sys.argv[2:]:
    importlib.import_module(name)
print(json.dumps({name: getattr(module, "__file__", None) for name, module in list(sys.modules.items())}))
"""


def loaded_by(folder: Path, *modules: str) -> dict[str, str | None]:
    """Import modules of a folder with nothing else on the path; return every loaded module and its file."""
    command = [sys.executable, "-I", "-c", _ASK, str(folder), *modules]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def sdk_in(loaded: dict[str, str | None]) -> list[str]:
    """Return the modules of an SDK, or of its transport, among the loaded modules."""
    return [name for name in loaded if name in SDK or name.startswith(tuple(f"{sdk}." for sdk in SDK))]
