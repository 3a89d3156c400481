"""What is done before the point of no return: scripts on the clone, or a snapshot to undo by on a machine in place."""

from datetime import UTC, timedelta

from contracts.facts import GuestIdentity
from contracts.ids import Scope, run_command_name
from contracts.made import KEEP_TAG, Kind, Purpose
from contracts.making_steps import MakeSnapshot
from contracts.reasons import Failure, FailureCode, Refusal, RefusalCode
from contracts.results import PreparedScript, UndoSnapshot
from contracts.run import Wait
from contracts.script_steps import ReadIdentity, ReadScript, ScriptRead, StartScript
from contracts.steps import MAKE_SNAPSHOT, READ_IDENTITY, READ_SCRIPT, RESTART_VM, START_SCRIPT
from contracts.wishes import ScriptUse
from orchestrators.aftermath import take_run_commands_off
from orchestrators.calling import Story
from orchestrators.cloning import new
from orchestrators.machine_run import Failed, MachineRun, Refused
from orchestrators.making import make, thing, wait_until_ready, wait_until_whole
from orchestrators.waiting import ask, order, wait_for
from policy.ends import STOPPED

# The guest's own limit is the script's deadline; the news of it may come some minutes later.
_ROOM_FOR_NEWS = 300


def take_undo_snapshot(run: MachineRun) -> Story[None]:
    """Keep the OS disk as it is now: the cheap way back from a deprovisioning that should not have been."""
    machine = run.machine
    assert machine is not None
    days = run.job.settings.undo_days
    keep_until = run.ctx.current_utc_datetime.replace(tzinfo=UTC) + timedelta(days=days)
    vm_id = machine.vm_id
    group = Scope(vm_id.subscription_id, vm_id.resource_group)
    snapshot = thing(run, group, Kind.SNAPSHOT, "undo-snapshot", Purpose.UNDO)
    tags = {KEEP_TAG: keep_until.isoformat(timespec="seconds")}
    wait = run.job.settings.waits.snapshot
    wanted = MakeSnapshot(**new(run, snapshot, machine.location, tags), source_disk_id=machine.os_disk_id)
    yield from make(run, wait, MAKE_SNAPSHOT, wanted)
    yield from wait_until_whole(run, wait, [snapshot], FailureCode.SNAPSHOT_FAILED)
    run.undo = UndoSnapshot(id=snapshot.id, keep_until=keep_until)


def keep_undo(run: MachineRun) -> None:
    """From the point of no return on the undo snapshot is no longer temporary."""
    kept = [made for made in run.things if made.purpose is Purpose.UNDO]
    run.kept += kept
    run.things = [made for made in run.things if made not in kept]


def run_scripts(run: MachineRun, hashes: tuple[str, ...]) -> Story[None]:
    """Run the scripts in order; the first that fails ends the run while nothing is lost. Then take them all off."""
    names: list[str] = []
    for place, (use, sha256) in enumerate(zip(run.job.target.prepare, hashes, strict=True)):
        name = run_command_name(run.job.run_id, f"prepare-{place}")
        names.append(name)
        run.prepared = (*run.prepared, PreparedScript(script=use.script, sha256=sha256))
        yield from _run_script(run, use, sha256, name)
        if use.reboot:
            names += yield from _restart(run, place)
    if names:
        # A standing Run Command would run again on a machine made from the image.
        yield from take_run_commands_off(run, tuple(names))


