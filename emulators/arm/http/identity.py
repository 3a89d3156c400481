"""The managed-identity token endpoint, and the check of the tokens that it issued."""

import base64
import json
import random
import secrets
import time
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from emulators.arm.errors import unauthorized

TENANT_ID = "22222222-2222-2222-2222-222222222222"
CLIENT_ID = "33333333-3333-3333-3333-333333333333"
OBJECT_ID = "44444444-4444-4444-4444-444444444444"
LIFETIME = 24 * 3600
ARM_AUDIENCES = ("https://management.azure.com", "https://management.core.windows.net")
VAULT_AUDIENCE = "https://vault.azure.net"
_RESOURCES = (*ARM_AUDIENCES, VAULT_AUDIENCE)


class Identity:
    """Issues tokens to callers with the secret header, and validates its own tokens.

    Token times are real time, because the credential library reads this computer's clock.
    """

    def __init__(self) -> None:
        self.header = secrets.token_hex(16)
        #: Expiry and audience of each token.
        self._given: dict[str, tuple[float, str]] = {}
        self._numbers = random.SystemRandom()

    async def handle(self, request: web.Request) -> web.Response:
        """GET /msi/token as Azure App Service answers it (api-version 2019-08-01)."""
        if request.headers.get("X-IDENTITY-HEADER") != self.header:
            return _refusal(401, "Unauthorized", "X-IDENTITY-HEADER is missing or wrong.")
        resource = request.query.get("resource", "").rstrip("/")
        if "api-version" not in request.query or not resource:
            return _refusal(400, "BadRequest", "The parameters api-version and resource are required.")
        if resource not in _RESOURCES:
            return _refusal(400, "BadRequest", f"The resource '{resource}' is not emulated.")
        expires = int(time.time()) + LIFETIME
        body = {"access_token": self.issue(resource, expires), "client_id": request.query.get("client_id", CLIENT_ID)}
        body |= {"expires_on": str(expires), "resource": resource, "token_type": "Bearer"}
        return web.json_response(body)

    def issue(self, audience: str, expires: int) -> str:
        """A token shaped like a JWT, with the claims that clients read."""
        claims: dict[str, Any] = {"aud": audience, "iss": f"https://sts.windows.net/{TENANT_ID}/", "tid": TENANT_ID}
        claims |= {"iat": int(time.time()), "exp": expires, "oid": OBJECT_ID, "appid": CLIENT_ID, "idtyp": "app"}
        claims["xms_mirid"] = f"/subscriptions/{TENANT_ID}/resourcegroups/simulator/providers/Microsoft.Web/sites/app"
        head = _part({"typ": "JWT", "alg": "RS256", "kid": "simulator"})
        signature = base64.urlsafe_b64encode(self._numbers.randbytes(64)).decode().rstrip("=")
        token = f"{head}.{_part(claims)}.{signature}"
        self._given[token] = expires, audience
        return token

    def expire_all(self) -> int:
        """Expire every token issued so far; returns how many there were."""
        count = len(self._given)
        self._given = {token: (0.0, audience) for token, (_, audience) in self._given.items()}
        return count

    def check(self, headers: Mapping[str, str], audiences: tuple[str, ...] = ARM_AUDIENCES) -> None:
        """Refuse a request without a valid token of this emulator for one of the audiences."""
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            message = "Authentication failed. The 'Authorization' header is missing."
            raise unauthorized("AuthenticationFailed", message, TENANT_ID)
        if token not in self._given:
            raise unauthorized("InvalidAuthenticationToken", "The access token is invalid.", TENANT_ID)
        expires, audience = self._given[token]
        if expires <= time.time():
            message = "The access token expiry UTC time is earlier than current UTC time."
            raise unauthorized("ExpiredAuthenticationToken", message, TENANT_ID)
        if audience not in audiences:
            message = f"The access token has been obtained for wrong audience or resource '{audience}'."
            raise unauthorized("InvalidAuthenticationTokenAudience", message, TENANT_ID)


def _part(claims: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")


def _refusal(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"statusCode": status, "message": message, "error": code}, status=status)
