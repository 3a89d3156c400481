"""The recorder writes the runs that it executes, reports unknown names, and does not change other files."""

from pathlib import Path

import pytest

from tests.histories import record
from tests.histories.archive import current_version, folder, read, write
from tests.histories.replay import fault
from tests.histories.tape import Tape


def test_a_run_is_recorded_completely_and_repeatably(tmp_path: Path) -> None:
    first, second = (record.record(["not-opted-in"], tmp_path / name)[0] for name in "ab")
    assert first == folder(current_version(), tmp_path / "a") / "not-opted-in.json.gz"
    assert first.read_bytes() == second.read_bytes()
    executions = read(first)
    assert sorted(execution.name for execution in executions) == ["call_lease", "golden_image"]
    for execution in executions:
        assert execution.version == current_version()
        assert execution.events[-1].HasField("executionCompleted")
        assert fault(execution) is None


def test_recording_one_run_again_keeps_the_others(tmp_path: Path) -> None:
    write(folder(current_version(), tmp_path) / "other.json.gz", [])
    record.record(["not-opted-in"], tmp_path)
    assert len(list(folder(current_version(), tmp_path).iterdir())) == 2


def test_recording_all_runs_again_deletes_the_file_of_a_removed_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "RECORDED_RUNS", {"not-opted-in": record.RECORDED_RUNS["not-opted-in"]})
    write(folder(current_version(), tmp_path) / "other.json.gz", [])
    record.record([], tmp_path)
    assert [file.name for file in folder(current_version(), tmp_path).iterdir()] == ["not-opted-in.json.gz"]


def test_a_run_that_fails_keeps_what_was_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(tape: Tape) -> None:
        raise AssertionError("broke")

    monkeypatch.setattr(record, "RECORDED_RUNS", {"not-opted-in": broken})
    kept = folder(current_version(), tmp_path) / "not-opted-in.json.gz"
    write(kept, [])
    with pytest.raises(AssertionError, match="broke"):
        record.record([], tmp_path)
    assert kept.exists()


def test_an_unknown_name_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    assert record.main(["no-such-run"]) == 2
    assert "no such run: no-such-run" in capsys.readouterr().err
