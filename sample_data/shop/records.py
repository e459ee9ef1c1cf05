"""The tables beside the events: profiles, accounts, memberships and consents, with the gaps that such tables have."""

import unicodedata
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from sample_data.shop.dice import Dice
from sample_data.shop.moments import cancels, renews_at
from sample_data.shop.people import DORMANT, FAN, LAST_DAY, ROBOT, STAFF_MEMBER, Person

Row = dict[str, str]

PROFILE_COLUMNS = (
    "user_id",
    "email",
    "phone",
    "first_name",
    "country",
    "city",
    "timezone",
    "language",
    "plan",
    "signed_up_at",
    "birthday",
    "marketing_source",
    "renews_at",
    "loyalty_points",
    "is_staff",
    "home_store",
    "tags",
)
ACCOUNT_COLUMNS = ("account_id", "name", "industry", "employees", "plan")
MEMBERSHIP_COLUMNS = ("user_id", "account_id", "role")
CONSENT_COLUMNS = ("user_id", "channel", "group", "status", "updated_at")

GROUPS = ("newsletter", "promotions", "product_updates")

# Numbers that regulators keep free for films and examples.
_PHONE_RANGES = {"GB": ("+447700900{:03d}", 1000), "US": ("+1212555{:04d}", 100), "FR": ("+33639980{:03d}", 1000)}

# What people typed where a time zone was asked for.
_NO_ZONES = ("Mars/Base", "London", "GMT+25", "Europe/Londn")

_ACCOUNT_NAMES = (
    "Bramble & Finch", "Quillstone Studios", "Harbour Nine", "Oakhollow Dental", "Peregrine Couriers", "Saltmarsh Brewing",
    "Tallow & Wick", "Umber Architects", "Vellum Press", "Windfall Orchards", "Yarrow Yoga", "Zephyr Kites",
    "Copperline Electric", "Dovetail Joinery", "Emberlight Films", "Foxglove Florists", "Gannet Surf School",
    "Hazel & Rye Bakery", "Inkwell Legal", "Juniper Climbing Hall", "Kittiwake Ferries", "Lantern Theatre",
    "Mosswood Nursery", "Nettle & Nook", "Osprey Outfitters", "Pebble Veterinary", "Quarry Lane School",
    "Rookery Games", "Sedge Cycling Club", "Thistle Tours", "Undercroft Museum", "Vixen Robotics",
    "Wren Accounting", "Yonder Maps", "Zinc Roofing", "Almanac Books", "Bellwether Wool", "Cinder Pottery",
    "Drift Kayaks", "Eiderdown Hotels",
)  # fmt: skip
_INDUSTRIES = ("retail", "media", "hospitality", "education", "health", "logistics", "crafts", "")


def profiles(everybody: list[Person]) -> Iterator[Row]:
    """One row for each person with a profile; empty cells are what the shop never learned."""
    for person in everybody:
        if person.has_profile:
            yield _profile(person)


def accounts() -> Iterator[Row]:
    """The companies that buy for their staff."""
    for number, name in enumerate(_ACCOUNT_NAMES, start=1):
        dice = Dice("account", number)
        yield {
            "account_id": f"a{number:03d}",
            "name": name,
            "industry": dice.pick(_INDUSTRIES),
            "employees": str(int(8 * dice.heavy_tail(most=60) ** 2)) if dice.chance(0.9) else "",
            "plan": dice.weighted({"free": 5, "business": 4, "enterprise": 1}),
        }


def memberships(everybody: list[Person]) -> Iterator[Row]:
    """Who belongs to which company: some to two, one to a company that is gone, two without a profile or an event."""
    for person in everybody:
        dice = Dice("membership", person.number)
        if person.has_profile and dice.chance(0.07):
            for account in sorted({_account(dice) for _ in range(2 if dice.chance(0.1) else 1)}):
                role = dice.weighted({"buyer": 6, "viewer": 3, "owner": 1, "": 0.3})
                yield {"user_id": person.user_id, "account_id": account, "role": role}
    yield {"user_id": everybody[7].user_id, "account_id": "a999", "role": "buyer"}
    yield {"user_id": "u09001", "account_id": "a004", "role": "viewer"}
    yield {"user_id": "u09002", "account_id": "a004", "role": "owner"}


def consents(everybody: list[Person]) -> Iterator[Row]:
    """What people said to being contacted, as a log: who changed their mind has two rows."""
    for person in everybody:
        if person.has_profile and person.persona is not ROBOT:
            yield from _email_consents(person)
            yield from _phone_consents(person)
    yield _consent("u09003", "email", "", "unsubscribed", datetime.combine(date(2026, 6, 2), time(9, 30)))


def _profile(person: Person) -> Row:
    dice = Dice("profile", person.number)
    row = {
        "user_id": person.user_id,
        "email": _email(person, dice),
        "phone": _phone(person, dice),
        "first_name": person.first_name if dice.chance(0.94) else "",
        "country": person.city.country if dice.chance(0.97) else "",
        "city": person.city.name if dice.chance(0.92) else "",
        "timezone": _timezone(person, dice),
        "language": person.city.language if dice.chance(0.95) else "",
        "plan": "free" if cancels(person) else person.plan,
        "signed_up_at": _written(person.signed_up_at, dice),
        "birthday": _birthday(dice),
        "marketing_source": person.source if dice.chance(0.8) else "",
        "renews_at": _day(renews_at(person)),
        "loyalty_points": _loyalty_points(person, dice),
        "is_staff": "true" if person.persona is STAFF_MEMBER else dice.weighted({"false": 95, "": 5}),
        "home_store": (person.city.store or "") if dice.chance(0.8) else "",
        "tags": _tags(person, dice),
    }
    # A robot fills in no field that the form does not ask for.
    return row | {"country": "", "city": "", "timezone": ""} if person.persona is ROBOT else row


