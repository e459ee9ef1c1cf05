"""Time zones as macros: DuckDB's own tables of zone rules are older than Python's, and its reading of clock changes is another.

The plan computes calendar bounds in Python; what SQL computes must agree to the microsecond. So both take the rules from
Python's zoneinfo: a zone becomes a pair of macros, DuckDB's own conversion where the two agree, else a search tree over the
zone's transitions. From the year 2101 on DuckDB's own conversion answers.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

FIRST = datetime(1840, 1, 1, tzinfo=UTC)
LAST = datetime(2101, 1, 1, tzinfo=UTC)
STEP = timedelta(days=2)
"""No zone ever changed its offset twice within two days."""
SECOND = timedelta(seconds=1)
BEGINNING = datetime(1, 1, 1)  # noqa: DTZ001 (an instant in UTC, or a local time)


@dataclass(frozen=True, slots=True)
class Transition:
    """From the UTC instant `at` on (naive) local time is UTC plus `offset`."""

    at: datetime
    offset: timedelta


@lru_cache(maxsize=64)
def transitions(zone: str) -> tuple[Transition, ...]:
    """The zone's offsets in order; the first has held since the year 1."""
    info = ZoneInfo(zone)
    found = [Transition(BEGINNING, _offset(info, FIRST))]
    instant = FIRST
    while instant < LAST:
        later = instant + STEP
        if _offset(info, later) != found[-1].offset:
            change = _change_between(info, instant, later)
            found.append(Transition(change.replace(tzinfo=None), _offset(info, change)))
        instant = later
    return tuple(found)


def _offset(info: ZoneInfo, instant: datetime) -> timedelta:
    offset = instant.astimezone(info).utcoffset()
    assert offset is not None
    return offset


