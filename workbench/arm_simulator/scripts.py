"""Delivers scripts to a machine's guest and follows what they leave behind."""

from collections.abc import Callable
from dataclasses import dataclass

from workbench.arm_simulator.durations import PLATFORM_TIMEOUT
from workbench.arm_simulator.guests.model import Job, Outcome
from workbench.arm_simulator.machine import Machine
from workbench.arm_simulator.power import shut_down_from_guest, stop_by_other

NO_AGENT_AFTER = 600.0


@dataclass(frozen=True)
class ScriptHooks:
    """Told as the script goes on. Each is called at most once; `wanted` says whether anybody still waits."""

    wanted: Callable[[], bool]
    started: Callable[[], None]
    reported: Callable[[Outcome], None]
    timed_out: Callable[[Outcome], None]
    #: The agent was not there to take the script (after ten minutes), or never reported (after 90).
    lost: Callable[[bool], None]


def deliver(machine: Machine, script: str, parameters: dict[str, str], timeout: float, hooks: ScriptHooks) -> None:
    """Hand a script to the agent in some seconds, and report when it is done, if the agent still can."""
    clock, dice, boot = machine.platform.clock, machine.platform.dice, machine.boot_number
    ended: list[bool] = []

    def still_wanted() -> bool:
        return not ended and hooks.wanted()

    async def arrive() -> None:
        if not still_wanted():
            return
        if machine.boot_number != boot or not machine.can_run_scripts():
            clock.call_in(NO_AGENT_AFTER, lambda: hooks.lost(False) if still_wanted() else None)
            return
        hooks.started()
        clock.call_in(PLATFORM_TIMEOUT, lambda: hooks.lost(True) if still_wanted() else None)
        machine.guest.set_clock(clock.now())
        outcome = await machine.guest.run(script, parameters, timeout)
        follow(machine, outcome)
        overdue = outcome.never_ends or outcome.timed_out or outcome.duration > timeout
        wait = timeout if overdue else max(outcome.duration, dice.draw("script_report"))
        clock.call_in(wait, lambda: report(outcome, overdue))

    def report(outcome: Outcome, overdue: bool) -> None:
        # A machine that stopped, or whose agent was killed by its own script, never reports.
        if machine.boot_number != boot or not machine.can_run_scripts() or not still_wanted():
            return
        ended.append(True)
        (hooks.timed_out if overdue else hooks.reported)(outcome)

    clock.call_in(dice.draw("script_delivery"), arrive)


def follow(machine: Machine, outcome: Outcome) -> None:
    """Take what a script did into the log, and plan what it left behind."""
    armed = machine.log.count("armed")
    if not outcome.repeated:
        machine.log.read_output(outcome.stdout)
    machine.read_guest()
    for job in machine.guest.scheduled():
        if job.id not in machine.seen_jobs:
            machine.seen_jobs.add(job.id)
            _plan(machine, job)
    if machine.guest.powered_off():
        shut_down_from_guest(machine)
    stop = machine.spec.foreign_stop
    if stop is not None and stop.since == "armed" and machine.log.count("armed") > armed:
        machine.platform.clock.call_in(stop.after_seconds, lambda: _ignore(stop_by_other(machine, stop.how)))


def _plan(machine: Machine, job: Job) -> None:
    boot = machine.boot_number

    async def run() -> None:
        if machine.boot_number != boot or machine.power != "running" or machine.spec.never_stops:
            return
        machine.guest.set_clock(machine.platform.clock.now())
        await machine.guest.run_scheduled(job.id)
        machine.read_guest()
        if machine.guest.powered_off():
            shut_down_from_guest(machine)

    machine.platform.clock.call_in(job.delay_seconds, run)


def _ignore(_stopped: bool) -> None:
    return None
