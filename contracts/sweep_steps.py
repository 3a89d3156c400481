"""What the steps take and give that look for what ended runs left behind."""

from datetime import datetime

from contracts.answer import Answer
from contracts.facts import MachineState
from contracts.ids import Scope, VmId
from contracts.made import Made
from contracts.message import Message
from contracts.stages import Stage


class FindLeftovers(Message):
    """List everything in a scope that carries this app's run tag."""

    scope: Scope
    app_name: str


class Leftover(Message):
    """One thing that carries a run's tag; `keep_until` is when it may go even though its run ended well.

    `app_name` is whose it is by its tag. A purpose that cannot be read is given as that of an image.
    """

    made: Made
    run_id: str
    app_name: str | None = None
    created_at: datetime | None = None
    keep_until: datetime | None = None


class LeftoversFound(Answer):
    """What was found; Azure's list may lag behind by some seconds."""

    found: tuple[Leftover, ...] = ()


class FindEndedRuns(Message):
    """Ask the engine for machine runs that were terminated or broke after their machine was told to seal itself."""

    since: datetime


class EndedRun(Message):
    """A run that is over without having looked after its machine, and where it stood."""

    run_id: str
    vm_id: VmId
    stage: Stage


class EndedRunsFound(Answer):
    """Those runs."""

    runs: tuple[EndedRun, ...] = ()


class ReadStuckMachine(Message):
    """Read a machine and whether the Run Command of this run stands on it: the proof that the run was about it."""

    vm_id: VmId
    run_id: str
    run_command: str


class StuckMachineRead(Answer):
    """The machine; None if it is not there, or if nothing on it is of this run."""

    machine: MachineState | None = None
