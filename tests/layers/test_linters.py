"""The configured linters (import-linter, ruff) check the layer rules too: each contract and ban fails when violated."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.layers.fault import ROOT
from tests.layers.product_copy import copy_product

BIN = Path(sys.executable).parent
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
BANS = CONFIG["ruff"]["lint"]["flake8-tidy-imports"]["banned-api"]
BROKEN = [
    ("layers", "policy/vm_checks.py", "import triggers.queue"),
    ("layers", "contracts/ids.py", "import policy.vm_checks"),
    ("layers", "orchestrators/waiting.py", "import activities.inspect_vm"),
    ("layers", "triggers/queue.py", "import orchestrators.waiting"),
    ("activities", "activities/inspect_vm.py", "import activities.generalize_vm"),
    ("triggers", "triggers/queue.py", "import triggers.timer"),
    ("keys", "triggers/queue.py", "import azure_clients.clients"),
    ("environment", "policy/vm_checks.py", "import settings"),
    ("product", "activities/inspect_vm.py", "import emulators"),
    ("simulator", "emulators/arm/__init__.py", "import contracts.ids"),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app, with empty emulators, and the real configuration."""
    folder = copy_product(tmp_path_factory.mktemp("house"))
    (folder / "tests").mkdir()
    for package in (
        "emulators",
        *(f"emulators/{name}" for name in ("arm", "azurite", "functions_host", "task_hub")),
        "tools",
    ):
        (folder / package).mkdir(exist_ok=True)
        (folder / package / "__init__.py").touch()
    (folder / "tests/__init__.py").touch()
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def _lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(BIN / "lint-imports"), "--no-cache", "--no-logo"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)


def test_the_copy_itself_is_clean(copy: Path) -> None:
    done = _lint_imports(copy)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("contract", "file", "line"), BROKEN)
def test_a_violated_contract_is_reported(contract: str, file: str, line: str, copy: Path) -> None:
    name = next(entry["name"] for entry in CONFIG["importlinter"]["contracts"] if entry["id"] == contract)
    path = copy / file
    before = path.read_text()
    try:
        path.write_text(f"{before}\n{line}\n")
        done = _lint_imports(copy)
    finally:
        path.write_text(before)
    assert done.returncode != 0
    assert f"{name} BROKEN" in done.stdout, done.stdout + done.stderr


def test_every_contract_has_a_violation_here() -> None:
    assert {entry["id"] for entry in CONFIG["importlinter"]["contracts"]} == {contract for contract, _, _ in BROKEN}


def _ruff(file: str, source: str) -> str:
    command = [str(BIN / "ruff"), "check", "--no-cache", "--output-format=concise", f"--stdin-filename={file}", "-"]
    done = subprocess.run(command, input=source, cwd=ROOT, capture_output=True, text=True, timeout=60)
    return done.stdout


@pytest.mark.parametrize("name", sorted(BANS))
def test_ruff_bans_it_in_the_orchestrators_only(name: str) -> None:
    module = name.partition(".")[0]
    call = f'"""X."""\n\nimport {name if module.startswith("azure") else module}\n\nx = {name}\n'
    assert f"TID251 `{name}` is banned" in _ruff("orchestrators/x.py", call)
    assert "TID251" not in _ruff("activities/x.py", call)


def test_ruff_bans_relative_imports_in_the_orchestrators_too() -> None:
    assert "TID252" in _ruff("orchestrators/x.py", '"""X."""\n\nfrom . import waiting\n\nx = waiting\n')
