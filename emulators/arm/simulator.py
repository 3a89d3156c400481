"""The emulator as one object: start, stop, inspect and control it from Python."""

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from aiohttp import web

from emulators.arm.authorization.deny_assignments import DenyAssignment
from emulators.arm.authorization.locks import Lock, LockLevel
from emulators.arm.authorization.roles import Role
from emulators.arm.compute.vms.boot_diagnostics import Blobs
from emulators.arm.compute.vms.specs import VmSpec
from emulators.arm.compute.vms.vm import Vm
from emulators.arm.control_plane import ControlPlane
from emulators.arm.fleet import Fleet
from emulators.arm.http.certificates import make_certificates
from emulators.arm.http.faults import Fault, Injected
from emulators.arm.http.identity import Identity
from emulators.arm.http.request_log import RequestRecord
from emulators.arm.http.server import ArmServer
from emulators.arm.keyvault.vault import Vaults
from emulators.arm.policies.assignments import PolicyAssignment
from emulators.arm.routes import ROUTES
from emulators.arm.state.clock import Clock, RealClock
from emulators.arm.state.durations import Durations

_HOST = "127.0.0.1"


class Simulator:
    """Azure Resource Manager, emulated.

    `clock` is a RealClock by default. `role` allows everything by default. `state_dir`
    holds the CA file and the guests' files; the default is a temporary folder that is deleted at stop. `emulate_linux`
    emulates Linux guests even on a computer with a sandbox.
    """

    def __init__(
        self,
        *,
        vms: Iterable[VmSpec] = (),
        clock: Clock | None = None,
        role: Role | None = None,
        state_dir: Path | None = None,
        throttling: bool = True,
        seed: int = 0,
        port: int = 0,
        durations: Durations | None = None,
        emulate_linux: bool = False,
    ) -> None:
        self._temporary = None if state_dir is not None else Path(tempfile.mkdtemp(prefix="arm-emulator-"))
        self._state_dir = state_dir or self._temporary or Path()
        self._state_dir.mkdir(parents=True, exist_ok=True)
        self.clock = clock or RealClock()
        self.world = Fleet(self.clock, role or Role(), self._state_dir, throttling, seed, durations, emulate_linux)
        self._identity = Identity()
        self.vaults = Vaults(self.world, self._identity)
        self.add_secret, self.vault_endpoint = self.vaults.add_secret, self.vaults.endpoint
        self._port = port
        self._runners: list[web.AppRunner] = []
        self.endpoint = ""
        self.identity_endpoint = ""
        self.identity_header = self._identity.header
        self.ca_file = Path()
        for spec in vms:
            self.world.add(spec)

    async def start(self) -> None:
        """Listen: HTTPS for ARM and the control plane, HTTP for tokens, each on a port of its own."""
        context, self.ca_file = make_certificates(self._state_dir)
        arm = ArmServer(self.world, self._identity, ROUTES)
        app = web.Application(client_max_size=4 * 1024 * 1024)
        ControlPlane(self.world, self._identity).add_to(app)
        app.router.add_get("/{blob:bootdiagnostics-.*}", Blobs(self.world).handle)
        app.router.add_route("*", "/{path:.*}", arm.handle)
        self.endpoint = f"https://{_HOST}:{await self._listen(app, self._port, context)}"
        arm.listen_at(self.endpoint)
        tokens = web.Application()
        tokens.router.add_get("/msi/token", self._identity.handle)
        self.identity_endpoint = f"http://{_HOST}:{await self._listen(tokens, 0, None)}/msi/token"
        await self.vaults.start(context)
        await self.clock.start()

    async def _listen(self, app: web.Application, port: int, context: object) -> int:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        self._runners.append(runner)
        site = web.TCPSite(runner, _HOST, port, ssl_context=context)  # pyright: ignore[reportArgumentType]
        await site.start()
        return int(runner.addresses[0][1])

    async def stop(self) -> None:
        """Release held requests, stop listening, stop the clock, remove the temporary folder."""
        self.world.faults.clear()
        await self.clock.stop()
        for runner in self._runners:
            await runner.cleanup()
        self._runners.clear()
        await self.vaults.stop()
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)

    async def __aenter__(self) -> "Simulator":
        """Start it."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        await self.stop()

    def add_vm(self, spec: VmSpec) -> Vm:
        """Add a VM. Raises ValueError when its id is in use."""
        return self.world.add(spec)

    def vm(self, name: str) -> Vm:
        """The VM with this name or full id. Raises KeyError when there is none, or more than one."""
        return self.world.named(name)

    def requests(self, vm: str | None = None) -> list[RequestRecord]:
        """Requests to the emulated API in order; only those of one VM when `vm` names it."""
        return [r for r in self.world.requests if vm is None or (r.vm or "").lower() == vm.lower()]

    @property
    def role(self) -> Role:
        """The permissions of the caller; can be changed while the emulator runs."""
        return self.world.role

    @role.setter
    def role(self, role: Role) -> None:
        self.world.role = role

    def lock(self, scope: str, level: LockLevel, name: str | None = None) -> Lock:
        """Add a management lock to a scope (an ARM id)."""
        return self.world.locks.add(scope, level, name)

    def assign(self, policy: PolicyAssignment) -> PolicyAssignment:
        """Assign a policy."""
        return self.world.policies.add(policy)

    def deny(self, assignment: DenyAssignment) -> DenyAssignment:
        """Add a deny assignment."""
        return self.world.deny_assignments.add(assignment)

    def inject(self, fault: Fault) -> Injected:
        """Add a fault; the returned object counts its matches and releases held requests."""
        return self.world.faults.add(fault)

    def environment(self) -> dict[str, str]:
        """Environment variables by which the credential library finds the token endpoint."""
        return {"IDENTITY_ENDPOINT": self.identity_endpoint, "IDENTITY_HEADER": self.identity_header}
