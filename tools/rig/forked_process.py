"""A process that is forked from one with the imports: started in milliseconds, killed with SIGKILL, started again."""

import multiprocessing
import os
import threading
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")
_imported: set[str] = set()


def import_once(*modules: str) -> None:
    """Import these in the process that the others are forked from; before the first start."""
    _imported.update(modules)
    _CONTEXT.set_forkserver_preload(sorted(_imported))


class ForkedProcess[T]:
    """Runs `body(given)`, and goes on when it returns, until it is killed or this process has ended."""

    def __init__(self, body: Callable[[T], None], given: T, log: Path) -> None:
        """Start nothing yet; `log` receives the standard output and error of every start."""
        self._work = body, given, log
        self._process: ForkServerProcess | None = None

    @property
    def exit_status(self) -> int | None:
        """How it ended by itself; None while it runs, and after it was killed."""
        return self._process.exitcode if self._process else None

    def start(self) -> None:
        """Start it."""
        self._process = _CONTEXT.Process(target=_run, args=self._work, daemon=True)
        self._process.start()

    def kill(self) -> None:
        """Send SIGKILL, and wait until the process is gone; none need be running."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.join()


def _run[T](body: Callable[[T], None], given: T, log: Path) -> None:
    # A session of its own: Ctrl-C in a terminal reaches only the process that decides when this one ends.
    os.setsid()
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for standard in (1, 2):
        os.dup2(file, standard)
    os.close(file)
    parent = threading.Thread(target=_end_with_parent, daemon=True)
    parent.start()
    body(given)
    parent.join()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None, "this runs in a process of its own"
    parent.join()
    os._exit(0)
