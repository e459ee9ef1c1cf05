"""Time zones as macros: DuckDB's own tables of zone rules are older than Python's, and its reading of clock changes is another.

The plan computes calendar bounds in Python; what SQL computes must agree to the microsecond. So both take the rules from
Python's zoneinfo. A zone becomes, for each direction, a table by year: the offset at its beginning, and when and by how much it
changes. The tables are DuckDB variables, lists of microseconds; a macro looks its year up and adds. From the year 2101 on DuckDB's own
conversion answers.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import count
from zoneinfo import ZoneInfo

from msgspec import Struct

from engage_cli.plan.zones import FIRST, LAST, changes, offset_at

MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 (instants in UTC and local times are both naive here, as in DuckDB)
NEVER = 1 << 62


# ---- tables by year ----------------------------------------------------------------------------------------------------


class Step(Struct, frozen=True):
    """From the clock reading `at` on `by` is added; what lies from `at` up to `until` is all one instant."""

    at: datetime
    until: datetime
    by: timedelta


def _local_steps(zone: str) -> list[Step]:
    """From UTC to local time."""
    return [Step(change.at, change.at, change.after - change.before) for change in changes(zone)]


def _utc_steps(zone: str) -> list[Step]:
    """From local time to UTC: a local time means the first instant whose clock has reached it.

    Where clocks go back that is the first of two, where they go forward the end of the gap.
    """
    steps = []
    for change in changes(zone):
        reached = change.at + change.before
        steps.append(Step(reached, max(reached, change.at + change.after), change.before - change.after))
    return steps


class Tables(Struct, frozen=True):
    """A conversion: `first` everywhere, then what is looked up by year, and the steps that are written out."""

    first: timedelta
    begin: int
    """The first year of the lists. Their first entry stands for all years before."""
    lists: dict[str, list[int]]
    """`base`, the offset at the beginning of each year, and `at_n` and `by_n` of its n-th step. None where nothing is looked up."""
    alone: tuple[tuple[Step, datetime, datetime], ...]
    """Steps of no list, each with the time from which and up to which it counts."""


ALONE = 4
"""So many steps at most are written out: the rare ones, before a zone had summer time, or the third of a year. Each list costs more."""


def _tables(steps: Sequence[Step], first: timedelta) -> Tables:
    begin = steps[ALONE].at.year if len(steps) > ALONE else LAST + 1
    early = [(step, _january(1), _january(begin)) for step in steps if step.at.year < begin]
    if begin > LAST:
        return Tables(first, begin, {}, tuple(early))
    years = range(begin, LAST + 1)
    of_year: dict[int, list[Step]] = {year: [] for year in years}
    for step in steps:
        for year in range(step.at.year, step.until.year + 1):
            if year in of_year:
                of_year[year].append(step)
    columns, late = _columns(of_year)
    offsets = [first]
    for step in steps:
        offsets.append(offsets[-1] + step.by)
    places = {step: place for place, step in enumerate(steps)}
    before = [places[own[0]] if own else sum(step.until.year < year for step in steps) for year, own in of_year.items()]
    lists = {"base": [offsets[number] // MICROSECOND for number in (0, *before)]}
    for number in range(columns):
        column = [None, *(own[number] if number < len(own) else None for own in of_year.values())]
        lists[f"at_{number}"] = [_micros(step.at) if step else NEVER for step in column]
        lists[f"by_{number}"] = [step.by // MICROSECOND if step else 0 for step in column]
    return Tables(first, begin, lists, (*early, *late))


def _columns(of_year: Mapping[int, Sequence[Step]]) -> tuple[int, list[tuple[Step, datetime, datetime]]]:
    """How many steps of a year the lists have, so that few are left, and those."""
    for columns in count():
        late = [(step, _january(year), _january(year + 1)) for year, own in of_year.items() for step in own[columns:]]
        if len(late) <= ALONE:
            break
    return columns, late


def _january(year: int) -> datetime:
    return EPOCH.replace(year=year)


def _micros(reading: datetime) -> int:
    return (reading - EPOCH) // MICROSECOND


# ---- macros ------------------------------------------------------------------------------------------------------------


class ZoneMacro(Struct, frozen=True):
    """A macro (`name(parameters) AS body`) and the variables that it reads."""

    macro: str
    variables: dict[str, list[int]]


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
def zone_macros(zone: str) -> tuple[ZoneMacro, ZoneMacro]:
    """The zone's two macros, to and from its local time."""
    assert re.fullmatch(r"[\w+/-]+", zone, re.ASCII), zone
    found = changes(zone)
    first = found[0].before if found else offset_at(ZoneInfo(zone), datetime(FIRST, 1, 1, tzinfo=UTC))
    return (
        _macro(local_macro(zone), _tables(_local_steps(zone), first), f"timezone('{zone}', timezone('UTC', moment))", gaps=False),
        _macro(utc_macro(zone), _tables(_utc_steps(zone), -first), f"timezone('UTC', timezone('{zone}', moment))", gaps=True),
    )


def _macro(name: str, tables: Tables, later: str, *, gaps: bool) -> ZoneMacro:
    """A moment moved as the tables say. Without CASE for the steps, so that DuckDB evaluates a repeated argument once.

    `gaps`: where a step takes away, so much of it is taken as has passed since: until all has, that is one instant.
    """

    def entry(table: str) -> str:
        return f"getvariable('{name}_{table}')[greatest(year(moment), {tables.begin - 1}) - {tables.begin - 2}]"

    def added(at: str, by: str) -> str:
        return f"greatest({by}, {at} - epoch_us(moment))" if gaps else by

    parts = ["epoch_us(moment)", entry("base") if tables.lists else str(tables.first // MICROSECOND)]
    for number in range(sum(table.startswith("at_") for table in tables.lists)):
        at, by = entry(f"at_{number}"), entry(f"by_{number}")
        parts.append(f"CAST(epoch_us(moment) >= {at} AS BIGINT) * {added(at, by)}")
    for step, since, until in tables.alone:
        counts = f"epoch_us(moment) >= {_micros(max(step.at, since))} AND epoch_us(moment) < {_micros(until)}"
        parts.append(f"CAST({counts} AS BIGINT) * {added(str(_micros(step.at)), str(step.by // MICROSECOND))}")
    body = f"CASE WHEN moment < TIMESTAMP '{LAST + 1}-01-01' THEN make_timestamp({' + '.join(parts)}) ELSE {later} END"
    return ZoneMacro(f"{name}(moment) AS {body}", {f"{name}_{table}": values for table, values in tables.lists.items()})


def reading_macro_of(source_zone: str, project_zone: str) -> str:
    """The macro of `reading_macro`, over the zones' own and time_in_text (macros.py)."""
    return (
        f"{reading_macro(source_zone, project_zone)}(text) AS in_years(list_transform([time_in_text(text)], lambda found: CASE found.kind "
        f"WHEN 'local' THEN {utc_macro(source_zone)}(found.at) WHEN 'day' THEN {utc_macro(project_zone)}(found.at) ELSE found.at END)[1])"
    )
