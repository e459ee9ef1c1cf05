"""What only real processes show of a store: runs killed while they take files in, readers beside runs, and two runs at once."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pytest

from engage_cli.crash import VARIABLE
from engage_cli.engine.base import Upkeep
from engage_cli.engine.connection import Connection
from engage_cli.engine.store import opening
from engage_cli.engine.store.folder import ATTEMPTS, StoreFolder, attach
from engage_cli.engine.store.manifest import Manifest, Segment, manifest_of
from engage_cli.errors import ExitCode
from engage_cli.records import replace
from engage_cli.state.check import TABLES
from tests.state.processes import run_killed, start
from tests.store.buyers import add_buyers, build, buyers_of, look_often, make_project, publish_often, tend
from tests.store.support import Shop

LANES = 3
"""The crash points are dealt out to so many tests, which may run side by side."""
SECONDS = 60


def build_arguments(folder: Path, hour: int) -> list[str]:
    return ["audience", "build", "--project", str(folder), "--as-of", f"2026-11-23T{hour:02}:00Z", "--json"]


def engage(*arguments: str, crash_at: str | None = None) -> subprocess.CompletedProcess[str]:
    """A command line in a process of its own."""
    environment = dict(os.environ) if crash_at is None else {**os.environ, VARIABLE: crash_at}
    command = [sys.executable, "-m", "engage_cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, env=environment, check=False)


def document(ran: subprocess.CompletedProcess[str]) -> Any:
    assert ran.returncode == ExitCode.DONE, ran.stdout + ran.stderr
    return json.loads(ran.stdout)


def store_of(folder: Path) -> Path:
    return folder / ".engage/events"


def manifest_in(folder: Path) -> Manifest:
    manifest = manifest_of((store_of(folder) / "manifest.json").read_text())
    assert manifest is not None
    return manifest


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in store_of(folder).iterdir())


def names_of(manifest: Manifest) -> list[str]:
    return sorted(["manifest.json", *(segment.name for segment in manifest.segments)])


def results(folder: Path) -> tuple[dict[str, bytes], dict[str, list[tuple[Any, ...]]]]:
    """Every file under outputs, and every row of the state but for how many transactions it took."""
    tree = {path.relative_to(folder).as_posix(): path.read_bytes() for path in (folder / "out").rglob("*") if path.is_file()}
    with duckdb.connect(str(folder / ".engage/state.duckdb"), read_only=True) as state:
        rows = {table: sorted(state.execute(f"FROM {table}").fetchall(), key=repr) for table in TABLES if table != "revision"}
    return tree, rows


# ---- killed ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that was built, and has two more events since: their segment takes over the one that is there."""
    folder = make_project(tmp_path_factory.mktemp("before") / "project")
    build(folder, 10)
    add_buyers(folder, 3, buyers=2)
    return folder


