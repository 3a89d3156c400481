"""Reads the end of a VM's serial log through its boot diagnostics."""

from azure_clients.clients import CALL, arm_session, compute
from azure_clients.errors import ArmRefused, ArmUnavailable, arm_errors
from contracts.ids import VmId
from contracts.polling import READ_SECONDS, SERIAL_LOG_URL_MINUTES

TAIL_BYTES = 1024 * 1024


async def read_serial_log(vm_id: VmId) -> str | None:
    """Read the last MiB of the serial log; None if Azure has none.

    Azure returns a signed URL for it. It stays in this function and is neither logged nor returned.
    """
    client = await compute(vm_id.subscription_id)
    try:
        async with arm_errors():
            found = await client.virtual_machines.retrieve_boot_diagnostics_data(
                vm_id.resource_group, vm_id.name, sas_uri_expiration_time_in_minutes=SERIAL_LOG_URL_MINUTES, **CALL
            )
    except ArmRefused as refused:
        if refused.status == 403:
            raise
        return None
    address = found.serial_console_log_blob_uri
    return await _tail(address) if address else None


async def _tail(address: str) -> str | None:
    """Download without the credential: its token must never be sent to a storage host."""
    import aiohttp

    session = await arm_session()
    kept = b""
    try:
        async with session.http.get(address, timeout=aiohttp.ClientTimeout(total=READ_SECONDS)) as response:
            if response.status in {403, 404, 409}:
                return None
            if response.status >= 400:
                raise ArmUnavailable(f"HTTP {response.status}", "the serial log could not be fetched")
            async for chunk in response.content.iter_chunked(64 * 1024):
                # The log is a page blob, padded with zeros at its end.
                kept = (kept + chunk.replace(b"\0", b""))[-TAIL_BYTES:]
    except (aiohttp.ClientError, TimeoutError) as error:
        # The client's error text may contain the signed URL.
        raise ArmUnavailable("NoAnswer", f"the serial log could not be fetched: {type(error).__name__}") from None
    return kept.decode("utf-8", errors="replace")
