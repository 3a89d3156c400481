"""Works before the point of no return: runs scripts on the clone, or takes a rollback snapshot of a VM in place."""

from datetime import UTC, timedelta

from contracts.activities.resources import CreateSnapshot
from contracts.activities.scripts import ReadIdentity, ReadScript, ScriptRead, StartScript
from contracts.catalog import CREATE_SNAPSHOT, READ_IDENTITY, READ_SCRIPT, RESTART_VM, START_SCRIPT
from contracts.error_codes import Failure, FailureCode, Refusal, RefusalCode
from contracts.facts import GuestIdentity
from contracts.ids import Scope, run_command_name
from contracts.image_options import ScriptUse
from contracts.resources import KEEP_TAG, Kind, Purpose
from contracts.results import CustomizerResult, RollbackSnapshot
from contracts.run import Polling
from orchestrators.cloning import common_fields
from orchestrators.polling import ask, submit, wait_for
from orchestrators.recovery import remove_run_commands
from orchestrators.run_activity import Orchestration
from orchestrators.temporary_resources import create, resource_of, wait_until_ready, wait_until_succeeded
from orchestrators.vm_run import Failed, Refused, VmRun
from policy.stop_evidence import STOPPED

# Run Command ends the script at its deadline; Azure may show that some minutes later.
_MARGIN_FOR_REPORT = 300


def take_rollback_snapshot(run: VmRun) -> Orchestration[None]:
    """Take a snapshot of the OS disk, from which the VM can be restored after an unwanted deprovisioning."""
    vm = run.vm
    assert vm is not None
    days = run.job.settings.rollback_snapshot_days
    keep_until = run.ctx.current_utc_datetime.replace(tzinfo=UTC) + timedelta(days=days)
    vm_id = vm.vm_id
    group = Scope(vm_id.subscription_id, vm_id.resource_group)
    snapshot = resource_of(run, group, Kind.SNAPSHOT, "rollback-snapshot", Purpose.ROLLBACK)
    tags = {KEEP_TAG: keep_until.isoformat(timespec="seconds")}
    wait = run.job.settings.polling.snapshot
    wanted = CreateSnapshot(**common_fields(run, snapshot, vm.location, tags), source_disk_id=vm.os_disk_id)
    yield from create(run, wait, CREATE_SNAPSHOT, wanted)
    yield from wait_until_succeeded(run, wait, [snapshot], FailureCode.SNAPSHOT_FAILED)
    run.rollback = RollbackSnapshot(id=snapshot.id, keep_until=keep_until)


def keep_rollback_snapshot(run: VmRun) -> None:
    """Keep the rollback snapshot: from the point of no return it is no longer temporary."""
    kept = [resource for resource in run.resources if resource.purpose is Purpose.ROLLBACK]
    run.kept += kept
    run.resources = [resource for resource in run.resources if resource not in kept]


def run_scripts(run: VmRun, hashes: tuple[str, ...]) -> Orchestration[None]:
    """Run the scripts in order; the first that fails ends the run before the point of no return.

    Afterwards all of their Run Commands are deleted.
    """
    names: list[str] = []
    for place, (use, sha256) in enumerate(zip(run.job.target.customize, hashes, strict=True)):
        name = run_command_name(run.job.run_id, f"customize-{place}")
        names.append(name)
        run.customized = (*run.customized, CustomizerResult(script=use.script, sha256=sha256))
        yield from _run_script(run, use, sha256, name)
        if use.reboot:
            names += yield from _restart(run, place)
    if names:
        # A Run Command that is left would run again on a VM created from the image.
        yield from remove_run_commands(run, tuple(names))


