"""Reads a secret that the settings name out of its Key Vault; the only place that ever asks for one."""

import asyncio
import importlib
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

from azure_clients.errors import ArmRefused, arm_errors
from azure_clients.session import CALL, arm_session
from contracts.reasons import Refusal, RefusalCode
from contracts.resource_ids import SecretId

if TYPE_CHECKING:
    from types import TracebackType

    from azure.core.credentials import AccessToken
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.keyvault.secrets.aio import SecretClient

VAULT_DOMAINS: Final = (".vault.azure.net", ".vault.azure.cn", ".vault.usgovcloudapi.net")
_AUDIENCES = frozenset(f"https://{domain.removeprefix('.')}" for domain in VAULT_DOMAINS)
_NOT_ALLOWED = "VaultNotAllowed"


async def read_secret(secret_id: SecretId) -> str:
    """Read the secret's value (1 request, 2 while the vault is new to this process).

    Keep the value in the function that asked: it may stand in no answer, log, error or attribute. Raises ArmRefused
    (one that GOLDEN_KEY_VAULTS does not name is not asked for at all; 401, 403, 404: it cannot be read),
    ArmThrottled or ArmUnavailable.
    """
    import settings

    if not secret_id.listed_in(settings.current().key_vaults):
        raise ArmRefused(403, _NOT_ALLOWED, f"GOLDEN_KEY_VAULTS does not name {secret_id}")
    client = await _client(secret_id.vault)
    async with arm_errors():
        found = await _ask(client, secret_id)
    if not found:
        raise ArmRefused(404, "SecretEmpty", f"{secret_id} holds nothing")
    return found


def of_azure(vault: str) -> bool:
    """Tell whether a vault's address lies in one of Azure's own domains for them."""
    return (urlsplit(vault).hostname or "").endswith(VAULT_DOMAINS)


def secret_refusal(refused: ArmRefused) -> Refusal:
    """Give the refusal of a run whose secret was refused."""
    code = RefusalCode.VAULT_NOT_ALLOWED if refused.code == _NOT_ALLOWED else RefusalCode.SECRET_UNREADABLE
    return Refusal.of(code, str(refused))


async def _ask(client: "SecretClient", secret_id: SecretId) -> str | None:
    from azure.core.exceptions import ClientAuthenticationError

    try:
        return (await client.get_secret(secret_id.name, secret_id.version, **CALL)).value
    except ClientAuthenticationError as error:
        # The vault's own no, unlike that of whoever gives out tokens, does not get better by asking again.
        request: Any = getattr(error.response, "request", None)
        if error.status_code == 401 and str(getattr(request, "url", "")).startswith(f"{secret_id.vault}/"):
            raise ArmRefused(401, "Unauthorized", f"{secret_id.vault} does not take this identity's token") from None
        raise


async def _client(vault: str) -> "SecretClient":
    """Make a client on the process's own connections; it holds nothing that would have to be closed."""
    session = await arm_session()
    await asyncio.to_thread(importlib.import_module, "azure.keyvault.secrets.aio")
    from azure.keyvault.secrets.aio import SecretClient

    # A private domain cannot fit the audience that the vault names; that the operator listed it counts instead.
    known = of_azure(vault)
    return SecretClient(
        vault,
        _VaultCredential(session.credential),
        transport=session.transport,  # pyright: ignore[reportUnknownMemberType] - the stub leaves its types open
        verify_challenge_resource=known,
    )


class _VaultCredential:
    """Gives tokens for Key Vault and nothing else, since it is the vault that names what the token is for.

    Without it a host that only poses as a vault could ask for a token for Azure Resource Manager.
    """

    def __init__(self, credential: "AsyncTokenCredential") -> None:
        self._credential = credential

    async def get_token(self, *scopes: str, **options: Any) -> "AccessToken":
        """Pass the question on, or raise ArmRefused (401)."""
        for scope in scopes:
            if scope.removesuffix("/.default").rstrip("/") not in _AUDIENCES:
                raise ArmRefused(401, "ForeignAudience", "the vault asked for a token that is not for Key Vault")
        return await self._credential.get_token(*scopes, **options)

    async def close(self) -> None:
        """Leave the session's credential open: it is not ours to close."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: "TracebackType | None" = None,
    ) -> None:
        await self.close()
