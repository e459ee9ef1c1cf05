"""Settings, spilling, the seal, files written, and errors that a user can act on."""

import os
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from sqlglot import exp

from engage_cli.definitions.project import EngineSettings
from engage_cli.engine.base import Engine
from engage_cli.engine.duckdb_engine import open_engine
from engage_cli.errors import DataError, EngageError, LockedError

TEMP = ".engage/tmp"


def engine_in(folder: Path, memory: str = "1GB", threads: int | None = 2) -> Engine:
    return open_engine(folder, EngineSettings(memory, threads, TEMP), "Europe/London")


def numbers() -> exp.Select:
    """The rows of `fill`, in the order of the text."""
    return exp.select("i", "t").from_("numbers").order_by("t")


def fill(engine: Engine, count: int) -> None:
    engine.execute(f"CREATE OR REPLACE TEMP TABLE numbers AS SELECT i, md5(CAST(i AS VARCHAR)) AS t FROM range({count}) AS r(i)")


def test_settings_are_those_of_the_project(tmp_path: Path) -> None:
    with engine_in(tmp_path, "512MB", 1) as engine:
        settings = engine.rows("SELECT current_setting('threads'), current_setting('memory_limit'), current_setting('TimeZone')")
        assert settings == [(1, "488.2 MiB", "UTC")]
        assert engine.rows("SELECT current_setting('autoinstall_known_extensions'), current_setting('autoload_known_extensions')") == [
            (False, False)
        ]


@pytest.mark.parametrize(("memory", "threads"), [("lots", 2), ("-1GB", 2), ("4 bananas", 2), ("", 2), ("1GB", 0), ("1GB", -3)])
def test_a_setting_that_cannot_be_meant_is_an_error_of_engage_yaml(memory: str, threads: int, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"engage\.yaml") as raised:
        engine_in(tmp_path, memory, threads)
    assert "4GB" in (raised.value.hint or "")


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    with engine_in(tmp_path) as engine:
        fill(engine, 1000)
    assert list(tmp_path.iterdir()) == []


def test_what_does_not_fit_into_memory_spills_and_goes_again(tmp_path: Path) -> None:
    with engine_in(tmp_path, "120MB") as engine:
        fill(engine, 4_000_000)
        assert list((tmp_path / TEMP).iterdir())
        assert engine.rows("SELECT count(*), count(DISTINCT t) FROM numbers") == [(4_000_000, 4_000_000)]
    assert not (tmp_path / TEMP).exists()


def test_a_temp_directory_with_something_in_it_stays(tmp_path: Path) -> None:
    (tmp_path / TEMP).mkdir(parents=True)
    (tmp_path / TEMP / "mine.txt").write_text("mine")
    with engine_in(tmp_path) as engine:
        fill(engine, 10)
    assert (tmp_path / TEMP / "mine.txt").exists()


def test_too_little_memory_says_what_to_raise(tmp_path: Path) -> None:
    with engine_in(tmp_path, "20MB") as engine, pytest.raises(EngageError, match="memory") as raised:
        engine.rows("SELECT length(string_agg(md5(CAST(i AS VARCHAR)), '')) FROM range(3000000) AS r(i)")
    assert "memory_limit" in (raised.value.hint or "")


def test_a_full_disk_says_what_to_free(tmp_path: Path) -> None:
    with engine_in(tmp_path, "40MB") as engine:
        engine.execute("SET max_temp_directory_size = '1MB'")
        with pytest.raises(EngageError, match="full") as raised:
            fill(engine, 3_000_000)
    assert "temp_directory" in (raised.value.hint or "")


def test_a_database_that_another_holds_is_said_to_be_held(tmp_path: Path) -> None:
    path = tmp_path / "held.duckdb"
    pid = os.fork()
    if pid == 0:
        ready, done = tmp_path / "ready", tmp_path / "done"
        with duckdb.connect(str(path)):
            ready.touch()
            while not done.exists():
                pass
        os._exit(0)
    try:
        while not (tmp_path / "ready").exists():
            pass
        with engine_in(tmp_path) as engine, pytest.raises(LockedError):
            engine.attach(path, "state")
    finally:
        (tmp_path / "done").touch()
        os.waitpid(pid, 0)


def test_a_file_that_is_no_database_is_an_error_not_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "bad.duckdb").write_text("hello" * 1000)
    with engine_in(tmp_path) as engine, pytest.raises(EngageError, match=r"bad\.duckdb"):
        engine.attach(tmp_path / "bad.duckdb", "state")


def test_a_query_of_ours_that_is_wrong_is_a_bug_and_stays_one(tmp_path: Path) -> None:
    with engine_in(tmp_path) as engine, pytest.raises(duckdb.BinderException):
        engine.rows("SELECT nothing")


# ---- transactions and attached files -----------------------------------------------------------------------------------


def test_a_transaction_is_all_or_nothing(tmp_path: Path) -> None:
    with engine_in(tmp_path) as engine:
        engine.attach(tmp_path / "a.duckdb", "state")
        engine.execute("CREATE TABLE state.main.t (x INTEGER)")
        with engine.transaction():
            engine.execute("INSERT INTO state.main.t VALUES (1)")
        with pytest.raises(KeyboardInterrupt), engine.transaction():
            engine.execute("INSERT INTO state.main.t VALUES (2)")
            raise KeyboardInterrupt
        assert engine.rows("SELECT x FROM state.main.t") == [(1,)]
        engine.detach("state")
        engine.attach(tmp_path / "a.duckdb", "state", read_only=True)
        with pytest.raises(duckdb.Error, match="read-only"):
            engine.execute("INSERT INTO state.main.t VALUES (3)")


