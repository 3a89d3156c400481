"""Permissions on other resources that a request names: ARM checks them before it calls the provider."""

from emulators.arm.errors import ArmError
from emulators.arm.http.identity import CLIENT_ID, OBJECT_ID
from emulators.arm.state.world import World


def require_linked(world: World, action: str, scope: str, linked: list[tuple[str, str]]) -> None:
    """Raises 403 when `action` at `scope` names a scope where its linked action is not allowed, or is denied.

    `linked` are pairs of an action and the id of the resource where it is needed.
    """
    begin = f"The client '{CLIENT_ID}' with object id '{OBJECT_ID}' has permission to perform action '{action}' on "
    for needed, at in linked:
        if not world.role.allows(needed, at):
            message = (
                f"{begin}scope '{scope}'; however, it does not have permission to perform action(s) '{needed}' on the "
                f"linked scope(s) '{at}' (respectively) or the linked scope(s) are invalid."
            )
            raise ArmError(403, "LinkedAuthorizationFailed", message, gateway=True)
        if world.deny_assignments.blocking(needed, at) is not None:
            message = (
                f"{begin}scope '{scope}'; however, it does not have permission to perform action '{needed}' on the "
                "'0' linked scope(s) '' or the linked scope(s) are invalid and is blocked by deny assignments on the "
                f"'1' linked scope(s) '{at}'."
            )
            raise ArmError(403, "LinkedAuthorizationFailed", message, gateway=True)
