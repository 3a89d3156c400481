"""The preflight checks of one VM that is generalized in place."""

from collections.abc import Iterable, Iterator

from contracts.digits import read_digits
from contracts.error_codes import Refusal, RefusalCode
from contracts.facts import FoundRunCommand, OsType, PowerState, VmFacts, VmState
from contracts.ids import NAME_PREFIX
from contracts.message import Message
from contracts.request import EvidenceLevel, Mode, Target
from contracts.run import VmJob
from contracts.run_commands import DEPROVISION, run_command_name
from policy.identity import opt_in_missing
from policy.rights import missing_actions, needed_actions, needed_for_rollback
from policy.stop_evidence import STOPPED
from policy.tag_checks import check_tags
from policy.vm_extensions import protected

FIRST_BUILD_WITHOUT_SYSTEM = 26_100
OLDEST_LINUX_AGENT = (2, 4, 0, 2)
MOST_RUN_COMMANDS = 25
_SLOTS_NEEDED = 2
_HARMLESS_LOCK = "cannotdelete"


class Result(Message):
    """The result of the checks: the reasons to refuse the VM, and whether it is already generalized.

    `earlier` are Run Commands of ended runs that asked the VM to deprovision itself and did not see the proof.
    """

    refusals: tuple[Refusal, ...] = ()
    already_generalized: bool = False
    earlier: tuple[FoundRunCommand, ...] = ()


def check_request(job: VmJob) -> tuple[Refusal, ...]:
    """Check what needs no request to Azure: scope, trigger, the secret of a credential, and the tags."""
    return tuple(_request_refusals(job))


def wants_proof(target: Target) -> bool:
    """Return whether this target requires a report of the guest as evidence."""
    return target.deprovision.evidence is EvidenceLevel.GUEST_REPORTED


def check_vm(job: VmJob, facts: VmFacts) -> Result:
    """Check the VM by its facts; all reasons are returned, not only the first."""
    vm = facts.vm
    if vm.generalized and vm.power_state is PowerState.DEALLOCATED:
        # To publish an image of it, the opt-in tag must still be there.
        opt_in = opt_in_missing(vm, job.settings.opt_in_tag, job.settings.opt_in_value)
        refused = (opt_in,) if opt_in is not None and job.target.image is not None else ()
        return Result(refusals=refused, already_generalized=True)
    earlier = earlier_deprovisioning(job, facts)
    refusals = (*_shape(job, vm), *_condition(job, vm, earlier), *_permissions_and_locks(job, facts))
    return Result(refusals=refusals, earlier=earlier)


def earlier_deprovisioning(job: VmJob, facts: VmFacts) -> tuple[FoundRunCommand, ...]:
    """Return the Run Commands by which earlier runs of this app asked a Linux VM, now stopped, to deprovision itself.

    With the run's nonce in its tag, the mark in the serial log can still be found. A Windows VM writes none.
    """
    vm = facts.vm
    if vm.os_type is not OsType.LINUX or vm.power_state not in STOPPED or not vm.boot_diagnostics:
        return ()
    return tuple(found for found in facts.run_commands or () if _asked_by_us(job, found))


def _asked_by_us(job: VmJob, found: FoundRunCommand) -> bool:
    named = found.run_id is not None and found.name == run_command_name(found.run_id, DEPROVISION)
    return named and bool(found.nonce) and found.app_name == job.settings.app_name


def _request_refusals(job: VmJob) -> Iterator[Refusal]:
    target, settings = job.target, job.settings
    if not any(scope.contains(target.vm_id) for scope in settings.allowed_scopes):
        yield Refusal.of(RefusalCode.SCOPE_NOT_ALLOWED, f"{target.vm_id} is in no allowed scope")
    if target.mode is Mode.IN_PLACE and job.trigger not in settings.in_place_triggers:
        yield Refusal.of(RefusalCode.TRIGGER_NOT_ALLOWED, f"the trigger {job.trigger} does not allow mode inPlace")
    credential = target.deprovision.sysprep_credential
    if credential is not None and not credential.secret_id.listed_in(settings.allowed_secrets):
        yield Refusal.of(RefusalCode.VAULT_NOT_ALLOWED, f"{credential.secret_id} is not an allowed secret")
    yield from check_tags(job)


def unsupported_vm(vm: VmState) -> Iterator[Refusal]:
    """Return the reasons to refuse a VM that depend neither on its state nor on the request."""
    if not vm.unique_id:
        yield Refusal.of(RefusalCode.VM_UNREADABLE, "Azure returned no unique id (vmId) of the VM")
    if vm.in_scale_set:
        yield Refusal.of(RefusalCode.IN_SCALE_SET, "the VM belongs to a virtual machine scale set")
    if vm.ephemeral_os_disk:
        yield Refusal.of(RefusalCode.EPHEMERAL_OS_DISK, "the VM's OS disk is ephemeral")
    if vm.disk_encryption:
        yield Refusal.of(RefusalCode.DISK_ENCRYPTION, "a disk of the VM is encrypted by Azure Disk Encryption")
    if vm.os_type is None:
        yield Refusal.of(RefusalCode.OS_UNKNOWN, "the VM's model names no operating system type")


def _shape(job: VmJob, vm: VmState) -> Iterator[Refusal]:
    yield from unsupported_vm(vm)
    yield from unneeded_credential(job.target, vm)
    yield from protected(vm)
    if vm.os_type is OsType.WINDOWS and vm.power_state is PowerState.RUNNING:
        yield from windows_build(job.target, vm)


def unneeded_credential(target: Target, vm: VmState) -> Iterator[Refusal]:
    """Return a refusal if a Sysprep credential is set for a Linux VM."""
    if vm.os_type is OsType.LINUX and target.deprovision.sysprep_credential is not None:
        yield Refusal.of(RefusalCode.CREDENTIAL_NOT_FOR_LINUX, "the VM runs Linux, which has no Sysprep")


