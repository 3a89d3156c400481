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

_PROGRAM = "durable-extension-host"


def _binding(connection: str | None = None, most_message_bytes: int = 4_194_304) -> str:
    return durable_client_json(
        rpc_address="127.0.0.1:4001",
        host_url="http://127.0.0.1:7071",
        hub_name="MyHub",
        connection=connection,
        most_message_bytes=most_message_bytes,
    )


async def test_the_real_client_finds_engine_hub_and_management_urls() -> None:
    client = DurableFunctionsClient(_binding())
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
    assert json.loads(_binding())["connectionName"] is None
    assert json.loads(_binding(connection="OtherStorage"))["connectionName"] == "OtherStorage"


@pytest.fixture
def extension_client(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """The binding that the extension makes for a function that names neither hub nor connection."""
    file = tmp_path / "host.json"
    file.write_text(
        json.dumps({"version": "2.0", "extensions": {"durableTask": {"hubName": "MyHub", **request.param}}}), "utf-8"
    )
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


@pytest.mark.parametrize("extension_client", [{}, {"maxGrpcMessageSizeInBytes": 10_000_000}], indirect=True)
@pytest.mark.skipif(shutil.which(_PROGRAM) is None, reason=f"{_PROGRAM} is not on PATH")
def test_the_extension_makes_the_same_member_by_member(extension_client: dict[str, Any]) -> None:
    ours = json.loads(
        durable_client_json(
            rpc_address=extension_client["rpcBaseUrl"].removeprefix("http://"),
            host_url=extension_client["httpBaseUrl"].removesuffix("/runtime/webhooks/durabletask"),
            hub_name="MyHub",
            connection=None,
            most_message_bytes=extension_client["maxGrpcMessageSizeInBytes"],
        )
    )
    assert ours == extension_client
    assert list(ours) == list(extension_client)
