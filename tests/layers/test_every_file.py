"""No file of the project breaks a rule: imports, cycles, shape, durable code, times, forbidden text, retired words."""

from collections.abc import Generator
from pathlib import PurePosixPath

import pytest

from tests.layers.cycles import Graph, cycles, folder_graph, import_graph
from tests.layers.fault import ROOT, Fault, Source, kept_files, parsed, show
from tests.layers.forbidden_text import word_faults
from tests.layers.imported_libraries import import_faults
from tests.layers.orchestrator_rules import orchestration_faults
from tests.layers.packages import FREE, PACKAGES, room_of
from tests.layers.retired_words import name_faults, script_faults, source_faults
from tests.layers.shape import file_faults, python_faults
from tests.layers.times import time_faults

FILES = kept_files()
ARM = "emulators/arm"
# The contents of the histories (.gz) are checked by their own test.
_BINARY = (".png", ".ico", ".svg", ".gz")
_SCRIPTS = (".sh", ".ps1")
# Invalid on purpose: the host's tests check how it reports an app that cannot be parsed.
_UNREADABLE = "tests/emulators/functions_host/apps/broken_syntax/function_app.py"
# A script that runs in a VM is sent as one text, with its functions.
_SENT_AS_ONE = ("guest/linux/deprovision.sh",)


def test_no_file_breaks_a_rule() -> None:
    faults = [*name_faults("the names of files", FILES)]
    for file in FILES:
        if not file.endswith(_BINARY):
            faults += _faults(file, (ROOT / file).read_text(encoding="utf-8"))
    assert not faults, show(faults)


def _faults(file: str, text: str) -> list[Fault]:
    faults = word_faults(file, text)
    if file.endswith(_SCRIPTS):
        faults += script_faults(file, text)
    if file.endswith((".py", *_SCRIPTS)) and file not in _SENT_AS_ONE:
        faults += file_faults(file, text)
    if file.endswith(".py") and file != _UNREADABLE:
        source = Source(file, text)
        faults += [*import_faults(source), *orchestration_faults(source), *python_faults(source)]
        faults += [*source_faults(source), *time_faults(source)]
    return faults


def test_the_files_are_those_of_the_project() -> None:
    assert len(FILES) > 700
    assert len([file for file in FILES if file.endswith(_SCRIPTS)]) >= 8


def test_every_package_has_a_rule_and_tests_and_every_rule_a_package() -> None:
    python = [file for file in FILES if file.endswith(".py")]
    assert {room_of(file) for file in python} - set(FREE) == set(PACKAGES)
    tested = {PurePosixPath(file).parent.as_posix() for file in python if "/test_" in file}
    untested = [name for name in PACKAGES if not any(folder.startswith(_tests_of(name)) for folder in tested)]
    assert untested == []


def _tests_of(package: str) -> str:
    single = {"function_app": "packaging", "settings": ""}
    return f"tests/{single.get(package, package.replace('.', '/'))}".rstrip("/")


@pytest.fixture(scope="module", autouse=True)
def trees() -> Generator[None]:
    """Each file is parsed once for all these tests; the trees are large, and the process has other tests to run."""
    yield
    parsed.cache_clear()


@pytest.fixture(scope="module")
def project() -> Graph:
    return import_graph({file: (ROOT / file).read_text() for file in FILES if file.endswith(".py")})


def test_no_file_of_the_project_is_in_a_cycle(project: Graph) -> None:
    assert sum(map(len, project.values())) > 1000, "the checker finds no imports"
    found = cycles(project)
    assert not found, "\n".join(found)


def test_the_folders_of_the_arm_emulator_are_in_no_cycle(project: Graph) -> None:
    found = cycles(folder_graph(project, ARM))
    assert not found, "\n".join(found)


def test_a_request_passes_the_folders_of_the_arm_emulator_in_order(project: Graph) -> None:
    graph = folder_graph(project, ARM)
    assert graph[f"{ARM}/guests"] == set()
    assert graph[f"{ARM}/state"] == {f"{ARM}/errors.py"}
    assert graph[f"{ARM}/http"] == {f"{ARM}/errors.py", f"{ARM}/state"}, "only routes.py knows the providers"
