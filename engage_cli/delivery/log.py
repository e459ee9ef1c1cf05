"""The delivery log: what became of each message that was handed over. An SQLite file beside the state, which a run never waits for.

That a message is about to be sent is on the disk before it is sent; what the server answered is written after. So of a delivery that was
cut off it is known which messages may have been taken without our knowing: those are `uncertain`, and nobody sends them again by himself.

One thread writes; whoever has something to say hands it to that thread. All that was said meanwhile goes into one transaction, so that many
messages share one fsync.
"""

import sqlite3
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from queue import SimpleQueue

from msgspec import Struct, field

from engage_cli import files
from engage_cli.crash import crash_point
from engage_cli.errors import EngageError


class Fate(StrEnum):
    """What became of a message."""

    SENDING = "sending"  # about to be sent; once nobody delivers any more, this is uncertain
    SENT = "sent"  # the server took it
    REFUSED = "refused"  # the server said that it never will
    WAITING = "waiting"  # it could not be taken yet: the next delivery tries again
    UNCERTAIN = "uncertain"  # it may have been taken, and the answer was lost
    SKIPPED = "skipped"  # not allowed to be sent: consent, suppression
    EXPIRED = "expired"  # it came too late


SETTLED = (Fate.SENT, Fate.REFUSED, Fate.UNCERTAIN, Fate.SENDING)
"""What no later delivery changes by itself."""


class Entry(Struct, frozen=True):
    """A line of the log. `code` and `answer` are the server's last, or why a message was not sent; `at` (UTC) is when that was."""

    message_id: str
    run: str
    channel: str
    user_id: str
    fate: Fate
    attempts: int
    code: str | None
    answer: str | None
    at: datetime | None


_CREATE = """
    CREATE TABLE IF NOT EXISTS delivery (
        message_id TEXT PRIMARY KEY,
        run TEXT NOT NULL,            -- the name of the run's folder
        channel TEXT NOT NULL,
        user_id TEXT NOT NULL,
        fate TEXT NOT NULL,           -- see Fate
        attempts INTEGER NOT NULL,    -- how often it was tried
        code TEXT,                    -- of the server's last answer, or the reason why nothing was sent
        answer TEXT,                  -- the server's words
        at TEXT                       -- when (UTC)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS delivery_of_run ON delivery (run, channel, fate);
    CREATE TABLE IF NOT EXISTS finished (  -- the channels of runs whose messages were all handed over, or looked at
        run TEXT NOT NULL,
        channel TEXT NOT NULL,
        PRIMARY KEY (run, channel)
    ) WITHOUT ROWID;
"""
_MAY_BEGIN = "WHERE fate IN ('waiting', 'skipped', 'expired') OR (fate = 'uncertain' AND ?) OR (fate = 'refused' AND ?)"
_BEGIN = f"""
    INSERT INTO delivery VALUES (?, ?, ?, ?, 'sending', 1, NULL, NULL, ?)
    ON CONFLICT (message_id) DO UPDATE SET fate = 'sending', attempts = attempts + 1, run = excluded.run, at = excluded.at
    {_MAY_BEGIN}
"""  # noqa: S608 (a text from here)
_BEGIN_FILE = f"""
    INSERT INTO delivery VALUES (?, ?, ?, ?, 'sending', 1, 'file', ?, ?)
    ON CONFLICT (message_id) DO UPDATE SET fate = 'sending', attempts = attempts + 1, run = excluded.run, at = excluded.at,
        code = 'file', answer = excluded.answer  -- the name that the file is to have
    {_MAY_BEGIN}
"""  # noqa: S608 (a text from here)
_END = """
    INSERT INTO delivery VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (message_id) DO UPDATE SET fate = excluded.fate, attempts = attempts + excluded.attempts, code = excluded.code,
        answer = excluded.answer, at = excluded.at, run = excluded.run
"""
_HOLD = f"{_END} WHERE fate IN ('waiting', 'skipped', 'expired')"
_SETTLE = """
    UPDATE delivery SET fate = ?, code = 'file', answer = NULL WHERE run = ? AND fate = 'sending' AND code = 'file' AND answer = ?
"""
_FORGET = """
    UPDATE delivery SET user_id = '', answer = CASE WHEN fate = 'sending' AND code = 'file' THEN answer END WHERE user_id = ?
"""
_LOST = "UPDATE delivery SET fate = 'uncertain', code = 'interrupted', answer = 'the delivery was cut off' WHERE fate = 'sending'"


class _Said(Struct):
    """Something to write, and who waits for it."""

    statement: str
    values: Sequence[object]
    done: threading.Event = field(default_factory=threading.Event)
    rows: int = 0
    problem: Exception | None = None


