"""The documented end of a run for each call and each kind of fault, with the reason."""

import re
from dataclasses import dataclass

from contracts.error_codes import FailureCode as F
from contracts.error_codes import RefusalCode as R
from contracts.results import Outcome
from tools.fault_injection.calls import Call
from tools.fault_injection.fault_kinds import FaultKind


@dataclass(frozen=True)
class End:
    """The outcome and code of a run.

    `attempts`: how many versions were created, if that matters. `leaves`: whether the result must name resources
    that could not be deleted (True), must name none (False), or either.
    """

    outcome: Outcome = Outcome.PUBLISHED
    code: str = ""
    attempts: int | None = None
    leaves: bool | None = None
    note: str = ""
    why: str = ""


@dataclass(frozen=True)
class Rule:
    """An end, and when it applies: activities, parts and method (regular expressions, full match), and faults."""

    activities: str
    faults: frozenset[FaultKind]
    end: End
    about: str = ".*"
    method: str = ".*"

    def holds(self, call: Call, fault_kind: FaultKind) -> bool:
        """Whether it applies to this call and kind of fault."""
        wanted = (self.activities, call.activity), (self.about, call.about), (self.method, call.method)
        return fault_kind in self.faults and all(re.fullmatch(pattern, text) for pattern, text in wanted)


def _published(why: str, attempts: int | None = 1, leaves: bool | None = False) -> End:
    return End(attempts=attempts, leaves=leaves, why=why)


def _failed(code: F, why: str, leaves: bool | None = None) -> End:
    return End(Outcome.FAILED, str(code), leaves=leaves, why=why)


def _refused(code: R, why: str) -> End:
    return End(Outcome.REFUSED, str(code), leaves=False, why=why)


_PASSING = frozenset(
    {FaultKind.THROTTLED, FaultKind.BUSY, FaultKind.SERVER_ERROR, FaultKind.OUTAGE, FaultKind.CUT_AFTER}
)
_LASTING = frozenset({FaultKind.REFUSED, FaultKind.CONFLICT})
_BAD_ENDS = frozenset({FaultKind.OPERATION_FAILS, FaultKind.OPERATION_NEVER_ENDS})
_ONLY = {kind: frozenset({kind}) for kind in FaultKind}
_ALL = frozenset(FaultKind)

_UNREAD = "what cannot be read is a refusal before anything is created"
_REJECTED = "a rejected request is not repeated; what was created is deleted"
_POLL = "a read that is refused twice in a row ends the run; one refusal is ignored"

