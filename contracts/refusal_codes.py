"""The codes of a refusal, each with what to change: nothing was changed by the run."""

from enum import StrEnum


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
    HIBERNATED = "VmHibernated"
    PROTECTED = "VmIsProtected"
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
    BUILD_PLACE_MISSING = "BuildPlaceMissing"
    GROUP_SUBSCRIPTION_MISMATCH = "GroupSubscriptionMismatch"
    ENCRYPTION_SET_SUBSCRIPTION_MISMATCH = "EncryptionSetSubscriptionMismatch"
    ROLLBACK_GROUP_UNREADABLE = "RollbackGroupUnreadable"
    UNEXPECTED_EXTENSIONS = "UnexpectedExtensions"
    SUBNET_REGION_MISMATCH = "SubnetRegionMismatch"
    NETWORK_UNREADABLE = "NetworkUnreadable"
    CAPACITY_UNAVAILABLE = "CapacityUnavailable"
    CAPACITY_UNREADABLE = "CapacityUnreadable"
    SIZE_UNFIT = "VmSizeUnfit"
    ARCHITECTURE_NOT_SUPPORTED = "ArchitectureNotSupported"
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
    DEFINITION_TAKES_NO_VM = "ImageDefinitionTakesNoVm"
    PLAN_MISMATCH = "PurchasePlanMismatch"
    DISK_CONTROLLER_UNFIT = "DiskControllerUnfit"
    DEFINITION_REGION_MISMATCH = "ImageDefinitionRegionMismatch"
    SPECIALIZED_IN_PLACE = "SpecializedNeedsClone"
    REGIONS_WITHOUT_SOURCE = "RegionsWithoutSource"
    VERSION_TAKEN = "VersionTaken"
    VERSION_IN_RECYCLE_BIN = "VersionInRecycleBin"
    RECYCLE_BIN_UNREADABLE = "RecycleBinUnreadable"
    IMAGE_LOCKED = "ImageLocked"
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


REFUSAL_REMEDIATION: dict[RefusalCode, str] = {
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
    RefusalCode.HIBERNATED: (
        "Start the VM; for a clone then deallocate it without hibernation. Its OS disk holds the memory of a running "
        "system."
    ),
    RefusalCode.PROTECTED: (
        "Stop backup or Site Recovery of the VM and remove the extension that the message names, or set mode to "
        '"clone": the generalized VM would be protected instead of the one that works.'
    ),
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
    RefusalCode.BUILD_PLACE_MISSING: (
        "Name both a resource group and a subnet in the request, or add a place for the VM's subscription and region "
        "to GOLDEN_BUILD_PLACES."
    ),
    RefusalCode.GROUP_SUBSCRIPTION_MISMATCH: (
        "Set clone.resourceGroupId to a group in the VM's subscription: Azure creates an incremental snapshot only in "
        "the subscription of its disk."
    ),
    RefusalCode.ENCRYPTION_SET_SUBSCRIPTION_MISMATCH: (
        "Name a resource group in the subscription of the disk encryption set: Azure uses a set only there."
    ),
    RefusalCode.ROLLBACK_GROUP_UNREADABLE: (
        "Check that the group exists, and grant Microsoft.Authorization/permissions/read and locks/read on it to the "
        "app's identity; or name another rollbackResourceGroupId in GOLDEN_BUILD_PLACES."
    ),
    RefusalCode.SUBNET_REGION_MISMATCH: (
        "Name a subnet in the VM's region and in the subscription of its resource group, in the request or in "
        "GOLDEN_BUILD_PLACES."
    ),
    RefusalCode.UNEXPECTED_EXTENSIONS: (
        "Exempt the resource group of temporary VMs from the policy that installs the extension (a policy exemption, "
        "or notScopes of its assignment). Add it to GOLDEN_REMOVABLE_EXTENSIONS only if its removal leaves nothing in "
        "the VM."
    ),
    RefusalCode.NETWORK_UNREADABLE: (
        "Grant Microsoft.Network/virtualNetworks/read on the subnet's virtual network, and "
        "Microsoft.Authorization/permissions/read and locks/read on the resource group; check that both exist."
    ),
    RefusalCode.CAPACITY_UNREADABLE: (
        "Grant Microsoft.Compute/skus/read and Microsoft.Compute/locations/usages/read on the subscription to the "
        "app's identity."
    ),
    RefusalCode.SIZE_UNFIT: "Name sizes in vmSizes that support what the message names.",
    RefusalCode.ARCHITECTURE_NOT_SUPPORTED: (
        "Name an x64 VM, or set deprovision.allowArm64 to try it: Microsoft documents managed Run Command for x64 only "
        '("Run scripts in your VM by using managed Run Commands").'
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
        "Use an image definition with the VM's OS type, generation, architecture and security type."
    ),
    RefusalCode.DEFINITION_TAKES_NO_VM: (
        "Use an image definition with the security type TrustedLaunch for a VM with Trusted Launch, or one without for "
        "a Standard VM: of a type that ends in Supported Azure creates versions only from VHDs, images and versions."
    ),
    RefusalCode.PLAN_MISMATCH: (
        "Use an image definition with exactly the VM's purchase plan, or without one if the VM has none: the plan of a "
        "definition cannot be changed later."
    ),
    RefusalCode.DISK_CONTROLLER_UNFIT: (
        "Use an image definition whose feature DiskControllerTypes contains the disk controller that the message "
        'names ("SCSI, NVMe"): one without the feature is for SCSI only.'
    ),
    RefusalCode.DEFINITION_REGION_MISMATCH: "Use a gallery in the VM's region.",
    RefusalCode.SPECIALIZED_IN_PLACE: (
        'Set mode to "clone": a specialized image needs no VM that is generalized in place.'
    ),
    RefusalCode.REGIONS_WITHOUT_SOURCE: "Add the VM's region to image.targetRegions.",
    RefusalCode.VERSION_TAKEN: 'Set image.version to another version, or to "nextPatch".',
    RefusalCode.VERSION_IN_RECYCLE_BIN: (
        'Set image.version to another version, or to "nextPatch"; or restore or purge the deleted version (az sig '
        "image-version list-soft-deleted shows it): its name is not free before."
    ),
    RefusalCode.RECYCLE_BIN_UNREADABLE: (
        "Grant Microsoft.Compute/galleries/read and, for a gallery with soft delete, "
        "Microsoft.Compute/galleries/*/read on the gallery: names in its recycle bin are not free."
    ),
    RefusalCode.IMAGE_LOCKED: (
        "Remove the lock from the image definition, its gallery or the resource group, or name another image: under it "
        "no image can be written. A CanNotDelete lock may stay."
    ),
    RefusalCode.IMAGE_EXISTS: "Delete the image, or use another imageId: an image is never overwritten.",
    RefusalCode.IMAGE_UNFIT: "Publish to a gallery: a managed image does not support this VM.",
    RefusalCode.IMAGE_UNREADABLE: (
        "Grant read on the gallery, its definition and versions (or on the image), and "
        "Microsoft.Authorization/permissions/read and locks/read there."
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
}
