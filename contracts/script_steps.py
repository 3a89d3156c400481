"""What the steps take and give that run scripts of the allow-list and ask a machine who it is."""

from contracts.answer import Answer
from contracts.facts import GuestIdentity, MachineState, OsType
from contracts.ids import VmId
from contracts.message import Message
from contracts.wishes import ScriptUse, SysprepCredential


class CheckScripts(Message):
    """Look every script up on the allow-list, its parameters too; `deprovision` None is the app's own."""

    prepare: tuple[ScriptUse, ...] = ()
    deprovision: str | None = None
    os_type: OsType


class ScriptsChecked(Answer):
    """The hashes (hex SHA-256) of the texts that will run: of the prepare scripts in order, and of deprovisioning."""

    prepare: tuple[str, ...] = ()
    deprovision: str = ""


class CheckSecret(Message):
    """See that a secret can be read, and forget it at once."""

    credential: SysprepCredential


class SecretChecked(Answer):
    """It can be read, unless there is a refusal."""


class StartScript(Message):
    """Put a script of the allow-list on a machine of ours as a Run Command under this name, once.

    `sha256` is the text that was checked when the run began: another one is a refusal.
    """

    machine: MachineState
    run_id: str
    app_name: str
    run_command: str
    script: str
    sha256: str
    parameters: dict[str, str] = {}
    timeout_seconds: int


class ReadScript(Message):
    """Ask what came of it, and whether the machine still runs."""

    vm_id: VmId
    unique_id: str
    run_command: str


class ScriptRead(Answer):
    """`ended` with an exit code, or undelivered without one; `output` is its end, cleaned of secrets, at most 1,000."""

    ended: bool = False
    exit_code: int | None = None
    output: str = ""
    machine: MachineState | None = None


class ReadIdentity(Message):
    """Ask a machine who it is: the first call orders the read-only script, later ones read its answer.

    `known_user` may exist on it; leftovers that name `old_host` are told.
    """

    machine: MachineState
    run_id: str
    app_name: str
    nonce: str
    run_command: str
    known_user: str = ""
    old_host: str = ""


class IdentityRead(Answer):
    """The identity once it is there; `why` there will be none."""

    ready: bool = False
    identity: GuestIdentity | None = None
    why: str | None = None
