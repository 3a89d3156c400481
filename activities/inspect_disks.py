"""Reads the model and the disks of a VM: everything that a clone of it must have too."""

from azure_clients.disks import read_shape
from azure_clients.errors import ArmRefused
from contracts.activities.resources import DisksInspected, InspectDisks
from contracts.error_codes import Refusal, RefusalCode


async def inspect_disks(request: InspectDisks) -> DisksInspected:
    """Read the model and each managed disk (2 requests, and 1 for each data disk); what cannot be read is a refusal."""
    try:
        return DisksInspected(shape=await read_shape(request.vm_id))
    except ArmRefused as refused:
        refusal = Refusal.of(RefusalCode.DISKS_UNREADABLE, str(refused))
        return DisksInspected(refusal=refusal, correlation_id=refused.correlation_id)
