"""Short forms for worked examples of journeys: a text of YAML and a few events in, what happened as lines of text out.

A line of a trace is `day time from > to cause`, then the branch and the event that did it, if any: `2T10:00 wait > nudge branch b m1`.
Days are those of November 2026; `.` is outside (before the entry, after the end).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from tests.reference.dataset import Dataset, EventRow, ProfileRow
from tests.reference.examples import utc
from tests.reference.journeys import History, Results, Transition, simulate
from tests.reference.values import Value
from tests.support.reference import load_yaml

LAST_TICK = "30T00:00"


def at(text: str) -> datetime:
    """`2T10:00` is 2 November 2026, ten o'clock UTC."""
    day, _, time = text.partition("T")
    return utc(f"2026-11-{int(day):02} {time or '00:00'}")


def did(event: str, when: str, key: str, user: str = "ann", **properties: Value) -> EventRow:
    """An event; `key` is its message id."""
    return EventRow(user, event, at(when), properties, key)


def said(when: str | None, user: str = "ann", **traits: Value) -> ProfileRow:
    """A row of a change log of profiles, or (None) of a snapshot."""
    return ProfileRow(user, traits, at(when) if when else None)


def history(text: str, *rows: Any, ticks: Sequence[str] = (LAST_TICK,), late: Mapping[str, int] | None = None, **more: Any) -> History:
    """The definitions of a YAML text over the rows. `late` says by which tick an event is there, by its message id."""
    events = [row for row in rows if isinstance(row, EventRow)]
    profiles = [row for row in rows if isinstance(row, ProfileRow)]
    consents = [row for row in rows if not isinstance(row, EventRow | ProfileRow)]
    dataset = Dataset(events=events, profiles=profiles, consents=consents)
    return History(load_yaml(text), dataset, [at(tick) for tick in ticks], came_in=late or {}, **more)


def run(text: str, *rows: Any, ticks: Sequence[str] = (LAST_TICK,), **more: Any) -> Results:
    """What the journey of the text did; of several the last."""
    done = history(text, *rows, ticks=ticks, **more)
    return simulate(done)[list(done.of_kind("journey"))[-1]]


def traces(results: Results) -> list[list[str]]:
    """The moves of every instance, the instances in the order of their entries."""
    return [[line(row) for row in results.transitions if row.instance_id == entry.instance_id] for entry in results.entries]


def trace(results: Results) -> list[str]:
    """The moves of the one instance."""
    (only,) = traces(results)
    return only


def line(row: Transition) -> str:
    """One move as a line."""
    token = [f"[{row.token}]"] if row.token else []
    moved = [_time(row.moved_at), *token, row.from_step or ".", ">", row.to_step or ".", row.cause]
    return " ".join([*moved, *(part for part in (row.branch, row.event_id) if part)])


def stays(results: Results) -> list[str]:
    """Every instance: `2T10:00 to 2T12:00 completed`, with its user (unless ann) and key."""
    rows = []
    for entry in results.entries:
        who = [part for part in (entry.user_id if entry.user_id != "ann" else None, entry.key) if part]
        end = [_time(entry.ended_at), entry.end_reason or ""] if entry.ended_at else ["now"]
        rows.append(" ".join([*who, _time(entry.entered_at), "to", *end]))
    return rows


def sends(results: Results) -> list[str]:
    """Every candidate: `2T10:00 nudge`."""
    return [f"{_time(row.scheduled_at)} {row.step}" for row in results.candidates]


def standing(results: Results) -> list[str]:
    """Every position: the step, since when, and since when it waits if that is later; with the token under a fork."""
    rows = []
    for row in results.positions:
        waiting = [f"({_time(row.waiting_since)})"] if row.waiting_since != row.arrived_at else []
        rows.append(" ".join([*([f"[{row.token}]"] if row.token else []), row.step, _time(row.arrived_at), *waiting]))
    return rows


def same_for_any_schedule(done: History, *schedules: Sequence[str]) -> bool:
    """Whether these schedules all give what the history's own gives (all must end with the same tick)."""
    expected = simulate(done)
    return all(simulate(replace(done, schedule=[at(tick) for tick in ticks])) == expected for ticks in schedules)


def _time(instant: datetime) -> str:
    text = f"{instant.day}T{instant:%H:%M}"
    return text + (f":{instant:%S.%f}".rstrip("0").rstrip(".") if instant.second or instant.microsecond else "")
