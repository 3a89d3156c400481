"""Runs the request's scripts on the clone, in order, before it is deprovisioned."""

from datetime import datetime

from contracts.activities.scripts import ReadScript, ScriptRead, StartScript
from contracts.catalog import READ_SCRIPT, RESTART_VM, START_SCRIPT
from contracts.error_codes import Failure, FailureCode
from contracts.facts import VmState
from contracts.image_options import ScriptUse
from contracts.polling import LONGEST_PAUSE_SECONDS, POLLS_OF_A_SCRIPT, SCRIPT_REPORT_MARGIN_SECONDS, Polling
from contracts.results import CustomizerResult
from contracts.run_commands import boot_ids, customizer, run_command_name
from orchestrators.golden_image.ends import Failed, Refused
from orchestrators.golden_image.identity import read_identity
from orchestrators.golden_image.polling import ask, submit, wait_for
from orchestrators.golden_image.run_commands import remove_run_commands
from orchestrators.golden_image.temporary_resources import wait_until_ready
from orchestrators.golden_image.vm_run import VmRun, one_vm
from orchestrators.run_activity import Orchestration
from policy.stop_evidence import STOPPED


def run_scripts(run: VmRun, vm: VmState, hashes: tuple[str, ...]) -> Orchestration[VmState]:
    """Run the scripts in order; the first that fails ends the run before the point of no return.

    Afterwards all of their Run Commands are deleted. Returns the VM as it is after its last restart.
    """
    parts: list[str] = []
    ended: tuple[CustomizerResult, ...] = ()
    for place, (use, sha256) in enumerate(zip(run.job.target.customize, hashes, strict=True)):
        parts.append(customizer(place))
        started = CustomizerResult(script=use.script, sha256=sha256)
        run.journal.customizers = (*ended, started)
        read = yield from _run_script(run, vm, use, sha256, parts[-1])
        done = started.model_copy(update={"exit_code": read.exit_code, "output": read.output})
        run.journal.customizers = (*ended, done)
        _check_exit_code(use, read)
        if use.reboot:
            parts += boot_ids(place)
            vm = yield from _restart(run, vm, use, boot_ids(place))
            done = done.model_copy(update={"rebooted": True})
        run.journal.customizers = ended = (*ended, done)
    if parts:
        yield from remove_run_commands(run, vm, *parts)
    return vm


def _run_script(run: VmRun, vm: VmState, use: ScriptUse, sha256: str, part: str) -> Orchestration[ScriptRead]:
    wait, limit = run.polling.script, use.deadline_minutes * 60
    name = run_command_name(run.job.run_id, part)
    wanted = StartScript(
        vm=vm,
        run_id=run.job.run_id,
        app_name=run.settings.app_name,
        run_command=name,
        script=use.script,
        sha256=sha256,
        parameters=use.parameters,
        timeout_seconds=limit,
        tags=run.job.tags,
    )
    answer = yield from submit(run, wait, START_SCRIPT, wanted)
    if answer.refusal is not None:
        raise Refused(answer.refusal)
    until_ended = wait.model_copy(
        update={
            "timeout_seconds": limit + SCRIPT_REPORT_MARGIN_SECONDS,
            "interval_seconds": min(LONGEST_PAUSE_SECONDS, max(wait.interval_seconds, limit // POLLS_OF_A_SCRIPT)),
        }
    )
    return (yield from _until_ended(run, vm, use, name, until_ended))


def _until_ended(run: VmRun, vm: VmState, use: ScriptUse, name: str, wait: Polling) -> Orchestration[ScriptRead]:
    request = ReadScript(vm_id=vm.vm_id, unique_id=vm.unique_id, run_command=name)

    def poll(until: datetime) -> Orchestration[ScriptRead | None]:
        read = yield from ask(run, READ_SCRIPT, request, until)
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


def _check_exit_code(use: ScriptUse, ended: ScriptRead) -> None:
    if ended.exit_code == 0:
        return
    how = "was not started or was stopped by Azure"
    if ended.exit_code is not None:
        how = f"ended with exit code {ended.exit_code}"
    raise Failed(Failure.of(FailureCode.SCRIPT_FAILED, f"{use.script} {how}: {ended.output[-300:]}"))


def _restart(run: VmRun, vm: VmState, use: ScriptUse, parts: tuple[str, str]) -> Orchestration[VmState]:
    """Restart the VM and check that its boot id changed: an instance view that shows ready is no proof."""
    wait = run.polling.restart
    before = yield from read_identity(run, vm, parts[0])
    yield from submit(run, wait, RESTART_VM, one_vm(vm))
    restarted = yield from wait_until_ready(run, wait, vm.vm_id, FailureCode.CLONE_FAILED)
    after = yield from read_identity(run, restarted, parts[1])
    if before is None or after is None or before.boot_id == after.boot_id:
        message = f"its boot id does not show that the VM restarted after {use.script}"
        raise Failed(Failure.of(FailureCode.SCRIPT_FAILED, message))
    return restarted
