"""A sweep end to end: what a terminated run left in Azure goes, and nothing else."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from contracts.results import Outcome
from contracts.run import Wait, Waits
from contracts.stages import Stage
from contracts.steps import GOLDEN_IMAGE, SWEEP
from contracts.sweep import SweepMode, SweepResult
from tests.support.azure import Azure
from tests.support.engine import RunningEngine, engine
from tests.support.golden import add_definition, begin, clone_job, end_of, standing, sweep_now, version_wish
from tests.support.journey import journey, real_activities, simulated, spec
from tests.support.making import APP, DISK, INTERFACE, MACHINE, RULES, SNAPSHOT, make_clone, shape_of
from tests.support.requests import GROUP, job, settings, vm_id
from tests.support.sweeps import sweep_job
from tests.support.telling import wait_for_stage
from workbench.arm_simulator import MachineSpec, Role, SteppedClock
from workbench.timed_engine import VirtualClock

CLONE = {thing.id for thing in (MACHINE, INTERFACE, RULES, DISK, SNAPSHOT)}


@dataclass
class Swept:
    """A simulator in which something was left behind, and an engine to sweep it."""

    az: Azure
    engine: RunningEngine

    def sweep(self, mode: SweepMode, number: int, hours: int = 3) -> SweepResult:
        """Sweep so many hours later than now."""
        at = self.engine.clock.now() + timedelta(hours=hours)
        asked = sweep_job(mode, sweep_id=f"sweep-{number}", asked_at=at, app_name=APP)
        state = self.engine.run(SWEEP, asked.model_dump(mode="json", exclude_none=True), asked.sweep_id)
        assert state.serialized_output is not None, state.failure_details
        return SweepResult.model_validate_json(state.serialized_output)

    def standing(self) -> set[str]:
        """Give what of the clone stands."""
        world = self.az.simulator.world
        found = {held.id.lower() for held in world.store.all()} | {each.id.lower() for each in world.machines.values()}
        return {each for each in CLONE if each.lower() in found}


@contextmanager
def left_behind(*specs: MachineSpec, clone: bool) -> Generator[Swept]:
    """Leave a clone, or a machine that was told to seal itself, and start an engine on the simulator's time."""
    with simulated(*specs, role=Role()) as (simulator, loop, _):
        az = Azure(simulator, loop)
        if clone:
            make_clone(az, shape_of(az))
        az.pass_time(3_600)
        clock = cast("SteppedClock", simulator.clock)

        def on_jump(moment: datetime) -> None:
            seconds = (moment - clock.now()).total_seconds()
            asyncio.run_coroutine_threadsafe(clock.advance(max(seconds, 0)), loop).result(30)

        holder: list[RunningEngine] = []
        activities = real_activities([], lambda: holder[0].address)
        with engine(activities, VirtualClock(clock.now(), on_jump=on_jump), loop) as running:
            holder.append(running)
            yield Swept(az, running)


def test_what_a_run_left_is_told_first_and_then_goes_while_the_source_stays_as_it_was() -> None:
    with left_behind(spec("vm1"), clone=True) as swept:
        source = swept.az.simulator.world.picture(swept.az.machine())
        early = swept.sweep(SweepMode.DELETE, 1)
        told = swept.sweep(SweepMode.DRY_RUN, 2, hours=32)
        standing = swept.standing()
        done = swept.sweep(SweepMode.DELETE, 3, hours=32)
        left = swept.standing()
        again = swept.sweep(SweepMode.DELETE, 4, hours=32)
        untouched = swept.az.simulator.world.picture(swept.az.machine()) == source
    assert early.deleted == ()
    assert all("is not known here" in note.why for note in early.kept), "this hub knows nothing of the run"
    assert {each.lower() for each in told.would_delete} == {each.lower() for each in CLONE}
    assert standing == CLONE
    assert {each.lower() for each in done.deleted} == {each.lower() for each in CLONE}
    assert (done.failed, left) == ((), set())
    assert (again.looked_at, again.deleted) == (0, ())
    assert untouched


def test_a_machine_whose_run_was_terminated_after_the_point_of_no_return_is_deallocated() -> None:
    with left_behind(spec("vm1"), clone=False) as swept:
        asked = job(target={"undoSnapshot": False})
        swept.engine.clock.allow(swept.engine.clock.now())
        swept.engine.client.schedule_new_orchestration(
            GOLDEN_IMAGE, input=asked.model_dump(mode="json", exclude_none=True), instance_id=asked.run_id
        )
        wait_for_stage(swept.engine, asked.run_id, Stage.DEPROVISIONING)
        swept.engine.client.terminate_orchestration(asked.run_id)
        swept.engine.end_of(asked.run_id)
        swept.az.pass_time(600)
        power = swept.az.read().power_state
        swept.engine.clock.allow(None)
        done = swept.sweep(SweepMode.DELETE, 1)
        after = swept.az.read().power_state
    assert (power, done.deallocated, after) == ("stopped", (vm_id(),), "deallocated")


def test_a_run_that_was_terminated_while_it_prepared_its_clone_is_swept() -> None:
    asked = clone_job(image=version_wish(), prepare=[{"script": "linux-packages-update", "reboot": True}])
    with journey(spec("vm1", tags={}, power="deallocated"), emulate_linux=True) as told:
        add_definition(told)
        begin(told, asked, Stage.PREPARING)
        alive = sweep_now(told, SweepMode.DELETE, "alive", hold=True)
        told.engine.client.terminate_orchestration(asked.run_id)
        told.engine.end_of(asked.run_id)
        left = standing(told, asked)
        dry = sweep_now(told, SweepMode.DRY_RUN, "dry")
        done = sweep_now(told, SweepMode.DELETE, "done")
        after = standing(told, asked)
    assert len(left) == 5, "machine, interface, rules, disk and snapshot"
    assert (alive.deleted, {note.why for note in alive.kept}) == ((), {f"run {asked.run_id} is alive"})
    assert sorted(dry.would_delete) == sorted(done.deleted) == sorted(left)
    assert (done.failed, after) == ((), [])


def test_what_a_lock_keeps_is_named_and_swept_once_the_lock_is_gone() -> None:
    waits = Waits(delete=Wait(first=10, every=240, deadline=300))
    asked = clone_job(image=version_wish(verified=False), stamped=settings(waits=waits))
    with journey(spec("vm1", tags={}, power="deallocated"), emulate_linux=True) as told:
        add_definition(told)
        begin(told, asked, Stage.PUBLISHING)
        told.simulator.lock(GROUP, "CanNotDelete")
        result = end_of(told, asked)
        assert result.image is not None
        left = [each for each in standing(told, asked) if each != result.image.id]
        locked = sweep_now(told, SweepMode.DELETE, "locked")
        told.simulator.world.locks.remove(GROUP)
        done = sweep_now(told, SweepMode.DELETE, "free")
        after = standing(told, asked)
    assert result.outcome is Outcome.PUBLISHED, result.failure
    assert len(left) == 5
    assert sorted(each.id for each in result.left) == sorted(left) == sorted(note.id for note in locked.failed)
    assert all("ScopeLocked" in each.why for each in result.left)
    assert sorted(done.deleted) == sorted(left)
    assert after == [result.image.id]
