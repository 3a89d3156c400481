"""Inspecting and controlling the emulator, apart from the emulated API."""

from emulators.arm import ScaledClock, Simulator, SteppedClock
from tests.emulators.arm.fleet import FLEET, Raw, vm_path
from tests.emulators.arm.scripts import linux_run


async def test_vms_can_be_added_read_and_removed(raw: Raw):
    body = {"os": "Windows", "resourceGroup": "new-rg", "windows": {"sysprep": "fails"}, "power": "deallocated"}
    added = await raw("PUT", "/_simulator/vms/extra1", body)
    assert (added.status, added.body["powerState"]) == (200, "deallocated")
    listed = (await raw("GET", "/_simulator/vms")).body["vms"]
    assert len(listed) == len(FLEET) + 1
    assert (await raw("GET", added.body["id"])).status == 200
    assert (await raw("GET", "/_simulator/vms/extra1")).body["requests"] == 1
    assert (await raw("DELETE", "/_simulator/vms/extra1")).status == 200
    assert (await raw("GET", "/_simulator/vms/extra1")).status == 404


async def test_errors_are_reported(raw: Raw):
    for method, path, body, says in (
        ("PUT", "/vms/x1", {"colour": "red"}, "colour"),
        ("PUT", "/vms/linux1", {}, "already"),
        ("PUT", "/vms/x1", {"foreignStop": {"how": "powerOff"}}, "after_seconds"),
        ("POST", "/vms/linux1/stop", {"how": "kick"}, "powerOff"),
        ("PUT", "/role", {}, "Actions"),
        ("POST", "/locks", {"scope": "/x", "level": "Maybe"}, "CanNotDelete"),
    ):
        answer = await raw(method, f"/_simulator{path}", body)
        assert answer.status == 400
        assert says in answer.body["fault"]
    assert (await raw("GET", "/_simulator/nothing")).status == 404


async def test_the_clock_is_advanced_and_effects_are_reported_with_their_times(clock: SteppedClock, raw: Raw):
    await raw("PUT", vm_path("linux1", "/runCommands/run"), linux_run())
    began = (await raw("GET", "/_simulator/clock")).body
    assert began["stepped"] is True
    assert began["nextDue"] is not None
    ended = (await raw("POST", "/_simulator/clock/advance", {"seconds": 120})).body
    assert ended["now"] > began["now"]
    effects = (await raw("GET", "/_simulator/effects")).body["effects"]
    assert [effect["kind"] for effect in effects] == ["requested", "waagent", "poweroff", "deprovisioned"]
    assert effects[0]["at"] < effects[1]["at"]
    vm = (await raw("GET", "/_simulator/vms/linux1")).body
    assert (vm["requestedByRun"], vm["deprovisionedByRun"]) == ({"run-1": 1}, {"run-1": 1})


async def test_role_and_locks_are_set_and_locks_removed(simulator: Simulator, raw: Raw):
    await raw("PUT", "/_simulator/role", {"Actions": ["*/read"], "scopes": ["/subscriptions"]})
    assert (await raw("GET", "/_simulator/role")).body["Actions"] == ["*/read"]
    await raw("POST", "/_simulator/locks", {"scope": vm_path("linux1"), "level": "ReadOnly"})
    assert (await raw("DELETE", "/_simulator/locks", {"scope": vm_path("linux1")})).body == {"removed": 1}


async def test_a_running_clock_is_not_advanced_by_hand(raw: Raw, simulator: Simulator):
    simulator.world.clock = ScaledClock(speed=5)
    assert (await raw("GET", "/_simulator/clock")).body["speed"] == 5
    assert (await raw("POST", "/_simulator/clock/advance", {"seconds": 1})).status == 400


async def test_the_control_plane_is_no_part_of_the_simulated_api(simulator: Simulator, raw: Raw):
    await raw("GET", "/_simulator/vms", bearer="")
    assert simulator.requests() == []
