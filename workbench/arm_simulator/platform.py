"""What every simulated machine stands on: time, chance, and the list of long operations."""

import random
from dataclasses import dataclass

from workbench.arm_simulator.clock import Clock
from workbench.arm_simulator.durations import Dice
from workbench.arm_simulator.operations import Operations


@dataclass(frozen=True)
class Platform:
    """Shared by all machines of one simulator."""

    clock: Clock
    dice: Dice
    operations: Operations
    rng: random.Random
