"""Secrets: only from a vault that is listed, only with a token for Key Vault, and never heard of again."""

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
from azure_clients.errors import ArmError, ArmRefused, ArmThrottled, ArmUnavailable
from azure_clients.secrets import of_azure, read_secret
from azure_clients.session import arm_session
from contracts.resource_ids import SecretId
from tests.support.azure import Azure, azure
from tests.support.vault import VALUE, azure_with_vault, secret_id
from workbench.arm_simulator import Role
from workbench.arm_simulator.certificates import make_certificates


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
        monkeypatch.setenv("GOLDEN_KEY_VAULTS", listed.format(vault=secret_id(az).vault))
        settings.current.cache_clear()
        told = r"GOLDEN_KEY_VAULTS does not name https://127.*/secrets/sysprep"
        with pytest.raises(ArmRefused, match=told) as refused:
            az.call(read_secret(secret_id(az)))
        asked = az.simulator.requests()
    assert refused.value.code == "VaultNotAllowed"
    assert asked == []


@pytest.mark.parametrize(
    ("name", "role", "status", "words"),
    [
        ("none", Role(), 404, "was not found in this key vault"),
        ("sysprep", Role(data_actions=()), 403, "does not have secrets get permission"),
    ],
)
def test_what_the_vault_refuses_is_told_in_its_words(name: str, role: Role, status: int, words: str) -> None:
    with azure_with_vault(role=role) as az, pytest.raises(ArmRefused, match=words) as refused:
        az.call(read_secret(secret_id(az, name)))
    assert refused.value.status == status


@pytest.mark.parametrize(
    ("status", "error"), [(429, ArmThrottled), (500, ArmUnavailable), (503, ArmUnavailable), (401, ArmRefused)]
)
def test_an_answer_that_is_none_is_told_as_what_it_is_and_asked_for_once(status: int, error: type[ArmError]) -> None:
    with azure_with_vault() as az:
        az.call(read_secret(secret_id(az)))
        before = len(az.simulator.requests())
        az.trouble("status", "keyVault.getSecret", status=status, code="Trouble", count=5)
        with pytest.raises(error):
            az.call(read_secret(secret_id(az)))
        assert len(az.simulator.requests()) - before == 1


def test_an_empty_secret_is_refused() -> None:
    with azure_with_vault() as az:
        az.call(_add(az, ""))
        with pytest.raises(ArmRefused, match="holds nothing"):
            az.call(read_secret(secret_id(az)))


def test_a_host_that_poses_as_a_vault_gets_no_token_for_anything_else(tmp_path: Path) -> None:
    with azure() as az:
        given, told = az.call(_ask_a_stranger(tmp_path))
    assert given == [None], "asked once, and nothing was sent with it"
    assert "a token that is not for Key Vault" in told


def test_nothing_that_is_logged_holds_the_secret(caplog: pytest.LogCaptureFixture) -> None:
    with azure_with_vault() as az:
        az.call(_log_everything(caplog))
        az.call(read_secret(secret_id(az)))
        spoken = "\n".join(str(vars(record)) for record in caplog.records)
        requests = repr(az.simulator.requests())
    assert "/secrets/sysprep" in spoken, "azure-core logs the request at this level"
    assert VALUE not in spoken
    assert VALUE not in requests


@pytest.mark.parametrize(
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
def test_only_azures_own_domains_are_held_to_the_vaults_audience(vault: str, known: bool) -> None:
    assert of_azure(vault) is known


async def _add(az: Azure, value: str) -> str:
    return az.simulator.add_secret("builds", "sysprep", value)


async def _log_everything(caplog: pytest.LogCaptureFixture) -> None:
    await arm_session()  # which turns azure's loggers down
    for name in ("", "azure", "azure.core.pipeline.policies.http_logging_policy", "aiohttp", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name)


async def _ask_a_stranger(folder: Path) -> tuple[list[str | None], str]:
    given: list[str | None] = []
    challenge = 'Bearer authorization="https://login.microsoftonline.com/t", resource="https://management.azure.com"'

    async def handle(request: web.Request) -> web.Response:
        given.append(request.headers.get("Authorization"))
        return web.Response(status=401, headers={"WWW-Authenticate": challenge})

    context, ca_file = await asyncio.to_thread(make_certificates, folder)
    async with _listening(handle, context) as address:
        listed = {"GOLDEN_KEY_VAULTS": f"{address}/secrets/sysprep", "GOLDEN_CA_FILE": str(ca_file)}
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
