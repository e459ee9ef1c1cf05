"""Writes the sample data of the starter project: `python tests/cli/starter_data.py`. The same at every run.

Its last day is that of `service.init.LAST_DAY`; `init` moves all days so that the last one is yesterday.
"""

import csv
import io
import json
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from engage_cli.service.init import LAST_DAY, STARTER

FOLDER = STARTER / "sample_data"
_END = datetime.combine(LAST_DAY, datetime.min.time()) + timedelta(hours=21)
_NAMES = (
    "Ada Ben Chloe Dev Elif Finn Grace Hugo Iris Jonas Kira Liam Maya Noah Olga Paul Quinn Rosa Sam Tara "
    "Uma Vera Will Xenia Yusuf Zoe Amir Bea Carl Dora Emil Faye Gus Hana Ivo Jana Kofi Lena Milo Nora"
).split()
_COUNTRIES = (("GB", "Europe/London"), ("GB", "Europe/London"), ("FR", "Europe/Paris"), ("DE", "Europe/Berlin"), ("US", "America/New_York"))
_PRODUCTS = (("espresso", 12.5), ("filter", 11.0), ("decaf", 13.0), ("grinder", 89.0), ("kettle", 54.0), ("cups", 24.0))


def profiles() -> str:
    """The customers. The last four of them left no address."""
    chance = random.Random("profiles")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["user_id", "email", "first_name", "country", "timezone", "plan", "signed_up_at"])
    for number, first_name in enumerate(_NAMES, start=1):
        country, zone = chance.choice(_COUNTRIES)
        email = f"{first_name.lower()}@example.com" if number <= len(_NAMES) - 4 else ""
        signed_up = LAST_DAY - timedelta(days=chance.randrange(2, 300))
        writer.writerow([_user(number), email, first_name, country, zone, chance.choice(["free", "free", "plus"]), signed_up.isoformat()])
    return text.getvalue()


def consents() -> str:
    """Who subscribed to what, when they signed up; one in eight has unsubscribed since."""
    chance = random.Random("consents")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["user_id", "channel", "group", "status", "updated_at"])
    for row in csv.DictReader(io.StringIO(profiles())):
        if row["email"]:
            signed_up = datetime.fromisoformat(row["signed_up_at"]) + timedelta(hours=12)
            writer.writerow([row["user_id"], "email", "", "subscribed", _iso(signed_up)])
            if chance.random() < 0.125:
                writer.writerow([row["user_id"], "email", "newsletter", "unsubscribed", _iso(signed_up + timedelta(days=1))])
    return text.getvalue()


def events() -> str:
    """Four months of visits: looks, carts, orders. A third of the customers stopped coming two months ago, some only look, some are new."""
    chance = random.Random("events")
    found: list[dict[str, Any]] = []
    for number in range(1, len(_NAMES) + 1):
        first, last = _days(number)
        for _ in range(chance.randrange(2, 4) if first < 20 else chance.randrange(1, 4)):
            minutes = chance.randrange(last * 1440, first * 1440)
            found += _visit(chance, _user(number), _END - timedelta(minutes=minutes), buys=first != _LOOKING)
    found.sort(key=lambda event: (event["timestamp"], event["user_id"]))
    numbered = ({"message_id": f"m{place:04}", **event} for place, event in enumerate(found, start=1) if event["timestamp"] <= _iso(_END))
    return "".join(json.dumps(event) + "\n" for event in numbered)


_LOOKING = 13


def _days(number: int) -> tuple[int, int]:
    """How many days ago somebody came first, and last."""
    if number % 3 == 2:
        return 120, 62
    if number % 4 == 0:
        return _LOOKING, 0
    return (27, 0) if number % 5 == 1 else (75, 0)


def _visit(chance: random.Random, user: str, at: datetime, *, buys: bool) -> list[dict[str, Any]]:
    looked = chance.sample(_PRODUCTS, chance.randrange(1, 3))
    found = [_event(user, "Product Viewed", at + timedelta(minutes=2 * place), product=one[0]) for place, one in enumerate(looked)]
    if chance.random() < 0.2:
        return found
    cart, total = f"cart_{chance.randrange(1000, 10000)}", round(sum(price for _, price in looked), 2)
    found.append(_event(user, "Cart Updated", at + timedelta(minutes=8), cart_id=cart, cart_total=total))
    if buys and chance.random() < 0.75:
        found.append(_event(user, "Order Completed", at + timedelta(minutes=15), cart_id=cart, revenue=total, currency="GBP"))
    return found


def _event(user: str, event: str, at: datetime, **properties: Any) -> dict[str, Any]:
    return {"user_id": user, "event": event, "timestamp": _iso(at), "properties": properties}


def _user(number: int) -> str:
    return f"c_{number:03}"


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds") + "Z"


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, content in (("profiles.csv", profiles()), ("consents.csv", consents()), ("events.jsonl", events())):
        Path(FOLDER / name).write_text(content, encoding="utf-8", newline="\n")
