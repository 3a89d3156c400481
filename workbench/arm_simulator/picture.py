"""A machine and all that belongs to it as one comparable text, to prove that nothing of it was written."""

import json
from typing import Any

from workbench.arm_simulator.machine import Machine
from workbench.arm_simulator.store import Store
from workbench.arm_simulator.vm_views import vm_model


def picture(store: Store, machine: Machine) -> str:
    """Model, tags, power, disks, interfaces, run commands and effects as JSON; the same text means no change."""
    resources = [store.get(resource_id) for resource_id, _ in (*machine.model.disks(), *machine.model.interfaces())]
    shown: dict[str, Any] = {
        "model": vm_model(machine),
        "power": machine.power,
        "goal": machine.goal,
        "boots": machine.boot_number,
        "generalized": machine.generalized,
        "resources": [None if r is None else {**r.body(), "owners": r.owners} for r in resources],
        "runCommands": [record.body(with_instance_view=True) for record in machine.run_commands.values()],
        "effects": [effect.body() for effect in machine.effects],
        "guestEffects": machine.guest.effects(),
    }
    return json.dumps(shown, sort_keys=True, indent=1, default=str)
