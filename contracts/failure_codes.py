"""The codes of a run that had begun and did not succeed, each with what to do and what asking again does."""

from enum import StrEnum


class FailureCode(StrEnum):
    """Why a run that had begun did not succeed."""

    GUEST_FAILED = "GuestFailed"
    GUEST_REPORT_TIMED_OUT = "GuestReportTimedOut"
    RUN_COMMAND_FAILED = "RunCommandFailed"
    STOPPED_WITHOUT_PROOF = "StoppedWithoutProof"
    DEALLOCATED_EXTERNALLY = "DeallocatedExternally"
    STARTED_EXTERNALLY = "StartedExternally"
    STOP_TIMED_OUT = "StopTimedOut"
    DEALLOCATE_TIMED_OUT = "DeallocateTimedOut"
    NOT_GENERALIZED = "NotGeneralized"
    VM_REPLACED = "VmReplaced"
    VM_DELETED = "VmDeleted"
    CLONE_FAILED = "CloneFailed"
    SNAPSHOT_FAILED = "SnapshotFailed"
    SCRIPT_FAILED = "ScriptFailed"
    SCRIPT_TIMED_OUT = "ScriptTimedOut"
    TEMPORARY_VM_LIFETIME_EXCEEDED = "TemporaryVmLifetimeExceeded"
    EXTENSIONS_APPEARED = "ExtensionsAppeared"
    PUBLISH_FAILED = "PublishFailed"
    PUBLISH_TIMED_OUT = "PublishTimedOut"
    VALIDATION_FAILED = "ValidationFailed"
    IMAGE_NOT_TESTED = "ImageNotTested"
    PROMOTE_FAILED = "PromoteFailed"
    NO_LONGER_ALLOWED = "NoLongerAllowed"
    RUN_TERMINATED = "RunTerminated"
    RUN_NOT_ENDED = "RunNotEnded"
    DISALLOWED_BY_POLICY = "DisallowedByPolicy"
    DENIED_BY_ASSIGNMENT = "DeniedByAssignment"
    CAPACITY_UNAVAILABLE = "CapacityUnavailable"
    AZURE_REJECTED_REQUEST = "AzureRejectedRequest"
    AZURE_UNAVAILABLE = "AzureUnavailable"
    UNEXPECTED = "Unexpected"


