"""Opens the SQLite file of a task hub: refuses another file, creates a missing one."""

import sqlite3
from contextlib import closing
from pathlib import Path

from emulators.task_hub.errors import TaskHubFileError

SCHEMA_VERSION = 2
APPLICATION_ID = 0x44544842  # "DTHB"
_MAGIC = b"SQLite format 3\0"

# Times are microseconds since 1970, UTC. `n` is the permanent number of an instance: a replaced one gets a new number,
# `execution` counts its continue-as-new; what was scheduled by an older one is thereby known to be stale.
# `given_until`: a worker has it, and it stays hidden until then if its host ends. `fire_at`: when a timer's message
# is visible, `asked` the requested time; `seen`: the polling interval is included.
_TABLES = """
CREATE TABLE instances(
  n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, version TEXT,
  status INTEGER NOT NULL, execution INTEGER NOT NULL, execution_id TEXT NOT NULL,
  parent INTEGER, parent_execution INTEGER, parent_task INTEGER, parent_id TEXT,
  due_at INTEGER, suspended INTEGER NOT NULL DEFAULT 0, events INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, completed_at INTEGER, scheduled_at INTEGER,
  custom_status TEXT, failure BLOB, tags TEXT, trace BLOB, by_client INTEGER NOT NULL DEFAULT 0);
CREATE INDEX instances_children ON instances(parent) WHERE parent IS NOT NULL;
CREATE INDEX instances_created ON instances(created_at, n);
CREATE INDEX instances_completed ON instances(completed_at, id) WHERE completed_at IS NOT NULL;
CREATE TABLE payloads(n INTEGER PRIMARY KEY, input TEXT, output TEXT);
CREATE TABLE history(n INTEGER NOT NULL, seq INTEGER NOT NULL, event BLOB NOT NULL, PRIMARY KEY(n, seq)) WITHOUT ROWID;
CREATE TABLE inbox(
  seq INTEGER PRIMARY KEY AUTOINCREMENT, n INTEGER NOT NULL, kind INTEGER NOT NULL, event BLOB NOT NULL,
  given_until INTEGER);
CREATE INDEX inbox_instance ON inbox(n, seq);
CREATE TABLE activities(
  seq INTEGER PRIMARY KEY AUTOINCREMENT, n INTEGER NOT NULL, execution INTEGER NOT NULL, task INTEGER NOT NULL,
  name TEXT NOT NULL, version TEXT, request BLOB NOT NULL, given_until INTEGER);
CREATE INDEX activities_instance ON activities(n);
CREATE TABLE timers(
  seq INTEGER PRIMARY KEY AUTOINCREMENT, fire_at INTEGER NOT NULL, n INTEGER, execution INTEGER, task INTEGER,
  entity TEXT, event BLOB, asked INTEGER, seen INTEGER NOT NULL DEFAULT 0);
CREATE INDEX timers_due ON timers(fire_at, seq);
CREATE INDEX timers_instance ON timers(n) WHERE n IS NOT NULL;
CREATE TABLE entities(
  id TEXT PRIMARY KEY, state TEXT, modified_at INTEGER NOT NULL,
  lock_ord INTEGER, lock_section TEXT, lock_owner INTEGER, lock_owner_id TEXT);
CREATE INDEX entities_locked ON entities(lock_owner) WHERE lock_owner IS NOT NULL;
CREATE TABLE operations(
  ord INTEGER PRIMARY KEY AUTOINCREMENT, entity TEXT NOT NULL, caller INTEGER, caller_execution INTEGER,
  event BLOB NOT NULL, given_until INTEGER);
CREATE INDEX operations_entity ON operations(entity, ord);
CREATE TABLE lock_requests(
  ord INTEGER PRIMARY KEY, section TEXT NOT NULL, owner INTEGER NOT NULL, owner_execution INTEGER NOT NULL,
  owner_id TEXT NOT NULL);
CREATE INDEX lock_requests_owner ON lock_requests(owner);
CREATE TABLE lock_waits(entity TEXT NOT NULL, ord INTEGER NOT NULL, PRIMARY KEY(entity, ord)) WITHOUT ROWID;
CREATE INDEX lock_waits_request ON lock_waits(ord);
"""


