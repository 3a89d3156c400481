"""Searches the VM's serial log for the run's mark."""

from azure_clients.errors import ArmRefused
from azure_clients.serial_log import read_serial_log
from contracts.activities.vm import ReadSerialMarker, SerialMarkRead
from contracts.guest_report import read_serial_log as find_mark


async def read_serial_marker(request: ReadSerialMarker) -> SerialMarkRead:
    """Read the end of the serial log (1 ARM request and 1 to storage); without a log the mark is not readable."""
    try:
        log = await read_serial_log(request.vm_id)
    except ArmRefused as refused:
        return SerialMarkRead(correlation_id=refused.correlation_id)
    if log is None:
        return SerialMarkRead()
    return SerialMarkRead(mark=find_mark(log, run_id=request.run_id, nonce=request.nonce))
