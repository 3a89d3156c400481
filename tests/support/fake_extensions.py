"""The extensions on the clone of the small model of Azure."""

from dataclasses import dataclass, field

from contracts.activities.vm import ExtensionRemoved, RemoveExtension
from contracts.facts import VmExtension, VmState


@dataclass
class FakeExtensions:
    """Extensions by name; each goes at once when it is removed, except those in `stay`."""

    extensions: dict[str, VmExtension] = field(default_factory=dict[str, VmExtension])
    stay: set[str] = field(default_factory=set[str])
    removals: list[str] = field(default_factory=list[str])

    def with_extensions(self, vm: VmState) -> VmState:
        """Return the clone as Azure shows it."""
        return vm.model_copy(update={"extensions": tuple(self.extensions.values())})

    def _remove_extension(self, request: RemoveExtension) -> ExtensionRemoved:
        name = request.extension.name
        self.removals.append(name)
        if name in self.stay:
            return ExtensionRemoved(why="ScopeLocked: a lock is in the way")
        return ExtensionRemoved(gone=self.extensions.pop(name, None) is None)
