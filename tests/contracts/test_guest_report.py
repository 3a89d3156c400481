"""The guest's reports: only a complete line of the same run counts."""

import json
from typing import Any

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from contracts.guest_report import (
    DEPROVISIONED_MARK,
    FAILED_MARK,
    GREETING,
    SENTINEL,
    GuestOutcome,
    GuestReport,
    SerialMark,
    read_report,
    read_serial_log,
)
from tests.support.rows import rows

unhurried = hypothesis_settings(deadline=None)  # a busy VM is no fault

RUN, NONCE = "vm-r1-0123456789", "5f" * 16
REPORT: dict[str, Any] = {"version": 1, "runId": RUN, "nonce": NONCE, "outcome": "deprovisioned"}


def line(**change: Any) -> str:
    return SENTINEL + json.dumps({**REPORT, **change})


def read(output: str) -> GuestReport | None:
    return read_report(output, run_id=RUN, nonce=NONCE)


@rows("outcome", list(GuestOutcome))
def test_every_outcome_is_read(outcome: GuestOutcome) -> None:
    report = read(line(outcome=outcome, code="Code", message="text", facts={"a": "b"}))
    assert report == GuestReport(
        version=1, run_id=RUN, nonce=NONCE, outcome=outcome, code="Code", message="text", facts={"a": "b"}
    )


@rows(
    "output",
    [
        f"noise\n{line()}\nmore noise",
        f"noise\r\n{line()}\r\n",
        line() + "\n" + line(runId="vm-other"),
        line() + "\n" + line(nonce="0" * 32),
        line() + "\n" + line()[:-5],
        line() + "\n" + SENTINEL + "[" * 4_000,
        line(newer="field"),
        line(message="a\u2028b\u0085c").replace("\\u2028", "\u2028").replace("\\u0085", "\u0085"),
    ],
    ids=[
        "among noise", "Windows line ends", "before another run's", "before another nonce's", "before half a line",
        "before deep nesting", "of a newer guest", "with line separators inside",
    ],
)  # fmt: skip
def test_the_report_is_found(output: str) -> None:
    report = read(output)
    assert report is not None
    assert report.outcome is GuestOutcome.DEPROVISIONED


def test_half_a_surrogate_pair_loses_no_report_and_can_be_encoded() -> None:
    report = read(line(message="a\ud800b\U0001f600", facts={"\udfff": "\ud800"}))
    assert report is not None
    assert report.message == "a?b\U0001f600"
    assert report.facts == {"?": "?"}
    assert GuestReport.model_validate_json(report.model_dump_json()) == report


def test_the_last_of_two_reports_counts() -> None:
    report = read(line(outcome="requested") + "\n" + line(outcome="failed"))
    assert report is not None
    assert report.outcome is GuestOutcome.FAILED


@rows(
    "output",
    [
        "",
        "GOLDEN-IMAGE-RESULT",
        SENTINEL,
        SENTINEL + "null",
        SENTINEL + "[]",
        SENTINEL + '{"version": 1',
        SENTINEL + "[" * 100_000,
        SENTINEL + "1" * 5_000,
        line()[:-1],
        " " + line(),
        "echo " + line(),
        line(runId="vm-r1-012345678"),
        line(runId=RUN.upper()),
        line(nonce=NONCE[:-1]),
        line(nonce=""),
        line(outcome="Deprovisioned"),
        line(outcome=None),
        line(version="one"),
        line(facts={"a": 1}),
        line().replace(SENTINEL, SENTINEL.lower()),
    ],
)
def test_an_incomplete_or_foreign_report_is_ignored(output: str) -> None:
    assert read(output) is None


@unhurried
@given(st.text())
def test_no_output_raises(noise: str) -> None:
    assert read(noise) is None
    assert read(SENTINEL + noise) is None
    assert read_serial_log(noise, run_id=RUN, nonce=NONCE) == SerialMark(readable=True)


@unhurried
@given(st.text(), st.text())
def test_noise_around_hides_no_report(before: str, after: str) -> None:
    assert read(f"{before}\n{line()}\n{after}") is not None


def mark(log: str) -> SerialMark:
    return read_serial_log(log, run_id=RUN, nonce=NONCE)


DEPROVISIONED = f"{DEPROVISIONED_MARK} {RUN} {NONCE}"
FAILED = f"{FAILED_MARK} {RUN} {NONCE}"
BOOT = "[    0.000000] Linux version 6.8.0-1021-azure\n"


@rows(
    ("log", "expected"),
    [
        ("", SerialMark(readable=True)),
        ("boot\nlogin:", SerialMark(readable=True)),
        (DEPROVISIONED, SerialMark(readable=True, deprovisioned=True)),
        (f"[  12.3] {DEPROVISIONED}\r\nReached target Power-Off.", SerialMark(readable=True, deprovisioned=True)),
        (f"{FAILED} waagent ended with 3", SerialMark(readable=True, failure="waagent ended with 3")),
        (f"{FAILED}", SerialMark(readable=True, failure="")),
        (f"{FAILED} one\n{FAILED} two", SerialMark(readable=True, failure="two")),
        (f"{FAILED} one\n{DEPROVISIONED}", SerialMark(readable=True, deprovisioned=True)),
        (f"{DEPROVISIONED}\n{FAILED} late", SerialMark(readable=True, deprovisioned=True)),
        (f"{FAILED} {'x' * 400}", SerialMark(readable=True, failure="x" * 300)),
        (f"{DEPROVISIONED_MARK} vm-other {NONCE}", SerialMark(readable=True)),
        (f"{DEPROVISIONED_MARK} {RUN} {'0' * 32}", SerialMark(readable=True)),
        (f"{DEPROVISIONED_MARK} {RUN}\n{NONCE}", SerialMark(readable=True)),
        (f"{DEPROVISIONED_MARK} {RUN} {NONCE[:-1]}", SerialMark(readable=True)),
        (f"{FAILED_MARK} vm-other {NONCE} no", SerialMark(readable=True)),
        (f"{GREETING} {RUN} {NONCE}\r\n", SerialMark(readable=True, greeted=True)),
        (f"{GREETING} vm-other {NONCE}", SerialMark(readable=True)),
        (f"{GREETING} {RUN} {NONCE}\n{DEPROVISIONED}", SerialMark(readable=True, greeted=True, deprovisioned=True)),
        (f"{BOOT}{DEPROVISIONED}\n", SerialMark(readable=True, deprovisioned=True)),
        (f"{DEPROVISIONED}\n{BOOT}", SerialMark(readable=True, booted_since=True)),
        (f"{DEPROVISIONED}\n[    5.000000] reboot: Power down\n", SerialMark(readable=True, deprovisioned=True)),
        (f"{DEPROVISIONED}\n{BOOT}{DEPROVISIONED}", SerialMark(readable=True, deprovisioned=True)),
    ],
)
def test_the_mark_on_the_serial_console(log: str, expected: SerialMark) -> None:
    assert mark(log) == expected
