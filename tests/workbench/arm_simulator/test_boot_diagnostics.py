"""Boot diagnostics: signed addresses, the serial log behind them, and a machine without any."""

import pytest
from azure.core.exceptions import ResourceExistsError

from tests.workbench.arm_simulator.fleet import GROUP, Raw, Sdk, vm_path
from tests.workbench.arm_simulator.scripts import linux_run
from workbench.arm_simulator import SteppedClock


async def test_the_serial_log_is_read_at_a_signed_address_without_a_token(client: Sdk, clock: SteppedClock, raw: Raw):
    await client.virtual_machine_run_commands.begin_create_or_update(GROUP, "linux1", "run", linux_run())
    await clock.advance(120)
    data = await client.virtual_machines.retrieve_boot_diagnostics_data(
        GROUP, "linux1", sas_uri_expiration_time_in_minutes=5
    )
    log = await raw("GET", data.serial_console_log_blob_uri, bearer="")
    assert log.status == 200
    assert "ubuntu-22.04 booted" in log.text
    assert "GOLDEN-IMAGE-SEALED run-1 abc123" in log.text
    assert (await raw("GET", data.serial_console_log_blob_uri.replace("linux1", "linux2"))).status == 403
    await clock.advance(6 * 60)
    expired = await raw("GET", data.serial_console_log_blob_uri)
    assert (expired.status, expired.headers["x-ms-error-code"]) == (403, "AuthenticationFailed")


async def test_a_machine_without_boot_diagnostics_has_none(client: Sdk):
    with pytest.raises(ResourceExistsError, match="Boot diagnostics is not enabled"):
        await client.virtual_machines.retrieve_boot_diagnostics_data(GROUP, "dark1")
    vm = await client.virtual_machines.get(GROUP, "dark1", expand="instanceView")
    assert vm.diagnostics_profile.boot_diagnostics.enabled is False
    assert vm.instance_view.boot_diagnostics is None


@pytest.mark.parametrize("minutes", ["0", "1441", "soon", "-5"])
async def test_the_validity_has_its_bounds(raw: Raw, minutes: str):
    path = vm_path("linux1", f"/retrieveBootDiagnosticsData?api-version=1&sasUriExpirationTimeInMinutes={minutes}")
    assert (await raw("POST", path)).status == 400
