"""How a run is documented to end for each call and each kind of trouble, with the reason."""

import re
from dataclasses import dataclass

from contracts.reasons import FailureCode as F
from contracts.reasons import RefusalCode as R
from contracts.results import Outcome
from workbench.fault_matrix.calls import Call
from workbench.fault_matrix.troubles import Trouble


@dataclass(frozen=True)
class End:
    """The outcome and code of a run.

    `attempts`: how many versions were made, if that is part of it. `leaves`: whether the result must name something
    that could not be deleted (True), must name nothing (False), or either.
    """

    outcome: Outcome = Outcome.PUBLISHED
    code: str = ""
    attempts: int | None = None
    leaves: bool | None = None
    note: str = ""
    why: str = ""


@dataclass(frozen=True)
class Rule:
    """An end, and what it holds for: steps and parts (regular expressions that must match whole), troubles, method."""

    steps: str
    troubles: frozenset[Trouble]
    end: End
    about: str = ".*"
    method: str = ".*"

    def holds(self, call: Call, trouble: Trouble) -> bool:
        """Whether it is about this call and trouble."""
        wanted = (self.steps, call.step), (self.about, call.about), (self.method, call.method)
        return trouble in self.troubles and all(re.fullmatch(pattern, text) for pattern, text in wanted)


def _published(why: str, attempts: int | None = 1, leaves: bool | None = False) -> End:
    return End(attempts=attempts, leaves=leaves, why=why)


def _failed(code: F, why: str, leaves: bool | None = None) -> End:
    return End(Outcome.FAILED, str(code), leaves=leaves, why=why)


def _refused(code: R, why: str) -> End:
    return End(Outcome.REFUSED, str(code), leaves=False, why=why)


_PASSING = frozenset({Trouble.THROTTLED, Trouble.BUSY, Trouble.SERVER_ERROR, Trouble.OUTAGE, Trouble.CUT_AFTER})
_LASTING = frozenset({Trouble.REFUSED, Trouble.CONFLICT})
_BAD_ENDS = frozenset({Trouble.OPERATION_FAILS, Trouble.OPERATION_NEVER_ENDS})
_ONLY = {kind: frozenset({kind}) for kind in Trouble}
_ALL = frozenset(Trouble)

_UNREAD = "what cannot be read is a refusal before anything is made"
_ORDER = "a refused order is not repeated; what was made is unmade"
_POLL = "a look that is refused twice in a row ends the run; once it is doubted"

