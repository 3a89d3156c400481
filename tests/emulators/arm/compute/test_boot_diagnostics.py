"""Boot diagnostics: SAS URLs, the serial log, and a VM without boot diagnostics."""

import pytest
from azure.core.exceptions import ResourceExistsError

from emulators.arm import Durations, Simulator, SteppedClock, VmSpec
from tests.emulators.arm.fleet import GROUP, Raw, Sdk, vm_path
from tests.emulators.arm.scripts import linux_run


async def test_the_serial_log_is_read_at_a_sas_url_without_a_token(client: Sdk, clock: SteppedClock, raw: Raw):
    await client.virtual_machine_run_commands.begin_create_or_update(GROUP, "linux1", "run", linux_run())
    await clock.advance(140)
    data = await client.virtual_machines.retrieve_boot_diagnostics_data(
        GROUP, "linux1", sas_uri_expiration_time_in_minutes=5
    )
    log = await raw("GET", data.serial_console_log_blob_uri, bearer="")
    assert log.status == 200
    assert "ubuntu-22.04 booted" in log.text
    assert "GOLDEN-IMAGE-DEPROVISIONED run-1 abc12345" in log.text
    assert (await raw("GET", data.serial_console_log_blob_uri.replace("linux1", "linux2"))).status == 403
    await clock.advance(6 * 60)
    expired = await raw("GET", data.serial_console_log_blob_uri)
    assert (expired.status, expired.headers["x-ms-error-code"]) == (403, "AuthenticationFailed")


async def test_a_vm_without_boot_diagnostics_has_none(client: Sdk):
    with pytest.raises(ResourceExistsError, match="Boot diagnostics is not enabled"):
        await client.virtual_machines.retrieve_boot_diagnostics_data(GROUP, "dark1")
    vm = await client.virtual_machines.get(GROUP, "dark1", expand="instanceView")
    assert vm.diagnostics_profile.boot_diagnostics.enabled is False
    assert vm.instance_view.boot_diagnostics is None


async def test_the_validity_has_its_bounds(raw: Raw):
    for minutes in ("0", "1441", "soon", "-5"):
        path = vm_path("linux1", f"/retrieveBootDiagnosticsData?api-version=1&sasUriExpirationTimeInMinutes={minutes}")
        assert (await raw("POST", path)).status == 400, minutes


async def _shown(client: Sdk, raw: Raw) -> str:
    data = await client.virtual_machines.retrieve_boot_diagnostics_data(GROUP, "linux1")
    return (await raw("GET", data.serial_console_log_blob_uri, bearer="")).text


async def test_the_blob_lags_behind_what_the_guest_writes(
    simulator: Simulator, client: Sdk, clock: SteppedClock, raw: Raw
):
    vm = simulator.vm("linux1")
    await client.virtual_machine_run_commands.begin_create_or_update(GROUP, "linux1", "run", linux_run())
    while vm.deprovisioned_count == 0:
        await clock.advance(1)
    assert "GOLDEN-IMAGE-DEPROVISIONED run-1" in vm.serial_log()
    assert "GOLDEN-IMAGE-DEPROVISIONED" not in await _shown(client, raw)
    assert "ubuntu-22.04 booted" in await _shown(client, raw)
    await clock.advance(3)  # the shortest lag is 5 s
    assert "GOLDEN-IMAGE-DEPROVISIONED" not in await _shown(client, raw)
    await clock.advance(20)  # the longest is 20 s
    assert (await _shown(client, raw)).rstrip("\0") == vm.serial_log()


async def test_the_blob_is_padded_with_nul_bytes_as_a_page_blob_is(client: Sdk, raw: Raw):
    shown = await _shown(client, raw)
    text = shown.rstrip("\0")
    assert text.endswith("booted\r\n")
    assert len(shown) == 512 + 64 * 1024


async def test_a_later_text_is_never_shown_before_an_earlier_one(clock: SteppedClock):
    lags = Durations(serial_log_lag=(0, 60))
    for seed in range(20):
        simulator = Simulator(clock=clock, vms=[VmSpec("one1")], durations=lags, seed=seed, emulate_linux=True)
        vm = simulator.vm("one1")
        shown: list[str] = []
        for _ in range(5):
            vm.write_boot()
            await clock.advance(7)
            shown.append(vm.published_serial_log())
        assert all(vm.serial_log().startswith(text) for text in shown)
        assert shown == sorted(shown, key=len)
        await clock.advance(60)
        assert vm.published_serial_log() == vm.serial_log()
        await simulator.stop()
