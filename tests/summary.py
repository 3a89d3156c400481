"""Ends a run of tests with a table of the packages, the failure of the lowest layer, and what the run cost."""

import resource
import shlex
import time
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import pytest

# What stands lower is the cause: its failure is shown first.
LAYERS = (
    *("contracts", "settings", "policy", "azure_clients", "activities", "orchestrators", "triggers", "guest"),
    *("packaging", "layers", "histories", "emulators", "tools", "journeys"),
)


@dataclass
class _Test:
    outcome: str = "passed"
    seconds: float = 0.0
    line: int = 0
    message: str = ""


@dataclass(eq=False)  # pytest keeps its plugins in sets
class Summary:
    """Collects the reports of one process, or of all workers of pytest-xdist."""

    began: float = field(default_factory=time.monotonic)
    tests: dict[str, _Test] = field(default_factory=dict[str, _Test])

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Count a file that cannot be collected as a failed test."""
        if report.failed:
            self._take(report, 0.0, 0)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take one phase of one test: set-up, call or teardown."""
        self._take(report, report.duration, report.location[1] or 0)

    def _take(self, report: pytest.CollectReport | pytest.TestReport, seconds: float, line: int) -> None:
        test = self.tests.setdefault(report.nodeid, _Test())
        test.seconds, test.line = test.seconds + seconds, line
        if report.failed and test.outcome != "failed":
            test.outcome, test.message = "failed", _message(report)
        elif report.skipped and test.outcome == "passed":
            test.outcome = "skipped"

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        """Write the table after everything that pytest and its plugins write."""
        yield
        terminal = session.config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None and not session.config.option.collectonly:
            for line in ("", *self.lines(time.monotonic() - self.began, _cpu_seconds())):
                terminal.write_line(line)

    def lines(self, seconds: float, cpu: float) -> list[str]:
        """Return the table, the lowest failure if there is one, and the counts."""
        packages: dict[str, list[_Test]] = {}
        for name in sorted(self.tests, key=_place):
            packages.setdefault(package_of(name), []).append(self.tests[name])
        width = max(map(len, ("package", *packages)))
        table = [f"{'package':{width}}  tests  failed  seconds"]
        for package, tests in packages.items():
            spent = sum(test.seconds for test in tests)
            table.append(f"{package:{width}}  {len(tests):5}  {_count(tests, 'failed'):6}  {spent:7.1f}")
        return [*table, "", *self._first_failure(), self._counts(seconds, cpu)]

    def _first_failure(self) -> list[str]:
        failed = [name for name, test in self.tests.items() if test.outcome == "failed"]
        if not failed:
            return []
        first = min(failed, key=lambda name: (*_place(name), self.tests[name].line, name))
        run = f".venv/bin/python -m pytest {shlex.quote(first)}"
        return [f"first failure: {first}", f"    {self.tests[first].message}", f"    only this one: {run}", ""]

    def _counts(self, seconds: float, cpu: float) -> str:
        tests = self.tests.values()
        failed = _count(tests, "failed")
        counts = [f"{failed} failed"] if failed else []
        counts += [f"{_count(tests, 'passed')} passed", f"{_count(tests, 'skipped')} skipped"]
        return f"tests: {', '.join(counts)} in {seconds:.0f} s, {cpu:.0f} s CPU"


def package_of(name: str) -> str:
    """Return the folder to which a test belongs: tests/policy, tests/emulators/arm, or tests for its own files."""
    folders = PurePosixPath(name.partition("::")[0]).parent.parts
    return "/".join(folders[: 3 if folders[1:2] in (("emulators",), ("tools",)) else 2])


def _place(name: str) -> tuple[int, str]:
    file = name.partition("::")[0]
    part = (*PurePosixPath(file).parent.parts[1:2], "settings")[0]
    return (LAYERS.index(part) if part in LAYERS else len(LAYERS), file)


def _count(tests: Iterable[_Test], outcome: str) -> int:
    return sum(test.outcome == outcome for test in tests)


def _message(report: pytest.CollectReport | pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash is not None else report.longreprtext
    lines = [line for line in text.splitlines() if line.strip()] or ["no message"]
    return lines[0] if crash is not None else lines[-1]


def _cpu_seconds() -> float:
    own, ended = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime
