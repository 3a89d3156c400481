"""What reads text of others takes time that grows with its length, not with its square; no control character passes."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.guest_report import DEPROVISIONED_MARK, read_serial_log
from contracts.redaction import redact
from tests.contracts.hostile_text import MARK, NONCE, READERS, RUN, UNITS, repeated
from tests.support.rows import rows

SHORT, TIMES = 8 * 1024, 16


def seconds(read: Callable[[str], object], text: str, enough: float = 0) -> float:
    """Return the least CPU time of three, or the first that is `enough`."""
    least = float("inf")
    for _ in range(3):
        begun = time.thread_time()
        read(text)
        least = min(least, time.thread_time() - begun)
        if least <= enough:
            break
    return least


@rows("name", READERS)
def test_a_text_of_sixteen_times_the_length_takes_far_less_than_the_square(name: str) -> None:
    slow: dict[str, float] = {}
    for unit in UNITS:
        # A square would be 256 times; what is shorter than a millisecond is not measurable.
        short = max(seconds(READERS[name], repeated(unit, SHORT)), 1e-3)
        bound = short * 4 * TIMES
        if (taken := seconds(READERS[name], repeated(unit, SHORT * TIMES), enough=bound)) > bound:
            slow[unit] = taken / short
    assert slow == {}


@given(st.text(min_size=1, max_size=12), st.integers(1, 2_000))
def test_whatever_is_repeated_is_read(unit: str, times: int) -> None:
    for read in READERS.values():
        read(unit * times)


@given(st.text())
def test_no_control_character_and_no_half_of_a_pair_passes(text: str) -> None:
    cleaned = redact(text)
    assert "\x1b" not in cleaned
    assert not [char for char in cleaned if (char < " " and char not in "\n\t") or "\x7f" <= char <= "\x9f"]
    assert not set(cleaned) & set("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
    cleaned.encode()


@rows(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07x", "0;titlex"),
        ("a\r\nb\tc", "a\nb\tc"),
        ("abc\u202edef", "abcdef"),
        ("half \ud800", "half "),
        ("https://h/p?sig=abc&x=1 next", "https://h/p?(removed) next"),
        ("https://h/p? next", "https://h/p? next"),
        ("https://h/p", "https://h/p"),
    ],
)
def test_what_is_shown_of_a_text(text: str, shown: str) -> None:
    assert redact(text) == shown


@pytest.mark.parametrize("glued", ["https://h/p?sig=abc", "AccountKey=x", "bearer ", "", "\x1b[31m"])
def test_a_mark_is_found_whatever_it_is_glued_to(glued: str) -> None:
    log = f"{glued}{DEPROVISIONED_MARK} {RUN} {NONCE}{glued}"
    assert read_serial_log(log, run_id=RUN, nonce=NONCE).deprovisioned


def test_the_reason_of_a_failure_is_short_and_without_secrets() -> None:
    read = read_serial_log(f"x {MARK} see https://h/p?sig=abc {'y' * 9_999}\nz", run_id=RUN, nonce=NONCE)
    assert read.failure is not None
    assert read.failure.startswith("see https://h/p?(removed) yyy")
    assert len(read.failure) == 300
