"""A small project's worth of state: the engine, audiences, and runs over members that a test writes down."""

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlglot import exp

from engage_cli.definitions.audience import Audience
from engage_cli.definitions.conditions import Everyone
from engage_cli.definitions.destinations import (
    Call,
    Destination,
    EventsDestination,
    Form,
    ListColumn,
    ListDestination,
    Region,
    Rules,
)
from engage_cli.definitions.paths import parse_path
from engage_cli.engine.base import Engine, InputFile
from engage_cli.outputs.columns import sent_columns
from engage_cli.outputs.lists import trait_column
from engage_cli.outputs.members import unwritten_audiences
from engage_cli.outputs.publish import recover
from engage_cli.outputs.syncs import WHAT_CHANGED, Asked, find_syncs
from engage_cli.outputs.write import Written, write_run
from engage_cli.source import Span
from engage_cli.state.check import TABLES, check_state
from engage_cli.state.hashes import digest
from engage_cli.state.lock import hold_lock
from engage_cli.state.membership import find_changes, make_rows
from engage_cli.state.runs import Build, RunPlan, plan_run
from engage_cli.state.store import State, lock_path, open_published, open_state
from engage_cli.state.syncs import syncs_of
from tests.state.engine import make_engine

SPAN = Span("campaigns/audiences/a.yaml", 1, 1, 1, 2)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DESTINATIONS: dict[str, Destination] = {
    "crm": EventsDestination("crm", "jsonl", Call.IDENTIFY, SPAN),
    "hub": EventsDestination("hub", "jsonl", Call.TRACK, SPAN),
    "ads": ListDestination(
        "ads",
        "csv",
        (
            ListColumn("email", parse_path("email"), Form.EMAIL, True, SPAN),
            ListColumn("Phone", parse_path("phone"), Form.PHONE, False, SPAN),
        ),
        Rules.META,
        Region("GB"),
        SPAN,
    ),
}
FILES = (InputFile("events", "data/events.parquet", 10, "a" * 64), InputFile("profiles", "data/profiles.csv", 20, "b" * 64))

Members = Mapping[str, Iterable[str]]
Traits = Mapping[str, Mapping[str, str]]
"""User to trait to its JSON text."""


def audience(name: str, *, traits: Iterable[str] = (), sync: Iterable[str] = ()) -> Audience:
    """An audience whose condition does not matter: tests say who is in it."""
    return Audience(name, "", Everyone(SPAN), tuple(sync), tuple(parse_path(trait) for trait in traits), SPAN)


def at(hour: int, minute: int = 0) -> datetime:
    """An instant of the test's day."""
    return NOON.replace(hour=hour, minute=minute)


def rows_of(columns: tuple[str, ...], rows: Iterable[tuple[str | None, ...]]) -> exp.Expr:
    """A query of literal text rows."""
    values = [exp.Tuple(expressions=[exp.null() if cell is None else exp.Literal.string(cell) for cell in row]) for row in rows]
    nothing = not values
    if nothing:
        values = [exp.Tuple(expressions=[exp.Literal.string("") for _ in columns])]
    alias = exp.TableAlias(this=exp.to_identifier("given"), columns=[exp.to_identifier(name, quoted=True) for name in columns])
    table = exp.Values(expressions=values, alias=alias)
    query = exp.select(*(exp.cast(exp.column(name, quoted=True), "VARCHAR").as_(name, quoted=True) for name in columns)).from_(table)
    return query.where(exp.false()) if nothing else query


def give_members(engine: Engine, members: Members, traits: Traits | None = None, names: Iterable[str] = ()) -> None:
    """Make `member_now` and `member_trait` (with the columns `names`), as the compiler's caller does."""
    given = rows_of(("audience", "user_id"), [(name, user) for name, users in members.items() for user in users])
    give_members_of(engine, given)
    engine.execute("DROP TABLE IF EXISTS temp.main.member_trait")
    names = sorted(set(names) - {"user_id"})
    values = [(user, *(of_user.get(name) for name in names)) for user, of_user in (traits or {}).items()]
    given = rows_of(("user_id", *names), values)
    columns = [exp.cast(exp.column(name, quoted=True), "JSON").as_(name, quoted=True) for name in names]
    engine.create("member_trait", exp.select(exp.column("user_id"), *columns).from_(exp.Subquery(this=given, alias="given")))


def give_members_of(engine: Engine, members: exp.Expr | str) -> None:
    """Make `everybody` and `member_now` of a query (a constant text or built) of audience and user_id."""
    for name in ("everybody", "member_now", "member_given"):
        engine.execute(f"DROP TABLE IF EXISTS temp.main.{name}")
    if isinstance(members, str):
        engine.execute(f"CREATE TEMP TABLE member_given AS {members}")
    else:
        engine.create("member_given", members)
    engine.execute(
        "CREATE TEMP TABLE everybody AS SELECT CAST(row_number() OVER () AS INTEGER) AS user_key, user_id "
        "FROM (SELECT DISTINCT user_id FROM member_given)"
    )
    engine.execute("CREATE TEMP TABLE member_now AS SELECT audience, user_key FROM member_given JOIN everybody USING (user_id)")