def _run_script(run: MachineRun, use: ScriptUse, sha256: str, name: str) -> Story[None]:
    machine = run.machine
    assert machine is not None
    waits, limit = run.job.settings.waits, use.deadline_minutes * 60
    wanted = StartScript(
        machine=machine,
        run_id=run.job.run_id,
        app_name=run.job.settings.app_name,
        run_command=name,
        script=use.script,
        sha256=sha256,
        parameters=use.parameters,
        timeout_seconds=limit,
    )
    answer = yield from order(run, waits.script, START_SCRIPT, wanted)
    if answer.refusal is not None:
        raise Refused(answer.refusal)
    ended = yield from _until_ended(
        run,
        use,
        name,
        waits.script.model_copy(
            update={"deadline": limit + _ROOM_FOR_NEWS, "every": min(300, max(waits.script.every, limit // 60))}
        ),
    )
    done = run.prepared[-1].model_copy(update={"exit_code": ended.exit_code, "output": ended.output})
    run.prepared = (*run.prepared[:-1], done)
    if ended.exit_code != 0:
        how = "was never delivered or was ended" if ended.exit_code is None else f"ended with {ended.exit_code}"
        message = f"{use.script} {how}: {ended.output[-300:]}"
        raise Failed(Failure.of(FailureCode.SCRIPT_FAILED, message))


def _until_ended(run: MachineRun, use: ScriptUse, name: str, wait: Wait) -> Story[ScriptRead]:
    request = ReadScript(vm_id=run.subject.vm_id, unique_id=run.subject.unique_id, run_command=name)

    def look() -> Story[ScriptRead | None]:
        seen = yield from ask(run, READ_SCRIPT, request)
        if seen.ended:
            return seen
        if seen.machine is not None and seen.machine.power_state in STOPPED:
            raise Failed(Failure.of(FailureCode.SCRIPT_FAILED, f"the machine stopped while {use.script} ran"))
        return None

    ended = yield from wait_for(run, wait, look)
    if ended is None:
        message = f"{use.script} had not ended {use.deadline_minutes} min after it was ordered"
        raise Failed(Failure.of(FailureCode.SCRIPT_TIMED_OUT, message))
    return ended


def _restart(run: MachineRun, place: int) -> Story[tuple[str, ...]]:
    """Restart the machine, and believe it by its boot id: a view that still says ready is no proof.

    Gives the names of the Run Commands by which it was asked.
    """
    wait, stages = run.job.settings.waits.restart, (f"boot-{place}-before", f"boot-{place}-after")
    before = yield from learn_identity(run, stages[0])
    yield from order(run, wait, RESTART_VM, run.subject)
    run.machine = yield from wait_until_ready(run, wait, run.subject.vm_id, FailureCode.CLONE_FAILED)
    after = yield from learn_identity(run, stages[1])
    if before is None or after is None or before.boot_id == after.boot_id:
        message = f"the machine did not show that it restarted after {run.prepared[-1].script}"
        raise Failed(Failure.of(FailureCode.SCRIPT_FAILED, message))
    run.prepared = (*run.prepared[:-1], run.prepared[-1].model_copy(update={"rebooted": True}))
    return tuple(run_command_name(run.job.run_id, stage) for stage in stages)


def learn_identity(
    run: MachineRun, stage: str, *, known_user: str = "", old_host: str = ""
) -> Story[GuestIdentity | None]:
    """Ask the machine who it is, through a read-only Run Command of its own; None if it will not say."""
    machine = run.machine
    assert machine is not None
    name = run_command_name(run.job.run_id, stage)
    request = ReadIdentity(
        machine=machine,
        run_id=run.job.run_id,
        app_name=run.job.settings.app_name,
        nonce=run.nonce,
        run_command=name,
        known_user=known_user,
        old_host=old_host,
    )
    answer: GuestIdentity | None = None

    def look() -> Story[bool | None]:
        nonlocal answer
        seen = yield from ask(run, READ_IDENTITY, request)
        answer = seen.identity
        if seen.ready and seen.why:
            run.note(f"the machine did not tell its identity: {seen.why}")
        return True if seen.ready else None

    yield from wait_for(run, run.job.settings.waits.identity.model_copy(update={"first": 0}), look)
    return answer


def learn_source_identity(run: MachineRun) -> Story[GuestIdentity]:
    """Ask the clone before it is sealed: what it says must not come back in the image."""
    found = yield from learn_identity(run, "identity")
    yield from take_run_commands_off(run, (run_command_name(run.job.run_id, "identity"),))
    if found is None:
        message = "the clone did not tell its identity, so that no image of it could be verified"
        raise Refused(Refusal.of(RefusalCode.NO_PROOF_POSSIBLE, message))
    return found
