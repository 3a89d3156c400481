"""How a host runs, apart from the app and its settings."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from workbench.functions_host.clock import Clock, SystemClock


@dataclass(frozen=True)
class HostOptions:
    """Options of `FunctionsHost`.

    `drain_seconds` is how long a stop waits for running functions, `queue_lease` how long a message stays hidden
    before it is hidden again, `state_dir` where timers keep when they last fired (None: nowhere).
    """

    clock: Clock = field(default_factory=SystemClock)
    state_dir: Path | None = None
    queue_lease: timedelta = timedelta(minutes=10)
    drain_seconds: float = 10.0
