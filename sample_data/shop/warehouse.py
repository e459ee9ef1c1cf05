"""Further tables of the shop's warehouse: subscriptions of people and companies, their invoices, and who must never be written to."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta

from sample_data.shop.dice import Dice
from sample_data.shop.moments import cancels, price_of, renewals, renews_at
from sample_data.shop.people import LAST_DAY, Person

Row = dict[str, str]

SUBSCRIPTION_COLUMNS = (
    "subscription_id",
    "user_id",
    "account_id",
    "plan",
    "billing",
    "price",
    "seats",
    "status",
    "started_at",
    "renews_at",
)
SUPPRESSION_COLUMNS = ("user_id", "address", "reason")

_MOST_INVOICES = 4
"""Of each subscription the newest ones."""
_SEAT = 6.5
"""What a company pays for each of its people, a month."""


def subscriptions(everybody: list[Person], companies: list[Row]) -> Iterator[Row]:
    """One row for each paid plan, of people and of companies; and some that lead to nobody."""
    for person in everybody:
        if person.plan != "free":
            yield _of_person(person)
    for number, company in enumerate(companies, start=1):
        if company["plan"] != "free":
            yield _of_company(number, company)
    yield {**_of_person(_payers(everybody)[3]), "subscription_id": "s99901", "user_id": "u09999"}
    yield {**_of_person(_payers(everybody)[4]), "subscription_id": ""}
    # Exported twice, once with the price of before.
    yield {**_of_person(_payers(everybody)[5]), "price": "3.99"}


def invoices(everybody: list[Person], companies: list[Row]) -> Iterator[dict[str, object]]:
    """What was billed, the newest of each subscription; mostly paid."""
    for person in _payers(everybody):
        price = price_of(person)
        for number, issued in enumerate(renewals(person)[-_MOST_INVOICES:], start=1):
            paid = Dice("paid", person.number, number).chance(0.93)
            yield _invoice(f"s{person.number:05d}", number, issued, [("plan", price)], paid=paid)
    for at, company in enumerate(companies, start=1):
        if company["plan"] != "free":
            dice, row = Dice("billed", at), _of_company(at, company)
            for number in (1, 2):
                issued = datetime.combine(LAST_DAY, time(6)) - timedelta(days=91 * (3 - number) + at)
                seats = round(_SEAT * 3 * int(row["seats"] or 1), 2)
                lines = [("seats", seats), *([("set-up", 120.0)] if number == 1 and dice.chance(0.3) else [])]
                yield _invoice(row["subscription_id"], number, issued, lines, paid=dice.chance(0.8))
    yield _invoice("s99999", 1, datetime.combine(LAST_DAY, time(7)), [("plan", 9.99)], paid=False)


def suppressions(profiles: list[Row]) -> Iterator[Row]:
    """Who complained, or must not be reached any more: by id, or by the address as a provider reported it."""
    for profile in profiles:
        dice = Dice("suppressed", profile["user_id"])
        if dice.chance(0.006):
            reason = dice.pick(("complaint", "bounced", "legal"))
            if reason != "bounced":
                yield {"user_id": profile["user_id"], "address": "", "reason": reason}
            elif profile["email"]:
                yield {"user_id": "", "address": profile["email"].upper(), "reason": reason}


def _payers(everybody: list[Person]) -> list[Person]:
    return [person for person in everybody if person.plan != "free"]


def _of_person(person: Person) -> Row:
    dice, renewal = Dice("subscription", person.number), renews_at(person)
    status = "active"
    if cancels(person):
        status = "cancelled"
    elif renewal is not None and renewal < datetime.combine(LAST_DAY, time()):
        status = "past_due"
    elif dice.chance(0.04):
        status = "paused"
    return {
        "subscription_id": f"s{person.number:05d}",
        "user_id": person.user_id,
        "account_id": "",
        "plan": person.plan,
        "billing": person.billing,
        "price": f"{price_of(person):.2f}",
        "seats": "",
        "status": status,
        "started_at": f"{(renewals(person) or [person.signed_up_at])[0]:%Y-%m-%d}",
        "renews_at": "" if renewal is None else f"{renewal:%Y-%m-%d}",
    }


def _of_company(number: int, company: Row) -> Row:
    dice = Dice("company", number)
    seats = "" if dice.chance(0.08) else str(3 + int(4 * dice.heavy_tail(most=30) ** 2))
    return {
        "subscription_id": f"c{number:03d}",
        "user_id": "",
        "account_id": company["account_id"],
        "plan": company["plan"],
        "billing": "quarterly",
        "price": f"{_SEAT * 3 * int(seats or 1):.2f}",
        "seats": seats,
        "status": dice.weighted({"active": 9, "paused": 1}),
        "started_at": f"{LAST_DAY - timedelta(days=dice.between(200, 1200)):%Y-%m-%d}",
        "renews_at": f"{LAST_DAY + timedelta(days=91 - number):%Y-%m-%d}",
    }


def _invoice(subscription: str, number: int, issued: datetime, lines: list[tuple[str, float]], *, paid: bool) -> dict[str, object]:
    return {
        "invoice": f"{subscription}-{number}",
        "subscription": subscription,
        "issued_at": f"{issued:%Y-%m-%dT%H:%M:%SZ}",
        "amount": round(sum(amount for _, amount in lines), 2),
        "paid": paid,
        "lines": [{"what": what, "amount": amount} for what, amount in lines],
    }