FAILURE_REMEDIATION: dict[FailureCode, str] = {
    FailureCode.GUEST_FAILED: (
        "Read evidence.collected, then restore the VM from rollbackSnapshot: it may be deprovisioned in part. A new "
        "request deprovisions it again; if the VM is repaired in place, remove /var/lib/golden-image in it first."
    ),
    FailureCode.GUEST_REPORT_TIMED_OUT: (
        "Repair the guest agent, and check that the Run Command is deleted. Nothing is known to be deprovisioned; a "
        "new request deprovisions the VM, if /var/lib/golden-image in it holds no record of this run."
    ),
    FailureCode.RUN_COMMAND_FAILED: (
        "Read the Run Command's message: the script did not start or complete. Check the VM, or restore it from "
        "rollbackSnapshot; a new request deprovisions it, once /var/lib/golden-image in it is removed."
    ),
    FailureCode.STOPPED_WITHOUT_PROOF: (
        "Linux: send a new request later; it looks for the proof again and, once Azure's serial log shows it, "
        "finishes without deprovisioning again. Windows, or still no proof: restore the VM from rollbackSnapshot, "
        "and do not use an image of it."
    ),
    FailureCode.DEALLOCATED_EXTERNALLY: (
        "Find out in the activity log who deallocated the VM. Linux: a new request looks for the proof again and "
        "then finishes without deprovisioning again. Otherwise restore the VM from rollbackSnapshot."
    ),
    FailureCode.STARTED_EXTERNALLY: (
        "Find out in the activity log who started the VM: it booted after it was deprovisioned. Start it if it is "
        "stopped, and delete its Run Commands of this app; then a new request deprovisions it again."
    ),
    FailureCode.STOP_TIMED_OUT: (
        "Read evidence.collected: deprovisioning was started, and the VM still runs. Stop it if it is done, or "
        "restore it from rollbackSnapshot. Once it has stopped, a new request for a Linux VM finishes without "
        "deprovisioning again."
    ),
    FailureCode.DEALLOCATE_TIMED_OUT: (
        "Deallocate the VM by hand, it is billed; search the activity log for the correlation id. Linux: a new "
        "request then finishes without deprovisioning again. Windows: run az vm generalize."
    ),
    FailureCode.NOT_GENERALIZED: (
        "Run az vm generalize by hand: the VM is deprovisioned and deallocated. A new request then publishes it "
        "without deprovisioning again."
    ),
    FailureCode.VM_REPLACED: (
        "Check the VM: another VM now has this id, and the run did nothing more to it. A new request deprovisions "
        "that VM."
    ),
    FailureCode.VM_DELETED: (
        "Find out in the activity log who deleted or moved the VM. Deleted: there is nothing left to ask for. Moved: "
        "it may be deprovisioned, stopped and billed; a new request with its new id finishes it, and deprovisions it "
        "only without proof."
    ),
    FailureCode.CLONE_FAILED: (
        "Read the message: a resource of the clone could not be created. The source VM was not changed; a new "
        "request creates a new clone."
    ),
    FailureCode.SNAPSHOT_FAILED: (
        "Read the message: the rollback snapshot failed, so that the VM was not touched. A new request deprovisions it."
    ),
    FailureCode.SCRIPT_FAILED: (
        "Read the end of the script's output in the result and correct the script. The source VM was not changed; a "
        "new request creates a new clone."
    ),
    FailureCode.SCRIPT_TIMED_OUT: (
        "Set a higher deadlineMinutes for the script, or find out why it hangs. The source VM was not changed; a "
        "new request creates a new clone."
    ),
    FailureCode.TEMPORARY_VM_LIFETIME_EXCEEDED: (
        "Find out what took so long: the clone existed longer than GOLDEN_TEMPORARY_VM_MAX_HOURS. It is deleted, "
        "the source VM was not changed; a new request creates a new clone."
    ),
    FailureCode.EXTENSIONS_APPEARED: (
        "Exempt the resource group of temporary VMs from the policy that installed the extension. The clone is "
        "deleted, the source VM was not changed; a new request creates a new clone."
    ),
    FailureCode.PUBLISH_FAILED: (
        "Read the message and unpublishedVersion (id, regions). In place: the VM stays deallocated and generalized, "
        "and a new request publishes it without deprovisioning again. A clone is deleted; a new request creates a "
        "new one."
    ),
    FailureCode.PUBLISH_TIMED_OUT: (
        "Check unpublishedVersion, then promote or delete it: it may still succeed. In place a new request "
        "publishes the VM without deprovisioning again; of a clone it creates a new one."
    ),
    FailureCode.VALIDATION_FAILED: (
        "Read image.validation.faults. The version stays excluded from latest; delete it. In place a new request "
        "publishes the same VM again without deprovisioning it: correct what is wrong in a new VM instead."
    ),
    FailureCode.IMAGE_NOT_TESTED: (
        "Validate the version later: test a VM created from image.id by hand, then set excludeFromLatest to false. Or "
        "ask again: in place the VM is published and validated without deprovisioning it again, a clone is made anew."
    ),
    FailureCode.PROMOTE_FAILED: (
        "Set excludeFromLatest of the version to false by hand: it passed its validation. Do not ask again: a new "
        "request publishes another version."
    ),
    FailureCode.RUN_TERMINATED: (
        "Read endedIn and powerState. Before deprovisioning: send the request again. After it: a cleanup in the "
        'mode "delete" deallocates the VM if it has stopped and deletes what is temporary; then send the request '
        "again."
    ),
    FailureCode.RUN_NOT_ENDED: (
        "Look at the VM's own run (GET /api/runs/{runId}): it may be suspended. Resume, cancel or terminate it."
    ),
    FailureCode.NO_LONGER_ALLOWED: (
        "Ask the operator: a setting was changed after the VM was asked to deprovision itself. A VM that stopped is "
        "deallocated; nothing else was done. Linux: once allowed again, a new request finishes it without "
        "deprovisioning."
    ),
    FailureCode.DISALLOWED_BY_POLICY: (
        "Exempt the resource group from the policy assignment that the message names, or give what it demands (tags: "
        "GOLDEN_TAGS). endedIn says how far the run was; a new request goes on from there, or begins anew."
    ),
    FailureCode.DENIED_BY_ASSIGNMENT: (
        "Exclude the app's identity from the deny assignment that the message names, or use another resource group. "
        "endedIn says how far the run was; a new request goes on from there, or begins anew."
    ),
    FailureCode.CAPACITY_UNAVAILABLE: (
        "Name other sizes in vmSizes, allow it outside of the zone (allowWithoutZone), have the quota raised, or ask "
        "again later. The source VM was not changed; a new request begins anew."
    ),
    FailureCode.AZURE_REJECTED_REQUEST: (
        "Read Azure's error code and message: Azure rejected a request of the run. endedIn says how far it was: "
        "without a rollbackSnapshot in the result nothing was deprovisioned, and a new request begins anew."
    ),
    FailureCode.AZURE_UNAVAILABLE: (
        "Azure did not answer before the timeout of the stage. endedIn says how far the run was; send a new request "
        "later: it deprovisions only a VM that is not generalized and shows no proof of an earlier run."
    ),
    FailureCode.UNEXPECTED: (
        "Report the message with the run id: this is an error of the app. endedIn and powerState say what the VM "
        "is; a new request deprovisions it unless it is generalized already."
    ),
}
"""For each code also whether a new request deprovisions the VM again."""
