"""Network security groups: their properties, and what blocks their deletion."""

from typing import Any

from emulators.arm.errors import ArmError
from emulators.arm.network.interfaces import INTERFACES
from emulators.arm.network.security_rules import check_rules, default_rules
from emulators.arm.state.store import Resource, Store


def group_properties(group_id: str, given: dict[str, Any]) -> dict[str, Any]:
    """The properties of a security group as GET returns them. Raises 400 for rules that are not valid."""
    rules: list[dict[str, Any]] = given.get("securityRules", [])
    check_rules(rules)
    shown = [
        {
            "name": rule["name"],
            "id": f"{group_id}/securityRules/{rule['name']}",
            "properties": {**rule["properties"], "provisioningState": "Succeeded"},
        }
        for rule in rules
    ]
    return {"securityRules": shown, "defaultSecurityRules": default_rules(group_id)}


def users_of_group(store: Store, group_id: str, *, lately: bool = False) -> list[str]:
    """Ids of the interfaces that use a security group; with `lately`, of those too that were just deleted."""
    return [
        nic.id
        for nic in (store.counted(INTERFACES) if lately else store.of_kind(INTERFACES))
        if nic.properties.get("networkSecurityGroup", {}).get("id", "").lower() == group_id.lower()
    ]


def check_group_free(store: Store, group: Resource) -> None:
    """Raises InUseNetworkSecurityGroupCannotBeDeleted while an interface uses it."""
    if users := users_of_group(store, group.id, lately=True):
        message = (
            f"Network security group {group.id} cannot be deleted because it is in use by the following resources: "
            f"{', '.join(users)}. In order to delete the Network security group, remove the association with the "
            "resource(s). To learn how to do this, see aka.ms/deletensg."
        )
        raise ArmError(409, "InUseNetworkSecurityGroupCannotBeDeleted", message)
