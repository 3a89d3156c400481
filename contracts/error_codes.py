"""The refusal and failure codes of a run, each with its remediation."""

from enum import StrEnum

from contracts.failure_codes import FAILURE_REMEDIATION
from contracts.failure_codes import FailureCode as FailureCode
from contracts.message import Message


class RefusalCode(StrEnum):
    """Why a VM was refused. A refusal means that nothing was changed."""

    REQUEST_ID_REUSED = "RequestIdReused"
    SCOPE_NOT_ALLOWED = "ScopeNotAllowed"
    TRIGGER_NOT_ALLOWED = "TriggerNotAllowed"
    NOT_OPTED_IN = "NotOptedIn"
    VM_NOT_FOUND = "VmNotFound"
    VM_UNREADABLE = "VmUnreadable"
    IN_SCALE_SET = "InScaleSet"
    EPHEMERAL_OS_DISK = "EphemeralOsDisk"
    DISK_ENCRYPTION = "AzureDiskEncryption"
    RESOURCE_LOCKED = "ResourceLocked"
    LOCKS_UNREADABLE = "LocksUnreadable"
    ACTION_NOT_GRANTED = "ActionNotGranted"
    PERMISSIONS_UNREADABLE = "PermissionsUnreadable"
    RUN_COMMANDS_UNREADABLE = "RunCommandsUnreadable"
    RUN_COMMANDS_EXHAUSTED = "RunCommandsExhausted"
    NOT_RUNNING = "VmNotRunning"
    NOT_SETTLED = "ProvisioningNotSettled"
    AGENT_NOT_READY = "AgentNotReady"
    AGENT_TOO_OLD = "AgentTooOld"
    ALREADY_GENERALIZED = "AlreadyGeneralized"
    VM_BUSY = "VmBusy"
    LEASE_UNAVAILABLE = "LeaseUnavailable"
    MANAGED_BY_ANOTHER_APP = "ManagedByAnotherApp"
    OS_UNKNOWN = "OperatingSystemUnknown"
    WINDOWS_BUILD = "WindowsBuildNeedsUserContext"
    CREDENTIAL_NOT_FOR_LINUX = "CredentialNotForLinux"
    NO_PROOF_POSSIBLE = "NoProofPossible"
    GUEST_REFUSED = "GuestRefused"
    CONFIDENTIAL_VM = "ConfidentialVm"
    DISK_CANNOT_BE_COPIED = "DiskCannotBeCopied"
    DISKS_UNREADABLE = "DisksUnreadable"
    DATA_DISKS = "DataDisksPresent"
    DATA_DISKS_IN_PLACE = "DataDisksCannotBeExcluded"
    SOURCE_RUNNING = "SourceIsRunning"
    SOURCE_GENERALIZED = "SourceIsGeneralized"
    SUBNET_MISSING = "SubnetMissing"
    SUBNET_REGION_MISMATCH = "SubnetRegionMismatch"
    NETWORK_UNREADABLE = "NetworkUnreadable"
    NAME_TAKEN = "NameTaken"
    SCRIPT_NOT_ALLOWED = "ScriptNotAllowed"
    VAULT_NOT_ALLOWED = "VaultNotAllowed"
    SECRET_UNREADABLE = "SecretUnreadable"  # noqa: S105 - a code, no secret
    TAGS_NOT_ALLOWED = "TagsNotAllowed"
    POLICY_DENIES = "PolicyDeniesResource"
    POLICIES_UNREADABLE = "PoliciesUnreadable"
    DENY_ASSIGNMENT = "DenyAssignmentApplies"
    DENY_ASSIGNMENTS_UNREADABLE = "DenyAssignmentsUnreadable"
    DEFINITION_NOT_FOUND = "ImageDefinitionNotFound"
    DEFINITION_UNFIT = "ImageDefinitionUnfit"
    DEFINITION_REGION_MISMATCH = "ImageDefinitionRegionMismatch"
    SPECIALIZED_IN_PLACE = "SpecializedNeedsClone"
    REGIONS_WITHOUT_SOURCE = "RegionsWithoutSource"
    VERSION_TAKEN = "VersionTaken"
    IMAGE_EXISTS = "ImageExists"
    IMAGE_UNFIT = "ManagedImageUnfit"
    IMAGE_UNREADABLE = "ImageUnreadable"
    INVALID_IMAGE_OPTIONS = "InvalidImageOptions"
    NOT_APPROVED = "NotApproved"
    APPROVAL_TIMED_OUT = "ApprovalTimedOut"
    APPROVAL_REQUIRED = "ApprovalRequired"
    APP_PAUSED = "AppPaused"
    CLEANUP_NOT_ALLOWED = "CleanupNotAllowed"
    SETTINGS_INVALID = "SettingsInvalid"