def _email(person: Person, dice: Dice) -> str:
    """An address in a reserved domain; a few are missing or mistyped, and some couples share one."""
    if dice.chance(0.03):
        return ""
    name = _ascii(person.first_name).lower()
    if dice.chance(0.01):
        return f"{name}{person.number}.example.com"
    if Dice("household", person.number // 2).chance(0.015):
        return f"family{person.number // 2}@example.com"
    address = f"{name}{person.number}@example.{dice.pick(('com', 'com', 'org', 'net'))}"
    return address.title() if dice.chance(0.02) else address


def _ascii(name: str) -> str:
    """The name without its accents."""
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()


def _phone(person: Person, dice: Dice) -> str:
    if person.city.country not in _PHONE_RANGES or not dice.chance(0.55):
        return ""
    pattern, numbers = _PHONE_RANGES[person.city.country]
    phone = pattern.format(person.number % numbers if numbers == 1000 else 100 + person.number % numbers)
    # As typed by hand, without the country.
    return f"0{phone[3:7]} {phone[7:]}" if person.city.country == "GB" and dice.chance(0.08) else phone


def _timezone(person: Person, dice: Dice) -> str:
    if dice.chance(0.004):
        return dice.pick(_NO_ZONES)
    return person.city.timezone if dice.chance(0.92) else ""


def _written(instant: datetime, dice: Dice) -> str:
    """An instant as one of the shop's systems wrote it: in UTC, with an offset, or (the oldest one) only the day."""
    if instant.year < 2024:
        return _day(instant)
    if dice.chance(0.1):
        return f"{instant + timedelta(hours=1):%Y-%m-%dT%H:%M:%S}+01:00"
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def _day(instant: datetime | None) -> str:
    return "" if instant is None else f"{instant:%Y-%m-%d}"


def _birthday(dice: Dice) -> str:
    if dice.chance(0.45):
        return ""
    if dice.chance(0.003):
        return dice.pick(("unknown", "00/00/0000", "1990"))
    if dice.chance(0.005):
        return f"{dice.between(12, 25) * 4 + 1904}-02-29"
    return str(date(1950, 1, 1) + timedelta(days=dice.between(0, 58 * 365)))


def _loyalty_points(person: Person, dice: Dice) -> str:
    if dice.chance(0.12):
        return ""
    if dice.chance(0.003):
        return "n/a"
    points = int(120 * dice.heavy_tail(most=40) ** 2 * (6 if person.persona is FAN else 1))
    # The points of the first system had decimals.
    return f"{points}.0" if person.signed_up_at.year < 2023 else str(points)


def _tags(person: Person, dice: Dice) -> str:
    """A JSON list in the cell, as the support desk's export has it."""
    chances = {"vip": 0.4 if person.persona is FAN else 0.01, "beta": 0.05, "gift_buyer": 0.04, "Wholesale": 0.01}
    chances["do_not_contact"] = 0.02
    tags = [f'"{tag}"' for tag, chance in chances.items() if dice.chance(chance)]
    if not tags:
        return "[]" if dice.chance(0.02) else ""
    return f"[{', '.join(tags)}]"


def _account(dice: Dice) -> str:
    """One of the companies; the first ones have most members."""
    count = len(_ACCOUNT_NAMES)
    return f"a{1 + int(count * dice.fraction() * dice.fraction()):03d}"


def _email_consents(person: Person) -> Iterator[Row]:
    dice = Dice("email consent", person.number)
    first = person.signed_up_at + timedelta(minutes=dice.between(0, 30))
    status = dice.weighted({"subscribed": 80, "did_not_subscribe": 10, "": 10})
    if not status:
        return
    yield _consent(person.user_id, "email", "", status, first)
    if status == "subscribed" and dice.chance(0.3 if person.persona is DORMANT else 0.08):
        yield _consent(person.user_id, "email", "", "unsubscribed", _later(first, dice))
    for group in GROUPS:
        if dice.chance(0.12):
            choice = dice.weighted({"subscribed": 5, "unsubscribed": 4, "did_not_subscribe": 1})
            yield _consent(person.user_id, "email", group, choice, _later(first, dice))


def _phone_consents(person: Person) -> Iterator[Row]:
    dice = Dice("phone consent", person.number)
    for channel, chance in {"sms": 0.16, "push": 0.08, "whatsapp": 0.02}.items():
        if dice.chance(chance):
            status = dice.weighted({"subscribed": 7, "unsubscribed": 2, "did_not_subscribe": 1})
            yield _consent(person.user_id, channel, "", status, _later(person.signed_up_at, dice))


def _later(first: datetime, dice: Dice) -> datetime:
    """An instant between the first one and the data's last day."""
    days = (datetime.combine(LAST_DAY, time()) - first).days
    return first + timedelta(days=dice.between(0, max(0, days - 1)), minutes=dice.between(0, 600))


def _consent(user_id: str, channel: str, group: str, status: str, updated_at: datetime) -> Row:
    return {
        "user_id": user_id,
        "channel": channel,
        "group": group,
        "status": status,
        "updated_at": f"{updated_at:%Y-%m-%dT%H:%M:%SZ}",
    }
