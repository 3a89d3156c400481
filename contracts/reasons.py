"""Why a run did not go on: closed lists of refusal and failure codes, each with what to change."""

from enum import StrEnum

from contracts.message import Message


class RefusalCode(StrEnum):
    """Why a machine was left alone. A refusal means that nothing was changed."""

    REQUEST_ID_REUSED = "RequestIdReused"
    SCOPE_NOT_ALLOWED = "ScopeNotAllowed"
    DOOR_MAY_NOT_ASK = "DoorMayNotAsk"
    NOT_OPTED_IN = "NotOptedIn"
    MACHINE_NOT_FOUND = "MachineNotFound"
    MACHINE_UNREADABLE = "MachineUnreadable"
    IN_SCALE_SET = "InScaleSet"
    EPHEMERAL_OS_DISK = "EphemeralOsDisk"
    DISK_ENCRYPTION = "AzureDiskEncryption"
    LOCK_IN_THE_WAY = "LockInTheWay"
    LOCKS_UNREADABLE = "LocksUnreadable"
    ACTION_NOT_GRANTED = "ActionNotGranted"
    PERMISSIONS_UNREADABLE = "PermissionsUnreadable"
    RUN_COMMANDS_UNREADABLE = "RunCommandsUnreadable"
    RUN_COMMANDS_EXHAUSTED = "RunCommandsExhausted"
    NOT_RUNNING = "MachineNotRunning"
    NOT_SETTLED = "ProvisioningNotSettled"
    AGENT_NOT_READY = "AgentNotReady"
    AGENT_TOO_OLD = "AgentTooOld"
    ALREADY_GENERALIZED = "AlreadyGeneralized"
    MACHINE_BUSY = "MachineBusy"
    ANOTHER_APPS_RUN = "AnotherAppsRun"
    OS_UNKNOWN = "OperatingSystemUnknown"
    WINDOWS_BUILD = "WindowsBuildNeedsUserContext"
    NO_PROOF_POSSIBLE = "NoProofPossible"
    GUEST_REFUSED = "GuestRefused"
    CLONE_NOT_OFFERED = "CloneNotOffered"
    IMAGE_NOT_OFFERED = "ImageNotOffered"
    APPROVAL_NOT_OFFERED = "ApprovalNotOffered"


class FailureCode(StrEnum):
    """Why a run that had begun did not reach its end."""

    GUEST_FAILED = "GuestFailed"
    GUEST_NEVER_REPORTED = "GuestNeverReported"
    RUN_COMMAND_FAILED = "RunCommandFailed"
    STOPPED_WITHOUT_PROOF = "StoppedWithoutProof"
    STOPPED_BY_SOMEBODY_ELSE = "StoppedBySomebodyElse"
    STARTED_BY_SOMEBODY_ELSE = "StartedBySomebodyElse"
    STILL_RUNNING = "StillRunningAtDeadline"
    DEALLOCATE_TIMED_OUT = "DeallocateTimedOut"
    NOT_GENERALIZED = "NotGeneralized"
    MACHINE_REPLACED = "MachineReplaced"
    MACHINE_GONE = "MachineGone"
    ORDER_REFUSED = "OrderRefusedByAzure"
    AZURE_UNAVAILABLE = "AzureUnavailable"
    UNEXPECTED = "Unexpected"