REMEDIATION: dict[RefusalCode | FailureCode, str] = {
    RefusalCode.REQUEST_ID_REUSED: "Use another requestId for a new request, or send the first request unchanged.",
    RefusalCode.SCOPE_NOT_ALLOWED: "Add the subscription or the resource group to GOLDEN_ALLOWED_SCOPES.",
    RefusalCode.TRIGGER_NOT_ALLOWED: "Add this trigger to GOLDEN_IN_PLACE_TRIGGERS, or use a trigger that it lists.",
    RefusalCode.NOT_OPTED_IN: "Put the opt-in tag on the VM if it may be generalized in place; this is irreversible.",
    RefusalCode.VM_NOT_FOUND: "Correct vmId: no VM has this id.",
    RefusalCode.VM_UNREADABLE: "Grant Microsoft.Compute/virtualMachines/read on the VM to the app's identity.",
    RefusalCode.IN_SCALE_SET: "Name a VM that is in no scale set, or take this VM out of its scale set first.",
    RefusalCode.EPHEMERAL_OS_DISK: "Name a VM with a managed OS disk: an ephemeral one cannot be deallocated.",
    RefusalCode.DISK_ENCRYPTION: "Turn Azure Disk Encryption off and decrypt the disks, or use encryption at host.",
    RefusalCode.RESOURCE_LOCKED: "Remove the lock that covers the VM; only a CanNotDelete lock may stay.",
    RefusalCode.LOCKS_UNREADABLE: "Grant Microsoft.Authorization/locks/read on the VM to the app's identity.",
    RefusalCode.ACTION_NOT_GRANTED: "Grant the missing actions to the app's identity on the VM.",
    RefusalCode.PERMISSIONS_UNREADABLE: "Grant Microsoft.Authorization/permissions/read to the app's identity.",
    RefusalCode.RUN_COMMANDS_UNREADABLE: (
        "Grant Microsoft.Compute/virtualMachines/runCommands/read to the app's identity."
    ),
    RefusalCode.RUN_COMMANDS_EXHAUSTED: ("Delete Run Commands of the VM: Azure allows 25 on a VM, and a run adds two."),
    RefusalCode.NOT_RUNNING: "Start the VM: it can deprovision itself only while it runs.",
    RefusalCode.NOT_SETTLED: (
        "Wait until the operation on the VM has ended, or repair the VM; then send the request again."
    ),
    RefusalCode.AGENT_NOT_READY: (
        "Repair the guest agent until the portal shows it as ready, then send the request again."
    ),
    RefusalCode.AGENT_TOO_OLD: (
        "Update the Linux agent to 2.4.0.2 or newer, and check that it reports its version: managed Run Command needs "
        "it."
    ),
    RefusalCode.ALREADY_GENERALIZED: "Deallocate the VM: it is already marked generalized, but not deallocated.",
    RefusalCode.VM_BUSY: "Wait for the run that works on the VM, or cancel or terminate that run.",
    RefusalCode.LEASE_UNAVAILABLE: (
        "Read the Functions host's log for entities that fail, and check host.json: "
        "entityMessageReorderWindowInMinutes must be 0. Then send the request again with a new requestId."
    ),
    RefusalCode.MANAGED_BY_ANOTHER_APP: "Make sure that the other app's run has ended, then delete its Run Command.",
    RefusalCode.OS_UNKNOWN: "Name a VM for which Azure reports the OS type and, on Windows, the build.",
    RefusalCode.WINDOWS_BUILD: (
        "Name a local administrator with deprovision.sysprepCredential, or use Windows Server 2022 or Windows 11 23H2 "
        "or older: from build 26100 on, Sysprep is not supported under SYSTEM, the account of Run Command."
    ),
    RefusalCode.CREDENTIAL_NOT_FOR_LINUX: "Remove deprovision.sysprepCredential: a Linux VM needs none.",
    RefusalCode.NO_PROOF_POSSIBLE: (
        "Turn on boot diagnostics, so that the VM can prove on its serial console that it was deprovisioned, or set "
        'deprovision.evidence to "powerStateOnly".'
    ),
    RefusalCode.GUEST_REFUSED: "Correct in the VM what the code and the message of the guest script name.",
    RefusalCode.CONFIDENTIAL_VM: "Name another VM: the disks of a confidential VM cannot be copied in this way.",
    RefusalCode.DISK_CANNOT_BE_COPIED: (
        "Name a VM whose disks are managed, not ephemeral, not shared, and neither Ultra nor Premium SSD v2 disks; "
        'leave out such data disks with dataDisks "exclude".'
    ),
    RefusalCode.DISKS_UNREADABLE: "Grant Microsoft.Compute/disks/read to the app's identity on the VM's disks.",
    RefusalCode.DATA_DISKS: 'Set dataDisks to "include" if they belong in the image, or to "exclude" if not.',
    RefusalCode.DATA_DISKS_IN_PLACE: (
        'Set dataDisks to "include", or mode to "clone": an image of the VM itself contains all its disks.'
    ),
    RefusalCode.SOURCE_RUNNING: (
        "Stop or deallocate the VM, or accept a crash-consistent copy with clone.allowRunningSource."
    ),
    RefusalCode.SOURCE_GENERALIZED: "Name a VM that was not generalized: a generalized VM cannot start any more.",
    RefusalCode.SUBNET_MISSING: "Name a subnet in the request, or set GOLDEN_BUILD_SUBNET_ID.",
    RefusalCode.SUBNET_REGION_MISMATCH: "Name a subnet in the subscription and the region of the VM.",
    RefusalCode.NETWORK_UNREADABLE: (
        "Grant Microsoft.Network/virtualNetworks/read on the subnet's virtual network, and "
        "Microsoft.Authorization/permissions/read and locks/read on the resource group; check that both exist."
    ),
    RefusalCode.NAME_TAKEN: "Delete the resource, or use another requestId: it has the name that this run needs.",
    RefusalCode.SCRIPT_NOT_ALLOWED: (
        "Use a script of the app's allow-list (guest/allow_list.json), with the parameters listed there."
    ),
    RefusalCode.VAULT_NOT_ALLOWED: "Add the secret's URL to GOLDEN_ALLOWED_SECRETS: no other secret may be used.",
    RefusalCode.SECRET_UNREADABLE: (
        "Grant the app's identity Key Vault Secrets User on this secret, or correct its URL."
    ),
    RefusalCode.TAGS_NOT_ALLOWED: (
        "Remove the tag that the message names from the request: the opt-in tag is never copied, and GOLDEN_TAGS and "
        "the request together have at most 15 tags of 1,500 characters."
    ),
    RefusalCode.POLICY_DENIES: (
        "Give what the policy demands (tags: GOLDEN_TAGS or the request's tags), exempt the resource group from the "
        "assignment that the message names, or use another group or region."
    ),
    RefusalCode.POLICIES_UNREADABLE: (
        "Grant Microsoft.PolicyInsights/checkPolicyRestrictions/read on the resource group, and register the resource "
        "provider Microsoft.PolicyInsights in its subscription."
    ),
    RefusalCode.DENY_ASSIGNMENT: (
        "Have the app's identity excluded from the deny assignment that the message names (by the deployment stack or "
        "managed application that made it), or use another resource group."
    ),
    RefusalCode.DENY_ASSIGNMENTS_UNREADABLE: (
        "Grant Microsoft.Authorization/denyAssignments/read to the app's identity at the scope that the message names."
    ),
    RefusalCode.DEFINITION_NOT_FOUND: "Create the image definition, or correct imageDefinitionId.",
    RefusalCode.DEFINITION_UNFIT: (
        "Use an image definition with the VM's OS type, generation, architecture, security type and plan."
    ),
    RefusalCode.DEFINITION_REGION_MISMATCH: "Use a gallery in the VM's region.",
    RefusalCode.SPECIALIZED_IN_PLACE: (
        'Set mode to "clone": a specialized image needs no VM that is generalized in place.'
    ),
    RefusalCode.REGIONS_WITHOUT_SOURCE: "Add the VM's region to image.targetRegions.",
    RefusalCode.VERSION_TAKEN: 'Set image.version to another version, or to "nextPatch".',
    RefusalCode.IMAGE_EXISTS: "Delete the image, or use another imageId: an image is never overwritten.",
    RefusalCode.IMAGE_UNFIT: "Publish to a gallery: a managed image does not support this VM.",
    RefusalCode.IMAGE_UNREADABLE: (
        "Grant read on the gallery, its definition and versions (or on the image), and "
        "Microsoft.Authorization/permissions/read there."
    ),
    RefusalCode.INVALID_IMAGE_OPTIONS: "Correct in the request's image what the message names: Azure would reject it.",
    RefusalCode.NOT_APPROVED: "Ask the approver for the reason, then send the request again with a new requestId.",
    RefusalCode.APPROVAL_TIMED_OUT: (
        "Send the request again and have it approved in time (POST /api/runs/{id}/approval)."
    ),
    RefusalCode.APPROVAL_REQUIRED: (
        "Send the request again: GOLDEN_REQUIRE_APPROVAL was set after this one was accepted, and the new one waits "
        "for an approval."
    ),
    RefusalCode.APP_PAUSED: (
        "Send the request again with a new requestId once the operator has removed GOLDEN_PAUSED."
    ),
    RefusalCode.SETTINGS_INVALID: (
        "Ask the operator to correct the app's settings (its log names each that is wrong), then send a new request."
    ),
    RefusalCode.CLEANUP_NOT_ALLOWED: 'Set GOLDEN_CLEANUP_MODE to "delete" if a cleanup may delete and deallocate.',
    **FAILURE_REMEDIATION,
}


class Refusal(Message):
    """A refusal as a value: its code, what was found, and what to change."""

    code: RefusalCode
    message: str
    remediation: str

    @classmethod
    def of(cls, code: RefusalCode, message: str) -> "Refusal":
        """Create a refusal with the code's remediation; `message` says what was found."""
        return cls(code=code, message=message, remediation=REMEDIATION[code])


class Failure(Message):
    """A failure as a value: its code, what happened, and what to do."""

    code: FailureCode
    message: str
    remediation: str
    correlation_id: str | None = None

    @classmethod
    def of(cls, code: FailureCode, message: str, correlation_id: str | None = None) -> "Failure":
        """Create a failure with the code's remediation; `message` says what was found."""
        return cls(code=code, message=message, remediation=REMEDIATION[code], correlation_id=correlation_id)
