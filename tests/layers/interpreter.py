"""Finds out in a fresh interpreter what the import of some modules loads."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

SDK = ("azure.mgmt", "azure.identity", "azure.core", "aiohttp")
# What `ask` may end with: the name of every loaded module, and its file.
LOADED = "{name: getattr(module, '__file__', None) for name, module in list(sys.modules.items())}"


def ask(folder: Path, modules: list[str], expression: str = LOADED) -> Any:
    """Import modules of a folder with nothing else on the path; return the value of an expression."""
    code = f"import json, sys; sys.path.insert(0, {str(folder)!r}); import {', '.join(modules)}; "
    command = [sys.executable, "-I", "-c", f"{code}print(json.dumps({expression}))"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def sdk_in(loaded: dict[str, str | None]) -> list[str]:
    """Return the modules of an SDK, or of its transport, among the loaded modules."""
    return [name for name in loaded if name in SDK or name.startswith(tuple(f"{sdk}." for sdk in SDK))]
