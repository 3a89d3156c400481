"""A cleanup end to end: the orphaned resources of a terminated run are deleted, and nothing else."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

import pytest

from contracts.catalog import CLEANUP
from contracts.cleanup import CleanupMode, CleanupResult
from contracts.ids import Scope
from contracts.polling import Polling, PollingSettings
from contracts.results import Outcome
from contracts.stages import Stage
from emulators.arm import Role, SteppedClock, VmSpec
from emulators.task_hub import VirtualClock
from tests.support.azure import Azure
from tests.support.cleanups import cleanup_job
from tests.support.creating import APP, DISK, INTERFACE, RULES, SNAPSHOT, VM, create_clone, shape_of
from tests.support.engine import RunningEngine, engine
from tests.support.golden import add_definition, begin, cleanup_now, clone_job, end_of, standing, version_options
from tests.support.journey import journey, real_activities, simulated, spec
from tests.support.places import add_place, allow_scopes, group_id
from tests.support.requests import GROUP, job, settings, vm_id

CLONE = {resource.id for resource in (VM, INTERFACE, RULES, DISK, SNAPSHOT)}


@dataclass
class Cleanup:
    """A simulator with orphaned resources, and an engine to clean them up."""

    az: Azure
    engine: RunningEngine

    def cleanup(self, mode: CleanupMode, number: int, hours: int = 3) -> CleanupResult:
        """Run a cleanup so many hours from now."""
        at = self.engine.clock.now() + timedelta(hours=hours)
        asked = cleanup_job(mode, cleanup_id=f"cleanup-{number}", asked_at=at, app_name=APP)
        state = self.engine.run(CLEANUP, asked.model_dump(mode="json", exclude_none=True), asked.cleanup_id)
        assert state.serialized_output is not None, state.failure_details
        return CleanupResult.model_validate_json(state.serialized_output)

    def standing(self) -> set[str]:
        """Return which resources of the clone exist."""
        world = self.az.simulator.world
        found = {held.id.lower() for held in world.store.all()} | {each.id.lower() for each in world.vms.values()}
        return {each for each in CLONE if each.lower() in found}


@contextmanager
def orphaned(*specs: VmSpec, clone: bool) -> Generator[Cleanup]:
    """Orphan a clone, or a VM that was requested to deprovision, and start an engine on the simulator's time."""
    with simulated(*specs, role=Role()) as (simulator, loop, _):
        az = Azure(simulator, loop)
        if clone:
            create_clone(az, shape_of(az))
        az.pass_time(3_600)
        clock = cast("SteppedClock", simulator.clock)

        def on_jump(moment: datetime) -> None:
            seconds = (moment - clock.now()).total_seconds()
            asyncio.run_coroutine_threadsafe(clock.advance(max(seconds, 0)), loop).result(30)

        holder: list[RunningEngine] = []
        activities = real_activities([], lambda: holder[0].address)
        with engine(activities, VirtualClock(clock.now(), on_jump=on_jump), loop) as running:
            holder.append(running)
            yield Cleanup(az, running)


def test_orphaned_resources_are_reported_first_and_then_deleted_and_the_source_is_unchanged() -> None:
    with orphaned(spec("vm1"), clone=True) as cleanup:
        source = cleanup.az.simulator.world.picture(cleanup.az.vm())
        early = cleanup.cleanup(CleanupMode.DELETE, 1)
        reported = cleanup.cleanup(CleanupMode.REPORT, 2, hours=32)
        standing = cleanup.standing()
        done = cleanup.cleanup(CleanupMode.DELETE, 3, hours=32)
        left = cleanup.standing()
        again = cleanup.cleanup(CleanupMode.DELETE, 4, hours=32)
        untouched = cleanup.az.simulator.world.picture(cleanup.az.vm()) == source
    assert early.deleted == ()
    assert all("is not in this task hub" in note.why for note in early.kept), "this hub does not know the run"
    assert {each.lower() for each in reported.would_delete} == {each.lower() for each in CLONE}
    assert standing == CLONE
    assert {each.lower() for each in done.deleted} == {each.lower() for each in CLONE}
    assert (done.failed, left) == ((), set())
    assert (again.looked_at, again.deleted) == (0, ())
    assert untouched


