"""How a host runs, apart from the app and its settings."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from emulators.functions_host.clock import Clock, SystemClock

DEFAULT_ENGINE = "sqlite"


@dataclass(frozen=True)
class HostOptions:
    """Options of `FunctionsHost`.

    `drain_seconds` is how long a stop waits for running functions, `queue_lease` how long a message stays hidden
    before it is hidden again, `state_dir` the folder for the last runs of timers (None: not stored), `functions` the
    names of those to run (none: all).
    """

    clock: Clock = field(default_factory=SystemClock)
    state_dir: Path | None = None
    queue_lease: timedelta = timedelta(minutes=10)
    drain_seconds: float = 10.0
    functions: tuple[str, ...] = ()
