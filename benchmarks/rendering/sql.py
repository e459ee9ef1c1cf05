"""A question as SQL written by hand: one aggregate by user for each leaf, with literal bounds, and the leaves joined.

The same text serves three layouts: raw columns and the event store's in DuckDB, and raw columns in ClickHouse.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from benchmarks.questions import Compare, Leaf, Measure, Question

_SIGNS = {"eq": "=", "gte": ">=", "gt": ">"}


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the events are, what their columns are called, and the few words in which the two dialects differ.

    `event` gives the literal for an event's name. `everyone` is a SELECT of all users; `names` one of their ids, with `{users}` for
    a SELECT of users. `unique` and `day` have `{}` for their argument.
    """

    relation: str
    user: str
    timestamp: str
    event_column: str
    event: Callable[[str], str]
    everyone: str
    names: str
    instant: str = "TIMESTAMP '{}'"
    unique: str = "count(DISTINCT {})"
    day: str = "CAST({} AS DATE)"
    first_of: str = "arg_min"
    last_of: str = "arg_max"
    starts_with: str = "starts_with"
    joined: bool = True
    """Whether leaves meet by SEMI and ANTI JOIN; by IN and NOT IN otherwise."""


def _text(name: str) -> str:
    return f"'{name}'"


def raw_layout(relation: str, as_of: datetime) -> Layout:
    """Events as they came, in Parquet or a view: ids and names are texts."""
    everyone = f"SELECT DISTINCT user_id FROM {relation} WHERE timestamp <= TIMESTAMP '{as_of}'"
    return Layout(relation, "user_id", "timestamp", "event", _text, everyone, "{users}")


def store_layout(keys: dict[str, int]) -> Layout:
    """The layout of the event store, with the dictionaries `users` and `event_names`; `keys` gives each event name's key."""
    return Layout(
        relation="events",
        user="user_key",
        timestamp="ts",
        event_column="event_key",
        event=lambda name: str(keys[name]),
        everyone="SELECT user_key FROM users",
        names="SELECT user_id FROM ({users}) JOIN users USING (user_key)",
    )


def clickhouse_layout(relation: str, as_of: datetime) -> Layout:
    """Events as they came, read by ClickHouse."""
    instant = "toDateTime64('{}', 6, 'UTC')"
    return Layout(
        relation=relation,
        user="user_id",
        timestamp="timestamp",
        event_column="event",
        event=_text,
        everyone=f"SELECT DISTINCT user_id FROM {relation} WHERE timestamp <= {instant.format(as_of)}",
        names="{users}",
        instant=instant,
        unique="uniqExact({})",
        day="toDate({})",
        first_of="argMin",
        last_of="argMax",
        starts_with="startsWith",
        joined=False,
    )


def question_sql(question: Question, layout: Layout, as_of: datetime) -> str:
    """One SELECT of the column `user_id`: who is in the answer as of that instant (UTC)."""
    first, *others = [leaf_sql(leaf, layout, as_of) for leaf in question.all_of] or [layout.everyone]
    without = [leaf_sql(leaf, layout, as_of) for leaf in question.none_of]
    if not others and not without:
        return layout.names.format(users=first)
    if layout.joined:
        joins = [f"SEMI JOIN ({leaf}) USING ({layout.user})" for leaf in others]
        joins += [f"ANTI JOIN ({leaf}) USING ({layout.user})" for leaf in without]
        users = f"SELECT {layout.user} FROM ({first}) {' '.join(joins)}"
    else:
        tests = [f"{layout.user} IN ({leaf})" for leaf in others] + [f"{layout.user} NOT IN ({leaf})" for leaf in without]
        users = f"SELECT {layout.user} FROM ({first}) WHERE {' AND '.join(tests)}"
    return layout.names.format(users=users)


def leaf_sql(leaf: Leaf, layout: Layout, as_of: datetime) -> str:
    """One SELECT of each user of a leaf, once."""
    tests = [] if leaf.event == "*" else [f"{layout.event_column} = {layout.event(leaf.event)}"]
    first_time = leaf.measure is not None and leaf.measure.kind == "first_time"
    begin = None if leaf.within is None else _instant(layout, as_of - timedelta(days=leaf.within))
    if begin and not first_time:
        tests.append(f"{layout.timestamp} > {begin}")
    tests.append(f"{layout.timestamp} <= {_instant(layout, as_of - timedelta(days=leaf.until))}")
    tests += [_compared(compare.key, compare, layout) for compare in leaf.where]
    matching = f"FROM {layout.relation} WHERE {' AND '.join(tests)}"
    if leaf.measure is None:
        return f"SELECT DISTINCT {layout.user} {matching}"
    if first_time:
        having = f"min({layout.timestamp}) > {begin}" if begin else "true"
    else:
        having = _compared(_measured(leaf.measure, layout), leaf.measure, layout)
    return f"SELECT {layout.user} {matching} GROUP BY {layout.user} HAVING {having}"


def _instant(layout: Layout, instant: datetime) -> str:
    return layout.instant.format(instant)


def _compared(left: str, compare: Compare | Measure, layout: Layout) -> str:
    if isinstance(compare.value, tuple):
        return f"{left} IN ({', '.join(map(_text, compare.value))})"
    literal = _text(compare.value) if isinstance(compare.value, str) else str(compare.value)
    if compare.operator == "starts_with":
        return f"{layout.starts_with}({left}, {literal})"
    return f"{left} {_SIGNS[compare.operator]} {literal}"


def _measured(measure: Measure, layout: Layout) -> str:
    order = f"({layout.timestamp}, message_id)"
    match measure.kind:
        case "count":
            return "count(*)"
        case "days":
            return layout.unique.format(layout.day.format(layout.timestamp))
        case "unique":
            return layout.unique.format(measure.key)
        case "earliest":
            return f"{layout.first_of}({measure.key}, {order})"
        case "latest":
            return f"{layout.last_of}({measure.key}, {order})"
        case _:
            return f"{measure.kind}({measure.key})"