def _run_script(run: VmRun, use: ScriptUse, sha256: str, name: str) -> Orchestration[None]:
    vm = run.vm
    assert vm is not None
    polling, limit = run.job.settings.polling, use.deadline_minutes * 60
    wanted = StartScript(
        vm=vm,
        run_id=run.job.run_id,
        app_name=run.job.settings.app_name,
        run_command=name,
        script=use.script,
        sha256=sha256,
        parameters=use.parameters,
        timeout_seconds=limit,
    )
    answer = yield from submit(run, polling.script, START_SCRIPT, wanted)
    if answer.refusal is not None:
        raise Refused(answer.refusal)
    ended = yield from _until_ended(
        run,
        use,
        name,
        polling.script.model_copy(
            update={
                "timeout_seconds": limit + _MARGIN_FOR_REPORT,
                "interval_seconds": min(300, max(polling.script.interval_seconds, limit // 60)),
            }
        ),
    )
    done = run.customized[-1].model_copy(update={"exit_code": ended.exit_code, "output": ended.output})
    run.customized = (*run.customized[:-1], done)
    if ended.exit_code != 0:
        how = "was not started or was stopped by Azure"
        if ended.exit_code is not None:
            how = f"ended with exit code {ended.exit_code}"
        message = f"{use.script} {how}: {ended.output[-300:]}"
        raise Failed(Failure.of(FailureCode.SCRIPT_FAILED, message))


def _until_ended(run: VmRun, use: ScriptUse, name: str, wait: Polling) -> Orchestration[ScriptRead]:
    request = ReadScript(vm_id=run.subject.vm_id, unique_id=run.subject.unique_id, run_command=name)

    def poll() -> Orchestration[ScriptRead | None]:
        read = yield from ask(run, READ_SCRIPT, request)
        if read.ended:
            return read
        if read.vm is not None and read.vm.power_state in STOPPED:
            raise Failed(Failure.of(FailureCode.SCRIPT_FAILED, f"the VM stopped while {use.script} ran"))
        return None

    ended = yield from wait_for(run, wait, poll)
    if ended is None:
        message = f"{use.script} still ran {use.deadline_minutes} min after it was started"
        raise Failed(Failure.of(FailureCode.SCRIPT_TIMED_OUT, message))
    return ended


def _restart(run: VmRun, place: int) -> Orchestration[tuple[str, ...]]:
    """Restart the VM and check that its boot id changed: an instance view that shows ready is no proof.

    Returns the names of the Run Commands that read the boot id.
    """
    wait, stages = run.job.settings.polling.restart, (f"boot-{place}-before", f"boot-{place}-after")
    before = yield from read_identity(run, stages[0])
    yield from submit(run, wait, RESTART_VM, run.subject)
    run.vm = yield from wait_until_ready(run, wait, run.subject.vm_id, FailureCode.CLONE_FAILED)
    after = yield from read_identity(run, stages[1])
    if before is None or after is None or before.boot_id == after.boot_id:
        message = f"its boot id does not show that the VM restarted after {run.customized[-1].script}"
        raise Failed(Failure.of(FailureCode.SCRIPT_FAILED, message))
    run.customized = (*run.customized[:-1], run.customized[-1].model_copy(update={"rebooted": True}))
    return tuple(run_command_name(run.job.run_id, stage) for stage in stages)


def read_identity(
    run: VmRun, stage: str, *, known_user: str = "", old_host: str = ""
) -> Orchestration[GuestIdentity | None]:
    """Read the VM's identity with a read-only Run Command; None if it does not report one."""
    vm = run.vm
    assert vm is not None
    name = run_command_name(run.job.run_id, stage)
    request = ReadIdentity(
        vm=vm,
        run_id=run.job.run_id,
        app_name=run.job.settings.app_name,
        nonce=run.nonce,
        run_command=name,
        known_user=known_user,
        old_host=old_host,
    )
    answer: GuestIdentity | None = None

    def poll() -> Orchestration[bool | None]:
        nonlocal answer
        read = yield from ask(run, READ_IDENTITY, request)
        answer = read.identity
        if read.ready and read.why:
            run.note(f"the VM did not report its identity: {read.why}")
        return True if read.ready else None

    yield from wait_for(run, run.job.settings.polling.identity.model_copy(update={"initial_delay_seconds": 0}), poll)
    return answer


def read_source_identity(run: VmRun) -> Orchestration[GuestIdentity]:
    """Read the VM's identity before it is deprovisioned: the image must not contain it."""
    found = yield from read_identity(run, "identity")
    yield from remove_run_commands(run, (run_command_name(run.job.run_id, "identity"),))
    if found is None:
        message = "the VM did not report its identity, so that an image of it could not be validated"
        raise Refused(Refusal.of(RefusalCode.NO_PROOF_POSSIBLE, message))
    return found
