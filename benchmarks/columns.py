"""The names and the property columns of benchmark events, as SQL over two random 64-bit numbers `a` and `b` of each event."""

from dataclasses import dataclass
from itertools import accumulate

SHARES = {
    "Page Viewed": 400,
    "Product Viewed": 200,
    "Product Added": 80,
    "Email Opened": 70,
    "Product List Viewed": 50,
    "Checkout Started": 30,
    "Order Completed": 30,
    "Email Clicked": 25,
    "Cart Viewed": 25,
    "Products Searched": 20,
    "Product Removed": 15,
    "Signed In": 15,
    "Coupon Entered": 10,
    "Wishlist Product Added": 10,
    "Product Shared": 5,
    "Product Reviewed": 4,
    "Signed Up": 4,
    "Order Refunded": 3,
    "Support Ticket Opened": 2,
    "Subscription Cancelled": 2,
}
"""Each event name and how many of a thousand events have it."""

CATEGORIES = ("shoes", "coats", "hats", "bags", "books", "games", "garden", "kitchen", "lamps", "sofas")
PAGES = ("home", "about", "sale", "new", "stores", "help", "pricing", "blog")


@dataclass(frozen=True, slots=True)
class Columns:
    """SQL for an event's name, for its properties, and for a user's plan (with `{user}` for the user's number)."""

    event: str
    properties: str
    plan: str


def _event() -> str:
    bounds = accumulate(SHARES.values())
    branches = " ".join(f"WHEN a % 1000 < {bound} THEN '{name}'" for name, bound in zip(SHARES, bounds, strict=True))
    return f"CASE {branches} END"


def _one_of(values: tuple[str, ...], number: str) -> str:
    listed = ", ".join(f"'{value}'" for value in values)
    return f"[{listed}][1 + ({number})::BIGINT % {len(values)}]"


_PLAN = "CASE WHEN {user} * 7919 % 10 < 7 THEN 'free' WHEN {user} * 7919 % 10 < 9 THEN 'plus' ELSE 'pro' END"

# Quarters are exact in binary, so that sums do not depend on the order in which a system adds.
_REVENUE = "CASE WHEN event IN ('Order Completed', 'Order Refunded') THEN 5 + b % 1000 / 4.0 END"

_PROPERTIES = f"""{_REVENUE} AS revenue,
    {_PLAN.format(user="user_number")} AS plan,
    CASE WHEN event LIKE 'Product%' OR event = 'Order Completed' THEN {_one_of(CATEGORIES, "(b >> 10) % 1000")} END AS category,
    CASE WHEN event = 'Page Viewed' THEN '/' || {_one_of(PAGES, "(b >> 20) % 1000")} || '/' || (b >> 24) % 500 END AS url,
    CASE WHEN event IN ('Product Added', 'Product Removed', 'Order Completed') THEN 1 + ((b >> 30) % 9)::BIGINT END AS quantity"""

WIDE_KEYS = tuple(f"p{number:02d}" for number in range(55))


def _wide(number: int) -> str:
    drawn = f"(b >> {number % 48}) % {5 + number * 3}"
    match number % 3:
        case 0:
            return f"'v' || {drawn} AS p{number:02d}"
        case 1:
            return f"({drawn}) / 4.0 AS p{number:02d}"
        case _:
            return f"CASE WHEN (a >> {number % 32}) % 4 = 0 THEN ({drawn})::BIGINT END AS p{number:02d}"


NARROW = Columns(_event(), _PROPERTIES, _PLAN)
"""Five properties: revenue, plan, category, url, quantity."""

WIDE = Columns(_event(), ", ".join([_PROPERTIES, *map(_wide, range(len(WIDE_KEYS)))]), _PLAN)
"""Sixty properties: the five, and p00 to p54: in turn texts, numbers, and whole numbers that three events in four lack."""