_INSPECTING = (
    Rule(
        "inspect_policies",
        _ONLY[FaultKind.OUTAGE],
        _published("its questions are sent at once: the answers that an outage eats are those of one attempt"),
    ),
    Rule(
        "inspect_.*",
        _ONLY[FaultKind.OUTAGE],
        _failed(F.AZURE_UNAVAILABLE, "four attempts, then the caller may send the request again", False),
    ),
    Rule("inspect_vm", _LASTING, _refused(R.VM_UNREADABLE, _UNREAD), "source"),
    Rule("inspect_vm", _LASTING, _refused(R.PERMISSIONS_UNREADABLE, _UNREAD), "source/permissions"),
    Rule("inspect_vm", _LASTING, _refused(R.RUN_COMMANDS_UNREADABLE, _UNREAD), "source/runCommands"),
    Rule("inspect_vm", _LASTING, _published("a clone writes nothing to its source: its locks may stay"), ".*/locks"),
    Rule("inspect_disks", _LASTING, _refused(R.DISKS_UNREADABLE, _UNREAD)),
    Rule("inspect_image", _LASTING, _refused(R.RECYCLE_BIN_UNREADABLE, _UNREAD), "images"),
    Rule("inspect_image", _LASTING, _refused(R.IMAGE_UNREADABLE, _UNREAD)),
    Rule("inspect_capacity", _LASTING, _refused(R.CAPACITY_UNREADABLE, _UNREAD)),
    Rule("inspect_network", _LASTING, _refused(R.NETWORK_UNREADABLE, _UNREAD)),
    Rule("inspect_deny_assignments", _LASTING, _refused(R.DENY_ASSIGNMENTS_UNREADABLE, _UNREAD)),
    Rule("inspect_policies", _LASTING, _refused(R.POLICIES_UNREADABLE, _UNREAD)),
)
_DELETING = (
    Rule(
        "delete_resource",
        _ONLY[FaultKind.REFUSED],
        _published("what may not be deleted, or read, is named and left to the cleanup", 1, True),
    ),
    Rule(
        "delete_resource",
        _ONLY[FaultKind.OPERATION_NEVER_ENDS],
        _published("a deletion that never ends is named at its deadline and left to the cleanup", 1, True),
    ),
    Rule("delete_resource", _ALL, _published("each delete is repeated until its deadline")),
    Rule(
        "remove_run_commands",
        _ONLY[FaultKind.REFUSED],
        End(leaves=False, note="still on the VM", why="what stays is noted, and is deleted with the VM"),
    ),
    Rule("remove_run_commands", _ALL, _published("it is repeated for a while; what stays is deleted with the VM")),
)
_VALIDATING = (
    Rule(
        "create_.*|adopt_disk|read_identity",
        _LASTING,
        _failed(F.VALIDATION_FAILED, "every error with the validation VM leaves the version excluded"),
        "validate.*",
    ),
    Rule(
        "read_resource|read_temporary_vm", _ONLY[FaultKind.REFUSED], _failed(F.VALIDATION_FAILED, _POLL), "validate.*"
    ),
    Rule(
        "create_.*|read_identity",
        _BAD_ENDS,
        _failed(F.VALIDATION_FAILED, "a validation VM that cannot be created or read leaves the version excluded"),
        "validate.*",
    ),
    Rule("adopt_disk", _BAD_ENDS, _published("the disk is deleted with its VM's other resources, tagged or not")),
    Rule(
        "update_image_version",
        _LASTING | {FaultKind.OPERATION_NEVER_ENDS},
        _failed(F.PROMOTE_FAILED, "the version exists and was validated; it stays excluded", False),
    ),
    Rule("update_image_version", _ALL, _published("an operation that failed is started again")),
)
_CLONING = (
    Rule(
        "create_(snapshot|disk|security_group|network_interface|vm)",
        _LASTING,
        _failed(F.AZURE_REJECTED_REQUEST, _REJECTED),
    ),
    Rule(
        "create_(snapshot|disk|security_group|network_interface|vm)",
        _BAD_ENDS,
        _failed(F.CLONE_FAILED, "a part of the clone failed or timed out", False),
    ),
    Rule(
        "read_(resource|temporary_vm|script|deprovision|power_state)",
        _ONLY[FaultKind.REFUSED],
        _failed(F.AZURE_REJECTED_REQUEST, _POLL),
    ),
    Rule(
        "read_serial_marker",
        _ONLY[FaultKind.REFUSED],
        _refused(R.NO_PROOF_POSSIBLE, "without the serial log nothing could be proved"),
    ),
)
_CUSTOMIZING = (
    Rule("start_script|restart_vm", _LASTING, _failed(F.AZURE_REJECTED_REQUEST, _REJECTED)),
    Rule("start_script", _ONLY[FaultKind.OPERATION_FAILS], _failed(F.SCRIPT_FAILED, "not delivered", False)),
    Rule(
        "start_script", _ONLY[FaultKind.OPERATION_NEVER_ENDS], _failed(F.SCRIPT_TIMED_OUT, "not ended in time", False)
    ),
    Rule(
        "restart_vm",
        _ONLY[FaultKind.OPERATION_FAILS],
        _failed(F.SCRIPT_FAILED, "the boot id is unchanged: the VM did not restart", False),
    ),
    Rule(
        "read_identity",
        _LASTING | _BAD_ENDS,
        _failed(F.SCRIPT_FAILED, "without a boot id it is unknown whether the VM restarted", False),
        "clone/boot-.*",
    ),
    Rule(
        "restart_vm", _ONLY[FaultKind.OPERATION_NEVER_ENDS], _failed(F.CLONE_FAILED, "not ready at the deadline", False)
    ),
    Rule(
        "read_identity",
        _LASTING | _BAD_ENDS,
        _refused(R.NO_PROOF_POSSIBLE, "without the clone's identity no image of it could be validated"),
        "clone/.*",
    ),
)
_DEPROVISIONING = (
    Rule("start_deprovision", _LASTING, _failed(F.AZURE_REJECTED_REQUEST, _REJECTED)),
    Rule(
        "start_deprovision",
        _ONLY[FaultKind.OPERATION_FAILS],
        _failed(F.RUN_COMMAND_FAILED, "the script did not end", False),
    ),
    Rule(
        "start_deprovision",
        _ONLY[FaultKind.OPERATION_NEVER_ENDS],
        _failed(F.GUEST_REPORT_TIMED_OUT, "no report in time", False),
    ),
    Rule("deallocate_vm", _LASTING, _failed(F.AZURE_REJECTED_REQUEST, _REJECTED)),
    Rule("deallocate_vm", _ONLY[FaultKind.OPERATION_FAILS], _published("an operation that failed is started again")),
    Rule(
        "deallocate_vm",
        _ONLY[FaultKind.OPERATION_NEVER_ENDS],
        _failed(F.DEALLOCATE_TIMED_OUT, "still deallocating at the deadline", False),
    ),
    Rule("generalize_vm", _ONLY[FaultKind.REFUSED], _failed(F.AZURE_REJECTED_REQUEST, _POLL)),
)
_PUBLISHING = (
    Rule(
        "list_image_versions|create_image_version|read_image_version",
        _ONLY[FaultKind.REFUSED],
        _failed(F.PUBLISH_FAILED, "two refusals in a row end the publication; a requested version is named"),
    ),
    Rule(
        "create_image_version",
        _ONLY[FaultKind.OPERATION_FAILS],
        _published("a version that fails is deleted and created again", attempts=2),
    ),
    Rule(
        "create_image_version",
        _ONLY[FaultKind.OPERATION_NEVER_ENDS],
        _failed(F.PUBLISH_TIMED_OUT, "the version may still succeed, and is named", True),
    ),
)
_REST = (
    Rule(".*", _PASSING, _published("a transient error is retried; after a lost answer the effect is checked first")),
    Rule(
        "read_.*|generalize_vm|list_.*|create_image_version",
        _ONLY[FaultKind.CONFLICT],
        _published("one refusal is ignored"),
    ),
)
_RULES = (
    *_INSPECTING, *_DELETING, *_VALIDATING, *_CLONING, *_CUSTOMIZING, *_DEPROVISIONING, *_PUBLISHING, *_REST,
)  # fmt: skip
_LATER: dict[tuple[str, FaultKind], End] = {
    ("read_serial_marker", FaultKind.REFUSED): _failed(
        F.STOPPED_WITHOUT_PROOF, "the VM stopped, and its proof could not be read", False
    )
}


def documented_end(call: Call, fault_kind: FaultKind) -> End:
    """Return the end of a run in which this call meets this kind of fault. LookupError if none is documented."""
    if call.later and (call.activity, fault_kind) in _LATER:
        return _LATER[call.activity, fault_kind]
    for rule in _RULES:
        if rule.holds(call, fault_kind):
            return rule.end
    raise LookupError(f"no end is documented for {call.name} x {fault_kind}: add a rule to ends.py")
