"""The verdict on one machine: every reason not to touch it, or that nothing is left to do."""

from collections.abc import Iterable, Iterator

from contracts.facts import FoundRunCommand, MachineFacts, MachineState, OsType, PowerState
from contracts.ids import RUN_COMMAND_PREFIX
from contracts.message import Message
from contracts.reasons import Refusal, RefusalCode
from contracts.request import EvidenceLevel, Mode, Target
from contracts.run import MachineJob
from policy.identity import opt_in_missing
from policy.rights import missing_actions, needed_actions, needed_for_undo

FIRST_BUILD_WITHOUT_SYSTEM = 26_100
OLDEST_LINUX_AGENT = (2, 4, 0, 2)
MOST_RUN_COMMANDS = 25
_ROOM_WE_NEED = 2
_HARMLESS_LOCK = "cannotdelete"


class Verdict(Message):
    """What may happen to the machine: nothing if `refusals`, nothing left to do if `already_generalized`."""

    refusals: tuple[Refusal, ...] = ()
    already_generalized: bool = False


def judge_request(job: MachineJob) -> tuple[Refusal, ...]:
    """Judge what can be judged before Azure is asked: scope, door, and the secret of a credential."""
    return tuple(_request_refusals(job))


def wants_proof(target: Target) -> bool:
    """Tell whether only the guest's own word is enough for this target."""
    return target.deprovision.evidence is EvidenceLevel.GUEST_REPORTED


def judge_machine(job: MachineJob, facts: MachineFacts) -> Verdict:
    """Judge the machine by the facts; every reason is told, not only the first."""
    machine = facts.machine
    if machine.generalized and machine.power_state is PowerState.DEALLOCATED:
        # Its owner gave it free once; to publish it, he must still.
        opt_in = opt_in_missing(machine, job.settings.opt_in_tag, job.settings.opt_in_value)
        refused = (opt_in,) if opt_in is not None and job.target.image is not None else ()
        return Verdict(refusals=refused, already_generalized=True)
    refusals = (*_shape(job, machine), *_condition(job, machine), *_surroundings(job, facts))
    return Verdict(refusals=refusals)


def _request_refusals(job: MachineJob) -> Iterator[Refusal]:
    target, settings = job.target, job.settings
    if not any(scope.contains(target.vm_id) for scope in settings.allowed_scopes):
        allowed = ", ".join(str(scope) for scope in settings.allowed_scopes) or "none"
        yield Refusal.of(RefusalCode.SCOPE_NOT_ALLOWED, f"{target.vm_id} lies in no allowed scope (allowed: {allowed})")
    if target.mode is Mode.IN_PLACE and job.door not in settings.in_place_doors:
        yield Refusal.of(RefusalCode.DOOR_MAY_NOT_ASK, f"the door {job.door} may not give machines up (inPlace)")
    credential = target.deprovision.sysprep_credential
    if credential is not None and not credential.secret_id.listed_in(settings.key_vaults):
        allowed = ", ".join(settings.key_vaults) or "none"
        message = f"{credential.secret_id} is no secret that may be asked for (allowed: {allowed})"
        yield Refusal.of(RefusalCode.VAULT_NOT_ALLOWED, message)


def what_it_is(machine: MachineState) -> Iterator[Refusal]:
    """Give what speaks against a machine whatever its state, and whatever is asked for."""
    if not machine.unique_id:
        yield Refusal.of(RefusalCode.MACHINE_UNREADABLE, "Azure tells no unique id (vmId) of the machine")
    if machine.in_scale_set:
        yield Refusal.of(RefusalCode.IN_SCALE_SET, "the machine belongs to a virtual machine scale set")
    if machine.ephemeral_os_disk:
        yield Refusal.of(RefusalCode.EPHEMERAL_OS_DISK, "the machine's OS disk is ephemeral")
    if machine.disk_encryption:
        yield Refusal.of(RefusalCode.DISK_ENCRYPTION, "a disk of the machine is encrypted by Azure Disk Encryption")
    if machine.os_type is None:
        yield Refusal.of(RefusalCode.OS_UNKNOWN, "the machine's model names no operating system type")


def _shape(job: MachineJob, machine: MachineState) -> Iterator[Refusal]:
    yield from what_it_is(machine)
    yield from credential_in_vain(job.target, machine)
    if machine.os_type is OsType.WINDOWS and machine.power_state is PowerState.RUNNING:
        yield from windows_build(job.target, machine)


def credential_in_vain(target: Target, machine: MachineState) -> Iterator[Refusal]:
    """Give the reason if Sysprep's credential is given for a machine that has no Sysprep."""
    if machine.os_type is OsType.LINUX and target.deprovision.sysprep_credential is not None:
        yield Refusal.of(RefusalCode.CREDENTIAL_NOT_FOR_LINUX, "the machine runs Linux, which knows no Sysprep")


