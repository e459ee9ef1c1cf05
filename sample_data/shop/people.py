"""Who the shop's customers are: the persona that drives each of them, and the facts about them that profiles hold."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sample_data.shop.catalogue import CITIES, FIRST_NAMES, City
from sample_data.shop.dice import Dice

FIRST_DAY = date(2026, 5, 1)
LAST_DAY = date(2026, 11, 22)

SHOPPERS = 3300
GUESTS = 60
STAFF = 12
ROBOTS = 3

# People whose id came over from the shop's first system, where ids were numbers of five digits. `815` and `00815` are
# two people: whoever reads ids as numbers makes them one.
OLD_IDS = 120


@dataclass(frozen=True)
class Persona:
    """A way to be a customer.

    `visits` is the mean number of visits a week while active; `fills_cart` and `orders` are the chances that a visit
    fills a cart and that a filled cart is ordered; `opens_email` is the chance that an email is opened.
    """

    name: str
    visits: float
    fills_cart: float
    orders: float
    opens_email: float


BROWSER = Persona("browser", 0.16, 0.14, 0.05, 0.03)
OCCASIONAL = Persona("occasional", 0.11, 0.55, 0.5, 0.07)
REGULAR = Persona("regular", 0.45, 0.5, 0.6, 0.18)
LAPSED = Persona("lapsed", 0.42, 0.5, 0.6, 0.1)
NEWCOMER = Persona("newcomer", 0.75, 0.35, 0.4, 0.2)
FAN = Persona("fan", 1.0, 0.55, 0.7, 0.4)
DORMANT = Persona("dormant", 0.0, 0.0, 0.0, 0.01)
GUEST = Persona("guest", 0.3, 0.5, 0.5, 0.0)
STAFF_MEMBER = Persona("staff", 0.6, 0.4, 0.3, 0.1)
ROBOT = Persona("robot", 0.0, 0.0, 0.0, 0.0)

_SHARES = {BROWSER: 34.0, OCCASIONAL: 27.0, REGULAR: 9.0, LAPSED: 12.0, NEWCOMER: 8.0, FAN: 2.5, DORMANT: 7.5}


@dataclass(frozen=True)
class Person:
    """A customer as they are, before what the shop does not know of them is left out of their profile.

    `activity` multiplies the persona's visits; `active_from` and `active_until` (UTC) bound what they do.
    `plan` is the paid plan that they are on, or `free`.
    """

    number: int
    user_id: str
    persona: Persona
    city: City
    first_name: str
    platform: str
    signed_up_at: datetime
    active_from: datetime
    active_until: datetime
    activity: float
    plan: str
    billing: str
    source: str

    @property
    def has_profile(self) -> bool:
        """Guests check out without an account: the shop has their events and no profile."""
        return self.persona is not GUEST

    def local_to_utc(self, local: datetime) -> datetime:
        """The UTC instant of a local time where the person lives (winter time all year)."""
        return local - timedelta(minutes=self.city.utc_offset)


def people() -> Iterator[Person]:
    """Everybody who ever did something at the shop, in the order of their numbers."""
    for number in range(1, SHOPPERS + 1):
        yield _person(number, Dice("persona", number).weighted(_SHARES))
    others = [GUEST] * GUESTS + [STAFF_MEMBER] * STAFF + [ROBOT] * ROBOTS
    for number, persona in enumerate(others, start=SHOPPERS + 1):
        yield _person(number, persona)


def _person(number: int, persona: Persona) -> Person:
    dice = Dice("person", number)
    city = _city(dice, persona)
    signed_up_at = _signed_up_at(dice, persona)
    active_from = max(signed_up_at, _midnight(FIRST_DAY))
    return Person(
        number=number,
        user_id=_user_id(number),
        persona=persona,
        city=city,
        first_name=_first_name(dice, city),
        platform=dice.weighted({"web": 60, "ios": 24, "android": 16}),
        signed_up_at=signed_up_at,
        active_from=active_from,
        active_until=_active_until(dice, persona, active_from),
        activity=dice.heavy_tail(most=6),
        plan=_plan(dice, persona),
        billing=dice.weighted({"monthly": 60, "yearly": 40}),
        source=dice.weighted({"organic": 34, "ads": 27, "social": 16, "referral": 12, "partner": 7, "email": 4}),
    )


def _user_id(number: int) -> str:
    if number <= OLD_IDS:
        return f"{number * 5 + 600:05d}"
    if number == OLD_IDS + 1:
        return "815"
    return f"u{number:05d}"


def _city(dice: Dice, persona: Persona) -> City:
    if persona is STAFF_MEMBER:
        return CITIES[0]
    return dice.weighted({city: city.weight for city in CITIES})


def _first_name(dice: Dice, city: City) -> str:
    return dice.pick(FIRST_NAMES.get(city.language[:2], FIRST_NAMES["en"]).split())


def _signed_up_at(dice: Dice, persona: Persona) -> datetime:
    if persona is NEWCOMER:
        first, last = LAST_DAY - timedelta(days=44), LAST_DAY
    elif persona in (REGULAR, LAPSED, FAN, STAFF_MEMBER):
        first, last = date(2022, 1, 10), date(2026, 6, 30)
    elif persona is DORMANT:
        first, last = date(2022, 1, 10), date(2025, 12, 31)
    else:
        first, last = date(2023, 6, 1), date(2026, 11, 15)
    day = first + timedelta(days=dice.between(0, (last - first).days))
    return _midnight(day) + timedelta(seconds=dice.between(6 * 3600, 24 * 3600 - 1))


def _active_until(dice: Dice, persona: Persona, active_from: datetime) -> datetime:
    end = _midnight(LAST_DAY) + timedelta(days=1)
    if persona is not LAPSED:
        return end
    return min(end, active_from + timedelta(days=dice.between(20, 150)))


def _plan(dice: Dice, persona: Persona) -> str:
    if persona in (FAN, REGULAR):
        return dice.weighted({"free": 50, "plus": 35, "pro": 15})
    if persona in (DORMANT, GUEST, ROBOT):
        return "free"
    return dice.weighted({"free": 86, "plus": 11, "pro": 3})


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())