class Readings:
    """What an open log says."""

    def __init__(self, reader: sqlite3.Connection) -> None:
        self._reader = reader

    def fates(self, message_ids: Sequence[str]) -> dict[str, Fate]:
        """What became of those messages that the log knows."""
        holes = ", ".join("?" * len(message_ids))
        query = f"SELECT message_id, fate FROM delivery WHERE message_id IN ({holes})"  # noqa: S608 (holes and commas)
        return {message_id: Fate(fate) for message_id, fate in self._reader.execute(query, message_ids)}

    def is_finished(self, run: str, channel: str) -> bool:
        """Whether nothing of a run is left to do on a channel."""
        return bool(self._reader.execute("SELECT count(*) FROM finished WHERE run = ? AND channel = ?", (run, channel)).fetchone()[0])

    def has(self, run: str, channel: str, fates: Collection[Fate]) -> bool:
        """Whether any message of a run on a channel came to one of these."""
        holes = ", ".join("?" * len(fates))
        query = f"SELECT EXISTS (SELECT 1 FROM delivery WHERE run = ? AND channel = ? AND fate IN ({holes}))"  # noqa: S608 (holes and commas)
        return bool(self._reader.execute(query, (run, channel, *(fate.value for fate in fates))).fetchone()[0])

    def files_under_way(self) -> list[tuple[str, str]]:
        """The files whose messages were begun and not ended: the run, and the name that the file was to have."""
        query = "SELECT DISTINCT run, answer FROM delivery WHERE fate = 'sending' AND code = 'file' AND answer IS NOT NULL ORDER BY 1, 2"
        return [(str(run), str(name)) for run, name in self._reader.execute(query)]

    def users(self, *, suppressed: bool = False) -> list[str]:
        """Whom messages were for; `suppressed`: only those that were not sent because nobody may write there."""
        condition = "AND code = 'suppressed'" if suppressed else ""
        query = f"SELECT DISTINCT user_id FROM delivery WHERE user_id <> '' {condition} ORDER BY user_id"  # noqa: S608 (one of two texts)
        return [str(user) for (user,) in self._reader.execute(query)]

    def counts(self, run: str) -> dict[tuple[str, Fate], int]:
        """How many messages of a run came to what, by channel."""
        query = "SELECT channel, fate, count(*) FROM delivery WHERE run = ? GROUP BY channel, fate"
        return {(channel, Fate(fate)): number for channel, fate, number in self._reader.execute(query, (run,))}

    def entries(self, run: str, channel: str, fates: Sequence[Fate], limit: int) -> list[Entry]:
        """The first messages of a run on a channel that came to one of these, in the order of their ids."""
        holes = ", ".join("?" * len(fates))
        query = f"SELECT * FROM delivery WHERE run = ? AND channel = ? AND fate IN ({holes}) ORDER BY message_id LIMIT ?"  # noqa: S608 (holes and commas)
        rows = self._reader.execute(query, (run, channel, *(fate.value for fate in fates), limit))
        return [
            Entry(message_id, run_, channel, user, Fate(fate), attempts, code, answer, None if at is None else datetime.fromisoformat(at))
            for message_id, run_, channel, user, fate, attempts, code, answer, at in rows
        ]


