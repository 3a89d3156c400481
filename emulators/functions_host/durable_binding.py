"""The durable client binding: the JSON with the addresses of the engine and the management API for an app's client."""

import json
from datetime import timedelta

from emulators.functions_host.durable_options import DurableOptions
from emulators.functions_host.time_spans import timespan_text


def durable_client_json(
    *,
    rpc_address: str,
    host_url: str,
    hub_name: str,
    connection: str | None = None,
    options: DurableOptions | None = None,
) -> str:
    """The binding's value, member by member as the extension 3.19.0 sends it to a worker that speaks gRPC.

    Args:
        rpc_address: "host:port" of the engine's gRPC endpoint.
        host_url: this host, as "http://127.0.0.1:7071".
        hub_name: the task hub.
        connection: name of the storage setting, if the binding has one.
        options: what host.json says of the size of messages, of the time that a call may take, and of forwarded hosts.
    """
    options = options or DurableOptions()
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
            "useForwardedHost": options.use_forwarded_host,
            "maxGrpcMessageSizeInBytes": options.most_message_bytes,
            # A text within a text, as the extension writes a TimeSpan.
            "grpcHttpClientTimeout": json.dumps(_span(options.grpc_timeout)),
        }
    )


def management_urls(base: str, query: str, instance: str) -> dict[str, str]:
    """The addresses of one instance.

    Args:
        base: address of the durable HTTP API, without a slash at the end.
        query: the parameters of every address.
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


def _span(length: timedelta | None) -> str | None:
    """As .NET writes it, to its ticks."""
    if length is None:
        return None
    return f"{timespan_text(length)}0" if length.microseconds else timespan_text(length)
