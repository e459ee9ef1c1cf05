"""The shop's app: raw Segment calls of devices, most of them before anybody signed in on them, and some of whom nobody ever did."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta

from sample_data.shop.dice import Dice
from sample_data.shop.people import LAST_DAY, Person

VISITORS = 48
"""Devices on which nobody ever signed in."""
TEST_DEVICE = "00000000-0000-0000-0000-000000000000"
"""What an emulator says it is: everybody's, and so nobody's."""
_VERSIONS = ("4.1", "4.2", "5.0")
_DAYS = 28

Call = dict[str, object]


def calls(everybody: list[Person]) -> list[Call]:
    """All calls of the last four weeks, in the order of their times."""
    found = [call for person in everybody for call in _of_person(person)]
    found += [call for number in range(VISITORS) for call in _of_visitor(number)]
    return sorted(found, key=lambda call: (str(call["timestamp"]), str(call["messageId"])))


def _of_person(person: Person) -> Iterator[Call]:
    dice = Dice("app", person.number)
    if not person.has_profile or person.platform == "web" or not dice.chance(0.12):
        return
    at = max(_begin(dice), person.active_from + timedelta(hours=1))
    if at > person.active_until - timedelta(days=1):
        return
    device = TEST_DEVICE if dice.chance(0.03) else _device(dice)
    for _ in range(dice.between(1, 3)):
        yield _opened(dice, at, device)
        at += timedelta(minutes=dice.between(5, 600))
    yield {**_call(dice, "identify", at, device), "userId": person.user_id, "traits": {}}
    for _ in range(dice.between(0, 3)):
        at += timedelta(minutes=dice.between(5, 900))
        yield _opened(dice, at, device) if dice.chance(0.4) else {**_opened(dice, at, device), "userId": person.user_id}


def _of_visitor(number: int) -> Iterator[Call]:
    dice = Dice("visitor", number)
    at, device = _begin(dice), _device(dice)
    for _ in range(dice.between(1, 4)):
        yield _opened(dice, at, device)
        at += timedelta(minutes=dice.between(5, 1200))


def _begin(dice: Dice) -> datetime:
    return datetime.combine(LAST_DAY, time()) - timedelta(minutes=dice.between(4 * 24 * 60, _DAYS * 24 * 60))


def _device(dice: Dice) -> str:
    return "-".join(dice.digits(length) for length in (8, 4, 4, 4, 12))


def _opened(dice: Dice, at: datetime, device: str) -> Call:
    return {**_call(dice, "track", at, device), "event": "App Opened", "properties": {"version": dice.pick(_VERSIONS)}}


def _call(dice: Dice, kind: str, at: datetime, device: str) -> Call:
    return {"type": kind, "messageId": f"app-{dice.digits(12)}", "anonymousId": device, "timestamp": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
