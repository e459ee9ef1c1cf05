"""The flaws of real exports, put into the events on purpose: what a reader of such files has to withstand.

A few of each kind; `sample_data/README.md` lists them, and `tests/test_sample_data.py` holds the files to the list.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from sample_data.shop.dice import Dice
from sample_data.shop.events import Event
from sample_data.shop.people import LAST_DAY


def with_oddities(events: list[Event]) -> list[tuple[date, Event]]:
    """The events with their flaws, each with the day on which it came in, which decides the file that has it."""
    dice = Dice("oddities")
    arrivals = [(event.at.date(), event) for event in events if event.at is not None]
    arrivals = [(day, _flawed(event, dice)) for day, event in arrivals]
    return [*arrivals, *_retries(arrivals, dice), *_twins(arrivals, dice), *_unusable(arrivals, dice), *_dead_battery(arrivals)]


def _flawed(event: Event, dice: Dice) -> Event:
    """The event as it came in: now and then without an id or properties, or from a clock that is ahead."""
    assert event.at is not None
    if dice.chance(0.0008):
        return replace(event, message_id=dice.pick((None, "")))
    if event.name == "Page Viewed" and dice.chance(0.004):
        return replace(event, properties=None)
    if event.name == "Product Viewed" and dice.chance(0.0005):
        return replace(event, at=event.at + timedelta(days=dice.pick((240, 365, 3650))))
    return event


def _retries(arrivals: list[tuple[date, Event]], dice: Dice) -> Iterator[tuple[date, Event]]:
    """The same message once more: word for word, some seconds later, or in the next month's file."""
    for day, event in arrivals:
        if event.at is None or not event.message_id or not dice.chance(0.0006):
            continue
        match dice.pick(("same", "later", "next month")):
            case "same":
                yield day, event
            case "later":
                yield day, replace(event, at=event.at + timedelta(seconds=dice.between(1, 90)))
            case _:
                yield min(day + timedelta(days=30), LAST_DAY), event


def _twins(arrivals: list[tuple[date, Event]], dice: Dice) -> Iterator[tuple[date, Event]]:
    """Events without an id that are equal in everything to another one, and yet two."""
    without_id = [(day, event) for day, event in arrivals if not event.message_id]
    for _ in range(3):
        yield dice.pick(without_id)


def _unusable(arrivals: list[tuple[date, Event]], dice: Dice) -> Iterator[tuple[date, Event]]:
    """Rows without a user or a time, which nobody can do anything with."""
    month = [(day, event) for day, event in arrivals if day.month in (7, 9)]
    for user_id in (None, None, ""):
        day, event = dice.pick(month)
        yield day, replace(event, user_id=user_id, message_id=f"m{dice.digits(14)}")
    for _ in range(2):
        day, event = dice.pick(month)
        yield day, replace(event, at=None, message_id=f"m{dice.digits(14)}")


def _dead_battery(arrivals: list[tuple[date, Event]]) -> Iterator[tuple[date, Event]]:
    """Two visits of August, from a phone that had lost its clock and began again in 1970."""
    august = [(day, event) for day, event in arrivals if day.month == 8 and event.name == "Product Viewed"]
    for number, (day, event) in enumerate(august[:2], start=1):
        at = datetime.combine(date(1970, 1, 1), time(0, 3, number))
        yield day, replace(event, at=at, message_id=f"m{Dice('battery', number).digits(14)}")


BROKEN_LINES = (
    '{"message_id":"mbroken00000001","event":"Page Viewed","timestamp":"2026-11-04T10:00:00Z","properties":{}}',
    '{"message_id":"mbroken00000002","user_id":"","event":"Page Viewed","timestamp":"2026-11-04T10:00:01Z","properties":{}}',
    '{"message_id":"mbroken00000003","user_id":"u00200","event":"Page Viewed","timestamp":"2026-13-45T10:00:00Z","properties":{}}',
    '{"message_id":"mbroken00000004","user_id":"u00201","event":"Page Viewed","timestamp":"yesterday","properties":{}}',
    '{"message_id":"mbroken00000005","user_id":"u00202","event":"Page Viewed","timestamp":',
    "{message_id: 'mbroken00000006', user_id: 'u00203', event: 'Page Viewed'}",
    "<html><body>502 Bad Gateway</body></html>",
)
