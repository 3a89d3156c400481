"""durabletask's in-memory engine on a given clock: virtual for tests, scaled for the demo."""

from workbench.timed_engine.backend import TimedBackend
from workbench.timed_engine.clocks import EngineClock, ScaledClock, VirtualClock

__all__ = ["EngineClock", "ScaledClock", "TimedBackend", "VirtualClock"]
