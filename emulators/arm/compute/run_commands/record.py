"""A managed run command: the child resource, and which properties GET returns."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from emulators.arm.state.operations import Operation

type ExecutionState = Literal["Unknown", "Pending", "Running", "Failed", "Succeeded", "TimedOut", "Canceled"]

#: Properties that are returned as they were sent. Protected parameters and passwords are not among them.
_READABLE = ("source", "parameters", "asyncExecution", "treatFailureAsDeploymentFailure", "runAsUser")
_TAIL = 4096


def tail(text: str) -> str:
    """The last 4,096 bytes, which is what the platform keeps."""
    return text.encode()[-_TAIL:].decode(errors="ignore")


@dataclass
class RunCommandRecord:
    """State of one managed run command.

    `given` holds every parameter for the guest, protected ones too; no response contains it.
    """

    id: str
    name: str
    location: str
    tags: dict[str, str]
    properties: dict[str, Any]
    given: dict[str, str] = field(default_factory=dict[str, str], repr=False)
    operation: Operation | None = None
    provisioning_state: str = "Creating"
    execution_state: ExecutionState = "Pending"
    execution_message: str = ""
    exit_code: int = 0
    output: str = ""
    error: str = ""
    started: datetime | None = None
    ended: datetime | None = None
    #: How often it was delivered to the VM, by its PUT and by later starts of the VM.
    deliveries: int = 0

    @property
    def timeout(self) -> float:
        """Seconds that the script may run; 90 minutes by default."""
        return float(self.properties.get("timeoutInSeconds") or 5400)

    def body(self, with_instance_view: bool) -> dict[str, Any]:
        """The resource as GET returns it."""
        given = self.properties
        properties: dict[str, Any] = {name: given[name] for name in _READABLE if name in given}
        properties.setdefault("asyncExecution", False)
        properties.setdefault("treatFailureAsDeploymentFailure", False)
        properties["timeoutInSeconds"] = given.get("timeoutInSeconds", 0)
        properties["provisioningState"] = self.provisioning_state
        if with_instance_view:
            properties["instanceView"] = self.instance_view()
        resource = {"name": self.name, "id": self.id, "type": "Microsoft.Compute/virtualMachines/runCommands"}
        return {**resource, "location": self.location, "tags": self.tags, "properties": properties}

    def instance_view(self) -> dict[str, Any]:
        """The progress of the script so far."""
        view: dict[str, Any] = {"executionState": self.execution_state, "executionMessage": self.execution_message}
        view |= {"exitCode": self.exit_code, "output": tail(self.output), "error": tail(self.error)}
        if self.started is not None:
            view["startTime"] = self.started.isoformat()
        if self.ended is not None:
            view["endTime"] = self.ended.isoformat()
        return {**view, "statuses": []}
