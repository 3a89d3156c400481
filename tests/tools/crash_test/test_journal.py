"""The journal is read back as it was written, by any writer."""

from pathlib import Path

from tools.crash_test.journal import Journal, Line, read_journal


def test_lines_of_several_writers_are_read_in_order(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    lines = [
        Line("begun", "a", "e", 1, "mark"),
        Line("effect", "a", "", 1, "mark"),
        Line("acknowledged", "a", "e", 1, "x"),
    ]
    writers = Journal(path), Journal(path), Journal(path)
    for writer, line in zip(writers, lines, strict=True):
        writer.write(line)
        writer.close()
    assert read_journal(path) == lines


def test_without_a_file_nothing_happened(tmp_path: Path) -> None:
    assert read_journal(tmp_path / "none") == []
