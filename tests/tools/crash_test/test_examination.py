"""The last line counts what was broken."""

from tools.crash_test.examination import Findings


def test_a_good_run_ends_with_zeros() -> None:
    findings = Findings(instances=1980, run_again=300, asked_again=20)
    assert findings.all == []
    assert findings.last_line(200) == (
        "kills: 200, instances: 1980, lost: 0, repeated after acknowledgement: 0, irreversible effects repeated: 0"
    )


def test_every_violation_is_counted_under_its_own_name() -> None:
    findings = Findings(5, lost=["a"], repeated=["b", "c"], irreversible=["d", "e", "f"])
    assert findings.all == ["a", "b", "c", "d", "e", "f"]
    assert findings.last_line(6) == (
        "kills: 6, instances: 5, lost: 1, repeated after acknowledgement: 2, irreversible effects repeated: 3"
    )
