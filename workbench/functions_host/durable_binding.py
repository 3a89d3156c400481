"""The durable client binding: the JSON that tells an app's client where the engine and the management API are."""

import json
from urllib.parse import quote

# The client replaces this by the instance's id.
_INSTANCE = "INSTANCEID"


def durable_client_json(*, rpc_address: str, host_url: str, hub_name: str, connection: str | None = None) -> str:
    """The binding's value.

    Args:
        rpc_address: "host:port" of the engine's gRPC endpoint.
        host_url: this host, as "http://127.0.0.1:7071".
        hub_name: the task hub.
        connection: name of the storage setting, as the binding gives it.

    Source: `DurableFunctionsClient._parse_client_configuration` of azure-functions-durable.
    """
    base = f"{host_url}/runtime/webhooks/durabletask"
    query = f"taskHub={quote(hub_name)}&connection={quote(connection or 'Storage')}"
    return json.dumps(
        {
            "taskHubName": hub_name,
            "connectionName": connection or "Storage",
            "creationUrls": _creation_urls(base, query),
            "managementUrls": management_urls(base, query, _INSTANCE),
            "baseUrl": base,
            "requiredQueryStringParameters": query,
            "rpcBaseUrl": rpc_address,
            "httpBaseUrl": base,
            "useForwardedHost": False,
            # The engine is local: no limit of gRPC's four megabytes, as the extension sets on Azure.
            "maxGrpcMessageSizeInBytes": 2_147_483_647,
            "grpcHttpClientTimeout": "00:01:40",
        }
    )


def _creation_urls(base: str, query: str) -> dict[str, str]:
    return {
        "createNewInstancePostUri": f"{base}/orchestrators/{{functionName}}[/{{instanceId}}]?{query}",
        "createAndWaitOnNewInstancePostUri": f"{base}/orchestrators/{{functionName}}[/{{instanceId}}]?"
        f"timeout={{timeoutInSeconds}}&pollingInterval={{intervalInSeconds}}&{query}",
    }


def management_urls(base: str, query: str, instance: str) -> dict[str, str]:
    """The addresses of one instance.

    Args:
        base: address of the durable HTTP API, without a slash at the end.
        query: the parameters that every address carries.
        instance: the id, encoded for a path.
    """
    address = f"{base}/instances/{instance}"
    return {
        "id": instance,
        "statusQueryGetUri": f"{address}?{query}",
        "sendEventPostUri": f"{address}/raiseEvent/{{eventName}}?{query}",
        "terminatePostUri": f"{address}/terminate?reason={{text}}&{query}",
        "suspendPostUri": f"{address}/suspend?reason={{text}}&{query}",
        "resumePostUri": f"{address}/resume?reason={{text}}&{query}",
        "rewindPostUri": f"{address}/rewind?reason={{text}}&{query}",
        "restartPostUri": f"{address}/restart?{query}",
        "purgeHistoryDeleteUri": f"{address}?{query}",
    }
