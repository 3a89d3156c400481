"""Finds the line of the app that an import or indexing failure is about."""

import re
from pathlib import Path

from emulators.functions_host.errors import AppLoadError
from emulators.functions_host.worker_protocol import RpcException

_FRAME = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)', re.MULTILINE)
_BAD_FUNCTION = re.compile(r"cannot load the (?P<name>\w+) function|^ValueError: Function (?P<twice>\w+) does not")
# The worker appends its troubleshooting advice and the complete sys.path to import errors.
_ADVICE = re.compile(r"\. Cannot find module\. Please check the requirements\.txt file.*", re.DOTALL)


def explain_load_failure(failure: RpcException, app_dir: Path) -> AppLoadError:
    """Turns the worker's failed init answer into an error that names the app's file and line."""
    reason = _ADVICE.sub("", failure.message).strip()
    location = _innermost_frame(failure.stack_trace, app_dir) or _definition(failure.message, app_dir)
    return AppLoadError(reason, location, failure.stack_trace)


def _innermost_frame(traceback: str, app_dir: Path) -> str | None:
    root = app_dir.resolve()
    found: str | None = None
    for match in _FRAME.finditer(traceback):
        path = Path(match["file"])
        if _belongs_to_app(path, root):
            found = f"{path.resolve().relative_to(root)}:{match['line']}"
    return found


def _definition(message: str, app_dir: Path) -> str | None:
    """Where a function that the indexer rejected is defined; its traceback holds only the worker's own frames."""
    match = _BAD_FUNCTION.search(message)
    if match is None:
        return None
    name = match["name"] or match["twice"]
    definition = re.compile(rf"^\s*(?:async\s+)?def {re.escape(name)}\b")
    for path in sorted(app_dir.rglob("*.py")):
        if _belongs_to_app(path, app_dir.resolve()):
            for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), 1):
                if definition.match(line):
                    return f"{path.relative_to(app_dir)}:{number}"
    return None


def _belongs_to_app(path: Path, root: Path) -> bool:
    resolved = path.resolve()
    if not resolved.is_relative_to(root):
        return False
    skipped = {"site-packages", ".venv", "node_modules", ".python_packages"}
    return skipped.isdisjoint(resolved.relative_to(root).parts)
