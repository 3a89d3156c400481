"""The errors of Key Vault, with its own messages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False)
class VaultError(Exception):
    """An answer in Key Vault's error format."""

    status: int
    code: str
    message: str
    inner: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def body(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        return {"error": {**error, **({"innererror": {"code": self.inner}} if self.inner else {})}}


def unauthorized(why: str, tenant: str, resource: str) -> VaultError:
    """401 with the challenge that names the required token."""
    challenge = f'Bearer authorization="https://login.microsoftonline.com/{tenant}", resource="{resource}"'
    return VaultError(401, "Unauthorized", why, headers={"WWW-Authenticate": challenge})


def forbidden(client: str, object_id: str, tenant: str, vault: str, inner: str = "AccessDenied") -> VaultError:
    """403: the caller may not read secrets of this vault."""
    message = (
        f"The user, group or application 'appid={client};oid={object_id};iss=https://sts.windows.net/{tenant}/' does "
        f"not have secrets get permission on key vault '{vault};location=westeurope'. For help resolving this issue, "
        "please see https://go.microsoft.com/fwlink/?linkid=2125287"
    )
    return VaultError(403, "Forbidden", message, inner)


def disabled() -> VaultError:
    """403: the secret is disabled."""
    return VaultError(403, "Forbidden", "Operation get is not allowed on a disabled secret.", "SecretDisabled")


def secret_not_found(wanted: str) -> VaultError:
    """404: no such secret, or no such version of it."""
    message = (
        f"A secret with (name/id) {wanted} was not found in this key vault. If you recently deleted this secret you "
        "may be able to recover it using the correct recovery command. For help resolving this issue, please see "
        "https://go.microsoft.com/fwlink/?linkid=2125182"
    )
    return VaultError(404, "SecretNotFound", message)


def bad_parameter(message: str) -> VaultError:
    """400: the request itself is wrong."""
    return VaultError(400, "BadParameter", message)


def method_not_allowed(method: str) -> VaultError:
    """405: the emulator can only read secrets."""
    return VaultError(405, "MethodNotAllowed", f"The emulated vault does not support the method {method}.")
