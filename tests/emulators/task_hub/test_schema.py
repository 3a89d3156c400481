"""The file: what is refused, with one clear sentence each, and the contents of a hub's own file."""

import os
import sqlite3
from pathlib import Path

import pytest
from durabletask.client import TaskHubGrpcClient

from emulators.task_hub import HubThread, TaskHubFileError
from emulators.task_hub.schema import SCHEMA_VERSION, open_writer, pragma
from tests.emulators.task_hub.rig import QUIET, bare, finish


def start(path: Path) -> HubThread:
    hub = HubThread(path)
    hub.start()
    return hub


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "hub.db"


def test_every_commit_is_synced(file: Path) -> None:
    db = open_writer(file)
    assert (pragma(db, "journal_mode"), pragma(db, "synchronous")) == ("wal", 2)
    db.close()


def test_a_hub_opens_its_own_file_again(file: Path) -> None:
    for _ in range(2):
        start(file).stop()


def test_a_second_hub_is_refused_until_the_first_ends(file: Path) -> None:
    first = start(file)
    with pytest.raises(TaskHubFileError, match=f"in use by another task hub .process {os.getpid()}"):
        start(file)
    first.stop()
    start(file).stop()


def test_a_file_of_a_newer_program_is_refused(file: Path) -> None:
    start(file).stop()
    with sqlite3.connect(file) as db:
        db.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    db.close()
    with pytest.raises(TaskHubFileError, match="run the newer program"):
        start(file)


def test_a_file_of_version_1_is_upgraded(file: Path) -> None:
    hub = start(file)
    client = TaskHubGrpcClient(host_address=hub.address, logger=QUIET)
    client.schedule_new_orchestration("orchestration", instance_id="a")
    hub.stop()
    with sqlite3.connect(file) as db:
        for table, columns in {
            **dict.fromkeys(("inbox", "activities", "operations"), ("given_until",)),
            "instances": ("by_client",),
            "timers": ("asked", "seen"),
        }.items():
            for column in columns:
                db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        db.execute("PRAGMA user_version=1")
    db.close()
    again = start(file)
    with bare(again.address) as worker:
        worker.complete(worker.take(), finish(result='"done"'))
    with TaskHubGrpcClient(host_address=again.address, logger=QUIET) as late:
        state = late.get_orchestration_state("a")
        assert state is not None
        assert state.serialized_output == '"done"'
    again.stop()
    client.close()
    db = open_writer(file)
    assert pragma(db, "user_version") == SCHEMA_VERSION
    db.close()


def test_another_file_is_refused_and_unchanged(file: Path) -> None:
    file.write_text("my notes, not a database at all")
    with pytest.raises(TaskHubFileError, match="not an SQLite file"):
        start(file)
    assert file.read_text() == "my notes, not a database at all"


def test_another_programs_database_is_refused(file: Path) -> None:
    with sqlite3.connect(file) as db:
        db.execute("CREATE TABLE notes(text TEXT)")
    db.close()
    with pytest.raises(TaskHubFileError, match="not a task hub"):
        start(file)


@pytest.mark.parametrize("place", [0.02, 0.3, 0.7])
def test_a_damaged_file_is_refused(file: Path, place: float) -> None:
    hub = start(file)
    hub.stop()
    size = file.stat().st_size
    with file.open("r+b") as content:
        content.seek(max(100, int(size * place)))
        content.write(os.urandom(4096))
    with pytest.raises(TaskHubFileError, match="damaged"):
        start(file)


def test_a_truncated_file_is_refused(file: Path) -> None:
    start(file).stop()
    os.truncate(file, file.stat().st_size // 2)
    with pytest.raises(TaskHubFileError, match="damaged"):
        start(file)


@pytest.mark.parametrize(("name", "expected"), [("", "is a folder"), ("no/such/folder/hub.db", "does not exist")])
def test_a_place_where_no_file_can_be_is_refused(tmp_path: Path, name: str, expected: str) -> None:
    with pytest.raises(TaskHubFileError, match=expected):
        start(tmp_path / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_file_is_refused(file: Path) -> None:
    start(file).stop()
    file.chmod(0o400)
    with pytest.raises(TaskHubFileError, match="cannot be written"):
        start(file)


def test_a_start_that_died_half_way_is_begun_again(file: Path) -> None:
    file.touch()
    start(file).stop()


def test_the_file_of_a_temporary_hub_is_deleted_with_it() -> None:
    hub = HubThread(None)
    hub.start()
    temporary = hub._hub._temporary  # pyright: ignore[reportPrivateUsage]
    assert temporary is not None
    folder = Path(temporary.name)
    assert list(folder.iterdir())
    hub.stop()
    assert not folder.exists()
