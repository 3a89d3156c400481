"""Lengths of time as .NET's TimeSpan.Parse reads them: what it gave for each of these texts."""

from datetime import timedelta

import pytest

from emulators.task_hub.time_spans import parse_timespan
from tests.support.rows import rows


@rows(
    ("text", "span"),
    [
        ("00:00:30", timedelta(seconds=30)),
        ("00:00:00.2", timedelta(seconds=0.2)),
        ("00:00:00.1234567", timedelta(microseconds=123456)),
        ("2.03:00:00", timedelta(days=2, hours=3)),
        ("1:02:03:04", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("1.02:03", timedelta(days=1, hours=2, minutes=3)),
        ("00.00:02:00", timedelta(minutes=2)),
        ("00:02", timedelta(minutes=2)),
        ("0:0:1", timedelta(seconds=1)),
        (" 00:01:00 ", timedelta(minutes=1)),
        ("-00:00:01", -timedelta(seconds=1)),
        ("23:59:59", timedelta(hours=23, minutes=59, seconds=59)),
        ("24:00:00", timedelta(days=24)),
        ("100:00:00", timedelta(days=100)),
        ("2", timedelta(days=2)),
        ("-1", -timedelta(days=1)),
        ("10675199", timedelta(days=10_675_199)),
        ("000000001", timedelta(days=1)),
        ("00:000:01", timedelta(seconds=1)),
        ("00:00:00.099999999", timedelta(seconds=0.1)),
    ],
)
def test_what_dotnet_reads(text: str, span: timedelta) -> None:
    assert parse_timespan(text) == span


@rows(
    "text",
    [
        *(
            "",
            "soon",
            "00:60:00",
            "00:00:60",
            "25:00",
            "1.24:00:00",
            "1:24:00:00",
            "24:60:00",
            "30:10:61",
            "10675200",
            "10675199.03:00:00",
        ),
        *("1.5", "1.2.3", "00:00:01.", "00:00:00.12345678", "00:00:02,5", "00:01:00Z", "+00:01:00", ":01:00", "00::01"),
    ],
)
def test_what_dotnet_refuses(text: str) -> None:
    with pytest.raises(ValueError, match="hh:mm:ss"):
        parse_timespan(text)