_INSPECTING = (
    Rule(
        "inspect_.*",
        _ONLY[Trouble.OUTAGE],
        _failed(F.AZURE_UNAVAILABLE, "four attempts, then it may be asked again", False),
    ),
    Rule("inspect_vm", _LASTING, _refused(R.MACHINE_UNREADABLE, _UNREAD), "source"),
    Rule("inspect_vm", _LASTING, _refused(R.PERMISSIONS_UNREADABLE, _UNREAD), "source/permissions"),
    Rule("inspect_vm", _LASTING, _refused(R.RUN_COMMANDS_UNREADABLE, _UNREAD), "source/runCommands"),
    Rule("inspect_vm", _LASTING, _published("a clone writes nothing to its source: its locks may stay"), ".*/locks"),
    Rule("inspect_disks", _LASTING, _refused(R.DISKS_UNREADABLE, _UNREAD)),
    Rule("inspect_image", _LASTING, _refused(R.IMAGE_UNREADABLE, _UNREAD)),
    Rule("inspect_site", _LASTING, _refused(R.SITE_UNREADABLE, _UNREAD)),
)
_UNMAKING = (
    Rule(
        "delete_made",
        _ONLY[Trouble.REFUSED],
        _published("what may not be deleted, or looked at, is named and left to the sweeper", 1, True),
    ),
    Rule(
        "delete_made",
        _ONLY[Trouble.OPERATION_NEVER_ENDS],
        _published("a deletion that never ends is named at its deadline and left to the sweeper", 1, True),
    ),
    Rule("delete_made", _ALL, _published("each delete is tried until its deadline")),
    Rule(
        "remove_run_commands",
        _ONLY[Trouble.REFUSED],
        End(leaves=False, note="still on the machine", why="what stays is noted, and goes with the machine"),
    ),
    Rule("remove_run_commands", _ALL, _published("it is tried for a while; what stays goes with the machine")),
)
_VERIFYING = (
    Rule(
        "make_.*|adopt_disk|read_identity",
        _LASTING,
        _failed(F.VERIFY_FAILED, "whatever goes wrong with the verifying machine leaves the version excluded"),
        "verify.*",
    ),
    Rule("read_made|read_new_machine", _ONLY[Trouble.REFUSED], _failed(F.VERIFY_FAILED, _POLL), "verify.*"),
    Rule(
        "make_.*|read_identity",
        _BAD_ENDS,
        _failed(F.VERIFY_FAILED, "a verifying machine that cannot be made or asked leaves the version excluded"),
        "verify.*",
    ),
    Rule("adopt_disk", _BAD_ENDS, _published("the disk goes with its machine's other things, tagged or not")),
    Rule(
        "update_image_version",
        _LASTING | {Trouble.OPERATION_NEVER_ENDS},
        _failed(F.PROMOTE_FAILED, "the version stands and was verified; it stays excluded", False),
    ),
    Rule("update_image_version", _ALL, _published("an order that came to nothing is given again")),
)
_CLONING = (
    Rule("make_(snapshot|disk|security_group|network_interface|machine)", _LASTING, _failed(F.ORDER_REFUSED, _ORDER)),
    Rule(
        "make_(snapshot|disk|security_group|network_interface|machine)",
        _BAD_ENDS,
        _failed(F.CLONE_FAILED, "a part of the clone failed, or was not whole at its deadline", False),
    ),
    Rule(
        "read_(made|new_machine|script|deprovision|power_state)",
        _ONLY[Trouble.REFUSED],
        _failed(F.ORDER_REFUSED, _POLL),
    ),
    Rule(
        "read_serial_marker",
        _ONLY[Trouble.REFUSED],
        _refused(R.NO_PROOF_POSSIBLE, "where the serial log cannot be read nothing could be proved"),
    ),
)
_PREPARING = (
    Rule("start_script|restart_vm", _LASTING, _failed(F.ORDER_REFUSED, _ORDER)),
    Rule("start_script", _ONLY[Trouble.OPERATION_FAILS], _failed(F.SCRIPT_FAILED, "never delivered", False)),
    Rule("start_script", _ONLY[Trouble.OPERATION_NEVER_ENDS], _failed(F.SCRIPT_TIMED_OUT, "not ended in time", False)),
    Rule(
        "restart_vm",
        _ONLY[Trouble.OPERATION_FAILS],
        _failed(F.SCRIPT_FAILED, "the boot id is the old one: the machine did not restart", False),
    ),
    Rule(
        "read_identity",
        _LASTING | _BAD_ENDS,
        _failed(F.SCRIPT_FAILED, "without its boot id the machine did not show that it restarted", False),
        "clone/boot-.*",
    ),
    Rule(
        "restart_vm", _ONLY[Trouble.OPERATION_NEVER_ENDS], _failed(F.CLONE_FAILED, "not ready at the deadline", False)
    ),
    Rule(
        "read_identity",
        _LASTING | _BAD_ENDS,
        _refused(R.NO_PROOF_POSSIBLE, "without the clone's identity no image of it could be verified"),
        "clone/.*",
    ),
)
_SEALING = (
    Rule("start_deprovision", _LASTING, _failed(F.ORDER_REFUSED, _ORDER)),
    Rule(
        "start_deprovision",
        _ONLY[Trouble.OPERATION_FAILS],
        _failed(F.RUN_COMMAND_FAILED, "the script came to no end", False),
    ),
    Rule(
        "start_deprovision",
        _ONLY[Trouble.OPERATION_NEVER_ENDS],
        _failed(F.GUEST_NEVER_REPORTED, "no report in time", False),
    ),
    Rule("deallocate_vm", _LASTING, _failed(F.ORDER_REFUSED, _ORDER)),
    Rule("deallocate_vm", _ONLY[Trouble.OPERATION_FAILS], _published("an order that came to nothing is given again")),
    Rule(
        "deallocate_vm",
        _ONLY[Trouble.OPERATION_NEVER_ENDS],
        _failed(F.DEALLOCATE_TIMED_OUT, "still deallocating at the deadline", False),
    ),
    Rule("generalize_vm", _ONLY[Trouble.REFUSED], _failed(F.ORDER_REFUSED, _POLL)),
)
_PUBLISHING = (
    Rule(
        "list_image_versions|make_image_version|read_image_version",
        _ONLY[Trouble.REFUSED],
        _failed(F.PUBLISH_FAILED, "two refusals in a row end the publication; a version that was ordered is named"),
    ),
    Rule(
        "make_image_version",
        _ONLY[Trouble.OPERATION_FAILS],
        _published("a version that fails is deleted and made again", attempts=2),
    ),
    Rule(
        "make_image_version",
        _ONLY[Trouble.OPERATION_NEVER_ENDS],
        _failed(F.PUBLISH_TIMED_OUT, "the version may still become whole, and is named", True),
    ),
)
_REST = (
    Rule(".*", _PASSING, _published("what passes is waited out; an order whose answer was lost is looked for first")),
    Rule(
        "read_.*|generalize_vm|list_.*|make_image_version",
        _ONLY[Trouble.CONFLICT],
        _published("one refusal is doubted"),
    ),
)
_RULES = (
    *_INSPECTING, *_UNMAKING, *_VERIFYING, *_CLONING, *_PREPARING, *_SEALING, *_PUBLISHING, *_REST,
)  # fmt: skip
_LATER: dict[tuple[str, Trouble], End] = {
    ("read_serial_marker", Trouble.REFUSED): _failed(
        F.STOPPED_WITHOUT_PROOF, "the machine stopped, and its proof could not be read", False
    )
}


def documented_end(call: Call, trouble: Trouble) -> End:
    """Give the end of a run in which this call meets this trouble. LookupError if none is documented."""
    if call.later and (call.step, trouble) in _LATER:
        return _LATER[call.step, trouble]
    for rule in _RULES:
        if rule.holds(call, trouble):
            return rule.end
    raise LookupError(f"no end is documented for {call.name} x {trouble}: write it into the rules")
