"""What each destination is told in a run: of an audience that it knows up to the run before, what changed; of one that is new to it,
or that was held back from it, what it does not know; of a list, the rows to add and to remove.

`guard` holds back what would change too much of what a destination has. What is held back is not lost: a later run works out anew
what the destination lacks.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from sqlglot import exp

from engage_cli.definitions.audience import Audience
from engage_cli.definitions.destinations import Destination, EventsDestination, ListDestination
from engage_cli.definitions.subjects import Subject
from engage_cli.engine.base import Engine
from engage_cli.outputs.lists import make_list_rows
from engage_cli.records import replace
from engage_cli.state.lists import EACH_USER, ListChanges, ListPair, find_list_changes, hold_lists, make_told
from engage_cli.state.membership import Changes
from engage_cli.state.store import State
from engage_cli.state.syncs import Behind, Sync, last_changes, make_sync_changes, make_synced_members, syncs_of

MILLION = 1_000_000


def is_list(destination: Destination, audience: Audience) -> bool:
    """Whether the state keeps of an audience whom a destination was told of."""
    match destination:
        case ListDestination():
            return True
        case EventsDestination(each_user=each_user):
            return each_user and audience.of is Subject.ACCOUNTS


class Telling(Struct, frozen=True):
    """What a destination is told of an audience: how many come and go (of a list: rows), of how many that it knew, and how many of these
    change. `of_its_own`: a destination of events is not told the audience's changes of this run, but its own. `held`: `guard` holds it
    back. `without` are members of whom the columns of a list hold nothing that tells who they are."""

    destination: Destination
    audience: Audience
    added: int
    removed: int
    told: int
    changed: int
    of_its_own: bool = False
    held: bool = False
    without: int = 0

    @property
    def names(self) -> tuple[str, str]:
        """The names of the destination and of the audience."""
        return self.destination.name, self.audience.name

    @property
    def is_list(self) -> bool:
        """Whether the state keeps whom the destination was told of: of lists, and of each user of accounts."""
        return is_list(self.destination, self.audience)

    @property
    def in_step(self) -> bool:
        """Whether what is told is the audience's changes of this run, as calls."""
        return not self.is_list and not self.of_its_own

    @property
    def has_files(self) -> bool:
        """Whether there is something for the destination."""
        return not self.held and bool(self.added or self.removed)


class Syncs(Struct, frozen=True):
    """What all destinations are told, and what they know afterwards as far as that is new."""

    tellings: tuple[Telling, ...] = ()
    known: tuple[Sync, ...] = ()


NOTHING = Syncs()


class Asked(Struct, frozen=True):
    """How a run syncs. `full`: everything is told again. `allow_change`: `guard` holds nothing back."""

    full: bool = False
    allow_change: bool = False


WHAT_CHANGED = Asked()
"""As a run syncs that was asked for nothing else."""


def has_lists(audiences: Sequence[Audience], destinations: Mapping[str, Destination]) -> bool:
    """Whether some of these audiences go to lists."""
    return any(isinstance(destinations.get(name), ListDestination) for audience in audiences for name in audience.sync)


def find_syncs(
    engine: Engine,
    state: State | None,
    changes: Sequence[Changes],
    *,
    run: int,
    audiences: Sequence[Audience],
    destinations: Mapping[str, Destination],
    asked: Asked,
) -> Syncs:
    """Work out what is told to whom, of audiences that are built in this run; makes `sync_change` and `list_change` for the files.

    Reads `membership_change`, and for lists the relations of `LIST_TRAITS`.
    """
    pairs = [(destinations[name], audience) for audience in audiences for name in dict.fromkeys(audience.sync)]
    if not pairs:
        return Syncs()
    known, last = syncs_of(state), last_changes(state)
    counts = {change.audience: change for change in changes}
    events = [(one, audience) for one, audience in pairs if not is_list(one, audience)]
    lists = [(one, audience) for one, audience in pairs if is_list(one, audience)]
    behind = [
        Behind(one.name, audience.name, until, asked.full)
        for one, audience in events
        if (until := _until(known, one, audience)) < last.get(audience.name, 0) or asked.full
    ]
    whole = {one.audience for one in behind} | {audience.name for _, audience in lists}
    if whole:
        make_synced_members(engine, state, whole)
    found = [_in_step(one, audience, counts[audience.name]) for one, audience in events]
    found = [*_catching_up(engine, state, found, behind), *_lists(engine, state, lists, asked)]
    return _settled(engine, found, known, run, asked)


