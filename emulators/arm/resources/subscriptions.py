"""Subscriptions, resource groups, and the metadata of the cloud."""

from typing import Any

from emulators.arm.http.api import Answer, Call, Route
from emulators.arm.http.identity import TENANT_ID

_GROUP = "/subscriptions/{subscription}/resourceGroups/{group}"


def _subscription(subscription_id: str) -> dict[str, Any]:
    named = {"id": f"/subscriptions/{subscription_id}", "subscriptionId": subscription_id, "tenantId": TENANT_ID}
    policies = {"locationPlacementId": "Public_2014-09-01", "quotaId": "PayAsYouGo_2014-09-01", "spendingLimit": "Off"}
    rest = {"displayName": "Simulated subscription", "state": "Enabled", "authorizationSource": "RoleBased"}
    return {**named, **rest, "subscriptionPolicies": policies, "managedByTenants": []}


async def list_subscriptions(call: Call) -> Answer:
    """Subscriptions in which the role is assigned."""
    return Answer(200, {"value": [_subscription(known) for known in call.world.subscriptions()]})


async def get_subscription(call: Call) -> Answer:
    """One subscription."""
    call.world.require_subscription(call.subscription)
    return Answer(200, _subscription(call.subscription))


async def get_group(call: Call) -> Answer:
    """One resource group."""
    group, group_id = call.names["group"], call.scope
    spec = next((vm.spec for vm in call.world.vms.values() if vm.spec.group_id.lower() == group_id.lower()), None)
    shown = {"id": group_id, "name": group, "type": "Microsoft.Resources/resourceGroups"}
    location = spec.location if spec is not None else "westeurope"
    return Answer(
        200,
        {
            **shown,
            "location": location,
            "tags": call.world.group_tags_of(group_id),
            "properties": {"provisioningState": "Succeeded"},
        },
    )


async def metadata(call: Call) -> Answer:
    """The cloud metadata for `az cloud register`. Newer api-versions get one object, as the CLI expects it."""
    audience = "https://management.azure.com/"
    login = {"loginEndpoint": "https://login.microsoftonline.com/", "audiences": [audience], "tenant": "common"}
    suffixes = {
        "storage": "core.windows.net",
        "keyVaultDns": "vault.azure.net",
        "sqlServerHostname": "database.windows.net",
    }
    cloud: dict[str, Any] = {"name": "AzureSimulator", "authentication": {**login, "identityProvider": "AAD"}}
    cloud |= {"resourceManager": call.endpoint, "portal": "https://portal.azure.com", "suffixes": suffixes}
    cloud |= {"graphAudience": "https://graph.windows.net/", "graph": "https://graph.windows.net/"}
    return Answer(200, cloud)


ROUTES = (
    Route("GET", "/subscriptions", "subscriptions.list", "", list_subscriptions),
    Route(
        "GET",
        "/subscriptions/{subscription}",
        "subscriptions.get",
        "Microsoft.Resources/subscriptions/read",
        get_subscription,
    ),
    Route("GET", _GROUP, "resourceGroups.get", "Microsoft.Resources/subscriptions/resourceGroups/read", get_group),
    Route("GET", "/metadata/endpoints", "metadata.endpoints", "", metadata, open=True),
)