def _change_between(info: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first whole second with another offset than `before` has."""
    old = _offset(info, before)
    while after - before > SECOND:
        middle = before + timedelta(seconds=(after - before) // SECOND // 2)
        before, after = (middle, after) if _offset(info, middle) == old else (before, middle)
    return after


# ---- macros ------------------------------------------------------------------------------------------------------------


def local_macro(zone: str) -> str:
    """The name of the macro from UTC to the zone's local time."""
    return f"LOCAL_IN_{_identifier(zone)}"


def utc_macro(zone: str) -> str:
    """The name of the macro from the zone's local time to UTC."""
    return f"UTC_FROM_{_identifier(zone)}"


def reading_macro(source_zone: str, project_zone: str) -> str:
    """The name of the macro that reads text as an instant: without an offset in the one zone, a bare date in the other."""
    return f"INSTANT_OF_TEXT_{_identifier(source_zone)}_DAYS_{_identifier(project_zone)}"


def _identifier(zone: str) -> str:
    spelled = zone.replace("+", "_PLUS_").replace("/", "_").replace("-", "_")
    assert re.fullmatch(r"\w+", spelled, re.ASCII), zone
    return spelled.upper()


@lru_cache(maxsize=64)
def agreement_query(zone: str) -> str:
    """A query of one boolean: whether DuckDB's own conversion knows the zone's rules as Python does.

    It is asked on both sides of every transition and midway to the next.
    """
    changes = transitions(zone)
    probes: list[tuple[datetime, datetime]] = []
    for before, change in pairwise(changes):
        last = change.at - timedelta(microseconds=1)
        probes += [(last, last + before.offset), (change.at, change.at + change.offset)]
        midway = change.at - (change.at - max(before.at, FIRST.replace(tzinfo=None))) / 2
        probes.append((midway, midway + before.offset))
    end = LAST.replace(tzinfo=None) - timedelta(days=1)
    probes.append((end, end + changes[-1].offset))
    rows = ", ".join(f"(TIMESTAMP '{instant}', TIMESTAMP '{local}')" for instant, local in probes)
    return f"SELECT bool_and({_own_local(zone, 'instant')} = local) FROM (VALUES {rows}) AS probe(instant, local)"  # noqa: S608 - no data


@lru_cache(maxsize=64)
def zone_macros(zone: str, *, agrees: bool) -> tuple[str, str]:
    """The zone's two macros, to and from its local time (`name(parameters) AS body`).

    Where DuckDB's rules agree with Python's, its own conversion is used, eight times faster than the search: to local time always,
    to UTC unless the clock changes within a day.
    """
    assert re.fullmatch(r"[\w+/-]+", zone, re.ASCII), zone
    if zone == "UTC":
        return f"{local_macro(zone)}(moment) AS moment", f"{utc_macro(zone)}(moment) AS moment"
    changes = transitions(zone)
    far = f"t >= TIMESTAMP '{LAST.replace(tzinfo=None)}'"
    to_utc = _bound_once(f"CASE WHEN {far} THEN {_own_utc(zone, 't')} ELSE {_tree(_local_pieces(changes))} END")
    if agrees:
        guess = _own_utc(zone, "moment")
        steady = " AND ".join(f"{_own_local(zone, f'{guess} {sign} INTERVAL 1 DAY')} = moment {sign} INTERVAL 1 DAY" for sign in ("-", "+"))
        local, utc = _own_local(zone, "moment"), f"CASE WHEN {steady} THEN {guess} ELSE {to_utc} END"
    else:
        search = _tree([(change.at, _shifted(change.offset)) for change in changes])
        local, utc = _bound_once(f"CASE WHEN {far} THEN {_own_local(zone, 't')} ELSE {search} END"), to_utc
    return (
        f"{local_macro(zone)}(moment) AS {local}",
        f"{utc_macro(zone)}(moment) AS {utc}",
    )


def reading_macro_of(source_zone: str, project_zone: str) -> str:
    """The macro of `reading_macro`, over the zones' own and time_in_text (macros.py)."""
    return (
        f"{reading_macro(source_zone, project_zone)}(text) AS in_years(list_transform([time_in_text(text)], lambda found: CASE found.kind "
        f"WHEN 'local' THEN {utc_macro(source_zone)}(found.at) WHEN 'day' THEN {utc_macro(project_zone)}(found.at) ELSE found.at END)[1])"
    )


def _own_local(zone: str, instant: str) -> str:
    return f"timezone('{zone}', timezone('UTC', {instant}))"


def _own_utc(zone: str, local: str) -> str:
    return f"timezone('UTC', timezone('{zone}', {local}))"


def _bound_once(body: str) -> str:
    """`body`, which names `t` hundreds of times, over the macro's argument spelled out once.

    A macro is pasted where it is called: with a long argument, binding such a statement would take minutes.
    """
    return f"list_extract(list_transform([moment], lambda t: {body}), 1)"


def _local_pieces(changes: Sequence[Transition]) -> list[tuple[datetime, str]]:
    """What local time means from each local instant on.

    A local time means the first instant whose clock has reached it: that is the first of two where clocks go back, and the
    end of the gap where they go forward.
    """
    pieces = [(BEGINNING, _shifted(-changes[0].offset))]
    reached = BEGINNING
    for before, change in pairwise(changes):
        reached = max(reached, change.at + before.offset)
        begins = change.at + change.offset
        if begins > reached:
            pieces.append((reached, f"TIMESTAMP '{change.at}'"))
        pieces.append((max(begins, reached), _shifted(-change.offset)))
    return pieces


def _shifted(offset: timedelta) -> str:
    seconds = offset // SECOND
    return f"t + to_seconds({seconds})" if seconds else "t"


def _tree(pieces: Sequence[tuple[datetime, str]]) -> str:
    """A binary search for the last piece that begins at or before `t`."""
    if len(pieces) == 1:
        return pieces[0][1]
    middle = len(pieces) // 2
    return f"CASE WHEN t < TIMESTAMP '{pieces[middle][0]}' THEN {_tree(pieces[:middle])} ELSE {_tree(pieces[middle:])} END"
