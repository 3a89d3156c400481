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


def test_every_violated_contract_is_reported(copy: Path) -> None:
    for _, file, line in BROKEN:
        with (copy / file).open("a") as broken:
            broken.write(f"\n{line}\n")
    done = _lint_imports(copy)
    assert done.returncode != 0
    names = {entry["id"]: entry["name"] for entry in CONFIG["importlinter"]["contracts"]}
    for contract, file, line in BROKEN:
        module = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        assert f"{names[contract]} BROKEN" in done.stdout, done.stdout + done.stderr
        assert f"{module} -> {line.removeprefix('import ')}" in done.stdout, f"{contract}: {file}\n{done.stdout}"


def test_every_contract_has_a_violation_here() -> None:
    assert {entry["id"] for entry in CONFIG["importlinter"]["contracts"]} == {contract for contract, _, _ in BROKEN}


def _ruff(file: str, source: str) -> str:
    command = [str(BIN / "ruff"), "check", "--no-cache", "--output-format=concise", f"--stdin-filename={file}", "-"]
    done = subprocess.run(command, input=source, cwd=ROOT, capture_output=True, text=True, timeout=60)
    return done.stdout


def test_ruff_bans_each_name_in_the_orchestrators_only() -> None:
    modules = sorted({name if name.startswith("azure") else name.partition(".")[0] for name in BANS})
    source = '"""X."""\n\n' + "".join(f"import {module}\n" for module in modules)
    source += "\n" + "".join(f"x = {name}\n" for name in sorted(BANS))
    in_orchestrators = _ruff("orchestrators/x.py", source)
    assert [name for name in BANS if f"TID251 `{name}` is banned" not in in_orchestrators] == []
    assert "TID251" not in _ruff("activities/x.py", source)


def test_ruff_bans_relative_imports_in_the_orchestrators_too() -> None:
    assert "TID252" in _ruff("orchestrators/x.py", '"""X."""\n\nfrom . import waiting\n\nx = waiting\n')
