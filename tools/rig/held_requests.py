"""One ARM request of each stage: held there, a process can be killed in that stage."""

IN_PLACE = {
    "inspecting": "permissions.list",
    "customizing": "snapshots.createOrUpdate",
    "deprovisioning": "runCommands.put",
    "stopping": "virtualMachines.get",
    "deallocating": "virtualMachines.deallocate",
    "generalizing": "virtualMachines.generalize",
}
"""Of a VM in place with a rollback snapshot."""
CLONE = {
    "cloning": "virtualMachines.createOrUpdate",
    "customizing": "virtualMachines.restart",
    "deprovisioning": "runCommands.put",
    "publishing": "galleryImageVersions.createOrUpdate",
    "validating": "virtualMachines.createOrUpdate",
    "cleaningUp": "virtualMachines.delete",
}
"""What is special to a clone, and the request that deprovisions it; the rest is as for a VM in place."""
