"""The configured linters (import-linter, ruff) check the layer rules too: each contract and ban fails when violated."""

import re
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
    ("layers", "policy.vm_checks", "triggers.queue"),
    ("layers", "contracts.ids", "policy.vm_checks"),
    ("layers", "orchestrators.waiting", "activities.inspect_vm"),
    ("layers", "triggers.queue", "orchestrators.waiting"),
    ("activities", "activities.inspect_vm", "activities.generalize_vm"),
    ("triggers", "triggers.queue", "triggers.timer"),
    ("keys", "triggers.queue", "azure_clients.clients"),
    ("environment", "policy.vm_checks", "settings"),
    ("product", "activities.inspect_vm", "emulators"),
    ("simulator", "emulators.arm.x", "contracts.ids"),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app, with empty emulators and tools, and the real configuration."""
    folder = copy_product(tmp_path_factory.mktemp("house"))
    for package in ("emulators", "emulators/arm", "tools", "tests"):
        (folder / package).mkdir()
        (folder / package / "__init__.py").touch()
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def _run(folder: Path, program: str, *arguments: str) -> str:
    command = [str(BIN / program), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def test_each_violated_contract_is_reported(copy: Path) -> None:
    for _, module, imported in BROKEN:
        with (copy / f"{module.replace('.', '/')}.py").open("a") as file:
            file.write(f"\nimport {imported}\n")
    output = _run(copy, "lint-imports", "--no-cache", "--no-logo")
    contracts = {entry["id"]: entry["name"] for entry in CONFIG["importlinter"]["contracts"]}
    assert set(contracts) == {contract for contract, _, _ in BROKEN}
    for contract, module, imported in BROKEN:
        name = contracts[contract]
        _, heading, chains = output.rpartition(f"\n{name}\n{'-' * len(name)}\n")
        assert heading, output
        chains = chains.partition("\n---")[0]
        assert re.search(rf"{re.escape(module)} -> {re.escape(imported)} \(l", chains), (name, output)


def test_ruff_bans_clock_randomness_and_azure_in_the_orchestrators_only(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    imports = {name if name.startswith("azure") else name.partition(".")[0] for name in BANS}
    lines = [*(f"import {name}" for name in sorted(imports)), "from . import waiting", "print(waiting)"]
    lines += [f"print({name})" for name in sorted(BANS)]
    for folder in ("orchestrators", "activities"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.py").write_text("\n".join(lines))
    output = _run(tmp_path, "ruff", "check", "--no-cache", "--output-format=concise", "orchestrators", "activities")
    assert set(re.findall(r"^orchestrators/x\.py:.* TID251 `(\S+)` is banned", output, re.M)) == set(BANS)
    assert "TID252" in output
    assert not re.search(r"^activities/x\.py:.* TID251", output, re.M)
