"""Ends a test run with a table by package, the CPU seconds, and the failure that is most likely the cause."""

import os
import time
from collections import Counter, defaultdict

import pytest

# A failure in a lower layer causes failures in those above it: it is the one to look at first.
LAYERS = (
    *("tests/contracts", "tests/policy", "tests/test_", "tests/azure_clients", "tests/activities", "tests/guest"),
    *("tests/orchestrators", "tests/triggers", "tests/packaging", "tests/histories", "tests/emulators", "tests/tools"),
    *("tests/journeys", "tests/layers"),
)
_MOST_CHARACTERS = 2_000
_DEEPER = ("tests/emulators", "tests/tools", "tests/orchestrators")


def package_of(nodeid: str) -> str:
    """Return the package of tests that a test belongs to."""
    parts = nodeid.partition("::")[0].split("/")
    depth = 3 if "/".join(parts[:2]) in _DEEPER else 2
    return "/".join(parts[: min(depth, len(parts) - 1)] if len(parts) > 2 else parts)


def layer_of(nodeid: str) -> int:
    """Return how far up a test lies; what is unknown lies on top."""
    return next((place for place, layer in enumerate(LAYERS) if nodeid.startswith(layer)), len(LAYERS))


class Grouping:
    """Collects the reports of a test run."""

    def __init__(self) -> None:
        """Begin with none."""
        self._began = time.monotonic()
        self._tests: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._first: pytest.TestReport | pytest.CollectReport | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count one phase of a test."""
        package = package_of(report.nodeid)
        self._seconds[package] += report.duration
        self._tests[package] += report.when == "call" or (report.when == "setup" and not report.passed)
        self._note(report, package)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Count a module that could not be collected; pytest-xdist passes on each such report of its workers once."""
        if report.failed:
            package = package_of(report.nodeid)
            self._tests[package] += 0
            self._note(report, package)

    def _note(self, report: pytest.TestReport | pytest.CollectReport, package: str) -> None:
        if report.failed:
            self._failed[package] += 1
            if self._first is None or layer_of(report.nodeid) < layer_of(self._first.nodeid):
                self._first = report

    def pytest_unconfigure(self, config: pytest.Config) -> None:
        """Write the table, and last the first failure: after pytest's own summary."""
        terminalreporter: pytest.TerminalReporter | None = config.pluginmanager.get_plugin("terminalreporter")
        if terminalreporter is None or not self._tests:
            return
        write = terminalreporter.write_line
        if len(self._tests) > 1:
            terminalreporter.section("by package")
            width = max(map(len, self._tests))
            write(f"{'package':<{width}}  tests  failed  seconds")
            for package in sorted(self._tests, key=lambda name: (layer_of(name), name)):
                failed = self._failed[package] or ""
                write(f"{package:<{width}}  {self._tests[package]:>5}  {failed:>6}  {self._seconds[package]:>7.1f}")
        taken = os.times()
        cpu = taken.user + taken.system + taken.children_user + taken.children_system
        counts = ", ".join(
            f"{len(terminalreporter.stats[kind])} {kind}"
            for kind in ("passed", "failed", "error", "skipped")
            if terminalreporter.stats.get(kind)
        )
        write(f"tests: {counts or 'none'} in {time.monotonic() - self._began:.0f} s, {cpu:.0f} CPU s")
        if self._first is not None:
            what = "failure" if isinstance(self._first, pytest.TestReport) else "error while collecting tests"
            terminalreporter.section(f"look at this {what} first", red=True)
            crash = getattr(self._first.longrepr, "reprcrash", None)
            # The reason is at the beginning of an assertion's message, and at the end of a traceback.
            text = crash.message[:_MOST_CHARACTERS] if crash else self._first.longreprtext[-_MOST_CHARACTERS:]
            write(text)
            write(f"make test FILTER='{self._first.nodeid}'")