@pytest.fixture(scope="module")
def undisturbed(before: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed") / "project"
    shutil.copytree(before, folder)
    build(folder, 11)
    assert names_in(folder) == ["events-000002.duckdb", "manifest.json"]
    return folder


def is_published(folder: Path) -> bool:
    return len(manifest_in(folder).files) == 4


def assert_as_undisturbed(folder: Path, undisturbed: Path, *, had_published: bool) -> None:
    """The results are those of an undisturbed run, and so is the store."""
    assert results(folder) == results(undisturbed)
    manifest, other = manifest_in(folder), manifest_in(undisturbed)
    assert (manifest.segments[0].rows, manifest.events, manifest.users) == (5, other.events, other.users)
    assert [(file.path, file.rows) for file in manifest.files] == [(file.path, file.rows) for file in other.files]
    left = set(names_in(folder)) - set(names_of(manifest))
    assert set(names_of(manifest)) <= set(names_in(folder))
    # Segments that a published one has taken over may be left until the next is made.
    assert not left or (had_published and left == {"events-000001.duckdb"})


@pytest.mark.parametrize("lane", range(LANES))
def test_a_run_killed_while_it_takes_files_in_and_run_again_is_an_undisturbed_one(
    lane: int, before: Path, undisturbed: Path, tmp_path: Path
) -> None:
    for point in count(lane + 1, LANES):
        folder = tmp_path / f"killed_at_{point}"
        shutil.copytree(before, folder)
        assert run_killed(build, folder, 11, crash_at=str(point))
        published = is_published(folder)
        last = published and names_in(folder) == names_of(manifest_in(folder))
        build(folder, 11)
        assert_as_undisturbed(folder, undisturbed, had_published=published)
        if last:
            break
    assert point > 10


def test_the_first_run_killed_while_it_takes_files_in_and_run_again_is_an_undisturbed_one(tmp_path: Path) -> None:
    expected = make_project(tmp_path / "expected")
    build(expected, 10)
    for point in count(1, 3):
        folder = make_project(tmp_path / f"killed_at_{point}")
        assert run_killed(build, folder, 10, crash_at=str(point))
        last = (store_of(folder) / "manifest.json").exists()
        build(folder, 10)
        assert results(folder) == results(expected), point
        assert names_in(folder) == names_of(manifest_in(folder)) == names_of(manifest_in(expected)), point
        if last:
            break
    assert point > 10


@pytest.mark.parametrize("point, published", [("store: publish", False), ("store: published", True)])
def test_a_command_killed_beside_the_publication_and_given_again_is_an_undisturbed_one(
    point: str, published: bool, before: Path, undisturbed: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    shutil.copytree(before, folder)
    assert engage(*build_arguments(folder, 11), crash_at=point).returncode == -9
    assert is_published(folder) is published
    found = document(engage("audience", "preview", "buyers", "--project", str(folder), "--as-of", "2026-11-23T11:00Z", "--json"))
    assert (found["size"], found["data"]["ingested"]) == (5, [] if published else ["events/003.jsonl"])
    again = document(engage(*build_arguments(folder, 11)))
    assert again["data"]["ingested"] == ([] if published else ["events/003.jsonl"])
    assert_as_undisturbed(folder, undisturbed, had_published=published)


def test_what_killed_runs_left_is_gone_when_the_next_files_are_in(before: Path, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    shutil.copytree(before, folder)
    for point in ("store: publish", "store: published"):
        assert run_killed(build, folder, 11, crash_at=point)
    assert names_in(folder) != names_of(manifest_in(folder))
    add_buyers(folder, 4)
    build(folder, 12)
    assert names_in(folder) == names_of(manifest_in(folder))
    assert sum(segment.rows for segment in manifest_in(folder).segments) == 6


def test_runs_killed_at_any_moment_one_after_the_other_lose_nothing(before: Path, undisturbed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    shutil.copytree(before, folder)
    for seconds in (0.05, 0.15, 0.25, 0.35):
        process = start(build, folder, 11)
        time.sleep(seconds)
        process.kill()
        process.join()
    build(folder, 11)
    assert results(folder) == results(undisturbed)
    assert sum(segment.rows for segment in manifest_in(folder).segments) == 5


@pytest.fixture(scope="module")
def segments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of events with a store of two segments."""
    folder = tmp_path_factory.mktemp("segments") / "shop"
    for number, buyers in enumerate((9, 2)):
        add_buyers(folder, number, buyers)
        Shop(folder).run()
    assert len(Shop(folder).manifest.segments) == 2
    return folder


@pytest.mark.parametrize("upkeep", [Upkeep.COMPACT, Upkeep.REBUILD])
def test_an_upkeep_killed_at_any_second_point_leaves_a_store_that_answers_and_can_be_tended_again(
    upkeep: Upkeep, segments: Path, tmp_path: Path
) -> None:
    expected, published = Shop(segments).bare(), list[int]()
    for point in count(1, 2):
        shop = Shop(tmp_path / f"killed_at_{point}")
        shutil.copytree(segments, shop.folder)
        killed = run_killed(tend, shop.folder, upkeep, crash_at=str(point))
        assert shop.look() == expected, point
        published.append(len(shop.manifest.segments))
        if not killed:
            break
        tend(shop.folder, Upkeep.REBUILD)
        assert shop.look() == expected, point
        assert sorted(path.name for path in shop.store.iterdir()) == names_of(shop.manifest), point
    assert set(published) == {2, 1}
    assert published == sorted(published, reverse=True), "as it was until it is published"


# ---- readers beside runs -----------------------------------------------------------------------------------------------


def preview(folder: Path) -> int:
    arguments = ["audience", "preview", "buyers", "--project", str(folder), "--as-of", "2026-11-23T23:00Z", "--json"]
    return int(document(engage(*arguments))["size"])


def dry_run(folder: Path) -> int:
    return int(document(engage(*build_arguments(folder, 23), "--dry-run"))["audiences"][0]["size"])


def explain(folder: Path) -> int:
    """Explains one who always was a buyer; how many there are it does not say."""
    found = engage("audience", "explain", "buyers", "--user", "user0.0", "--project", str(folder), "--as-of", "2026-11-23T23:00Z", "--json")
    assert document(found)["member"] is True
    return buyers_of(folder)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


def test_commands_that_only_read_are_right_while_a_run_takes_files_in(project: Path) -> None:
    document(engage(*build_arguments(project, 0)))
    with ThreadPoolExecutor(3) as readers:
        for hour in range(1, 3):
            add_buyers(project, 10 + hour, buyers=hour)
            over = threading.Event()
            looking = [readers.submit(look_until, over, command, project) for command in (preview, dry_run, explain)]
            try:
                built = document(engage(*build_arguments(project, hour)))
            finally:
                over.set()
            assert built["data"]["ingested"] == [f"events/{10 + hour:03}.jsonl"]
            sizes = [built["audiences"][0]["size"], *(size for look in looking for size in look.result())]
            assert sizes == [buyers_of(project)] * len(sizes)
    assert names_in(project) == names_of(manifest_in(project))


def look_until(over: threading.Event, command: Callable[[Path], int], folder: Path) -> list[int]:
    """What a command gives, again and again: at least once."""
    found = [command(folder)]
    while not over.is_set():
        found.append(command(folder))
    return found


def test_readers_never_see_half_of_a_publication(tmp_path: Path) -> None:
    for number in range(3):
        add_buyers(tmp_path, number, buyers=20)
        Shop(tmp_path).run()
    readers = [start(look_often, tmp_path) for _ in range(2)]
    writer = start(publish_often, tmp_path, 15)
    for process in (writer, *readers):
        process.join(SECONDS)
    assert [process.exitcode for process in (writer, *readers)] == [0, 0, 0]
    assert all(int(path.read_text()) > 3 for path in tmp_path.glob("looks.*"))
    assert len(names_of(Shop(tmp_path).manifest)) == len(list((tmp_path / "store").iterdir()))
    assert Shop(tmp_path).look() == Shop(tmp_path).bare()


@pytest.mark.parametrize("times, ingested", [(1, ()), (ATTEMPTS - 1, ()), (ATTEMPTS, ("events/000.jsonl", "events/001.jsonl"))])
def test_a_reader_whose_segments_are_removed_before_it_has_opened_them_looks_again(
    times: int, ingested: tuple[str, ...], segments: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, published = Shop(tmp_path / "shop"), list[str]()
    shutil.copytree(segments, shop.folder)

    def late(connection: Connection, folder: StoreFolder, named: Sequence[Segment]) -> list[str]:
        if len(published) < times:
            published.append(named[0].name)
            publish_again(shop.store)
        return attach(connection, folder, named)

    monkeypatch.setattr(opening, "attach", late)
    with shop.staged() as (engine, staging):
        assert (staging.ingested, len(published)) == (ingested, times)
        assert shop.seen(engine, staging) == shop.bare()


def publish_again(store: Path) -> None:
    """The same store as a run would publish it anew: under other names, the old segments gone."""
    folder = StoreFolder(store)
    manifest = folder.read()
    assert manifest is not None
    renamed = []
    for number, segment in enumerate(manifest.segments, manifest.next_segment):
        renamed.append(replace(segment, name=f"events-{number:06}.duckdb"))
        shutil.copy(store / segment.name, store / renamed[-1].name)
    folder.publish(replace(manifest, segments=tuple(renamed), next_segment=manifest.next_segment + len(renamed)))


# ---- two runs at once --------------------------------------------------------------------------------------------------


@pytest.fixture
def two_at_once(project: Path) -> Iterator[Callable[[], list[Any]]]:
    def both() -> list[Any]:
        command = [sys.executable, "-m", "engage_cli", *build_arguments(project, 12), "--wait", "50"]
        processes = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
        ended = [process.communicate(timeout=SECONDS) for process in processes]
        assert [process.returncode for process in processes] == [ExitCode.DONE] * 2, ended
        return [json.loads(out) for out, _ in ended]

    yield both


def test_two_runs_that_make_the_store_at_once_go_one_after_the_other(project: Path, two_at_once: Callable[[], list[Any]]) -> None:
    found = two_at_once()
    assert [one["audiences"][0]["size"] for one in found] == [3, 3]
    assert sum(bool(one["data"]["ingested"]) for one in found) == 1, "one takes the files in, the other finds them"
    assert sum(one["audiences"][0]["entered"] for one in found) == 3
    assert names_in(project) == names_of(manifest_in(project))
    assert manifest_in(project).next_ingest == 2


def test_two_runs_that_take_the_same_new_files_in_lose_and_double_nothing(project: Path, two_at_once: Callable[[], list[Any]]) -> None:
    build(project, 11)
    add_buyers(project, 7, buyers=4)
    found = two_at_once()
    assert [one["audiences"][0]["size"] for one in found] == [7, 7]
    assert sorted(one["data"]["ingested"] for one in found) == [[], ["events/007.jsonl"]]
    assert sum(one["audiences"][0]["entered"] for one in found) == 4
    assert sum(segment.rows for segment in manifest_in(project).segments) == 7
    assert names_in(project) == names_of(manifest_in(project))
