"""A VM and all its resources as one comparable text, to prove that nothing was changed."""

import json
from typing import Any

from emulators.arm.compute.vms.views import vm_model
from emulators.arm.compute.vms.vm import Vm
from emulators.arm.state.store import Store


def picture(store: Store, vm: Vm) -> str:
    """The model, tags, power, disks, interfaces, run commands and effects as JSON; the same text means no change."""
    resources = [store.get(resource_id) for resource_id, _ in (*vm.model.disks(), *vm.model.interfaces())]
    shown: dict[str, Any] = {
        "model": vm_model(vm),
        "power": vm.power,
        "goal": vm.goal,
        "boots": vm.boot_number,
        "generalized": vm.generalized,
        "resources": [None if r is None else {**r.body(), "owners": r.owners} for r in resources],
        "runCommands": [record.body(with_instance_view=True) for record in vm.run_commands.values()],
        "effects": [effect.body() for effect in vm.effects],
        "guestEffects": vm.guest.effects(),
    }
    return json.dumps(shown, sort_keys=True, indent=1, default=str)