def windows_build(target: Target, vm: VmState) -> Iterator[Refusal]:
    """Return a refusal if Sysprep cannot run as SYSTEM on this build and no credential is set."""
    build = vm.windows_build
    if build is None:
        yield Refusal.of(RefusalCode.OS_UNKNOWN, f"the agent reports no Windows build (osVersion {vm.os_version!r})")
    elif build >= FIRST_BUILD_WITHOUT_SYSTEM and target.deprovision.sysprep_credential is None:
        yield Refusal.of(RefusalCode.WINDOWS_BUILD, f"{vm.os_name or 'Windows'} is build {build}")


def _condition(job: VmJob, vm: VmState, earlier: tuple[FoundRunCommand, ...]) -> Iterator[Refusal]:
    """Check the VM's state and its opt-in tag."""
    settings = job.settings
    if refusal := opt_in_missing(vm, settings.opt_in_tag, settings.opt_in_value):
        yield refusal
    if vm.generalized:
        yield Refusal.of(RefusalCode.ALREADY_GENERALIZED, f"the VM is marked generalized and is {vm.power_state}")
    elif vm.hibernated:
        yield Refusal.of(RefusalCode.HIBERNATED, "the VM is hibernated")
    elif earlier:
        pass  # It stopped because it deprovisioned itself; the proof is looked for before anything is changed.
    elif vm.power_state is not PowerState.RUNNING:
        yield Refusal.of(RefusalCode.NOT_RUNNING, f"the VM's power state is {vm.power_state}")
    elif not vm.agent_ready:
        yield Refusal.of(RefusalCode.AGENT_NOT_READY, "the guest agent does not report ready")
    if vm.provisioning_state.lower() != "succeeded":
        yield Refusal.of(RefusalCode.NOT_SETTLED, f"the VM's provisioning state is {vm.provisioning_state}")
    if vm.os_type is OsType.LINUX and vm.power_state is PowerState.RUNNING:
        yield from linux_guest(job, vm)


def linux_guest(job: VmJob, vm: VmState) -> Iterator[Refusal]:
    """Check that a running Linux VM can be deprovisioned by Run Command and can prove it."""
    version = _version(vm.agent_version)
    if vm.agent_ready and (version is None or version < OLDEST_LINUX_AGENT):
        yield Refusal.of(RefusalCode.AGENT_TOO_OLD, f"the Linux agent reports version {vm.agent_version!r}")
    if wants_proof(job.target) and not vm.boot_diagnostics:
        yield Refusal.of(RefusalCode.NO_PROOF_POSSIBLE, "boot diagnostics is off, and the request requires proof")


def _permissions_and_locks(job: VmJob, facts: VmFacts) -> Iterator[Refusal]:
    """Check permissions, locks and Run Commands; what could not be read is a refusal."""
    needed = needed_actions(job.target, linux=facts.vm.os_type is not OsType.WINDOWS)
    if job.target.rollback_snapshot:
        needed += needed_for_rollback()["disk"]
    if facts.permissions is None:
        yield Refusal.of(RefusalCode.PERMISSIONS_UNREADABLE, "the app's own permissions could not be read")
    elif missing := missing_actions(facts.permissions, needed):
        yield Refusal.of(RefusalCode.ACTION_NOT_GRANTED, f"not granted: {', '.join(missing)}")
    if facts.locks is None:
        yield Refusal.of(RefusalCode.LOCKS_UNREADABLE, "the locks on the VM could not be read")
    else:
        for lock in facts.locks:
            if lock.level.lower() != _HARMLESS_LOCK:
                yield Refusal.of(RefusalCode.RESOURCE_LOCKED, f"lock {lock.name} ({lock.level}) on {lock.scope}")
    yield from _run_commands(job, facts)
    vm = facts.vm
    running_linux = vm.os_type is OsType.LINUX and vm.power_state is PowerState.RUNNING
    if running_linux and vm.boot_diagnostics and wants_proof(job.target) and not facts.serial_log_readable:
        message = "the serial log could not be read, and the request requires proof"
        yield Refusal.of(RefusalCode.NO_PROOF_POSSIBLE, message)


def _run_commands(job: VmJob, facts: VmFacts) -> Iterator[Refusal]:
    if facts.run_commands is None:
        yield Refusal.of(RefusalCode.RUN_COMMANDS_UNREADABLE, "the VM's Run Commands could not be read")
        return
    if len(facts.run_commands) > MOST_RUN_COMMANDS - _SLOTS_NEEDED:
        yield Refusal.of(RefusalCode.RUN_COMMANDS_EXHAUSTED, f"the VM has {len(facts.run_commands)} Run Commands")
    yield from managed_by_another_app(job, facts.run_commands)


def managed_by_another_app(job: VmJob, run_commands: Iterable[FoundRunCommand]) -> Iterator[Refusal]:
    """Return a refusal for each Run Command of another app's run: that run may be deprovisioning the VM."""
    for found in run_commands:
        ours = found.app_name == job.settings.app_name
        if found.name.lower().startswith(NAME_PREFIX) and not ours:
            owner = f"app {found.app_name or 'unknown'}, run {found.run_id or 'unknown'}"
            yield Refusal.of(RefusalCode.MANAGED_BY_ANOTHER_APP, f"Run Command {found.name} belongs to {owner}")


def _version(text: str | None) -> tuple[int, ...] | None:
    parts = [read_digits(part) for part in (text or "").split(".")]
    known = tuple(part for part in parts if part is not None)
    return known if len(known) == len(parts) else None
