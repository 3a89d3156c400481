"""Every guard is in the product once; a mutant that no test notices, or that no test can try, is named."""

from pathlib import Path

import pytest

from tests.layers.fault import ROOT
from tools.mutants import __main__ as command
from tools.mutants.authority import AUTHORITY
from tools.mutants.mutant import Mutant
from tools.mutants.mutants import MUTANTS
from tools.mutants.running import MutantError, place_of, try_mutant

GUARDED = "def may(x: int) -> bool:\n    return x > 0\n"
TEST = "from policy.rule import may\n\n\ndef test_it() -> None:\n    assert may(1)\n    assert not may(0)\n"


def mutant(old: str, new: str) -> Mutant:
    return Mutant("one", "zero is refused", old, new, ("tests",))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in (("policy/__init__.py", ""), ("policy/rule.py", GUARDED), ("tests/test_rule.py", TEST)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = ["."]\n')
    return tmp_path


def test_each_guard_is_in_the_product_once() -> None:
    assert len(MUTANTS) == len({each.name for each in MUTANTS}) >= 30
    for each in MUTANTS:
        place_of(each, ROOT)
        assert all((ROOT / test).exists() for test in each.tests), each.name


def test_found_survived_and_not_tried_are_distinguished(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # The small tree needs none of the plugins, which take most of the time.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "xdist.plugin")
    noticed, unnoticed = mutant("x > 0", "x >= 0"), mutant("return", "return True and")._replace(name="two")
    monkeypatch.setattr(command, "MUTANTS", (noticed, unnoticed))
    assert command.main(["--root", str(tree), "--jobs", "1"]) == 1
    found, survived, last = capsys.readouterr().out.splitlines()
    assert found.endswith("tests/test_rule.py::test_it")
    assert survived.endswith("SURVIVED: no test noticed that zero is refused")
    assert last.startswith("mutants: 1 of 2 found in ")
    with pytest.raises(MutantError, match="no test ran"):
        try_mutant(mutant("return", "retrun"), tree)
    assert (tree / "policy/rule.py").read_text() == GUARDED


def test_a_mutant_that_hangs_is_found(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "xdist.plugin")
    trial = try_mutant(mutant("    return", "    while True:\n        pass\n    return"), tree, 2)
    assert trial.noticed_by == "hung: the tests had not ended after 2 s"
    assert (tree / "policy/rule.py").read_text() == GUARDED


def test_tests_that_hang_without_a_mutant_are_an_error(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "MUTANTS", (mutant("x > 0", "x >= 0"),))
    monkeypatch.setattr(command, "HUNG_SECONDS", 0.01)
    assert command.main(["--root", str(tree), "--jobs", "1"]) == 2
    assert capsys.readouterr().err == "mutants: without a mutant the tests had not ended after 0.01 s\n"


@pytest.mark.parametrize(
    ("old", "where", "what"),
    [
        ("nowhere", "is not in the product any more", "put the guard's text of today into `old` and `new`"),
        ("x", "stands 2 times: in policy/rule.py, policy/rule.py", "lengthen `old` and `new`"),
    ],
)
def test_a_guard_that_is_not_there_once_is_named_with_its_remediation(
    tree: Path, old: str, where: str, what: str
) -> None:
    moved = mutant(old, "")._replace(name=AUTHORITY[0].name)
    with pytest.raises(MutantError) as refused:
        place_of(moved, tree)
    first, text, last = str(refused.value).splitlines()
    assert first == f"{moved.name} (zero is refused): its text {where}"
    assert text == old
    assert last.startswith(what)
    assert last.endswith(": tools/mutants/authority.py")
