"""State transitions: atomic, answered after they are on disk, and a failure does not affect others."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio

from emulators.task_hub.errors import HubError
from emulators.task_hub.journal import Journal
from emulators.task_hub.schema import open_writer
from emulators.task_hub.transaction import Effects, Tx


class Recorded(sqlite3.Connection):
    """A connection that records its commits."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.seen: list[str] = []
        self.fails: sqlite3.Error | None = None

    def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
        if sql == "COMMIT":
            if self.fails is not None:
                raise self.fails
            super().execute(sql)
            self.seen.append("on disk")
            return self.cursor()
        return super().execute(sql, parameters)


@pytest_asyncio.fixture
async def parts(tmp_path: Path) -> AsyncGenerator[tuple[Journal, Recorded]]:
    open_writer(tmp_path / "hub.db").close()
    db = sqlite3.connect(tmp_path / "hub.db", isolation_level=None, check_same_thread=False, factory=Recorded)

    def outcome(_effects: Effects) -> None:
        db.seen.append("effects")

    journal = Journal(db, lambda: 1, outcome)
    yield journal, db
    await journal.close()
    db.close()


def insert(key: int) -> Any:
    def step(tx: Tx) -> int:
        tx.db.execute("INSERT INTO payloads(n, input) VALUES(?, 'x')", (key,))
        return key

    return step


def rows(db: sqlite3.Connection) -> list[int]:
    return [row[0] for row in db.execute("SELECT n FROM payloads ORDER BY n")]


async def test_an_answer_and_its_effects_come_after_the_commit(parts: tuple[Journal, Recorded]) -> None:
    journal, db = parts
    for key in range(5):
        assert await journal.submit(insert(key)) == key
        db.seen.append("answered")
    assert db.seen == ["on disk", "effects", "answered"] * 5


async def test_many_transitions_share_one_sync(parts: tuple[Journal, Recorded]) -> None:
    journal, db = parts
    assert await asyncio.gather(*(journal.submit(insert(key)) for key in range(100))) == list(range(100))
    assert db.seen.count("on disk") < 10
    assert (db.seen.count("effects"), rows(db)) == (100, list(range(100)))


async def test_a_refusal_after_a_write_undoes_that_write_only(parts: tuple[Journal, Recorded]) -> None:
    journal, db = parts

    def refused(tx: Tx) -> None:
        insert(50)(tx)
        raise HubError(grpc.StatusCode.NOT_FOUND, "no such row")

    def broken(tx: Tx) -> None:
        insert(51)(tx)
        raise ZeroDivisionError

    answers = await asyncio.gather(
        *(journal.submit(step) for step in (insert(1), refused, insert(2), broken, insert(1), insert(3))),
        return_exceptions=True,
    )
    assert rows(db) == [1, 2, 3]
    codes = [answer.status for answer in answers if isinstance(answer, HubError)]
    assert codes == [grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INTERNAL, grpc.StatusCode.INTERNAL]
    assert db.seen.count("effects") == 3


async def test_a_commit_that_fails_answers_all_with_it_and_leaves_nothing(parts: tuple[Journal, Recorded]) -> None:
    journal, db = parts
    db.fails = sqlite3.OperationalError("disk I/O error")
    db.fails.sqlite_errorcode = sqlite3.SQLITE_IOERR  # pyright: ignore[reportAttributeAccessIssue]
    answers = await asyncio.gather(*(journal.submit(insert(key)) for key in range(3)), return_exceptions=True)
    assert [answer.status for answer in answers if isinstance(answer, HubError)] == [grpc.StatusCode.UNAVAILABLE] * 3
    assert (rows(db), db.seen) == ([], [])
    db.fails = None
    await journal.submit(insert(9))
    assert rows(db) == [9]


@pytest.mark.parametrize(
    ("pragma", "status"),
    [
        ("max_page_count=30", grpc.StatusCode.RESOURCE_EXHAUSTED),
        ("query_only=ON", grpc.StatusCode.FAILED_PRECONDITION),
    ],
    ids=["full", "read-only"],
)
async def test_a_full_or_read_only_disk(parts: tuple[Journal, Recorded], pragma: str, status: grpc.StatusCode) -> None:
    journal, db = parts
    db.execute(f"PRAGMA {pragma}")

    def large(tx: Tx) -> None:
        tx.db.execute("INSERT INTO payloads(n, input) VALUES(7, 'small'), (8, ?)", ("x" * 1_000_000,))

    with pytest.raises(HubError, match="nothing was written") as refusal:
        await journal.submit(large)
    assert (refusal.value.status, rows(db)) == (status, [])
    db.execute("PRAGMA query_only=OFF")
    await journal.submit(insert(1))
    assert rows(db) == [1]


async def test_nothing_is_accepted_once_it_is_closed(parts: tuple[Journal, Recorded]) -> None:
    journal, db = parts
    last = journal.submit(insert(1))
    await journal.close()
    assert (await last, rows(db)) == (1, [1])
    with pytest.raises(HubError, match="stopping"):
        await journal.submit(insert(2))
