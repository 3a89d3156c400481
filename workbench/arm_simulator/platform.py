"""What all simulated VMs share: the clock, the random generator, and the long-running operations."""

import random
from dataclasses import dataclass

from workbench.arm_simulator.clock import Clock
from workbench.arm_simulator.durations import Dice
from workbench.arm_simulator.operations import Operations


@dataclass(frozen=True)
class Platform:
    """Shared by all VMs of one simulator."""

    clock: Clock
    dice: Dice
    operations: Operations
    rng: random.Random
