"""One ARM request of each stage: held there, a process can be killed in that stage."""

from contracts.stages import TRANSITIONS, Stage

IN_PLACE = {
    Stage.INSPECTING: "permissions.list",
    Stage.CUSTOMIZING: "snapshots.createOrUpdate",
    Stage.DEPROVISIONING: "runCommands.put",
    Stage.STOPPING: "virtualMachines.get",
    Stage.DEALLOCATING: "virtualMachines.deallocate",
    Stage.GENERALIZING: "virtualMachines.generalize",
}
"""Of a VM in place with a rollback snapshot."""
CLONE = {
    Stage.CLONING: "virtualMachines.createOrUpdate",
    Stage.CUSTOMIZING: "virtualMachines.restart",
    Stage.DEPROVISIONING: "runCommands.put",
    Stage.PUBLISHING: "galleryImageVersions.createOrUpdate",
    Stage.VALIDATING: "virtualMachines.createOrUpdate",
    Stage.CLEANING_UP: "virtualMachines.delete",
}
"""What is special to a clone, and the request that deprovisions it; the rest is as for a VM in place."""
NO_REQUEST = {
    Stage.ACCEPTED: "over within the first turn, before any activity",
    Stage.AWAITING_APPROVAL: "only a timer and an event are waited for",
}
"""The stages between beginning and end in which nothing is sent to Azure, and why."""


def stages_to_kill_in() -> frozenset[Stage]:
    """Return every stage that sends a request: all that have a next one, but those of `NO_REQUEST`."""
    return frozenset(stage for stage in Stage if TRANSITIONS[stage]) - NO_REQUEST.keys()
