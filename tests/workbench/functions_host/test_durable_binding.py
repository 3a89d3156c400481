"""The durable client binding is read by the real client."""

from azure.durable_functions import DurableFunctionsClient

from workbench.functions_host.durable_binding import durable_client_json


async def test_the_real_client_finds_engine_hub_and_management_urls() -> None:
    text = durable_client_json(rpc_address="127.0.0.1:4001", host_url="http://127.0.0.1:7071", hub_name="My Hub")
    client = DurableFunctionsClient(text)
    try:
        links = client.create_http_management_payload("a/b")
    finally:
        await client.close()
    assert client.rpcBaseUrl == "127.0.0.1:4001"
    assert client.taskHubName == "My Hub"
    base = "http://127.0.0.1:7071/runtime/webhooks/durabletask/instances/a%2Fb"
    assert links["statusQueryGetUri"] == f"{base}?taskHub=My%20Hub&connection=Storage"
    assert links["terminatePostUri"].startswith(f"{base}/terminate?reason={{text}}&")
