"""Key Vault's data plane: secrets of emulated vaults, each vault at its own URL."""

import asyncio
import re
import socket
import ssl
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from aiohttp import web

from emulators.arm.errors import ArmError
from emulators.arm.http.fault_effects import after_work, before_work
from emulators.arm.http.faults import Injected
from emulators.arm.http.identity import CLIENT_ID, OBJECT_ID, TENANT_ID, VAULT_AUDIENCE, Identity
from emulators.arm.http.request_log import RequestRecord, logged
from emulators.arm.keyvault.errors import (
    VaultError,
    bad_parameter,
    disabled,
    forbidden,
    method_not_allowed,
    secret_not_found,
    unauthorized,
)
from emulators.arm.state.clock import Clock
from emulators.arm.state.ids import SUBSCRIPTION
from emulators.arm.state.world import World

ACTION = "Microsoft.KeyVault/vaults/secrets/getSecret/action"
_HOST = "127.0.0.1"
#: The resource group of every vault, for the scopes of a role.
_GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/golden-rg"
_NAME = re.compile(r"[0-9A-Za-z-]{1,127}")


@dataclass(frozen=True)
class Secret:
    """One version of a secret; `value` is excluded from the repr."""

    name: str
    version: str
    value: str = field(repr=False)
    created: int
    enabled: bool
    tags: Mapping[str, str]


@dataclass
class Vault:
    """A vault: its port, and its secrets by name, the newest version last."""

    name: str
    id: str
    listener: socket.socket
    secrets: dict[str, list[Secret]] = field(default_factory=dict[str, list[Secret]])

    @property
    def endpoint(self) -> str:
        """The URL that replaces `https://<name>.vault.azure.net`."""
        return f"https://{_HOST}:{self.listener.getsockname()[1]}"

    @property
    def public_address(self) -> str:
        """The URL of a real vault with this name."""
        return f"https://{self.name}.vault.azure.net"


