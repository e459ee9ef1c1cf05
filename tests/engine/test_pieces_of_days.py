"""Long stretches in pieces of local days: every instant is in one of them, and its day is a day of that one alone."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engage_cli.plan.instants import Bound, DayPiece, Stretch, pieces_of_days

ZONES = [
    "UTC",
    "Europe/London",
    "America/St_Johns",
    "America/Havana",
    "Pacific/Apia",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
]
"""Some whose clocks go back over midnight (St. John's until 2011, São Paulo), one that left out a day."""


def holds(piece: DayPiece, instant: datetime) -> bool:
    """Whether an instant lies in a piece."""
    low, high = piece.stretch.low, piece.stretch.high
    assert high is not None and isinstance(high.instant, datetime)
    begun = True
    if low is not None:
        assert isinstance(low.instant, datetime)
        begun = instant >= low.instant if low.inclusive else instant > low.instant
    return begun and (instant <= high.instant if high.inclusive else instant < high.instant)


@given(
    name=st.sampled_from(ZONES),
    first=st.datetimes(datetime(2005, 1, 1), datetime(2013, 1, 1)),
    length=st.integers(1, 400),
    low=st.none() | st.integers(-50, 300),
    most=st.sampled_from([8, 64]),
)
@settings(max_examples=25)
def test_every_instant_is_in_one_piece_which_has_its_day(name: str, first: datetime, length: int, low: int | None, most: int) -> None:
    zone, begin = ZoneInfo(name), first.replace(tzinfo=UTC)
    end = begin + timedelta(days=length)
    since = None if low is None else begin + timedelta(days=min(low, length))
    stretch = Stretch(None if since is None else Bound(since, inclusive=False), Bound(end, inclusive=True))
    pieces = pieces_of_days(stretch, begin, zone, most)
    assert [one.stretch.high for one in pieces[:-1]] == [
        Bound(one.stretch.low.instant, inclusive=False) for one in pieces[1:] if one.stretch.low is not None
    ]
    assert (pieces[0].stretch.low, pieces[-1].stretch.high) == (stretch.low, stretch.high)
    days = [date.fromordinal(piece.first.toordinal() + day) for piece in pieces for day in range(piece.count)]
    assert len(days) == len(set(days))
    assert all(1 <= piece.count <= most for piece in pieces)
    instant = max(begin, since + timedelta(microseconds=1)) if since is not None else begin
    while instant <= end:
        [piece] = [one for one in pieces if holds(one, instant)]
        assert piece.first <= instant.astimezone(zone).date() < piece.first + timedelta(days=piece.count)
        instant += timedelta(hours=5, minutes=59)


@pytest.mark.parametrize("name", ["America/St_Johns", "America/Sao_Paulo"])
def test_no_piece_ends_where_a_day_comes_twice(name: str) -> None:
    zone = ZoneInfo(name)
    begin = datetime(2009, 1, 1, 12, tzinfo=UTC)
    for shift in range(0, 64, 4):
        first = begin + timedelta(days=shift)
        end = first + timedelta(days=700)
        pieces = pieces_of_days(Stretch(None, Bound(end, inclusive=True)), first, zone, 64)
        for piece in pieces[:-1]:
            assert piece.stretch.high is not None and isinstance(piece.stretch.high.instant, datetime)
            cut = piece.stretch.high.instant
            around = {(cut + timedelta(minutes=10 * step)).astimezone(zone).utcoffset() for step in range(-144, 145, 2)}
            assert len(around) == 1


def test_there_are_no_pieces_where_days_are_not_known() -> None:
    assert pieces_of_days(Stretch(), None, ZoneInfo("UTC"), 64) == ()


def test_pieces_end_before_the_end_of_all_dates() -> None:
    end = datetime(9999, 12, 31, 23, tzinfo=UTC)
    pieces = pieces_of_days(Stretch(None, Bound(end, inclusive=True)), end - timedelta(days=128), ZoneInfo("Europe/London"), 64)
    assert sum(piece.count for piece in pieces) == 131
