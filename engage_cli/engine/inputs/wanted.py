"""Which events a plan needs, as conditions over the columns `event`, `ts` and `user_id` of a row."""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from engage_cli.engine.labels import Labels
from engage_cli.engine.template import FALSE, TRUE, Sql, joined, literal, sql
from engage_cli.plan.needs import Column, EventNeed, Needs


def timestamp(instant: datetime) -> Sql:
    """An aware instant in UTC as a TIMESTAMP literal."""
    return sql("TIMESTAMP {text}", text=literal(instant.replace(tzinfo=None).isoformat(sep=" ")))


EVERY_EVENT = EventNeed(("*",), None, frozenset())


class Wanted(Struct, frozen=True):
    """What is staged of events.

    `row`: the row is needed; `with_columns`: its properties are read too; both are conditions over user_id, event and ts. `names` are
    all that are needed, None where they are not spelled out; `since` the first instant, None where it is all history; `as_of` the last one,
    None where there is none.
    """

    as_of: Sql | None
    row: Sql
    with_columns: Sql
    columns: tuple[Column, ...]
    labels: Labels
    with_properties: bool
    names: tuple[str, ...] | None
    since: Sql | None

    @property
    def by_as_of(self) -> Sql:
        """The row is no later than as_of."""
        return TRUE if self.as_of is None else sql("ts <= {as_of}", as_of=self.as_of)


def wanted_of(needs: Needs, labels: Labels, *, everything: bool = False) -> Wanted:
    """What a plan needs; `everything`: and whole every other event too, for a `sql:` condition."""
    events = (*needs.events, EVERY_EVENT) if everything else needs.events
    as_of = timestamp(needs.as_of)
    limits = [sql("ts <= {as_of}", as_of=as_of), *([] if everything or needs.users is None else [_users(needs.users)])]
    row = _all([_any(_need(need) for need in _widest(events)), *limits])
    whole = frozenset({"*"}) if everything else needs.whole
    asked = [need.names for need in events if need.columns] + ([whole] if whole else [])
    names = sorted({name for need in events for name in need.names})
    starts = [need.since for need in events if need.since is not None]
    return Wanted(
        as_of=as_of,
        row=row,
        with_columns=_all([_any(name_condition(names) for names in asked), row]),
        columns=tuple(sorted({column for need in events for column in need.columns}, key=lambda column: column.name)),
        labels=labels,
        with_properties=bool(whole),
        names=None if any("*" in name for name in names) else tuple(names),
        since=timestamp(min(starts)) if starts and len(starts) == len(events) else None,
    )


def _users(users: Iterable[str]) -> Sql:
    return sql("user_id IN ({users})", users=[literal(user) for user in sorted(users)]) if users else FALSE


def _widest(events: Iterable[EventNeed]) -> list[EventNeed]:
    """One need for each set of names: the one that reaches back furthest."""
    widest: dict[tuple[str, ...], EventNeed] = {}
    for need in events:
        key = tuple(sorted(set(need.names)))
        other = widest.get(key)
        if other is None or (other.since is not None and (need.since is None or need.since < other.since)):
            widest[key] = need
    return list(widest.values())


def _need(need: EventNeed) -> Sql:
    if need.since is None:
        return name_condition(need.names)
    return _all([name_condition(need.names), sql("ts >= {since}", since=timestamp(need.since))])


def name_condition(names: Iterable[str], event: str = "event") -> Sql:
    """The event, in this column, has one of these names, in which only `*` is special."""
    name = Sql(event)
    exact = sorted({name for name in names if "*" not in name})
    patterns = sorted({name for name in names if "*" in name})
    if any(set(pattern) == {"*"} for pattern in patterns):
        return TRUE
    parts = [sql("{event} IN ({names})", event=name, names=[literal(name) for name in exact])] if exact else []
    parts += [sql("{event} LIKE {pattern} ESCAPE '!'", event=name, pattern=literal(_like(pattern))) for pattern in patterns]
    return _any(parts)


def _like(pattern: str) -> str:
    escaped = pattern.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return escaped.replace("*", "%")


def _any(parts: Iterable[Sql]) -> Sql:
    found = list(parts)
    return sql("({parts})", parts=joined(" OR ", found)) if found else FALSE


def _all(parts: Iterable[Sql]) -> Sql:
    return sql("({parts})", parts=joined(" AND ", list(parts)))
