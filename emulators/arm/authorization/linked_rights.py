"""Permissions on other resources that a request names: ARM checks them before it calls the provider."""

from emulators.arm.authorization.roles import Role
from emulators.arm.errors import ArmError
from emulators.arm.http.identity import CLIENT_ID, OBJECT_ID


def require_linked(role: Role, action: str, scope: str, linked: list[tuple[str, str]]) -> None:
    """Raises 403 when `action` at `scope` names a scope where its linked action is not allowed.

    `linked` are pairs of an action and the id of the resource where it is needed.
    """
    for needed, at in linked:
        if not role.allows(needed, at):
            message = (
                f"The client '{CLIENT_ID}' with object id '{OBJECT_ID}' has permission to perform action '{action}' "
                f"on scope '{scope}'; however, it does not have permission to perform action(s) '{needed}' on the "
                f"linked scope(s) '{at}' (respectively) or the linked scope(s) are invalid."
            )
            raise ArmError(403, "LinkedAuthorizationFailed", message, gateway=True)
