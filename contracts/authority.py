"""Under what a run may change something: sent with every activity that creates, changes or deletes."""

from contracts.ids import VmId
from contracts.message import Message
from contracts.request import Mode
from contracts.run import Trigger


class Authority(Message):
    """What a run was accepted under. The activity compares it with the app's settings of now; the stricter one wins.

    `approved`: an approver said yes. `committed`: the run is past the point of no return.
    """

    run_id: str
    trigger: Trigger
    mode: Mode
    vm_id: VmId
    opt_in_tag: str
    opt_in_value: str
    approved: bool = False
    committed: bool = False


class CleanupAuthority(Message):
    """What a cleanup was started under: it deletes and deallocates in the name of runs that have ended."""

    cleanup_id: str


class Bearer(Message):
    """The part of an activity's input that says in whose name it changes something; one of the two."""

    authority: Authority | None = None
    cleanup: CleanupAuthority | None = None
