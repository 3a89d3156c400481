"""Runs state transitions one after the other, and answers each only after its transaction is on disk."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import grpc

from emulators.task_hub.errors import HubError, storage_error
from emulators.task_hub.transaction import Effects, Tx

_log = logging.getLogger("task_hub.journal")
_MOST_AT_ONCE = 256

type Step[T] = Callable[[Tx], T]


class Outcome(Protocol):
    """Receives what is to happen after a commit."""

    def __call__(self, effects: Effects, /) -> None:
        """Apply it."""
        ...


class Journal:
    """The hub's one writer.

    Transitions run on the event loop; while one transaction is being synced by the committing thread, new ones
    gather, and the next transaction has them all. A transition that fails does not affect the others: the
    transaction is rolled back and each of its transitions is run in one of its own.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        now: Callable[[], int],
        outcome: Outcome,
        *,
        synced: bool = True,
        coarse_timers: bool = False,
    ) -> None:
        """Use the connection; without `synced` nothing reaches the disk at a commit and no thread is needed."""
        self._db = db
        self._now = now
        self._coarse_timers = coarse_timers
        self._outcome = outcome
        self._waiting: list[tuple[Step[Any], asyncio.Future[Any]]] = []
        self._working = False
        self._closed = False
        self._rested = asyncio.Event()
        self._rested.set()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="task-hub-commit") if synced else None

    @property
    def busy(self) -> bool:
        """True while a transition waits or is unanswered."""
        return self._working or bool(self._waiting)

    def submit[T](self, step: Step[T]) -> asyncio.Future[T]:
        """Run a transition; the future is done when it is on disk. It may run twice, so it changes only `Tx`."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        if self._closed:
            future.set_exception(HubError(grpc.StatusCode.UNAVAILABLE, "the task hub is stopping"))
            return future
        self._waiting.append((step, future))
        if not self._working:
            self._working = True
            self._rested.clear()
            loop.call_soon(self._begin)
        return future

    async def close(self) -> None:
        """Accept no more transitions and complete those that were accepted."""
        self._closed = True
        await self._rested.wait()
        if self._pool is not None:
            self._pool.shutdown(wait=True)

    def _begin(self) -> None:
        batch, self._waiting = self._waiting[:_MOST_AT_ONCE], self._waiting[_MOST_AT_ONCE:]
        if not batch:
            self._rest()
            return
        try:
            answers = self._apply(batch)
        except Exception as error:
            self._roll_back()
            self._one_by_one(batch, error)
            return
        if self._pool is None or not self._db.in_transaction:
            self._end(batch, answers, self._commit())
            return
        loop = asyncio.get_running_loop()
        committed = loop.run_in_executor(self._pool, self._commit)
        committed.add_done_callback(lambda done: self._end(batch, answers, done.result()))

    def _apply(self, batch: list[tuple[Step[Any], asyncio.Future[Any]]]) -> list[tuple[Any, Effects | None]]:
        answers: list[tuple[Any, Effects | None]] = []
        self._db.execute("BEGIN IMMEDIATE")
        before = self._db.total_changes
        now = self._now()
        for step, _future in batch:
            tx = Tx(self._db, now, coarse_timers=self._coarse_timers)
            try:
                answers.append((step(tx), tx.effects))
            except HubError as refusal:
                if self._db.total_changes != before:
                    raise
                answers.append((refusal, None))
            before = self._db.total_changes
        return answers

    def _commit(self) -> Exception | None:
        try:
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            return error
        return None

    def _end(
        self,
        batch: list[tuple[Step[Any], asyncio.Future[Any]]],
        answers: list[tuple[Any, Effects | None]],
        failure: Exception | None,
    ) -> None:
        if failure is not None:
            self._roll_back()
            self._one_by_one(batch, failure)
            return
        for (_step, future), (answer, effects) in zip(batch, answers, strict=True):
            if effects is not None:
                self._outcome(effects)
            _answer(future, answer)
        self._continue()

    def _one_by_one(self, batch: list[tuple[Step[Any], asyncio.Future[Any]]], error: Exception) -> None:
        if len(batch) == 1:
            if not isinstance(error, HubError | sqlite3.Error):
                _log.error("a state transition failed; nothing was written", exc_info=error)
            _answer(batch[0][1], _refusal(error))
            self._continue()
            return
        # Rare: only after a failure. Syncing on the event loop is then acceptable.
        for step, future in batch:
            try:
                ((answer, effects),) = self._apply([(step, future)])
                failure = self._commit()
                if failure is not None:
                    raise failure
            except Exception as own:
                self._roll_back()
                _answer(future, _refusal(own))
                continue
            if effects is not None:
                self._outcome(effects)
            _answer(future, answer)
        self._continue()

    def _continue(self) -> None:
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._begin)
        else:
            self._rest()

    def _rest(self) -> None:
        self._working = False
        self._rested.set()

    def _roll_back(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")


def _refusal(error: Exception) -> Exception:
    if isinstance(error, sqlite3.Error):
        return storage_error(error)
    if isinstance(error, HubError):
        return error
    return HubError(grpc.StatusCode.INTERNAL, f"nothing was written: {type(error).__name__}: {error}")


def _answer(future: asyncio.Future[Any], answer: object) -> None:
    if future.done():
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