class Vaults:
    """All vaults of an emulator, and their HTTPS servers."""

    def __init__(self, world: World, identity: Identity) -> None:
        self._world = world
        self._identity = identity
        self._vaults: dict[str, Vault] = {}
        self._context: ssl.SSLContext | None = None
        self._runners: list[web.AppRunner] = []
        self._starting: list[asyncio.Task[None]] = []

    def add_secret(
        self, vault: str, name: str, value: str, *, enabled: bool = True, tags: Mapping[str, str] | None = None
    ) -> str:
        """Add a secret, or a newer version of it; returns the version. The vault is created if missing."""
        if _NAME.fullmatch(name) is None:
            raise ValueError(f"'{name}' is not a valid name of a secret; use 1 to 127 letters, digits and hyphens")
        now = int(self._clock.now().timestamp())
        secret = Secret(name, uuid.uuid4().hex, value, now, enabled, dict(tags or {}))
        self._vault(vault).secrets.setdefault(name.lower(), []).append(secret)
        return secret.version

    def endpoint(self, vault: str) -> str:
        """The URL of a vault. Raises KeyError when there is no such vault."""
        if vault.lower() not in self._vaults:
            raise KeyError(f"there is no vault '{vault}'; add a secret to it first")
        return self._vaults[vault.lower()].endpoint

    @property
    def _clock(self) -> Clock:
        return self._world.clock

    def _vault(self, name: str) -> Vault:
        if (known := self._vaults.get(name.lower())) is not None:
            return known
        # Bound at once, so that the port is known before the server listens; early connections wait.
        vault = Vault(name, f"{_GROUP}/providers/Microsoft.KeyVault/vaults/{name}", socket.create_server((_HOST, 0)))
        self._vaults[name.lower()] = vault
        if self._context is not None:
            self._starting.append(asyncio.get_running_loop().create_task(self._serve(vault, self._context)))
        return vault

    async def start(self, context: ssl.SSLContext) -> None:
        """Listen for every vault, and for every vault that is added later."""
        self._context = context
        for vault in self._vaults.values():
            await self._serve(vault, context)

    async def stop(self) -> None:
        """Stop listening."""
        await asyncio.gather(*self._starting)
        for runner in self._runners:
            await runner.cleanup()
        for vault in self._vaults.values():
            vault.listener.close()
        self._runners.clear()

    async def _serve(self, vault: Vault, context: ssl.SSLContext) -> None:
        app = web.Application()

        async def handle(request: web.Request) -> web.StreamResponse:
            return await self._handle(vault, request)

        app.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        self._runners.append(runner)
        await web.SockSite(runner, vault.listener, ssl_context=context).start()

    async def _handle(self, vault: Vault, request: web.Request) -> web.StreamResponse:
        world = self._world
        # The first request of a client only gets the challenge, so a fault of getSecret does not apply to it.
        operation = "keyVault.getSecret" if "Authorization" in request.headers else "keyVault.challenge"
        met = world.faults.meet(request.method, request.path, operation, None)
        first = RequestRecord(
            number=len(world.requests),
            at=self._clock.now(),
            method=request.method,
            path=request.path,
            operation=operation,
            action=ACTION,
            vm=None,
            status=0,
            code="",
            client_request_id=request.headers.get("x-ms-client-request-id", ""),
            correlation_id="",
            faults=tuple(injected.fault.kind for injected in met),
        )

        def record(status: int, code: str) -> RequestRecord:
            return replace(first, status=status, code=code)

        return await logged(world.requests, request, record, lambda: self._answer(vault, request, met))

    async def _answer(self, vault: Vault, request: web.Request, met: list[Injected]) -> tuple[web.Response, str]:
        try:
            await before_work(self._clock, met)
            body = self._secret(vault, request)
            await after_work(met)
            return _response(200, body, {}), ""
        except ArmError as error:
            # The answer of an injected fault; without a code the body is empty.
            return _response(error.status, error.body() if error.code else None, error.headers), error.code
        except VaultError as error:
            return _response(error.status, error.body(), error.headers), error.code

    def _secret(self, vault: Vault, request: web.Request) -> dict[str, object]:
        self._check_token(request)
        parts = [part for part in request.path.split("/") if part]
        if len(parts) not in (2, 3) or parts[0].lower() != "secrets" or _NAME.fullmatch(parts[1]) is None:
            raise bad_parameter(f"The request URI '{request.path}' names no secret.")
        if request.method != "GET":
            raise method_not_allowed(request.method)
        if not request.query.get("api-version"):
            raise bad_parameter("api-version must be specified")
        if not self._world.role.allows_data(ACTION, vault.id):
            raise forbidden(CLIENT_ID, OBJECT_ID, TENANT_ID, vault.name)
        if self._world.deny_assignments.blocking(ACTION, vault.id, data=True) is not None:
            raise forbidden(CLIENT_ID, OBJECT_ID, TENANT_ID, vault.name, "ForbiddenByDenyAssignment")
        wanted = parts[2].lower() if len(parts) == 3 else None
        versions = vault.secrets.get(parts[1].lower(), [])
        found = next((s for s in reversed(versions) if wanted in (None, s.version)), None)
        if found is None:
            raise secret_not_found("/".join(parts[1:]))
        if not found.enabled:
            raise disabled()
        return _bundle(vault, found)

    def _check_token(self, request: web.Request) -> None:
        try:
            self._identity.check(request.headers, (VAULT_AUDIENCE,))
        except ArmError as error:
            raise unauthorized(error.message, TENANT_ID, VAULT_AUDIENCE) from None


def _bundle(vault: Vault, secret: Secret) -> dict[str, object]:
    attributes: dict[str, object] = {"enabled": True, "created": secret.created, "updated": secret.created}
    attributes |= {"recoveryLevel": "Recoverable+Purgeable", "recoverableDays": 90}
    secret_id = f"{vault.public_address}/secrets/{secret.name}/{secret.version}"
    return {"value": secret.value, "id": secret_id, "attributes": attributes, "tags": dict(secret.tags)}


def _response(status: int, body: Mapping[str, object] | None, headers: Mapping[str, str]) -> web.Response:
    common = {"x-ms-keyvault-region": "westeurope", "x-ms-request-id": str(uuid.uuid4()), "Cache-Control": "no-cache"}
    if body is None:
        return web.Response(status=status, headers={**common, **headers})
    return web.json_response(body, status=status, headers={**common, **headers})
