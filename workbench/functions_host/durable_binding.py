"""The durable client binding: the JSON that tells an app's client where the engine and the management API are."""

import json

# gRPC's own default, which the extension hands on: a client refuses larger answers.
MAX_GRPC_MESSAGE_BYTES = 4 * 1024 * 1024


def durable_client_json(*, rpc_address: str, host_url: str, hub_name: str, connection: str | None = None) -> str:
    """The binding's value, member by member as the extension 3.19.0 sends it to a worker that speaks gRPC.

    Args:
        rpc_address: "host:port" of the engine's gRPC endpoint.
        host_url: this host, as "http://127.0.0.1:7071".
        hub_name: the task hub.
        connection: name of the storage setting, where the binding gives one.
    """
    return json.dumps(
        {
            "taskHubName": hub_name,
            "connectionName": connection,
            "creationUrls": None,
            "managementUrls": None,
            "baseUrl": None,
            # The addresses of a host with keys carry one here.
            "requiredQueryStringParameters": "",
            "rpcBaseUrl": f"http://{rpc_address}",
            "httpBaseUrl": f"{host_url}/runtime/webhooks/durabletask",
            "useForwardedHost": False,
            "maxGrpcMessageSizeInBytes": MAX_GRPC_MESSAGE_BYTES,
            # A text within a text, as the extension writes a TimeSpan.
            "grpcHttpClientTimeout": '"00:01:40"',
        }
    )


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
