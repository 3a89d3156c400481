"""Reads the identity of a VM's operating system, with a read-only Run Command."""

from azure_clients.errors import ArmRefused, clean
from azure_clients.run_commands import RunCommandView, put_run_command, read_run_command
from contracts.activities.scripts import IdentityRead, ReadIdentity
from contracts.digits import read_digits
from contracts.facts import GuestIdentity, OsType
from contracts.guest_report import GuestOutcome, read_report
from contracts.polling import IDENTITY_SCRIPT_SECONDS
from contracts.redaction import redact
from guest.scripts import load_script
from policy.azure_errors import DENIALS, failure_code

_LINUX = ("GOLDEN_RUN_ID", "GOLDEN_NONCE", "GOLDEN_KNOWN_USER", "GOLDEN_OLD_HOST")
_WINDOWS = ("RunId", "Nonce", "KnownUser", "OldHost")


async def read_identity(request: ReadIdentity) -> IdentityRead:
    """Start the script on the first call, read its output on later calls (1 or 2 requests); repeat until `ready`.

    A script that a policy or a deny assignment forbids is no VM that does not report: that is raised.
    """
    try:
        found = await read_run_command(request.vm.vm_id, request.run_command)
        if found is None:
            await _start(request)
            return IdentityRead()
    except ArmRefused as refused:
        if failure_code(refused.code, refused.message) in DENIALS:
            raise
        return IdentityRead(ready=True, why=f"the script could not be run on the VM: {refused}")
    if not found.ended:
        return IdentityRead()
    return _identity_of(request, found)


async def _start(request: ReadIdentity) -> None:
    linux = request.vm.os_type is OsType.LINUX
    values = (request.run_id, request.nonce, request.known_user, request.old_host)
    named: dict[str, str] = dict(zip(_LINUX if linux else _WINDOWS, values, strict=True))
    if linux and request.greets:
        named["GOLDEN_GREETS"] = "true"
    await put_run_command(
        request.vm,
        request.run_command,
        script=load_script("linux/read_identity.sh" if linux else "windows/read_identity.ps1").text,
        # Empty values are left out, since the scripts default to them: Run Command may not accept an empty value.
        parameters={name: value for name, value in named.items() if value},
        timeout_seconds=IDENTITY_SCRIPT_SECONDS,
        app_name=request.app_name,
        tags=request.tags,
        run_id=request.run_id,
    )


def _identity_of(request: ReadIdentity, found: RunCommandView) -> IdentityRead:
    report = read_report(found.output, run_id=request.run_id, nonce=request.nonce)
    if report is None:
        why = f"{found.message} exit code {found.exit_code}; output ends: {found.output[-300:]!r}"
        return IdentityRead(ready=True, why=clean(why))
    if report.outcome is not GuestOutcome.IDENTITY:
        return IdentityRead(
            ready=True, why=clean(f"the guest reported {report.outcome} {report.code}: {report.message}")
        )
    facts = {name: redact(value) for name, value in report.facts.items()}

    def listed(name: str) -> tuple[str, ...]:
        return tuple(part for part in facts.get(name, "").split(",") if part)

    identity = GuestIdentity(
        host_name=facts.get("hostName", ""),
        identity=facts.get("identity", ""),
        ssh_host_keys=listed("sshHostKeys"),
        users=listed("users"),
        authorized_keys=listed("authorizedKeys"),
        logs=listed("logs"),
        boot_id=facts.get("bootId", ""),
        clock=read_digits(facts.get("clock", ""), most=11),
    )
    return IdentityRead(ready=True, identity=identity)
