"""Bodies and scripts that several tests send."""

from typing import Any

DEPROVISION_SH = "#!/bin/sh\n# reads GOLDEN_RUN_ID, schedules: waagent -deprovision+user -force && poweroff\n"
DEPROVISION_PS1 = (
    "param([string]$RunId = (''), $Nonce, $NotAfter, $ShutdownDelaySeconds)\n"
    "& sysprep.exe /oobe /generalize /quiet /quit\n"
)
#: Far ahead of every clock of the tests.
NEVER = 4_102_444_800
EVIDENCE_PS1 = "param($RunId, $Nonce)\nGet-Content setuperr.log\n"


def managed(script: str, **parameters: str) -> dict[str, Any]:
    """A managed run command that does not wait for its script."""
    given = [{"name": name, "value": value} for name, value in parameters.items()]
    properties = {"source": {"script": script}, "parameters": given, "asyncExecution": True}
    return {"location": "westeurope", "properties": properties}


def linux_run(
    run_id: str = "run-1", script: str = DEPROVISION_SH, not_after: int = NEVER, **more: str
) -> dict[str, Any]:
    """Requests the deprovisioning of a Linux guest."""
    given = {"GOLDEN_RUN_ID": run_id, "GOLDEN_NONCE": "abc12345", "GOLDEN_NOT_AFTER": str(not_after)}
    return managed(script, **given, **{"GOLDEN_DELAY_SECONDS": "60", **more})


def windows_run(run_id: str = "run-1", script: str = DEPROVISION_PS1, not_after: int = NEVER) -> dict[str, Any]:
    """Deprovisions a Windows guest."""
    return managed(script, RunId=run_id, Nonce="abc12345", NotAfter=str(not_after), ShutdownDelaySeconds="45")
