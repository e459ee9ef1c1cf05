"""The state's file never stays much larger than its rows need, and is whole whenever the process that writes it anew is killed."""

import resource
import shutil
from pathlib import Path

import pytest

from engage_cli.engine.base import Engine
from engage_cli.errors import EngageError
from engage_cli.state.packing import GROWTH, LEAST
from engage_cli.state.store import State, open_published, open_state, publish_copy, published_path
from tests.state.engine import make_engine
from tests.state.processes import run_killed, start

ROWS = 400_000
BLOCK = 256 * 1024


@pytest.fixture(scope="module")
def loose(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a state whose file is several times as large as its rows need."""
    folder = tmp_path_factory.mktemp("loose")
    with make_engine(folder) as engine:
        state = _open(engine, folder)
        engine.execute(
            f"INSERT INTO state.main.seen_event SELECT md5(n::VARCHAR), TIMESTAMP '2026-11-01', n % 2 FROM range({ROWS}) AS t(n)"
        )
        engine.execute("CHECKPOINT state")
        engine.execute("DELETE FROM state.main.seen_event WHERE message_id > '2'")
        engine.execute("CHECKPOINT state")
        state.close()
    return folder


def test_a_file_that_is_mostly_free_is_written_anew(loose: Path, tmp_path: Path) -> None:
    folder = _copied(loose, tmp_path)
    with make_engine(folder) as engine:
        state = _open(engine, folder)
        before, size = _content(engine), _path(folder).stat().st_size
        publish_copy(state)
        assert _content(engine) == before
        assert _path(folder).stat().st_size < size / 2
        assert _path(folder).stat().st_size <= GROWTH * _size_at_once(engine, tmp_path / "at-once.duckdb")
        assert published_path(_path(folder)).read_bytes() == _path(folder).read_bytes()
        ((packed,),) = engine.rows("SELECT packed FROM state.main.revision")
        assert abs(packed * BLOCK - _path(folder).stat().st_size) <= 2 * BLOCK


def test_a_file_that_has_not_grown_since_is_left_as_it_is(loose: Path, tmp_path: Path) -> None:
    folder = _copied(loose, tmp_path)
    with make_engine(folder) as engine:
        state = _open(engine, folder)
        publish_copy(state)
        engine.execute("UPDATE state.main.revision SET number = number + 1")
        inode = _path(folder).stat().st_ino
        publish_copy(state)
        assert _path(folder).stat().st_ino == inode


def test_a_small_file_is_left_as_it_is(tmp_path: Path) -> None:
    with make_engine(tmp_path) as engine:
        state = _open(engine, tmp_path)
        assert _path(tmp_path).stat().st_size < LEAST * BLOCK
        inode = _path(tmp_path).stat().st_ino
        publish_copy(state)
        assert _path(tmp_path).stat().st_ino == inode
        assert engine.rows("SELECT packed FROM state.main.revision") == [(None,)]


def test_where_there_is_no_room_for_another_file_the_state_stays_as_it_is(loose: Path, tmp_path: Path) -> None:
    folder = _copied(loose, tmp_path)
    with make_engine(folder) as engine:
        state = _open(engine, folder)
        before = _content(engine)
        state.close()
    bytes_before = _path(folder).read_bytes()
    process = start(_publish_in_little_room, folder)
    process.join(60)
    assert process.exitcode == 0
    assert _path(folder).read_bytes() == bytes_before
    assert [path.name for path in folder.glob("state.duckdb*")] == ["state.duckdb"]
    with make_engine(folder) as engine:
        publish_copy(_open(engine, folder))
        assert _content(engine) == before


@pytest.mark.parametrize("point", ["pack", "sync file", "written anew", "rename", "renamed, not synced", "sync folder", "copy file"])
def test_killed_while_it_is_written_anew_it_is_whole(loose: Path, tmp_path: Path, point: str) -> None:
    folder = _copied(loose, tmp_path)
    with make_engine(folder) as engine:
        state = _open(engine, folder)
        before = _content(engine)
        state.close()
    assert run_killed(_publish, folder, crash_at=point)
    with make_engine(folder) as engine:
        state = _open(engine, folder)
        assert _content(engine) == before
        publish_copy(state)
        state.close()
        assert open_published(engine, _path(folder)) is not None
        assert _content(engine) == before
    assert sorted(path.name for path in folder.glob("state.duckdb*")) == ["state.duckdb", "state.duckdb.published"]


def _publish_in_little_room(folder: Path) -> None:
    with make_engine(folder) as engine:
        state = _open(engine, folder)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4 * BLOCK, resource.RLIM_INFINITY))
        with pytest.raises(EngageError, match=r"state\.duckdb\.published.*large"):
            publish_copy(state)


def _publish(folder: Path) -> None:
    with make_engine(folder) as engine:
        publish_copy(_open(engine, folder))


def _open(engine: Engine, folder: Path) -> State:
    return open_state(engine, _path(folder), tool_version="1.2.3")


def _path(folder: Path) -> Path:
    return folder / "state.duckdb"


def _copied(loose: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(loose, tmp_path / "project"))


def _content(engine: Engine) -> list[tuple[object, ...]]:
    """What the table that was deleted from holds, in the order of its rows."""
    return engine.rows("SELECT count(*), md5(string_agg(message_id || ts || run, ',' ORDER BY rowid)) FROM state.main.seen_event")


def _size_at_once(engine: Engine, path: Path) -> int:
    engine.attach(path, "once")
    engine.execute("COPY FROM DATABASE state TO once")
    engine.execute("CHECKPOINT once")
    engine.detach("once")
    return path.stat().st_size