def test_a_vm_whose_run_was_terminated_after_the_point_of_no_return_is_deallocated() -> None:
    with orphaned(spec("vm1"), clone=False) as cleanup:
        asked = job(target={"rollbackSnapshot": False})
        begin(cleanup, asked, Stage.DEPROVISIONING)
        cleanup.engine.client.terminate_orchestration(asked.run_id)
        cleanup.engine.end_of(asked.run_id)
        cleanup.az.pass_time(600)
        power = cleanup.az.read().power_state
        cleanup.engine.clock.allow(None)
        done = cleanup.cleanup(CleanupMode.DELETE, 1)
        after = cleanup.az.read().power_state
    assert (power, done.deallocated, after) == ("stopped", (vm_id(),), "deallocated")


def test_a_run_that_was_terminated_while_it_customized_its_clone_is_cleanup() -> None:
    asked = clone_job(image=version_options(), customize=[{"script": "linux-packages-update", "reboot": True}])
    with journey(spec("vm1", tags={}, power="deallocated"), emulate_linux=True) as reported:
        add_definition(reported)
        begin(reported, asked, Stage.CUSTOMIZING)
        alive = cleanup_now(reported, CleanupMode.DELETE, "alive", hold=True)
        reported.engine.client.terminate_orchestration(asked.run_id)
        reported.engine.end_of(asked.run_id)
        left = standing(reported, asked)
        dry = cleanup_now(reported, CleanupMode.REPORT, "dry")
        done = cleanup_now(reported, CleanupMode.DELETE, "done")
        after = standing(reported, asked)
    assert len(left) == 5, "VM, interface, rules, disk and snapshot"
    assert (alive.deleted, {note.why for note in alive.kept}) == ((), {f"run {asked.run_id} has not ended"})
    assert sorted(dry.would_delete) == sorted(done.deleted) == sorted(left)
    assert (done.failed, after) == ((), [])


def test_a_rollback_snapshot_is_found_in_its_place_and_deleted_when_its_days_have_passed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with journey(spec("vm1")) as reported:
        place = add_place(reported, "builds", rollback="rollback")
        scopes = tuple(group_id(name) for name in ("rg-images", "rollback"))
        allow_scopes(monkeypatch, *scopes)
        stamped = settings(
            build_places=(place,), allowed_scopes=tuple(map(Scope.parse, scopes)), rollback_snapshot_days=1
        )
        asked = job("vm1", settings=stamped)
        result = reported.report(asked)
        assert result.rollback_snapshot is not None
        kept = result.rollback_snapshot.id
        early = cleanup_now(reported, CleanupMode.DELETE, "early", scopes[1])
        reported.engine.clock.allow(None)
        at = reported.engine.clock.now() + timedelta(hours=25)
        late = cleanup_job(asked_at=at, scopes=(Scope.parse(scopes[1]),))
        state = reported.engine.run(CLEANUP, late.model_dump(mode="json", exclude_none=True), late.cleanup_id)
        done = CleanupResult.model_validate_json(state.serialized_output or "")
        after = standing(reported, result)
    assert kept.startswith(f"{scopes[1]}/")
    assert [(note.id, note.why.startswith("it is kept until")) for note in early.kept] == [(kept, True)]
    assert (done.deleted, after) == ((kept,), [])


def test_a_locked_resource_is_named_and_deleted_once_the_lock_is_removed() -> None:
    polling = PollingSettings(delete=Polling(initial_delay_seconds=10, interval_seconds=240, timeout_seconds=300))
    asked = clone_job(image=version_options(validated=False), stamped=settings(polling=polling))
    with journey(spec("vm1", tags={}, power="deallocated"), emulate_linux=True) as reported:
        add_definition(reported)
        begin(reported, asked, Stage.PUBLISHING)
        reported.simulator.lock(GROUP, "CanNotDelete")
        result = end_of(reported, asked)
        assert result.image is not None
        left = [each for each in standing(reported, asked) if each != result.image.id]
        locked = cleanup_now(reported, CleanupMode.DELETE, "locked")
        reported.simulator.world.locks.remove(GROUP)
        done = cleanup_now(reported, CleanupMode.DELETE, "free")
        after = standing(reported, asked)
    assert result.outcome is Outcome.PUBLISHED, result.failure
    assert len(left) == 5
    assert (
        sorted(each.id for each in result.orphaned_resources)
        == sorted(left)
        == sorted(note.id for note in locked.failed)
    )
    assert all("ScopeLocked" in each.why for each in result.orphaned_resources)
    assert sorted(done.deleted) == sorted(left)
    assert after == [result.image.id]
