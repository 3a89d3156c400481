"""Every refusal of the emulated Azure Resource Manager: status, code and message in one place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False)
class ArmError(Exception):
    """An answer in ARM's error shape, `{"error": {"code", "message", "target"?, "details"?}}`."""

    status: int
    code: str
    message: str
    target: str | None = None
    details: tuple[Mapping[str, Any], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    gateway: bool = False
    additional_info: tuple[Mapping[str, Any], ...] = ()

    def body(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.target is not None:
            error["target"] = self.target
        if self.details:
            error["details"] = [dict(detail) for detail in self.details]
        if self.additional_info:
            error["additionalInfo"] = [dict(info) for info in self.additional_info]
        return {"error": error}

    def all_headers(self) -> dict[str, str]:
        """The headers of the answer; ARM marks refusals of its own gateway."""
        return {**self.headers, **({"x-ms-failure-cause": "gateway"} if self.gateway else {})}


def not_allowed(message: str) -> ArmError:
    """409 OperationNotAllowed: the VM's state forbids it."""
    return ArmError(409, "OperationNotAllowed", message)


def operation_not_allowed(operation: str, vm: str, since: str) -> ArmError:
    """409 OperationNotAllowed with the text of the published table."""
    return not_allowed(f"Operation '{operation}' is not allowed on VM '{vm}' since {since}.")


def requires_running() -> ArmError:
    """409 for a run command, or a restart, of a VM that is off."""
    return not_allowed("The operation requires the VM to be running (or set to run).")


def extensions_need_running() -> ArmError:
    """409 for changing a managed run command of a VM that is off."""
    return not_allowed("Cannot modify extensions in the VM when the VM is not running.")


def run_command_busy() -> ArmError:
    """409 Conflict: only one action run command can run at a time."""
    return ArmError(
        409,
        "Conflict",
        "Run command extension execution is in progress. Please wait for completion before invoking a run command.",
    )


def resource_not_found(resource: str, group: str) -> ArmError:
    """404 from the gateway for a resource that does not exist."""
    return ArmError(
        404,
        "ResourceNotFound",
        f"The Resource '{resource}' under resource group '{group}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        gateway=True,
    )


def parent_not_found(operation: str, kind: str, parent: str) -> ArmError:
    """404 from the gateway for a child of a resource that does not exist."""
    message = (
        f"Failed to perform '{operation}' on resource(s) of type '{kind}', "
        f"because the parent resource '{parent}' could not be found."
    )
    return ArmError(404, "ParentResourceNotFound", message, gateway=True)


def resource_group_not_found(group: str) -> ArmError:
    """404 from the gateway for a resource group that does not exist."""
    message = f"Resource group '{group}' could not be found."
    return ArmError(404, "ResourceGroupNotFound", message, gateway=True)


def subscription_not_found(subscription: str) -> ArmError:
    """404 from the gateway for a subscription that does not exist."""
    message = f"The subscription '{subscription}' could not be found."
    return ArmError(404, "SubscriptionNotFound", message, gateway=True)


def entity_not_found() -> ArmError:
    """404 from the compute provider: a child or an operation that does not exist."""
    return ArmError(404, "NotFound", "The entity was not found in this Azure location.")


def unknown_resource_type(namespace: str, resource_type: str, api_version: str) -> ArmError:
    """404 for a path that this emulator or ARM does not support."""
    message = (
        f"The resource type '{resource_type}' could not be found in the namespace '{namespace}' "
        f"for api version '{api_version}'. The emulator supports only the resource types that it emulates."
    )
    return ArmError(404, "InvalidResourceType", message, gateway=True)


def unknown_path(path: str) -> ArmError:
    """400 for a path that is not an ARM path."""
    return ArmError(400, "InvalidRequestUri", f"The request URI path '{path}' is not valid.", gateway=True)


def method_not_allowed(method: str) -> ArmError:
    """405 for a path that exists, with another method."""
    message = f"The requested resource does not support http method '{method}'."
    return ArmError(405, "HttpMethodNotSupported", message, gateway=True)


def missing_api_version() -> ArmError:
    """400 without api-version."""
    message = "The api-version query parameter (?api-version=) is required for all requests."
    return ArmError(400, "MissingApiVersionParameter", message, gateway=True)


def invalid_parameter(target: str, message: str) -> ArmError:
    """400 for a value of the right type that is not valid."""
    return ArmError(400, "InvalidParameter", message, target=target)


def missing_parameter(target: str) -> ArmError:
    """400 for a body field that is required."""
    return invalid_parameter(target, f"Required parameter '{target}' is missing (null).")


def location_required() -> ArmError:
    """400 from the gateway for a tracked resource without a location."""
    message = "The location property is required for this definition."
    return ArmError(400, "LocationRequired", message, gateway=True)


def bad_body(message: str) -> ArmError:
    """400 for a body that is not a JSON object."""
    text = f"The request content was invalid and could not be deserialized: '{message}'."
    return ArmError(400, "InvalidRequestContent", text, gateway=True)


def bad_request(message: str, target: str) -> ArmError:
    """400 for an unknown member, or a value of the wrong type."""
    return ArmError(400, "BadRequest", message, target=target)


def unauthorized(code: str, message: str, tenant: str) -> ArmError:
    """401 with the challenge that ARM sends."""
    challenge = (
        f'Bearer authorization_uri="https://login.windows.net/{tenant}", '
        f'error="invalid_token", error_description="{message}"'
    )
    return ArmError(401, code, message, headers={"WWW-Authenticate": challenge}, gateway=True)


def authorization_failed(client: str, object_id: str, action: str, scope: str) -> ArmError:
    """403: no role allows this action at this scope."""
    message = (
        f"The client '{client}' with object id '{object_id}' does not have authorization to perform action "
        f"'{action}' over scope '{scope}' or the scope is invalid. "
        "If access was recently granted, please refresh your credentials."
    )
    return ArmError(403, "AuthorizationFailed", message, gateway=True)


def deny_assignment_failed(
    client: str, object_id: str, action: str, scope: str, denied: tuple[str, str, str]
) -> ArmError:
    """403: a deny assignment (its name, id and scope) forbids what a role allows."""
    name, assignment_id, at = denied
    message = (
        f"The client '{client}' with object id '{object_id}' has permission to perform action '{action}' on scope "
        f"'{scope}'; however, the access is denied because of the deny assignment with name '{name}' and Id "
        f"'{assignment_id.replace('-', '')}' at scope '{at}'."
    )
    return ArmError(403, "DenyAssignmentAuthorizationFailed", message, gateway=True)


def scope_locked(scope: str, operation: str, locked: str) -> ArmError:
    """409: a management lock forbids it."""
    message = (
        f"The scope '{scope}' cannot perform {operation} operation because following scope(s) are locked: "
        f"'{locked}'. Please remove the lock and try again."
    )
    return ArmError(409, "ScopeLocked", message, gateway=True)


def concurrent_request() -> ArmError:
    """409: another request is changing the resource."""
    return ArmError(
        409,
        "Conflict",
        "The request failed due to conflict with a concurrent request. To resolve it, please refer to "
        "https://aka.ms/activitylog to get more details on the conflicting requests.",
    )


def property_change(name: str) -> ArmError:
    """409: a property that is fixed once the resource exists."""
    return ArmError(409, "PropertyChangeNotAllowed", f"Changing property '{name}' is not allowed.", target=name)