class Log(Readings):
    """The log opened for a delivery. What is said here may be said by any thread; it is read by the one that opened it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._queue: SimpleQueue[_Said | None] = SimpleQueue()
        self._problem: Exception | None = None
        super().__init__(_connect(path))
        self._reader.executescript(_CREATE)
        self._writer = threading.Thread(target=self._write, name="delivery log", daemon=True)
        self._writer.start()

    def close(self) -> None:
        """Write what is left to write. Raises EngageError where that, or anything before it, could not be written."""
        self._queue.put(None)
        self._writer.join()
        self._reader.close()
        if self._problem is not None:
            raise _error(self._path, self._problem)

    def lost(self) -> int:
        """Take what an earlier delivery left half done for uncertain; how many messages that are. Called before anything is sent."""
        return self._wait(_Said(_LOST, ()))

    def begin(self, message_id: str, run: str, channel: str, user_id: str, at: datetime, *, again: Collection[Fate] = ()) -> bool:
        """Say that a message is about to be sent. True once that is on the disk; False for one that is not to be sent any more.

        `again`: also one that came to this, `uncertain` or `refused`.
        """
        return self._wait(_Said(_BEGIN, (message_id, run, channel, user_id, _text(at), *_which(again)))) == 1

    def begin_all(
        self, messages: Sequence[tuple[str, str]], run: str, channel: str, name: str, at: datetime, *, again: Collection[Fate] = ()
    ) -> list[bool]:
        """The same of many messages, each with its user, that are to stand in a file of that name, with one wait for them all."""
        said = [
            _Said(_BEGIN_FILE, (message_id, run, channel, user_id, name, _text(at), *_which(again))) for message_id, user_id in messages
        ]
        for one in said:
            self._queue.put(one)
        return [self._finish(one) == 1 for one in said]

    def settle(self, run: str, name: str, fate: Fate) -> None:
        """Say what became of all messages of a run that were to stand in a file of that name, and were begun and not ended."""
        self._wait(_Said(_SETTLE, (fate.value, run, name)))

    def end(self, entry: Entry) -> None:
        """Say what became of a message. `attempts` are those that `begin` did not count."""
        self._queue.put(_Said(_END, _values(entry)))

    def hold(self, entry: Entry) -> None:
        """Say that a message is not sent at present; what was tried with it before stays as it is."""
        self._queue.put(_Said(_HOLD, _values(entry)))

    def finish(self, run: str, channel: str) -> None:
        """Say that nothing of a run is left to do on a channel. All that was said before is on the disk then."""
        self._wait(_Said("INSERT OR IGNORE INTO finished VALUES (?, ?)", (run, channel)))

    def flush(self) -> None:
        """Wait until all that was said is on the disk."""
        self._wait(_Said("SELECT 1", ()))

    def forget(self, user_ids: Sequence[str]) -> None:
        """Take out what is known of users: that their messages were sent stays, without a word of whom or what was answered."""
        for user_id in user_ids:
            self._wait(_Said(_FORGET, (user_id,)))

    # ---- the thread that writes --------------------------------------------------------------------------------------

    def _wait(self, said: _Said) -> int:
        self._queue.put(said)
        return self._finish(said)

    def _finish(self, said: _Said) -> int:
        said.done.wait()
        if said.problem is not None:
            raise _error(self._path, said.problem) from said.problem
        return said.rows

    def _write(self) -> None:
        connection = _connect(self._path)
        is_open = True
        while is_open:
            said = [self._queue.get()]
            while not self._queue.empty():
                said.append(self._queue.get())
            is_open = None not in said
            self._commit(connection, [one for one in said if one is not None])
        connection.close()

    def _commit(self, connection: sqlite3.Connection, said: Sequence[_Said]) -> None:
        crash_point("log")
        try:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                for one in said:
                    one.rows = connection.execute(one.statement, one.values).rowcount
        except Exception as problem:
            self._problem = self._problem or problem
            for one in said:
                one.problem = problem
        crash_point("logged")
        for one in said:
            one.done.set()


def log_path(state: Path) -> Path:
    """The log of the project whose state is there."""
    return state.with_name("deliveries.sqlite")


def log_lock(log: Path) -> Path:
    """What whoever writes that log holds."""
    return log.with_name("deliveries.lock")


@contextmanager
def open_readings(path: Path) -> Iterator[Readings]:
    """What the log at a path says; nothing where there is none. Writes nothing."""
    try:
        reader = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True) if path.exists() else sqlite3.connect(":memory:")
        if not path.exists():
            reader.executescript(_CREATE)
        readings = Readings(reader)
        readings.is_finished("", "")
    except sqlite3.Error as problem:
        raise _error(path, problem) from problem
    try:
        yield readings
    finally:
        reader.close()


@contextmanager
def open_log(path: Path) -> Iterator[Log]:
    """The log at a path, made if missing. Raises EngageError for one that cannot be read or written."""
    files.make_folder(path.parent)
    try:
        log = Log(path)
    except sqlite3.Error as problem:
        raise _error(path, problem) from problem
    try:
        yield log
    finally:
        log.close()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=30, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA secure_delete = ON")  # what is forgotten is nowhere in the file
    connection.execute("PRAGMA synchronous = FULL")  # in WAL mode: an fsync at each commit
    return connection


def _values(entry: Entry) -> tuple[object, ...]:
    about = (entry.message_id, entry.run, entry.channel, entry.user_id)
    return (*about, entry.fate.value, entry.attempts, entry.code, entry.answer, None if entry.at is None else _text(entry.at))


def _which(again: Collection[Fate]) -> tuple[bool, bool]:
    return Fate.UNCERTAIN in again, Fate.REFUSED in again


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _error(path: Path, problem: Exception) -> EngageError:
    return EngageError(
        f"the delivery log {path} cannot be used: {problem}",
        hint="make room on the disk, or make the file writable; nothing is sent without it, and what was sent is known once it can be read",
    )