WHAT_TO_CHANGE: dict[RefusalCode | FailureCode, str] = {
    RefusalCode.REQUEST_ID_REUSED: "Give a new request another requestId, or send the first text unchanged.",
    RefusalCode.SCOPE_NOT_ALLOWED: "Add its subscription or resource group to GOLDEN_ALLOWED_SCOPES.",
    RefusalCode.DOOR_MAY_NOT_ASK: "Add this door to GOLDEN_IN_PLACE_DOORS, or use a door that is there.",
    RefusalCode.NOT_OPTED_IN: "Put the opt-in tag on the machine if it may be given up for ever.",
    RefusalCode.MACHINE_NOT_FOUND: "Correct vmId: no such machine answers under it.",
    RefusalCode.MACHINE_UNREADABLE: "Grant Microsoft.Compute/virtualMachines/read on it to the app's identity.",
    RefusalCode.IN_SCALE_SET: "Name a machine outside any scale set; take it out of its scale set first.",
    RefusalCode.EPHEMERAL_OS_DISK: "Name a machine with a managed OS disk: an ephemeral one cannot be deallocated.",
    RefusalCode.DISK_ENCRYPTION: "Turn Azure Disk Encryption off and decrypt the disks, or use encryption at host.",
    RefusalCode.LOCK_IN_THE_WAY: "Remove the lock that covers the machine; only a CanNotDelete lock may stay.",
    RefusalCode.LOCKS_UNREADABLE: "Grant Microsoft.Authorization/locks/read on the machine to the app's identity.",
    RefusalCode.ACTION_NOT_GRANTED: "Grant the missing actions to the app's identity on the machine.",
    RefusalCode.PERMISSIONS_UNREADABLE: "Grant Microsoft.Authorization/permissions/read to the app's identity.",
    RefusalCode.RUN_COMMANDS_UNREADABLE: (
        "Grant Microsoft.Compute/virtualMachines/runCommands/read to the app's identity."
    ),
    RefusalCode.RUN_COMMANDS_EXHAUSTED: (
        "Delete Run Commands of the machine: Azure allows 25 on one, and a run needs room for two more."
    ),
    RefusalCode.NOT_RUNNING: "Start the machine: it can deprovision itself only while it runs.",
    RefusalCode.NOT_SETTLED: "Wait until the operation on the machine is over, or repair it, and ask again.",
    RefusalCode.AGENT_NOT_READY: "Repair the guest agent until the portal shows it ready, and ask again.",
    RefusalCode.AGENT_TOO_OLD: (
        "Update the Linux agent to 2.4.0.2 or newer, and see that it reports its version: managed Run Command needs it."
    ),
    RefusalCode.ALREADY_GENERALIZED: "Deallocate the machine: it is marked generalized already, but not deallocated.",
    RefusalCode.MACHINE_BUSY: "Wait for the run that holds the machine, or cancel or terminate it.",
    RefusalCode.ANOTHER_APPS_RUN: "Make sure that the other app's run is over, then delete its Run Command.",
    RefusalCode.OS_UNKNOWN: "Name a machine whose OS type, and Windows build, Azure can tell.",
    RefusalCode.WINDOWS_BUILD: (
        "Use Windows Server 2022 or Windows 11 23H2 or older: from build 26100 Sysprep is not supported under "
        "SYSTEM, and Run Command always runs as SYSTEM."
    ),
    RefusalCode.NO_PROOF_POSSIBLE: (
        "Turn boot diagnostics on, so that the machine can prove on its serial console that it sealed itself, or "
        'ask with deprovision.evidence "powerStateOnly".'
    ),
    RefusalCode.GUEST_REFUSED: "Correct in the machine what the guest's own code and message name.",
    RefusalCode.CLONE_NOT_OFFERED: 'Ask with mode "inPlace": this version does not clone.',
    RefusalCode.IMAGE_NOT_OFFERED: "Leave image out: this version generalizes and does not publish.",
    RefusalCode.APPROVAL_NOT_OFFERED: "Leave approval out: this version has no approval step.",
    FailureCode.GUEST_FAILED: "Read the evidence, repair the machine, and ask again under a new requestId.",
    FailureCode.GUEST_NEVER_REPORTED: "See that its Run Command is gone, then repair the agent and ask again.",
    FailureCode.RUN_COMMAND_FAILED: "Read the Run Command's message: the script did not come to its end.",
    FailureCode.STOPPED_WITHOUT_PROOF: (
        "Do not use this machine's image unless you know that it sealed itself: it stopped without saying so."
    ),
    FailureCode.STOPPED_BY_SOMEBODY_ELSE: "Find who deallocated the machine (activity log); start it and ask again.",
    FailureCode.STARTED_BY_SOMEBODY_ELSE: "Find who started it (activity log): it booted after it had sealed itself.",
    FailureCode.STILL_RUNNING: "Read the evidence: the machine was told to seal itself and still runs.",
    FailureCode.DEALLOCATE_TIMED_OUT: "Deallocate it by hand; look for the correlation id in the activity log.",
    FailureCode.NOT_GENERALIZED: "Run az vm generalize by hand: the machine is sealed, but not marked.",
    FailureCode.MACHINE_REPLACED: "Another machine now answers under this id; nothing more was done to it.",
    FailureCode.MACHINE_GONE: "The machine was deleted while the run was under way.",
    FailureCode.ORDER_REFUSED: "Azure refused an order of the run; its code and message say why.",
    FailureCode.AZURE_UNAVAILABLE: "Azure did not answer for longer than the stage may last; ask again later.",
    FailureCode.UNEXPECTED: "This is a fault of the app: report the message with the run id.",
}


class Refusal(Message):
    """A refusal as a value: which rule, what was seen, and what to change."""

    code: RefusalCode
    message: str
    what_to_change: str

    @classmethod
    def of(cls, code: RefusalCode, message: str) -> "Refusal":
        """Make a refusal with the code's own advice; `message` says what was seen."""
        return cls(code=code, message=message, what_to_change=WHAT_TO_CHANGE[code])


class Failure(Message):
    """A failure as a value: what went wrong, in whose words, and what to do."""

    code: FailureCode
    message: str
    what_to_change: str
    correlation_id: str | None = None

    @classmethod
    def of(cls, code: FailureCode, message: str, correlation_id: str | None = None) -> "Failure":
        """Make a failure with the code's own advice; `message` says what was seen."""
        advice = WHAT_TO_CHANGE[code]
        return cls(code=code, message=message, what_to_change=advice, correlation_id=correlation_id)
