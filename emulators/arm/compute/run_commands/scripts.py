"""Delivers scripts to a VM's guest and runs the work that they schedule."""

from collections.abc import Callable
from dataclasses import dataclass

from emulators.arm.compute.vms.power import shut_down_from_guest, stop_by_other
from emulators.arm.compute.vms.vm import Vm
from emulators.arm.guests.model import Job, Outcome
from emulators.arm.state.durations import PLATFORM_TIMEOUT

NO_AGENT_AFTER = 600.0


@dataclass(frozen=True)
class ScriptHooks:
    """Callbacks for the progress of a script, each called at most once; `wanted` returns whether it is still needed."""

    wanted: Callable[[], bool]
    started: Callable[[], None]
    reported: Callable[[Outcome], None]
    timed_out: Callable[[Outcome], None]
    #: The agent did not receive the script (after 10 minutes), or never reported (after 90).
    lost: Callable[[bool], None]


def deliver(vm: Vm, script: str, parameters: dict[str, str], timeout: float, hooks: ScriptHooks) -> None:
    """Deliver a script to the agent after some seconds, and report its end if the agent still can."""
    clock, dice, boot = vm.platform.clock, vm.platform.dice, vm.boot_number
    ended: list[bool] = []

    def still_wanted() -> bool:
        return not ended and hooks.wanted()

    async def arrive() -> None:
        if not still_wanted():
            return
        if vm.boot_number != boot or not vm.can_run_scripts():
            clock.call_in(NO_AGENT_AFTER, lambda: hooks.lost(False) if still_wanted() else None)
            return
        hooks.started()
        clock.call_in(PLATFORM_TIMEOUT, lambda: hooks.lost(True) if still_wanted() else None)
        vm.guest.set_clock(vm.own_time())
        outcome = await vm.guest.run(script, parameters, timeout)
        follow(vm, outcome)
        overdue = outcome.never_ends or outcome.timed_out or outcome.duration > timeout
        wait = timeout if overdue else max(outcome.duration, dice.draw("script_report"))
        clock.call_in(wait, lambda: report(outcome, overdue))

    def report(outcome: Outcome, overdue: bool) -> None:
        # A VM that stopped, or whose script stopped the agent, never reports.
        if vm.boot_number != boot or not vm.can_run_scripts() or not still_wanted():
            return
        ended.append(True)
        (hooks.timed_out if overdue else hooks.reported)(outcome)

    clock.call_in(dice.draw("script_delivery"), arrive)


def follow(vm: Vm, outcome: Outcome) -> None:
    """Record the effects of a script, and schedule its detached work."""
    requested = vm.log.count("requested")
    if not outcome.repeated:
        vm.log.read_output(outcome.stdout)
    vm.read_guest()
    for job in vm.guest.scheduled():
        if job.id not in vm.seen_jobs:
            vm.seen_jobs.add(job.id)
            _plan(vm, job)
    if vm.guest.powered_off():
        shut_down_from_guest(vm)
    stop = vm.spec.foreign_stop
    if stop is not None and stop.since == "requested" and vm.log.count("requested") > requested:
        stop_by_other(vm, stop.how, stop.after_seconds)


def _plan(vm: Vm, job: Job) -> None:
    boot = vm.boot_number

    async def run() -> None:
        if vm.boot_number != boot or vm.power != "running" or vm.spec.never_stops:
            return
        vm.guest.set_clock(vm.own_time())
        await vm.guest.run_scheduled(job.id)
        vm.read_guest()
        if vm.guest.powered_off():
            shut_down_from_guest(vm)

    vm.platform.clock.call_in(job.delay_seconds, run)
