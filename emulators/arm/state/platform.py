"""What all emulated VMs share: the clock, the random generator, and the long-running operations."""

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulators.arm.state.clock import Clock
from emulators.arm.state.durations import Dice
from emulators.arm.state.operations import Operations

if TYPE_CHECKING:
    from emulators.arm.compute.sizes.capacity import Capacity


@dataclass(frozen=True)
class Platform:
    """Shared by all VMs of one emulator."""

    clock: Clock
    dice: Dice
    operations: Operations
    rng: random.Random
    capacity: "Capacity"