def give_list_traits(engine: Engine, traits: Traits | None, destinations: Iterable[Destination]) -> None:
    """Make `list_trait` of what lists need: the texts of the JSON texts given."""
    paths = {path.text: path for one in destinations if isinstance(one, ListDestination) for path in one.traits if path.text != "user_id"}
    engine.execute("DROP TABLE IF EXISTS temp.main.list_trait")
    rows = [(user, *(_text(of_user.get(name)) for name in paths)) for user, of_user in (traits or {}).items()]
    engine.create("list_trait", rows_of(("subject_id", *(trait_column(path) for path in paths.values())), rows))


def _text(json_text: str | None) -> str | None:
    return None if json_text is None else str(json.loads(json_text))


@contextmanager
def memory_folder() -> Iterator[Path]:
    """A folder in memory where there is one: a kill takes the process, not the disk, and thousands of fsyncs take their time."""
    room = Path("/dev/shm")
    with TemporaryDirectory(dir=room if os.access(room, os.W_OK) else None) as folder:
        yield Path(folder)


class Project:
    """A project folder with its audiences; `run` does what `engage audience build` does, over the members that the test gives."""

    def __init__(self, folder: Path, *audiences: Audience) -> None:
        self.folder = folder
        self.state_path = folder / ".engage" / "state.duckdb"
        self.outputs = folder / "out"
        self.audiences = {given.name: given for given in audiences}
        self.files: tuple[InputFile, ...] = FILES
        self.definitions: dict[str, str] = {}
        self.destinations = dict(DESTINATIONS)

    def copied_to(self, folder: Path) -> "Project":
        """The same project, with all that it has on disk, in another folder outside it."""
        assert self.folder not in folder.parents
        # A copy may stand inside the folder that it is of: it must not take the copies before it along.
        shutil.copytree(self.folder, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("killed_at_*"))
        copy = Project(folder, *self.audiences.values())
        copy.files, copy.definitions, copy.destinations = self.files, dict(self.definitions), dict(self.destinations)
        return copy

    def builds(self) -> list[Build]:
        """What a run is asked to build: every audience."""
        return [Build(name, self.definitions.get(name, digest(name))) for name in self.audiences]

    def run(
        self,
        as_of: datetime,
        members: Members,
        traits: Traits | None = None,
        *,
        file_format: str = "jsonl",
        wait: float = 0,
        asked: Asked = WHAT_CHANGED,
    ) -> tuple[RunPlan, Written]:
        """One whole run."""
        with (
            hold_lock(lock_path(self.state_path), command="audience build", started=NOON, wait=wait),
            make_engine(self.folder) as engine,
        ):
            state = open_state(engine, self.state_path, tool_version="1.2.3")
            recover(state, self.outputs)
            plan = plan_run(
                state,
                command="audience build",
                as_of=as_of,
                tool_version="1.2.3",
                builds=self.builds(),
                files=self.files,
                unwritten=unwritten_audiences(state, self.outputs, self.audiences, file_format),
                held=[source for (_, source), sync in syncs_of(state).items() if sync.held],
                again=asked.full,
            )
            engine.seal([self.state_path.parent, self.outputs])
            give_members(engine, members, traits, [name for one in self.audiences.values() for name in sent_columns(one)])
            changes = find_changes(engine, state, plan)
            make_rows(engine, plan, changes)
            give_list_traits(engine, traits, self.destinations.values())
            built = [self.audiences[name] for name in plan.audiences]
            syncs = find_syncs(engine, state, changes, run=plan.run.number, audiences=built, destinations=self.destinations, asked=asked)
            written = write_run(
                state,
                plan,
                changes,
                audiences=self.audiences,
                syncs=syncs,
                outputs=self.outputs,
                file_format=file_format,
            )
            state.close()
            return plan, written

    def tree(self) -> dict[str, bytes]:
        """Every file under the outputs folder, with its bytes."""
        return {path.relative_to(self.outputs).as_posix(): path.read_bytes() for path in sorted(self.outputs.rglob("*")) if path.is_file()}

    def dump(self, *, sound: bool = False) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of the state's tables, but for how many transactions it took. `sound`: and nothing is wrong with them."""
        with self.state() as state:
            if sound:
                assert check_state(state) == []
            rows = {table: state.engine.rows(exp.select("*").from_(f"state.main.{table}")) for table in TABLES if table != "revision"}
        return {table: sorted(found, key=repr) for table, found in rows.items()}

    @contextmanager
    def state(self) -> Iterator[State]:
        """The state, open as a run has it."""
        with make_engine(self.folder) as engine:
            state = open_state(engine, self.state_path, tool_version="1.2.3")
            yield state
            state.close()

    @contextmanager
    def published(self) -> Iterator[State | None]:
        """The state as readers have it."""
        with make_engine(self.folder) as engine:
            yield open_published(engine, self.state_path)
