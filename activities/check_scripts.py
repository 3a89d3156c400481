"""Checks the scripts of a request against the app's allow-list, before anything is changed."""

from contracts.activities.scripts import CheckScripts, ScriptsChecked
from contracts.error_codes import Refusal, RefusalCode
from contracts.facts import OsType
from contracts.image_options import ScriptUse
from guest.allow_list import AllowedScript, NotAllowed, ScriptKind, allowed
from guest.scripts import LINUX_DEPROVISION, WINDOWS_DEPROVISION, load_script


async def check_scripts(request: CheckScripts) -> ScriptsChecked:
    """Return the hashes of the scripts that will run (0 requests); the refusal lists everything that does not fit."""
    faults: list[str] = []
    uses = [ScriptUse(script=request.deprovision)] if request.deprovision else []
    deprovision = _hashes(uses, "deprovision", request.os_type, faults)
    customize = _hashes(request.customize, "customize", request.os_type, faults)
    if faults:
        return ScriptsChecked(refusal=Refusal.of(RefusalCode.SCRIPT_NOT_ALLOWED, " ".join(faults)[:2_000]))
    return ScriptsChecked(
        customize=customize, deprovision=deprovision[0] if deprovision else _default_hash(request.os_type)
    )


def _hashes(
    uses: tuple[ScriptUse, ...] | list[ScriptUse], kind: ScriptKind, os_type: OsType, faults: list[str]
) -> tuple[str, ...]:
    hashes: list[str] = []
    for use in uses:
        try:
            script = allowed(use.script)
        except NotAllowed as not_allowed:
            faults.append(str(not_allowed))
            continue
        faults += _mismatches(script, kind, os_type)
        faults += script.faults(use.parameters)
        hashes.append(script.sha256)
    return tuple(hashes)


def _mismatches(script: AllowedScript, kind: ScriptKind, os_type: OsType) -> list[str]:
    faults: list[str] = []
    if script.kind != kind:
        faults.append(f"{script.name} is a {script.kind} script and cannot be used to {kind}.")
    if script.os != os_type:
        faults.append(f"{script.name} is for {script.os}, and the VM is {os_type}.")
    return faults


def _default_hash(os_type: OsType) -> str:
    return load_script(LINUX_DEPROVISION if os_type is OsType.LINUX else WINDOWS_DEPROVISION).sha256