def windows_build(target: Target, machine: MachineState) -> Iterator[Refusal]:
    """Give the reason if Sysprep may not run on this Windows; a local administrator's credential lifts it."""
    build = machine.windows_build
    if build is None:
        yield Refusal.of(
            RefusalCode.OS_UNKNOWN, f"the agent reports no Windows build (osVersion {machine.os_version!r})"
        )
    elif build >= FIRST_BUILD_WITHOUT_SYSTEM and target.deprovision.sysprep_credential is None:
        yield Refusal.of(RefusalCode.WINDOWS_BUILD, f"{machine.os_name or 'Windows'} is build {build}")


def _condition(job: MachineJob, machine: MachineState) -> Iterator[Refusal]:
    """What state the machine is in, and whether its owner gave it free."""
    settings = job.settings
    if refusal := opt_in_missing(machine, settings.opt_in_tag, settings.opt_in_value):
        yield refusal
    if machine.generalized:
        yield Refusal.of(
            RefusalCode.ALREADY_GENERALIZED, f"the machine is marked generalized and is {machine.power_state}"
        )
    elif machine.power_state is not PowerState.RUNNING:
        yield Refusal.of(RefusalCode.NOT_RUNNING, f"the machine's power state is {machine.power_state}")
    elif not machine.agent_ready:
        yield Refusal.of(RefusalCode.AGENT_NOT_READY, "the guest agent does not report ready")
    if machine.provisioning_state.lower() != "succeeded":
        yield Refusal.of(RefusalCode.NOT_SETTLED, f"the machine's provisioning state is {machine.provisioning_state}")
    if machine.os_type is OsType.LINUX and machine.power_state is PowerState.RUNNING:
        yield from linux_guest(job, machine)


def linux_guest(job: MachineJob, machine: MachineState) -> Iterator[Refusal]:
    """What a running Linux machine lacks to be told, and to prove that it sealed itself."""
    version = _version(machine.agent_version)
    if machine.agent_ready and (version is None or version < OLDEST_LINUX_AGENT):
        yield Refusal.of(RefusalCode.AGENT_TOO_OLD, f"the Linux agent reports version {machine.agent_version!r}")
    if wants_proof(job.target) and not machine.boot_diagnostics:
        yield Refusal.of(RefusalCode.NO_PROOF_POSSIBLE, "boot diagnostics is off, and the request wants proof")


def _surroundings(job: MachineJob, facts: MachineFacts) -> Iterator[Refusal]:
    """What stands around the machine; what could not be read is a refusal."""
    needed = needed_actions(job.target, linux=facts.machine.os_type is not OsType.WINDOWS)
    if job.target.undo_snapshot:
        needed += needed_for_undo()
    if facts.permissions is None:
        yield Refusal.of(RefusalCode.PERMISSIONS_UNREADABLE, "the app's own permissions could not be read")
    elif missing := missing_actions(facts.permissions, needed):
        yield Refusal.of(RefusalCode.ACTION_NOT_GRANTED, f"not granted: {', '.join(missing)}")
    if facts.locks is None:
        yield Refusal.of(RefusalCode.LOCKS_UNREADABLE, "the locks on the machine could not be read")
    else:
        for lock in facts.locks:
            if lock.level.lower() != _HARMLESS_LOCK:
                yield Refusal.of(RefusalCode.LOCK_IN_THE_WAY, f"lock {lock.name} ({lock.level}) on {lock.scope}")
    yield from _run_commands(job, facts)
    machine = facts.machine
    running_linux = machine.os_type is OsType.LINUX and machine.power_state is PowerState.RUNNING
    if running_linux and machine.boot_diagnostics and wants_proof(job.target) and not facts.serial_log_readable:
        message = "the serial log could not be read, and the request wants proof"
        yield Refusal.of(RefusalCode.NO_PROOF_POSSIBLE, message)


def _run_commands(job: MachineJob, facts: MachineFacts) -> Iterator[Refusal]:
    if facts.run_commands is None:
        yield Refusal.of(RefusalCode.RUN_COMMANDS_UNREADABLE, "the machine's Run Commands could not be read")
        return
    if len(facts.run_commands) > MOST_RUN_COMMANDS - _ROOM_WE_NEED:
        yield Refusal.of(RefusalCode.RUN_COMMANDS_EXHAUSTED, f"the machine holds {len(facts.run_commands)}")
    yield from another_apps_run(job, facts.run_commands)


def another_apps_run(job: MachineJob, run_commands: Iterable[FoundRunCommand]) -> Iterator[Refusal]:
    """Give the Run Commands by which another app's run is recognised: it may be sealing the machine."""
    for found in run_commands:
        ours = found.app_name == job.settings.app_name
        if found.name.lower().startswith(RUN_COMMAND_PREFIX) and not ours:
            yield Refusal.of(
                RefusalCode.ANOTHER_APPS_RUN,
                f"Run Command {found.name} is of app {found.app_name or 'unknown'}, run {found.run_id or 'unknown'}",
            )


def _version(text: str | None) -> tuple[int, ...] | None:
    parts = (text or "").split(".")
    return tuple(int(part) for part in parts) if all(part.isdecimal() for part in parts) else None
