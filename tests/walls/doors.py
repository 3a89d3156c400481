"""Checks one file against the table of rooms: what it imports, and what it names."""

import ast
import sys

from tests.walls.fault import Fault
from tests.walls.names import imported, used
from tests.walls.rooms import FREE, PRODUCT, ROOMS, Room, room_of, under

_OURS = frozenset(name.partition(".")[0] for name in ROOMS) | frozenset(FREE)
_ASSEMBLY = "activities/registration.py"


def door_faults(file: str, source: str) -> list[Fault]:
    """Give every import and name that the file's room does not allow; the rooms in FREE may use everything."""
    name = room_of(file)
    if name in FREE:
        return []
    room = ROOMS.get(name)
    if room is None:
        return [Fault(file, 1, f"{name} is no room: add it to tests/walls/rooms.py, with what it may use")]
    tree = ast.parse(source)
    faults: list[Fault] = []
    for line, module in imported(tree):
        wrong = _wrong_import(file, name, room, module)
        if wrong:
            faults.append(Fault(file, line, wrong))
    for line, word in used(tree):
        never = under(word, room.never)
        if never:
            faults.append(Fault(file, line, f"{name} never uses {never}"))
    return faults


def _wrong_import(file: str, name: str, room: Room, module: str) -> str | None:
    top = module.partition(".")[0]
    if module.startswith("."):
        return "write absolute imports"
    if top in _OURS:
        return _wrong_room(file, name, room, module)
    if top in sys.stdlib_module_names:
        closed = room.standard is not None and top not in room.standard and top != "__future__"
        never = under(module, room.never)
        return f"{name} never imports {never or module}" if closed or never else None
    if not under(module, room.doors):
        return f"{name} has no door to {module}"
    return None


def _wrong_room(file: str, name: str, room: Room, module: str) -> str | None:
    other = room_of(module)
    if other == name:
        if name == "activities" and file != _ASSEMBLY:
            return f"no activity imports another ({module}): what two need belongs in another room"
        return None
    if under(module, room.rooms):
        return None
    if other in PRODUCT and name.startswith("workbench"):
        return f"{name} must not share code with the product ({module})"
    return f"{name} never imports {other} ({module})"
