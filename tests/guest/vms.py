"""Creates VMs in the sandbox, runs the real scripts in them, and reads their answers."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from emulators.guest import LinuxGuest, LinuxTraits, ScriptResult, sandbox_kind
from guest.scripts import load_script

RUN_ID = "run-7f3a"
NONCE = "0123456789abcdef0123456789abcdef"
SENTINEL = "GOLDEN-IMAGE-RESULT "
#: Far ahead of this computer's clock, which the guests use unless a test sets theirs.
NOT_AFTER = 4_102_444_800
PARAMETERS = {"GOLDEN_RUN_ID": RUN_ID, "GOLDEN_NONCE": NONCE, "GOLDEN_NOT_AFTER": str(NOT_AFTER)}

_SHELLS = [Path(found).resolve() for name in ("bash", "dash", "busybox") if (found := shutil.which(name))]
#: The shells of this computer that are not its /bin/sh, with which all other tests run.
OTHER_SHELLS = [shell for shell in _SHELLS if shell != Path("/bin/sh").resolve()]

needs_sandbox = pytest.mark.skipif(
    sandbox_kind() is None, reason="no sandbox: neither bubblewrap nor user namespaces work here"
)


@dataclass(frozen=True)
class Vm:
    """One VM of a test; guest is the sandboxed VM itself."""

    guest: LinuxGuest

    @classmethod
    def create(cls, folder: Path, traits: LinuxTraits | None = None) -> "Vm":
        return cls(LinuxGuest(folder / "vm", traits or LinuxTraits()))

    async def request(self, **parameters: str) -> tuple[ScriptResult, dict[str, Any]]:
        return await self.run("linux/deprovision.sh", **parameters)

    async def run(self, script: str, **parameters: str) -> tuple[ScriptResult, dict[str, Any]]:
        """Runs a built-in script; an empty parameter is not passed, as with Run Command."""
        given = {name: value for name, value in {**PARAMETERS, **parameters}.items() if value}
        result = await self.guest.run(load_script(script).text, given)
        return result, reported(result)

    async def deprovision(self) -> ScriptResult:
        """Runs the only scheduled job."""
        (job,) = self.guest.scheduled()
        return await self.guest.run_scheduled(job.id)

    def text(self, path: str) -> str:
        return (self.guest.files / path).read_text()

    def exists(self, path: str) -> bool:
        return (self.guest.files / path).exists()

    def calls(self, name: str) -> list[str]:
        """The calls of one stub, oldest first."""
        return [line for line in self.guest.effects() if line.split(" ", 1)[0] == name]

    def snapshot(self) -> dict[str, bytes]:
        """Every file of the guest except the folders of Run Command and of the sandbox itself."""
        root = self.guest.files
        ours = (".machine", ".host", "var/lib/waagent/run-command-handler")
        files = (file for file in root.rglob("*") if file.is_file() and not file.is_symlink())
        names = ((str(file.relative_to(root)), file) for file in files)
        return {name: file.read_bytes() for name, file in names if not name.startswith(ours)}


def reported(result: ScriptResult) -> dict[str, Any]:
    """The only result line, which must be the last line of the output and fit Run Command."""
    lines = result.stdout.splitlines()
    assert [line.startswith(SENTINEL) for line in lines].count(True) == 1, result
    assert lines[-1].startswith(SENTINEL), result.stdout
    assert result.stdout.isascii()
    assert len(result.stdout) + len(result.stderr) < 3_500
    answer: dict[str, Any] = json.loads(lines[-1].removeprefix(SENTINEL))
    assert set(answer) == {"version", "runId", "nonce", "outcome", "code", "message", "facts"}
    assert answer["version"] == 1
    assert len(answer["message"]) <= 500
    assert all(isinstance(value, str) for value in answer["facts"].values())
    return answer
