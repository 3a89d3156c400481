"""Machines generalized in place: real activities and SDK, the simulator with the app's own role, virtual time."""

from contracts.results import Outcome
from tests.support.journey import journey, spec
from tests.support.requests import job


def test_a_linux_machine() -> None:
    with journey(spec("vm1")) as told:
        result = told.tell(job("vm1"))
        vm = told.simulator.machine("vm1")
    print("\n".join(told.orders("vm1")))
    assert result.outcome is Outcome.GENERALIZED, result
    assert vm.generalized
