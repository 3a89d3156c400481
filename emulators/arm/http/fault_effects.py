"""The effects of injected faults before and after the work of a request."""

from collections.abc import Iterable

from emulators.arm.http.faults import Injected
from emulators.arm.state.clock import Clock


class Cut(Exception):
    """The connection is closed without an answer."""


async def before_work(clock: Clock, faults: Iterable[Injected]) -> None:
    """Delay, hold, cut or refuse, in the order of the faults. Raises Cut or the error of the fault."""
    for injected in faults:
        fault = injected.fault
        if fault.kind == "delay":
            await clock.sleep(fault.delay_seconds)
        elif fault.kind == "holdBefore":
            await injected.hold()
        elif fault.kind == "cutBefore":
            raise Cut
        elif fault.kind == "status":
            raise fault.error()


async def after_work(faults: Iterable[Injected]) -> None:
    """Hold the answer, or close the connection. Raises Cut."""
    for injected in faults:
        if injected.fault.kind == "hold":
            await injected.hold()
        elif injected.fault.kind == "cutAfter":
            raise Cut
