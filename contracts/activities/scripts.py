"""Inputs and outputs of the activities that run scripts of the allow-list and read a VM's identity."""

from contracts.answer import Answer
from contracts.facts import GuestIdentity, OsType, VmState
from contracts.ids import VmId
from contracts.image_options import ScriptUse, SysprepCredential
from contracts.message import Message


class CheckScripts(Message):
    """Check every script and its parameters against the allow-list; `deprovision` None: the app's own script."""

    customize: tuple[ScriptUse, ...] = ()
    deprovision: str | None = None
    os_type: OsType


class ScriptsChecked(Answer):
    """The SHA-256 (hex) of the scripts that will run: of the customizers in order, and of deprovisioning."""

    customize: tuple[str, ...] = ()
    deprovision: str = ""


class CheckSecret(Message):
    """Check that a secret can be read; its value is not kept."""

    credential: SysprepCredential


class SecretChecked(Answer):
    """The secret can be read, unless there is a refusal."""


class StartScript(Message):
    """Start a script of the allow-list once on a temporary VM, as a Run Command with this name.

    `sha256` is the hash that was checked when the run began: a script with another hash is refused.
    """

    vm: VmState
    run_id: str
    app_name: str
    run_command: str
    script: str
    sha256: str
    parameters: dict[str, str] = {}
    timeout_seconds: int
    tags: dict[str, str] = {}


class ReadScript(Message):
    """Read the script's result, and whether the VM still runs."""

    vm_id: VmId
    unique_id: str
    run_command: str


class ScriptRead(Answer):
    """`ended` with an exit code, or without one if the script never started.

    `output` is the end of the output without secrets, at most 1,000 characters.
    """

    ended: bool = False
    exit_code: int | None = None
    output: str = ""
    vm: VmState | None = None


class ReadIdentity(Message):
    """Read a VM's identity: the first call starts a read-only script, later calls read its output.

    `known_user` may exist on the VM; remains in its logs that name `old_host` are reported. `greets`: a Linux VM also
    writes one line on its serial console, to be found in Azure's serial log.
    """

    vm: VmState
    run_id: str
    app_name: str
    nonce: str
    run_command: str
    known_user: str = ""
    old_host: str = ""
    greets: bool = False
    tags: dict[str, str] = {}


class IdentityRead(Answer):
    """The identity once it is `ready`; `why` it cannot be read."""

    ready: bool = False
    identity: GuestIdentity | None = None
    why: str | None = None