def find_list_syncs(
    engine: Engine, state: State | None, lists: Sequence[tuple[ListDestination, Audience]], *, run: int, asked: Asked
) -> Syncs:
    """Work out what is told of lists of journeys, each as an audience of whoever is on it; makes `list_change` for the files.

    Reads `synced_member` and the relations of `LIST_TRAITS`.
    """
    return _settled(engine, _lists(engine, state, lists, asked), syncs_of(state), run, asked)


def _settled(engine: Engine, found: Sequence[Telling], known: Mapping[tuple[str, str], Sync], run: int, asked: Asked) -> Syncs:
    """What is told, with what guards hold back taken out, in order."""
    tellings = [_guarded(telling, asked) for telling in found]
    hold_lists(engine, [(one.destination.name, one.audience.name) for one in tellings if one.held and one.is_list])
    tellings.sort(key=lambda one: (one.destination.name, one.audience.name))
    return Syncs(tuple(tellings), tuple(_known_after(tellings, known, run)))


def _until(known: Mapping[tuple[str, str], Sync], destination: Destination, audience: Audience) -> int:
    sync = known.get((destination.name, audience.name))
    return 0 if sync is None else sync.run


def _in_step(destination: Destination, audience: Audience, change: Changes) -> Telling:
    """What a destination of events is told that knows the audience up to the run before."""
    before = change.size - change.entered + change.exited
    return Telling(destination, audience, change.entered, change.exited, before, change.entered + change.exited)


def _catching_up(engine: Engine, state: State | None, tellings: Sequence[Telling], behind: Sequence[Behind]) -> list[Telling]:
    """The same, of those that are behind what they lack."""
    if not behind:
        return list(tellings)
    make_sync_changes(engine, state, behind)
    rows = engine.rows(_SYNC_COUNTS)
    counts = {(destination, audience): tuple(numbers) for destination, audience, *numbers in rows}
    found = []
    for one in tellings:
        added, removed, told, come = counts.get((one.destination.name, one.audience.name), (None, 0, 0, 0))
        if added is None:
            found.append(one)
        else:
            found.append(Telling(one.destination, one.audience, added, removed, told, come + removed, of_its_own=True))
    return found


_SYNC_COUNTS = """
    SELECT destination, audience, coalesce(added, 0), coalesce(removed, 0), coalesce(told, 0), coalesce(come, 0) FROM sync_behind
    LEFT JOIN (
        SELECT changed.destination, changed.audience, count(*) FILTER (changed.change = 'entered') AS added,
            count(*) FILTER (changed.change = 'exited') AS removed,
            count(*) FILTER (changed.change = 'entered' AND told.user_id IS NULL) AS come
        FROM sync_change AS changed
        LEFT JOIN sync_told AS told
            ON told.destination = changed.destination AND told.audience = changed.audience AND told.user_id = changed.user_id
        GROUP BY changed.destination, changed.audience
    ) AS changes USING (destination, audience)
    LEFT JOIN (SELECT destination, audience, count(*) AS told FROM sync_told GROUP BY destination, audience) AS before
        USING (destination, audience)
"""


