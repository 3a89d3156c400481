"""The sweep for what ended runs left behind: what is asked, and what came of it."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from contracts.ids import Scope
from contracts.message import Message, StrictMessage
from contracts.run import Caller, Door, Wait


class SweepMode(StrEnum):
    """Whether a sweep only tells what it found, or acts."""

    DRY_RUN = "dryRun"
    DELETE = "delete"


class SweepRequest(StrictMessage):
    """What an operator asks for by hand."""

    mode: SweepMode = Field(default=SweepMode.DRY_RUN, description='"dryRun" tells what would go; "delete" lets it go.')


class SweepJob(Message):
    """The input of `sweep`; `asked_at` is the "now" by which ages are judged, `look_back_days` how far back in runs.

    `unknown_age_minutes` is how old a thing must be whose run the engine does not know: another task hub may.
    """

    sweep_id: str
    mode: SweepMode
    door: Door
    caller: Caller = Caller()
    asked_at: datetime
    scopes: tuple[Scope, ...]
    app_name: str
    minimum_age_minutes: int
    unknown_age_minutes: int = 1_920
    look_back_days: int = 7
    delete: Wait = Wait(first=10, every=30, deadline=1_800)
    deallocate: Wait = Wait(first=38, every=30, deadline=900)


class SweepNote(Message):
    """One thing (an ARM id) and why it stays, or what went wrong with it."""

    id: str
    why: str


class SweepResult(Message):
    """What came of a sweep; in a dry run nothing was deleted or deallocated, and the `would_` lists say what would be.

    `counts` says how many stand in each list. `kept` names at most 200 things; on the queue every list may be shorter,
    so that all find room within 48 KiB. `left_out` counts those that no list names.
    """

    version: Literal[1] = 1
    kind: Literal["sweep"] = "sweep"
    sweep_id: str
    mode: SweepMode
    looked_at: int
    counts: dict[str, int] = {}
    deleted: tuple[str, ...] = ()
    would_delete: tuple[str, ...] = ()
    deallocated: tuple[str, ...] = ()
    would_deallocate: tuple[str, ...] = ()
    kept: tuple[SweepNote, ...] = ()
    left_out: int = 0
    failed: tuple[SweepNote, ...] = ()
