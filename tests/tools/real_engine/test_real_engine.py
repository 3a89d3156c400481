"""The run on the real extension: its lines and exit status, the app's copy, and when it kills."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from contracts.stages import Stage
from emulators.arm.http.faults import Injected
from tools.real_engine import kills
from tools.real_engine.app_copy import copy_app
from tools.real_engine.fleet import clone, in_place, request
from tools.real_engine.report import Report, expect
from tools.real_engine.station import NotSeen

ROOT = Path(__file__).parents[3]


def test_without_the_program_it_says_so_and_exits_with_2(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tools.real_engine"],
        cwd=ROOT,
        env={**os.environ, "PATH": str(tmp_path), "DURABLE_EXTENSION_HOST": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith("real engine: ")
    assert "durable-extension-host is not on PATH" in ended.stderr


async def test_a_line_for_each_check_and_a_last_line(capsys: pytest.CaptureFixture[str]) -> None:
    async def passes() -> None:
        expect(True, "not shown")

    async def fails() -> None:
        expect(False, "two\nlines")

    async def breaks() -> None:
        raise ValueError("no number")

    report = Report()
    await report.check("one", passes())
    await report.check("two", fails())
    await report.check("three", breaks())
    first, second, third = capsys.readouterr().out.splitlines()
    assert first.startswith("ok  one  0.")
    assert second == "FAILED two: two lines"
    assert third.startswith("FAILED three: ")
    assert third.endswith("ValueError: no number")
    assert report.last_line() == "real engine: 3 checks, 1 passed"


def test_the_copy_of_the_app_differs_in_one_number(tmp_path: Path) -> None:
    copy = copy_app(ROOT, tmp_path / "app")
    changed: list[str] = []
    for file in copy.rglob("*"):
        if file.is_file() and file.read_bytes() != (ROOT / file.relative_to(copy)).read_bytes():
            changed.append(str(file.relative_to(copy)))
    assert changed == ["contracts/polling.py"]
    before = (ROOT / "contracts/polling.py").read_text().splitlines()
    after = (copy / "contracts/polling.py").read_text().splitlines()
    lines = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert lines == [
        (
            "    interval_seconds: int = Field(ge=15, le=LONGEST_PAUSE_SECONDS)",
            "    interval_seconds: int = Field(ge=1, le=LONGEST_PAUSE_SECONDS)",
        )
    ]
    assert (copy / "host.json").read_bytes() == (ROOT / "host.json").read_bytes()


def test_an_app_that_says_it_otherwise_is_refused(tmp_path: Path) -> None:
    source = copy_app(ROOT, tmp_path / "source")
    with pytest.raises(RuntimeError, match="no longer has exactly one"):
        copy_app(source, tmp_path / "copy")


def test_a_request_names_each_vm_and_the_other_members() -> None:
    text = request("r1", [in_place("one"), clone("two")], maxParallel=3)
    assert '"requestId": "r1"' in text
    assert '"maxParallel": 3' in text
    assert text.count('"vmId"') == 2
    assert "images/image-two" in text


def _met(name: str, held: float | None, *, trap: bool = True) -> kills.Met:
    injected = Injected.__new__(Injected) if trap else None
    return kills.Met(in_place(name), [(Stage.STOPPING, "x")], injected, held, held)


def test_it_kills_when_all_are_held_or_one_too_long() -> None:
    now = time.monotonic()
    held, waiting, done = _met("a", now), _met("b", None), _met("c", None, trap=False)
    assert not kills._is_time([waiting, done], [])  # pyright: ignore[reportPrivateUsage]
    assert not kills._is_time([held, waiting], [held])  # pyright: ignore[reportPrivateUsage]
    assert kills._is_time([held, done], [held])  # pyright: ignore[reportPrivateUsage]
    long = _met("d", now - 1000)
    assert kills._is_time([long, waiting], [long])  # pyright: ignore[reportPrivateUsage]


def test_a_failed_expectation_says_what_was_seen() -> None:
    with pytest.raises(NotSeen, match="seven"):
        expect(False, "seven")
