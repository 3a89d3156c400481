"""Route constraints hold for the values that they hold for in ASP.NET Core."""

import pytest

from emulators.functions_host.route_constraints import constraint_of

_GUID = "0b8e8ac5-9c3b-4f4f-9c3a-0123456789ab"


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        ("int", ["0", "-12", "+5", "2147483647"], ["", "1.5", "12a", "2147483648", "\u0661"]),
        ("long", ["9223372036854775807"], ["9223372036854775808", "x"]),
        ("bool", ["true", "False", " TRUE "], ["1", "yes", ""]),
        (
            "datetime",
            ["2026-03-04", "2026-03-04T10:00:00Z", "03/04/2026 10:15", "4 March 2026"],
            ["soon", "13/45/2026"],
        ),
        ("decimal", ["1", "-1.50", "1,000.5", ".5"], ["1e5", "NaN", "", "9" * 40]),
        ("double", ["1", "-1.5", "1e10", "NaN", "-Infinity"], ["", "1.2.3", "e5"]),
        ("float", ["0.25", "1E-3"], ["x"]),
        ("guid", [_GUID, _GUID.replace("-", ""), f"{{{_GUID}}}", f"({_GUID})"], [_GUID[:-1], f"{{{_GUID}", ""]),
        ("minlength(3)", ["abc", "abcd"], ["ab"]),
        ("maxlength(3)", ["", "abc"], ["abcd"]),
        ("length(2)", ["ab"], ["a", "abc"]),
        ("length(2, 3)", ["ab", "abc"], ["a", "abcd"]),
        ("min(-5)", ["-5", "100"], ["-6", "x"]),
        ("max(5)", ["5", "-100"], ["6", ""]),
        ("range(18,120)", ["18", "120"], ["17", "121", "20.5"]),
        ("alpha", ["abcXYZ", ""], ["abc1", "é"]),
        ("regex(^a.c$)", ["abc", "ABC"], ["xabc", "ac"]),
        ("regex(b)", ["abc"], ["ac"]),
        ("required", ["x"], [""]),
        ("file", ["a/b.txt"], ["a.b/c", "dot."]),
        ("nonfile", ["a.b/c"], ["b.txt"]),
    ],
)
def test_holds_for_good_values_only(rule: str, good: list[str], bad: list[str]) -> None:
    holds = constraint_of(rule)
    assert [value for value in good if not holds(value)] == []
    assert [value for value in bad if holds(value)] == []
