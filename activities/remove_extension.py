"""Removes one extension from a temporary VM of this run."""

from azure_clients.errors import ArmRefused
from azure_clients.vm_extensions import begin_removal, removable_now
from azure_clients.vms import read_vm_or_none
from contracts.activities.vm import ExtensionRemoved, RemoveExtension
from policy.ownership import created_by_run
from policy.vm_extensions import why_not_removed


async def remove_extension(request: RemoveExtension) -> ExtensionRemoved:
    """Request the removal and return at once (2 requests; 1 if it is gone or already being removed).

    Call it again to see whether it is gone. A VM that this run did not create is a failure; another extension under the
    name, or one that GOLDEN_REMOVABLE_EXTENSIONS does not list any more, stays.
    """
    vm = await read_vm_or_none(request.vm_id)
    if vm is None:
        return ExtensionRemoved(gone=True)
    if failure := created_by_run(vm, request.run_id):
        return ExtensionRemoved(failure=failure)
    found = next((each for each in vm.extensions if each.name.lower() == request.extension.name.lower()), None)
    if found is None:
        return ExtensionRemoved(gone=True)
    if why := why_not_removed(found, request.extension, removable_now()):
        return ExtensionRemoved(why=why)
    if found.provisioning_state.lower() == "deleting":
        return ExtensionRemoved()
    try:
        return ExtensionRemoved(correlation_id=await begin_removal(request.vm_id, found.name))
    except ArmRefused as refused:
        if refused.status == 404:
            return ExtensionRemoved(gone=True)
        return ExtensionRemoved(why=str(refused), correlation_id=refused.correlation_id)
