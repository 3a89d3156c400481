"""Secrets: only from a listed vault, only with a token for Key Vault, and never stored."""

import asyncio
import logging
import os
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from unittest.mock import patch

import pytest
from aiohttp import web

import settings
from azure_clients.clients import arm_session
from azure_clients.errors import ArmError, ArmRefused, ArmThrottled, ArmUnavailable
from azure_clients.secrets import of_azure, read_secret
from contracts.resource_ids import SecretId
from emulators.arm import Role
from emulators.arm.http.certificates import make_certificates
from tests.support.azure import Azure, azure
from tests.support.rows import rows
from tests.support.vault import VALUE, azure_with_vault, secret_id


def test_the_newest_version_is_read_unless_one_is_named() -> None:
    with azure_with_vault() as az:
        newest = az.call(read_secret(secret_id(az)))
        version = az.call(_add(az, "another"))
        after = az.call(read_secret(secret_id(az)))
        named = az.call(read_secret(SecretId.parse(f"{secret_id(az)}/{version}")))
    assert (newest, after, named) == (VALUE, "another", "another")


@pytest.mark.parametrize(
    "listed", ["", "{vault}/secrets/sysprep-eu", "{vault}/secrets/b*", "https://b.example/secrets/*"]
)
def test_a_secret_that_is_not_listed_is_not_asked_for(listed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with azure_with_vault() as az:
        monkeypatch.setenv("GOLDEN_ALLOWED_SECRETS", listed.format(vault=secret_id(az).vault))
        settings.current.cache_clear()
        reported = r"GOLDEN_ALLOWED_SECRETS does not list https://127.*/secrets/sysprep"
        with pytest.raises(ArmRefused, match=reported) as refused:
            az.call(read_secret(secret_id(az)))
        asked = az.simulator.requests()
    assert refused.value.code == "VaultNotAllowed"
    assert asked == []


@pytest.mark.parametrize(
    ("name", "role", "status", "message"),
    [
        ("none", Role(), 404, "was not found in this key vault"),
        ("sysprep", Role(data_actions=()), 403, "does not have secrets get permission"),
    ],
)
def test_a_rejection_by_the_vault_is_reported_with_its_message(
    name: str, role: Role, status: int, message: str
) -> None:
    with azure_with_vault(role=role) as az, pytest.raises(ArmRefused, match=message) as refused:
        az.call(read_secret(secret_id(az, name)))
    assert refused.value.status == status


@pytest.mark.parametrize(
    ("status", "error"), [(429, ArmThrottled), (500, ArmUnavailable), (503, ArmUnavailable), (401, ArmRefused)]
)
def test_an_unusable_answer_is_reported_and_requested_once(status: int, error: type[ArmError]) -> None:
    with azure_with_vault() as az:
        az.call(read_secret(secret_id(az)))
        before = len(az.simulator.requests())
        az.fault("status", "keyVault.getSecret", status=status, code="Fault", count=5)
        with pytest.raises(error):
            az.call(read_secret(secret_id(az)))
        assert len(az.simulator.requests()) - before == 1


def test_an_empty_secret_is_refused() -> None:
    with azure_with_vault() as az:
        az.call(_add(az, ""))
        with pytest.raises(ArmRefused, match="is empty"):
            az.call(read_secret(secret_id(az)))


def test_a_host_that_poses_as_a_vault_gets_no_token_for_anything_else(tmp_path: Path) -> None:
    with azure() as az:
        given, reported = az.call(_ask_another_host(tmp_path))
    assert given == [None], "asked once, and nothing was sent with it"
    assert "a token that is not for Key Vault" in reported


def test_nothing_that_is_logged_holds_the_secret(caplog: pytest.LogCaptureFixture) -> None:
    with azure_with_vault() as az:
        az.call(_log_everything(caplog))
        az.call(read_secret(secret_id(az)))
        logged = "\n".join(str(vars(record)) for record in caplog.records)
        requests = repr(az.simulator.requests())
    assert "/secrets/sysprep" in logged, "azure-core logs the request at this level"
    assert VALUE not in logged
    assert VALUE not in requests


@rows(
    ("vault", "known"),
    [
        ("https://builds.vault.azure.net", True),
        ("https://builds.vault.azure.cn:443", True),
        ("https://builds.vault.usgovcloudapi.net", True),
        ("https://builds.vault.azure.net.example", False),
        ("https://buildsvault.azure.net", False),
        ("https://vault.azure.net", False),
        ("https://builds.managedhsm.azure.net", False),
        ("https://127.0.0.1:8443", False),
    ],
)
def test_the_audience_is_checked_only_for_azures_own_domains(vault: str, known: bool) -> None:
    assert of_azure(vault) is known


async def _add(az: Azure, value: str) -> str:
    return az.simulator.add_secret("builds", "sysprep", value)


async def _log_everything(caplog: pytest.LogCaptureFixture) -> None:
    await arm_session()  # which turns azure's loggers down
    for name in ("", "azure", "azure.core.pipeline.policies.http_logging_policy", "aiohttp", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name)


async def _ask_another_host(folder: Path) -> tuple[list[str | None], str]:
    given: list[str | None] = []
    challenge = 'Bearer authorization="https://login.microsoftonline.com/t", resource="https://management.azure.com"'

    async def handle(request: web.Request) -> web.Response:
        given.append(request.headers.get("Authorization"))
        return web.Response(status=401, headers={"WWW-Authenticate": challenge})

    context, ca_file = await asyncio.to_thread(make_certificates, folder)
    async with _listening(handle, context) as address:
        listed = {"GOLDEN_ALLOWED_SECRETS": f"{address}/secrets/sysprep", "GOLDEN_CA_FILE": str(ca_file)}
        with patch.dict(os.environ, listed):
            settings.current.cache_clear()
            with pytest.raises(ArmRefused) as refused:
                await read_secret(SecretId.parse(f"{address}/secrets/sysprep"))
    return given, str(refused.value)


@asynccontextmanager
async def _listening(
    handle: Callable[[web.Request], Awaitable[web.Response]], context: ssl.SSLContext
) -> AsyncGenerator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    try:
        yield f"https://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