_OF_VERSION_1 = (
    "ALTER TABLE instances ADD COLUMN by_client INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE inbox ADD COLUMN given_until INTEGER",
    "ALTER TABLE activities ADD COLUMN given_until INTEGER",
    "ALTER TABLE operations ADD COLUMN given_until INTEGER",
    "ALTER TABLE timers ADD COLUMN asked INTEGER",
    "ALTER TABLE timers ADD COLUMN seen INTEGER NOT NULL DEFAULT 0",
)


def open_writer(path: Path, *, durable: bool = True) -> sqlite3.Connection:
    """Open the file for the hub's one writer; create it if it does not exist.

    `durable` syncs the write-ahead log at every commit. Raises `TaskHubFileError`, whose message says what to do.
    """
    _refuse_foreign(path)
    try:
        db = _connect(path)
        try:
            _customize(db, path, durable=durable)
        except BaseException:
            db.close()
            raise
    except sqlite3.DatabaseError as error:
        raise TaskHubFileError(_explain(path, error)) from error
    return db


def open_reader(path: Path) -> sqlite3.Connection:
    """Open the file for reading what was committed."""
    db = _connect(path)
    db.execute("PRAGMA query_only=ON")
    return db


def _connect(path: Path) -> sqlite3.Connection:
    # Only one thread at a time uses a connection: the event loop, or the one thread that commits.
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256, timeout=5.0)
    try:
        db.execute("PRAGMA cache_size=-16000")
    except sqlite3.Error:
        db.close()
        raise
    return db


def _refuse_foreign(path: Path) -> None:
    if path.is_dir():
        raise TaskHubFileError(f"{path} is a folder: name a file in it")
    if not path.parent.is_dir():
        raise TaskHubFileError(f"the folder {path.parent} does not exist: create it")
    try:
        with path.open("rb") as file:
            head = file.read(len(_MAGIC))
    except FileNotFoundError:
        return
    except OSError as error:
        raise TaskHubFileError(f"{path} cannot be read ({error.strerror}): change its permissions") from error
    if head and head != _MAGIC:
        raise TaskHubFileError(f"{path} is not an SQLite file: name another file for the task hub")


def _customize(db: sqlite3.Connection, path: Path, *, durable: bool) -> None:
    application = db.execute("PRAGMA application_id").fetchone()[0]
    version = db.execute("PRAGMA user_version").fetchone()[0]
    tables = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if tables and application != APPLICATION_ID:
        raise TaskHubFileError(f"{path} is an SQLite file but not a task hub: name another file for the task hub")
    if version > SCHEMA_VERSION:
        raise TaskHubFileError(
            f"{path} has schema version {version}, this program knows {SCHEMA_VERSION}: run the newer program"
        )
    found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise TaskHubFileError(f"{path} is damaged ({found}): restore it from a copy, or name another file")
    db.execute("PRAGMA journal_mode=WAL")
    db.execute(f"PRAGMA synchronous={'FULL' if durable else 'OFF'}")
    db.execute("PRAGMA wal_autocheckpoint=4000")
    db.execute("PRAGMA journal_size_limit=67108864")
    db.execute("BEGIN IMMEDIATE")
    for statement in _OF_VERSION_1 if tables and version == 1 else () if tables else _TABLES.split(";"):
        db.execute(statement)
    db.execute(f"PRAGMA application_id={APPLICATION_ID}")
    db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
    db.execute("COMMIT")


def _explain(path: Path, error: sqlite3.DatabaseError) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return f"{path} is damaged ({error}): restore it from a copy, or name another file"
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
        return f"{path} cannot be written ({error}): make the file and its folder writable"
    return f"{path} cannot be opened: {error}"


def pragma(db: sqlite3.Connection, name: str) -> object:
    """Read one pragma of a connection."""
    with closing(db.execute(f"PRAGMA {name}")) as cursor:
        return cursor.fetchone()[0]