def test_a_path_or_name_with_quotes_is_a_path_or_name(tmp_path: Path) -> None:
    folder = tmp_path / 'it\'s "odd"; DROP'
    folder.mkdir()
    with engine_in(folder) as engine:
        engine.attach(folder / "a'b.duckdb", 'st"ate')
        engine.execute('CREATE TABLE "st""ate".main.t AS SELECT 1 AS x')
        fill(engine, 3)
        assert engine.copy(numbers(), folder / "o'ut.csv", "csv") == 3


# ---- files -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file_format", ["parquet", "csv", "jsonl"])
def test_a_file_is_written_the_same_every_time_in_the_order_of_the_query(file_format: str, tmp_path: Path) -> None:
    written = []
    for threads in (1, 2, 2):
        with engine_in(tmp_path, "1GB", threads) as engine:
            fill(engine, 300_000)
            path = tmp_path / f"{len(written)}.{file_format}"
            assert engine.copy(numbers(), path, file_format) == 300_000
            written.append(path.read_bytes())
    assert written[0] == written[1] == written[2]
    reader = {"parquet": "read_parquet", "csv": "read_csv", "jsonl": "read_json"}[file_format]
    rows = duckdb.sql(f"SELECT t FROM {reader}('{path}')").fetchall()
    assert rows == sorted(rows) and len(rows) == 300_000


def test_an_empty_query_makes_an_empty_file_of_the_right_shape(tmp_path: Path) -> None:
    with engine_in(tmp_path) as engine:
        fill(engine, 0)
        for file_format in ("parquet", "csv", "jsonl"):
            assert engine.copy(numbers(), tmp_path / f"none.{file_format}", file_format) == 0
    assert (tmp_path / "none.csv").read_text() == "i,t\n"
    assert duckdb.sql(f"DESCRIBE SELECT * FROM '{tmp_path}/none.parquet'").fetchall()[1][:2] == ("t", "VARCHAR")


def test_create_counts_its_rows(tmp_path: Path) -> None:
    with engine_in(tmp_path) as engine:
        fill(engine, 200_000)
        assert engine.create("copied", numbers()) == 200_000
        assert engine.rows("SELECT count(*) FROM temp.main.copied") == [(200_000,)]


# ---- the seal ----------------------------------------------------------------------------------------------------------

ESCAPES: list[Callable[[Path], str]] = [
    lambda _: "SELECT * FROM read_csv('/etc/passwd')",
    lambda _: "SELECT * FROM read_text('/etc/passwd')",
    lambda _: "SELECT * FROM read_blob('/etc/passwd')",
    lambda _: "SELECT * FROM '/etc/passwd'",
    lambda _: "SELECT * FROM glob('/etc/*')",
    lambda folder: f"SELECT * FROM read_csv('{folder}/secret.csv')",
    lambda folder: f"SELECT * FROM read_csv('{folder}/out/../secret.csv')",
    lambda folder: f"SELECT * FROM read_csv('{folder}/out/link.csv')",
    lambda folder: f"ATTACH '{folder}/x.duckdb' AS x",
    lambda folder: f"COPY (SELECT 1) TO '{folder}/y.csv'",
    lambda folder: f"COPY (SELECT 1) TO '{folder}/out/../y.csv'",
    lambda folder: f"EXPORT DATABASE '{folder}/exported'",
    lambda _: "INSTALL httpfs",
    lambda _: "LOAD httpfs",
    lambda _: "SET enable_external_access = true",
    lambda _: "SET memory_limit = '10GB'",
    lambda _: "RESET memory_limit",
    lambda _: "SET lock_configuration = false",
    lambda _: "SET allowed_directories = ['/']",
    lambda _: "PRAGMA threads = 8",
    lambda _: "CREATE SECRET s (TYPE s3)",
]


@pytest.mark.parametrize("escape", ESCAPES)
def test_a_sealed_engine_reaches_nothing_else(escape: Callable[[Path], str], tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "link.csv").symlink_to(tmp_path / "secret.csv")
    statement = escape(tmp_path)
    with engine_in(tmp_path) as engine:
        engine.seal([tmp_path / "out"])
        with pytest.raises((duckdb.Error, EngageError)):
            engine.rows(statement)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "secret.csv"]


def test_a_sealed_engine_still_does_its_work(tmp_path: Path) -> None:
    for name in ("out", "state"):
        (tmp_path / name).mkdir()
    with engine_in(tmp_path, "120MB") as engine:
        engine.attach(tmp_path / "state" / "a.duckdb", "state")
        engine.execute("CREATE TABLE state.main.t AS SELECT 1 AS x")
        engine.seal([tmp_path / "out", tmp_path / "state"])
        fill(engine, 4_000_000)
        assert (tmp_path / TEMP).exists(), "it spills"
        for file_format in ("parquet", "csv", "jsonl"):
            assert engine.copy(numbers().limit(10), tmp_path / "out" / f"a.{file_format}", file_format) == 10
        with engine.transaction():
            engine.execute("INSERT INTO state.main.t VALUES (2)")
        engine.execute("CHECKPOINT state")
        engine.detach("state")
        engine.attach(tmp_path / "state" / "a.duckdb", "again", read_only=True)
        assert engine.rows("SELECT sum(x) FROM again.main.t") == [(3,)]
    assert not (tmp_path / TEMP).exists()


def test_a_writable_folder_behind_a_link_is_writable_by_both_names(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with engine_in(tmp_path) as engine:
        fill(engine, 3)
        engine.seal([tmp_path / "link"])
        assert engine.copy(numbers(), tmp_path / "link" / "a.csv", "csv") == 3
        assert engine.copy(numbers(), tmp_path / "real" / "b.csv", "csv") == 3
