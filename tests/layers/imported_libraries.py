"""Checks one file against the layer rules: what it imports, and which names it uses."""

import sys

from tests.layers.fault import Fault, Source
from tests.layers.names import names
from tests.layers.packages import FREE, PACKAGES, PRODUCT, Package, room_of, under

_OURS = frozenset(name.partition(".")[0] for name in PACKAGES) | frozenset(FREE)
_ASSEMBLY = "activities/registration.py"


def import_faults(source: Source) -> list[Fault]:
    """Return every import and name that the file's package may not use; the packages in FREE may use everything."""
    file, name = source.file, room_of(source.file)
    if name in FREE:
        return []
    package = PACKAGES.get(name)
    if package is None:
        return [Fault(file, 1, f"{name} has no layer rule: add one to tests/layers/packages.py")]
    faults: list[Fault] = []
    imported, used = names(source.tree)
    for line, module in imported:
        wrong = _wrong_import(file, name, package, module)
        if wrong:
            faults.append(Fault(file, line, wrong))
    for line, used_name in used:
        never = under(used_name, package.never)
        if never:
            faults.append(Fault(file, line, f"{name} may not use {never}"))
    return faults


def _wrong_import(file: str, name: str, package: Package, module: str) -> str | None:
    top = module.partition(".")[0]
    if module.startswith("."):
        return "write absolute imports"
    if top in _OURS:
        return _wrong_package(file, name, package, module)
    if top in sys.stdlib_module_names:
        closed = package.standard is not None and top not in package.standard and top != "__future__"
        never = under(module, package.never)
        return f"{name} may not import {never or module}" if closed or never else None
    if not under(module, package.libraries):
        return f"{name} may not import the library {module}"
    return None


def _wrong_package(file: str, name: str, package: Package, module: str) -> str | None:
    other = room_of(module)
    if other == name:
        if name == "activities" and file != _ASSEMBLY:
            return f"no activity imports another ({module}): move shared code to another package"
        return None
    if under(module, package.imports):
        return None
    if other in PRODUCT and name.startswith(("emulators", "tools")):
        return f"{name} must not share code with the app ({module})"
    return f"{name} may not import {other} ({module})"
