"""Reads a secret that the settings allow from its key vault; the only code that reads secrets."""

import asyncio
import importlib
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

from azure_clients.clients import CALL, arm_session
from azure_clients.errors import ArmRefused, arm_errors
from contracts.error_codes import Refusal, RefusalCode
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
    """Read the secret's value (1 request, 2 the first time in this process).

    Keep the value inside the calling function: it must not get into an answer, log, error or attribute. Raises
    ArmRefused (403 without a request, if GOLDEN_ALLOWED_SECRETS does not list it; 401, 403, 404: it cannot be read),
    ArmThrottled or ArmUnavailable.
    """
    import settings

    if not secret_id.listed_in(settings.current().allowed_secrets):
        raise ArmRefused(
            403, _NOT_ALLOWED, f"GOLDEN_ALLOWED_SECRETS does not list {secret_id}; add it if runs may read it"
        )
    client = await _client(secret_id.vault)
    async with arm_errors():
        found = await _ask(client, secret_id)
    if not found:
        raise ArmRefused(404, "SecretEmpty", f"{secret_id} is empty")
    return found


def of_azure(vault: str) -> bool:
    """Check whether a vault's address is in one of Azure's own domains for key vaults."""
    return (urlsplit(vault).hostname or "").endswith(VAULT_DOMAINS)


def secret_refusal(refused: ArmRefused) -> Refusal:
    """Return the refusal of a run whose secret could not be read."""
    code = RefusalCode.VAULT_NOT_ALLOWED if refused.code == _NOT_ALLOWED else RefusalCode.SECRET_UNREADABLE
    return Refusal.of(code, str(refused))


async def _ask(client: "SecretClient", secret_id: SecretId) -> str | None:
    from azure.core.exceptions import ClientAuthenticationError

    try:
        return (await client.get_secret(secret_id.name, secret_id.version, **CALL)).value
    except ClientAuthenticationError as error:
        # A retry helps if the token endpoint failed, but not if the vault itself rejected the token.
        request: Any = getattr(error.response, "request", None)
        if error.status_code == 401 and str(getattr(request, "url", "")).startswith(f"{secret_id.vault}/"):
            raise ArmRefused(401, "Unauthorized", f"{secret_id.vault} does not accept this identity's token") from None
        raise


async def _client(vault: str) -> "SecretClient":
    """Create a client on the process's shared connections; it need not be closed."""
    session = await arm_session()
    await asyncio.to_thread(importlib.import_module, "azure.keyvault.secrets.aio")
    from azure.keyvault.secrets.aio import SecretClient

    # The audience that a vault names never matches a private domain: there the operator's list decides.
    known = of_azure(vault)
    return SecretClient(
        vault,
        _VaultCredential(session.credential),
        transport=session.transport,  # pyright: ignore[reportUnknownMemberType] - the stub leaves its types open
        verify_challenge_resource=known,
    )


class _VaultCredential:
    """Returns tokens for Key Vault only, since it is the vault that names the audience.

    Otherwise a host that poses as a vault could request a token for Azure Resource Manager.
    """

    def __init__(self, credential: "AsyncTokenCredential") -> None:
        self._credential = credential

    async def get_token(self, *scopes: str, **options: Any) -> "AccessToken":
        """Get a token for Key Vault; ArmRefused (401) for any other audience."""
        for scope in scopes:
            if scope.removesuffix("/.default").rstrip("/") not in _AUDIENCES:
                raise ArmRefused(401, "ForeignAudience", "the vault requested a token that is not for Key Vault")
        return await self._credential.get_token(*scopes, **options)

    async def close(self) -> None:
        """Do nothing: the shared credential stays open."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: "TracebackType | None" = None,
    ) -> None:
        await self.close()
