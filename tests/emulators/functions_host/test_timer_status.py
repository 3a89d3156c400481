"""Timer statuses kept in a folder."""

from datetime import UTC, datetime
from pathlib import Path

from emulators.functions_host.timer_status import TimerStatus, TimerStatusStore

STATUS = TimerStatus(None, datetime(2026, 1, 1, tzinfo=UTC), datetime(2025, 12, 31, tzinfo=UTC))


def test_a_status_is_read_back_by_another_store(tmp_path: Path) -> None:
    TimerStatusStore(tmp_path).write("tick", STATUS)
    assert TimerStatusStore(tmp_path).read("tick") == STATUS
    assert TimerStatusStore(tmp_path).read("other") is None


def test_without_a_folder_it_lasts_as_long_as_the_store() -> None:
    store = TimerStatusStore(None)
    store.write("tick", STATUS)
    assert store.read("tick") == STATUS
    assert TimerStatusStore(None).read("tick") is None


def test_a_damaged_file_counts_as_none(tmp_path: Path) -> None:
    store = TimerStatusStore(tmp_path)
    store.write("tick", STATUS)
    (tmp_path / "timers" / "tick.json").write_text('{"last": "yesterday"')
    assert store.read("tick") is None
