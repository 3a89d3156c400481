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
    LEASE_UNAVAILABLE = "LeaseUnavailable"
    ANOTHER_APPS_RUN = "AnotherAppsRun"
    OS_UNKNOWN = "OperatingSystemUnknown"
    WINDOWS_BUILD = "WindowsBuildNeedsUserContext"
    CREDENTIAL_NOT_FOR_LINUX = "CredentialNotForLinux"
    NO_PROOF_POSSIBLE = "NoProofPossible"
    GUEST_REFUSED = "GuestRefused"
    CONFIDENTIAL_MACHINE = "ConfidentialMachine"
    DISK_CANNOT_BE_COPIED = "DiskCannotBeCopied"
    DISKS_UNREADABLE = "DisksUnreadable"
    DATA_DISKS = "DataDisksPresent"
    DATA_DISKS_IN_PLACE = "DataDisksCannotBeLeftOut"
    SOURCE_RUNNING = "SourceIsRunning"
    SOURCE_GENERALIZED = "SourceIsGeneralized"
    SUBNET_MISSING = "SubnetMissing"
    SUBNET_ELSEWHERE = "SubnetElsewhere"
    SITE_UNREADABLE = "SiteUnreadable"
    NAME_TAKEN = "NameTaken"
    SCRIPT_NOT_ALLOWED = "ScriptNotAllowed"
    VAULT_NOT_ALLOWED = "VaultNotAllowed"
    SECRET_UNREADABLE = "SecretUnreadable"  # noqa: S105 - a code, no secret
    DEFINITION_NOT_FOUND = "ImageDefinitionNotFound"
    DEFINITION_UNFIT = "ImageDefinitionUnfit"
    DEFINITION_ELSEWHERE = "ImageDefinitionElsewhere"
    SPECIALIZED_IN_PLACE = "SpecializedNeedsClone"
    REGIONS_WITHOUT_SOURCE = "RegionsWithoutSource"
    VERSION_TAKEN = "VersionTaken"
    IMAGE_EXISTS = "ImageExists"
    IMAGE_UNFIT = "ManagedImageUnfit"
    IMAGE_UNREADABLE = "ImageUnreadable"
    IMAGE_WISH_UNFIT = "ImageWishCannotBeMet"
    NOT_APPROVED = "NotApproved"
    APPROVAL_TIMED_OUT = "ApprovalTimedOut"


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
    CLONE_FAILED = "CloneFailed"
    SNAPSHOT_FAILED = "SnapshotFailed"
    SCRIPT_FAILED = "ScriptFailed"
    SCRIPT_TIMED_OUT = "ScriptTimedOut"
    TEMPORARY_TOO_OLD = "TemporaryMachineTooOld"
    PUBLISH_FAILED = "PublishFailed"
    PUBLISH_TIMED_OUT = "PublishTimedOut"
    VERIFY_FAILED = "VerifyFailed"
    PROMOTE_FAILED = "PromoteFailed"
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
    RefusalCode.LEASE_UNAVAILABLE: (
        "Look in the Functions host's log for entities that fail, and at host.json: "
        "entityMessageReorderWindowInMinutes must be 0. Then send the request again under a new requestId."
    ),
    RefusalCode.ANOTHER_APPS_RUN: "Make sure that the other app's run is over, then delete its Run Command.",
    RefusalCode.OS_UNKNOWN: "Name a machine whose OS type, and Windows build, Azure can tell.",
    RefusalCode.WINDOWS_BUILD: (
        "Name a local administrator with deprovision.sysprepCredential, or use Windows Server 2022 or Windows 11 23H2 "
        "or older: from build 26100 Sysprep is not supported under SYSTEM, as which Run Command runs."
    ),
    RefusalCode.CREDENTIAL_NOT_FOR_LINUX: "Leave deprovision.sysprepCredential out: a Linux machine needs none.",
    RefusalCode.NO_PROOF_POSSIBLE: (
        "Turn boot diagnostics on, so that the machine can prove on its serial console that it sealed itself, or "
        'ask with deprovision.evidence "powerStateOnly".'
    ),
    RefusalCode.GUEST_REFUSED: "Correct in the machine what the guest's own code and message name.",
    RefusalCode.CONFIDENTIAL_MACHINE: "Name another machine: the disks of a confidential one cannot be copied so.",
    RefusalCode.DISK_CANNOT_BE_COPIED: (
        "Name a machine whose disks are managed, not ephemeral, not shared and no Ultra or Premium v2 disks; leave "
        'data disks of that kind out with dataDisks "leaveOut".'
    ),
    RefusalCode.DISKS_UNREADABLE: "Grant Microsoft.Compute/disks/read to the app's identity on the machine's disks.",
    RefusalCode.DATA_DISKS: 'Say with dataDisks whether they belong into the image ("include") or not ("leaveOut").',
    RefusalCode.DATA_DISKS_IN_PLACE: (
        'Ask with dataDisks "include", or with mode "clone": an image of the machine itself holds all its disks.'
    ),
    RefusalCode.SOURCE_RUNNING: (
        "Stop or deallocate the machine, or accept a crash-consistent copy with clone.allowRunningSource."
    ),
    RefusalCode.SOURCE_GENERALIZED: "Name a machine that was not generalized: this one cannot start any more.",
    RefusalCode.SUBNET_MISSING: "Name a subnet in the request, or set GOLDEN_SUBNET_ID.",
    RefusalCode.SUBNET_ELSEWHERE: "Name a subnet in the machine's own subscription and region.",
    RefusalCode.SITE_UNREADABLE: (
        "Grant Microsoft.Network/virtualNetworks/read on the subnet's network, and "
        "Microsoft.Authorization/permissions/read and locks/read on the resource group; see that both exist."
    ),
    RefusalCode.NAME_TAKEN: "Delete or rename it, or ask under another requestId: it bears the name this run needs.",
    RefusalCode.SCRIPT_NOT_ALLOWED: "Use a script of the app's allow-list (guest/allow_list.json) as it is listed.",
    RefusalCode.VAULT_NOT_ALLOWED: "Add the secret's address to GOLDEN_KEY_VAULTS: no other secret may be asked for.",
    RefusalCode.SECRET_UNREADABLE: "Let the app's identity get this secret (Key Vault Secrets User), or correct it.",
    RefusalCode.DEFINITION_NOT_FOUND: "Create the image definition, or correct imageDefinitionId.",
    RefusalCode.DEFINITION_UNFIT: "Use a definition of the machine's OS type, generation and security type.",
    RefusalCode.DEFINITION_ELSEWHERE: "Use a gallery in the machine's own region.",
    RefusalCode.SPECIALIZED_IN_PLACE: 'Ask with mode "clone": for a specialized image no machine need be given up.',
    RefusalCode.REGIONS_WITHOUT_SOURCE: "Add the machine's own region to image.targetRegions.",
    RefusalCode.VERSION_TAKEN: 'Ask for another version, or for "nextPatch".',
    RefusalCode.IMAGE_EXISTS: "Delete the image, or ask for another imageId: an image is never overwritten.",
    RefusalCode.IMAGE_UNFIT: "Publish into a gallery: managed images do not take such a machine.",
    RefusalCode.IMAGE_UNREADABLE: (
        "Grant read on the gallery, its definition and versions (or on the image), and "
        "Microsoft.Authorization/permissions/read there."
    ),
    RefusalCode.IMAGE_WISH_UNFIT: "Correct what the message names in the request's image: Azure would refuse it.",
    RefusalCode.NOT_APPROVED: "Talk to the approver; ask again under a new requestId.",
    RefusalCode.APPROVAL_TIMED_OUT: "Ask again and have it approved in time (POST /api/runs/{id}/approval).",
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
    FailureCode.CLONE_FAILED: "Read the message: a part of the clone could not be made. The source was not touched.",
    FailureCode.SNAPSHOT_FAILED: "Read the message: without its undo snapshot the machine was not given up.",
    FailureCode.SCRIPT_FAILED: "Read the end of the script's output in the result, correct it, and ask again.",
    FailureCode.SCRIPT_TIMED_OUT: "Give the script a later deadline, or find out why it hangs.",
    FailureCode.TEMPORARY_TOO_OLD: "The clone lived longer than GOLDEN_TEMPORARY_HOURS; find what took so long.",
    FailureCode.PUBLISH_FAILED: "Read the regions and the message; the machine is sealed and stays as the result says.",
    FailureCode.PUBLISH_TIMED_OUT: "The version may still become whole: look at it, then promote or delete it.",
    FailureCode.VERIFY_FAILED: "The version stays excluded from latest; read what the machine made from it lacked.",
    FailureCode.PROMOTE_FAILED: "Set excludeFromLatest of the version to false by hand: it was verified.",
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
