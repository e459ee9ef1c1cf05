"""A simulation tells what ticks would have told, whatever the state knows of the journey, and writes nothing."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from engage_cli.definitions.values import Duration, Unit
from engage_cli.errors import UsageError
from engage_cli.records import replace
from engage_cli.service.journey_results import JourneyResults
from engage_cli.service.journey_status import JourneyStanding, journey_status
from engage_cli.service.progress import SILENT
from engage_cli.service.simulate import Simulation, simulate
from tests.journeys.shop import JOURNEY, first_tick, make_shop, rows_of, second_tick

SINCE, UNTIL = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 5, tzinfo=UTC)


def play(shop: Path, name: str = "cart_recovery", since: datetime = SINCE, until: datetime = UNTIL, sample: int = 5) -> Simulation:
    return simulate(shop, name, since, until, sample=sample, progress=SILENT)


def history(standing: JourneyStanding) -> JourneyStanding:
    """What happened, without since when people could enter, and what came of messages."""
    return replace(standing, since=None, editions=(), results=JourneyResults())


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return make_shop(tmp_path / "shop")


def test_it_tells_what_ticks_tell_and_writes_nothing(shop: Path) -> None:
    told = play(shop)
    assert not (shop / ".engage").exists()
    assert not (shop / "out").exists()
    first_tick(shop)
    before = rows_of(shop)
    assert play(shop) == told, "what really happened in it does not count"
    assert rows_of(shop) == before
    second_tick(shop)
    assert history(told.standing) == history(journey_status(shop, "cart_recovery"))
    assert {person.user for person in told.people} == {"ana", "ben", "cleo"}


def test_a_draft_is_played_from_the_instant_on_that_is_named(shop: Path) -> None:
    path = shop / "campaigns/journeys/cart.yaml"
    path.write_text(JOURNEY.replace("status: live", "status: draft"))
    told = play(shop, since=datetime(2026, 11, 1, 10, 15, tzinfo=UTC), until=datetime(2026, 11, 1, 13, 20, tzinfo=UTC), sample=1)
    assert (told.standing.entered, told.standing.inside, len(told.people)) == (4, 3, 1)
    assert path.read_text().startswith("\njourney")


def test_messages_are_counted_by_the_days_of_the_projects_zone(shop: Path) -> None:
    (shop / "engage.yaml").write_text((shop / "engage.yaml").read_text().replace("Europe/London", "Asia/Kathmandu"))
    (shop / "data/events_more.csv").write_text(
        "message_id,user_id,event,timestamp,cart_id,cart_total\n"
        "n1,dora,Cart Updated,2026-11-02T16:14:00Z,c8,90\nn2,dora,Cart Updated,2026-11-02T16:15:00Z,c9,90\n"
    )
    sends = play(shop).sends
    assert [(one.day, one.channel, one.messages) for one in sends] == [
        (date(2026, 11, 1), "email", 3),
        (date(2026, 11, 2), "email", 1),
        (date(2026, 11, 3), "email", 1),
    ]


def test_it_sees_what_really_happened_in_the_journeys_that_it_reads(shop: Path) -> None:
    (shop / "campaigns/journeys/after.yaml").write_text("""
journey: after
entry:
  on: {event: Cart Emptied}
  if: {journey: cart_recovery, status: lost_interest}
steps: [{delay: 1 day}]
""")
    assert play(shop, "after").standing.entered == 0
    second_tick(shop)
    assert play(shop, "after").standing.entered == 1


def test_a_stretch_that_ends_before_it_begins_is_refused(shop: Path) -> None:
    with pytest.raises(UsageError, match="--to 2026-10-01T00:00:00Z is before --from 2026-11-05T00:00:00Z"):
        play(shop, since=UNTIL, until=SINCE)


def test_any_schedule_of_ticks_tells_the_same(shop: Path) -> None:
    once = play(shop)
    often = simulate(shop, "cart_recovery", SINCE, UNTIL, every=Duration(5, Unit.HOUR), progress=SILENT)
    assert often == once and once.standing.entered > 3


def test_what_only_the_present_is_known_of_is_asked_at_each_tick(shop: Path) -> None:
    (shop / "campaigns/journeys/asked.yaml").write_text(
        "journey: asked\nstatus: live\nsteps: [{delay: 1 hour}]\n"
        "entry: {when: {sql: \"select 'ana' as user_id\"}, backfill: true, since: 2026-10-01}\n"
    )
    stays = []
    for every in (None, Duration(1, Unit.DAY)):
        told = simulate(shop, "asked", SINCE, UNTIL, every=every, progress=SILENT)
        stays += [one.entered_at for person in told.people for one in person.instances]
    assert stays == [UNTIL, datetime(2026, 10, 2, tzinfo=UTC)]


def test_too_many_ticks_are_refused(shop: Path) -> None:
    with pytest.raises(UsageError, match="makes more than 10000 ticks"):
        simulate(shop, "cart_recovery", SINCE, UNTIL, every=Duration(1, Unit.SECOND), progress=SILENT)
