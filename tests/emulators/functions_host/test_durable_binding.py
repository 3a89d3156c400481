"""The durable client binding: read by the real client, and made as the real extension makes it."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.durable_functions import DurableFunctionsClient

from emulators.azurite import AzuriteServer
from emulators.functions_host.durable_binding import durable_client_json
from emulators.functions_host.durable_options import read_durable_options
from emulators.functions_host.host_json_section import Section

_PROGRAM = "durable-extension-host"


def _resource(section: dict[str, Any] | None = None, connection: str | None = None) -> str:
    return durable_client_json(
        rpc_address="127.0.0.1:4001",
        host_url="http://127.0.0.1:7071",
        hub_name="MyHub",
        connection=connection,
        options=read_durable_options(Section(section or {})),
    )


async def test_the_real_client_finds_engine_hub_and_management_urls() -> None:
    client = DurableFunctionsClient(_resource())
    try:
        links = client.create_http_management_payload("a/b")
    finally:
        await client.close()
    assert client.rpcBaseUrl == "http://127.0.0.1:4001"
    assert client.taskHubName == "MyHub"
    assert client.maxGrpcMessageSizeInBytes == 4_194_304
    base = "http://127.0.0.1:7071/runtime/webhooks/durabletask/instances/a%2Fb"
    assert links["statusQueryGetUri"].rstrip("?") == base
    assert links["terminatePostUri"].startswith(f"{base}/terminate?reason={{text}}")


def test_only_a_binding_that_names_a_connection_has_one() -> None:
    assert json.loads(_resource())["connectionName"] is None
    assert json.loads(_resource(connection="OtherStorage"))["connectionName"] == "OtherStorage"


@pytest.fixture
def extension_client(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """The binding that the extension makes for a function that names neither hub nor connection."""
    file = tmp_path / "host.json"
    file.write_text(json.dumps({"version": "2.0", "extensions": {"durableTask": request.param}}), "utf-8")
    with AzuriteServer(all_services=True) as azurite:
        process = subprocess.Popen(
            [_PROGRAM, "--host-json", file, "--functions", "-", "--stop-on-eof"],
            env={**os.environ, "AzureWebJobsStorage": azurite.connection_string},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write("[]\n")
            process.stdin.flush()
            yield json.loads(process.stdout.readline())["client"]
        finally:
            process.stdin.close()
            process.stdout.close()
            process.wait(30)


_LIMITS: dict[str, Any] = {
    "hubName": "MyHub",
    "maxGrpcMessageSizeInBytes": 10_000_000,
    "grpcHttpClientTimeout": "-1.00:00:00.25",
    "httpSettings": {"useForwardedHost": True},
}


def test_what_host_json_says_of_clients_is_in_the_binding() -> None:
    value = json.loads(_resource(_LIMITS))
    assert value["maxGrpcMessageSizeInBytes"] == 10_000_000
    assert value["grpcHttpClientTimeout"] == '"-1.00:00:00.2500000"'
    assert value["useForwardedHost"] is True
    assert json.loads(_resource({"grpcHttpClientTimeout": ""}))["grpcHttpClientTimeout"] == "null"


@pytest.mark.parametrize(
    "extension_client",
    [{"hubName": "MyHub"}, _LIMITS, {"hubName": "MyHub", "grpcHttpClientTimeout": ""}],
    indirect=True,
)
@pytest.mark.skipif(shutil.which(_PROGRAM) is None, reason=f"{_PROGRAM} is not on PATH")
def test_the_extension_makes_the_same_member_by_member(
    extension_client: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    ours = json.loads(
        durable_client_json(
            rpc_address=extension_client["rpcBaseUrl"].removeprefix("http://"),
            host_url=extension_client["httpBaseUrl"].removesuffix("/runtime/webhooks/durabletask"),
            hub_name="MyHub",
            options=read_durable_options(Section(request.node.callspec.params["extension_client"])),
        )
    )
    assert ours == extension_client
    assert list(ours) == list(extension_client)
