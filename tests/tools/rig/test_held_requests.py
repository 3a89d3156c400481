"""Every stage of the product is killed in, by each proof that kills: a new stage must be put into their tables."""

from contracts.stages import Stage
from emulators.arm.routes import ROUTES
from tools.fault_injection import kills as fault_injection
from tools.real_engine import kills as real_engine
from tools.rig.held_requests import CLONE, IN_PLACE, NO_REQUEST, stages_to_kill_in


def test_every_stage_that_sends_a_request_has_one_to_hold() -> None:
    held = IN_PLACE.keys() | CLONE.keys()
    assert held == stages_to_kill_in(), "put the stage into a table, or into NO_REQUEST with the reason"
    assert not held & NO_REQUEST.keys()


def test_every_request_to_hold_is_an_operation_of_the_emulator() -> None:
    assert {*IN_PLACE.values(), *CLONE.values()} <= {route.name for route in ROUTES}


def test_the_fault_injection_kills_in_every_stage() -> None:
    assert fault_injection._REQUESTS.keys() == stages_to_kill_in()  # pyright: ignore[reportPrivateUsage]


def test_the_real_engine_is_killed_in_every_stage() -> None:
    fleet = real_engine._fleet()  # pyright: ignore[reportPrivateUsage]
    of_clones: set[Stage] = {stage for met in fleet if met.vm.definition for stage, _ in met.stages}
    assert of_clones == CLONE.keys()
    assert {stage for met in fleet for stage, _ in met.stages} == stages_to_kill_in()
