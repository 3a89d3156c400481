"""Strict bodies of run commands, managed and as an action."""

from emulators.arm.http.schemas import ListOf, Members, Texts

_PARAMETER = Members("RunCommandInputParameter", {"name": str, "value": str}, ("name", "value"))


_SOURCE = Members("VirtualMachineRunCommandScriptSource", {"script": str, "commandId": str, "scriptShell": str})


_RUN_COMMAND_PROPERTIES = Members(
    "VirtualMachineRunCommandProperties",
    {
        "source": _SOURCE, "parameters": ListOf(_PARAMETER), "protectedParameters": ListOf(_PARAMETER),
        "asyncExecution": bool, "runAsUser": str, "runAsPassword": str, "timeoutInSeconds": int,
        "treatFailureAsDeploymentFailure": bool,
    },
    ("source",),
)  # fmt: skip


RUN_COMMAND = Members(
    "VirtualMachineRunCommand",
    {"location": str, "tags": Texts(), "properties": _RUN_COMMAND_PROPERTIES},
    ("location", "properties"),
)


RUN_COMMAND_INPUT = Members(
    "RunCommandInput", {"commandId": str, "script": ListOf(str), "parameters": ListOf(_PARAMETER)}, ("commandId",)
)