def _lists(engine: Engine, state: State | None, lists: Sequence[tuple[Destination, Audience]], asked: Asked) -> list[Telling]:
    pairs = [
        ListPair(one.name, audience.name, audience.of.value if isinstance(one, ListDestination) else EACH_USER, asked.full)
        for one, audience in lists
    ]
    if not pairs:
        return []
    make_told(engine, state, pairs)
    kinds = dict.fromkeys((one.name, audience.of) for one, audience in lists)
    by_name = {one.name: one for one, _ in lists}
    made = []
    for place, (name, of) in enumerate(kinds):
        made.append(f"list_row_{place}")
        destination = by_name[name]
        if isinstance(destination, ListDestination):
            make_list_rows(engine, made[-1], destination, of)
        else:
            _make_users(engine, made[-1], name)
    engine.execute("DROP TABLE IF EXISTS temp.main.list_next")
    engine.create("list_next", _next(made))
    without = {(destination, name): int(count) for destination, name, count in engine.rows(_without(made))}
    changes = find_list_changes(engine)
    return [_list_telling(one, audience, changes[one.name, audience.name], without) for one, audience in lists]


def _make_users(engine: Engine, relation: str, destination: str) -> None:
    """Make the rows of each user of the accounts that are in the destination's audiences: whom to tell of is all that there is."""
    engine.execute(f"DROP TABLE IF EXISTS temp.main.{relation}")
    engine.execute(_USERS.replace("{relation}", relation), [destination])


_USERS = """
    CREATE TEMP TABLE {relation} AS
    SELECT DISTINCT pair.destination, pair.list, everybody.user_id,
        '{"userId":' || CAST(to_json(everybody.user_id) AS VARCHAR) || '}' AS identifiers, '' AS basis
    FROM list_pair AS pair
    JOIN synced_member AS member ON member.audience = pair.list
    JOIN accounts ON accounts.account_id = member.now_id
    JOIN members ON members.account_key = accounts.account_key
    JOIN everybody ON everybody.user_key = members.user_key
    WHERE pair.destination = ? AND pair.of = 'each user'
"""


def _next(relations: Sequence[str]) -> exp.Query:
    """The rows of all lists that tell who somebody is."""
    columns = ("destination", "list", "user_id", "identifiers", "basis")
    there = exp.not_(exp.Is(this=exp.column("identifiers"), expression=exp.null()))
    queries: list[exp.Query] = [exp.select(*columns).from_(relation).where(there.copy()) for relation in relations]
    return exp.union(*queries, distinct=False) if len(queries) > 1 else queries[0]


def _without(relations: Sequence[str]) -> exp.Query:
    nothing = exp.Is(this=exp.column("identifiers"), expression=exp.null())
    count = exp.alias_(exp.Count(this=exp.Star()), "n")
    queries: list[exp.Query] = [
        exp.select("destination", "list", count.copy()).from_(relation).where(nothing.copy()).group_by("destination", "list")
        for relation in relations
    ]
    return exp.union(*queries, distinct=False) if len(queries) > 1 else queries[0]


def _list_telling(destination: Destination, audience: Audience, changes: ListChanges, without: Mapping[tuple[str, str], int]) -> Telling:
    return Telling(
        destination,
        audience,
        changes.added,
        changes.removed,
        changes.told,
        changes.changed,
        without=without.get((destination.name, audience.name), 0),
    )


def _guarded(telling: Telling, asked: Asked) -> Telling:
    """Held back where more changes than its guard lets pass. What a destination is told first changes nothing that it has."""
    most = telling.destination.max_change
    if most is None or asked.allow_change or not telling.told or telling.changed * MILLION <= most * telling.told:
        return telling
    return replace(telling, held=True)


def _known_after(tellings: Sequence[Telling], known: Mapping[tuple[str, str], Sync], run: int) -> list[Sync]:
    """What is new of what destinations know."""
    found = []
    for one in tellings:
        name, source = one.destination.name, one.audience.name
        before = known.get((name, source))
        if one.held:
            if before is None or not before.held:
                found.append(Sync(name, source, before.run if before is not None else 0, held=True))
        elif before is None or before.held or one.added or one.removed or one.of_its_own:
            found.append(Sync(name, source, run))
    return found
