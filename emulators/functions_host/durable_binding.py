"""The durable client binding: the JSON with the addresses of the engine and the management API for an app's client."""

import json


def durable_client_json(
    *, rpc_address: str, host_url: str, hub_name: str, connection: str | None, most_message_bytes: int
) -> str:
    """The binding's value, member by member as the extension 3.19.0 sends it to a worker that speaks gRPC.

    Args:
        rpc_address: "host:port" of the engine's gRPC endpoint.
        host_url: this host, as "http://127.0.0.1:7071".
        hub_name: the task hub.
        connection: name of the storage setting, if the binding has one.
        most_message_bytes: host.json's maxGrpcMessageSizeInBytes.
    """
    return json.dumps(
        {
            "taskHubName": hub_name,
            "connectionName": connection,
            "creationUrls": None,
            "managementUrls": None,
            "baseUrl": None,
            # The addresses of a host with keys have one here.
            "requiredQueryStringParameters": "",
            "rpcBaseUrl": f"http://{rpc_address}",
            "httpBaseUrl": f"{host_url}/runtime/webhooks/durabletask",
            "useForwardedHost": False,
            "maxGrpcMessageSizeInBytes": most_message_bytes,
            # A text within a text, as the extension writes a TimeSpan.
            "grpcHttpClientTimeout": '"00:01:40"',
        }
    )
