"""The fifty questions of each mix, as plain values. `rendering/` writes each as YAML, as SQL, and for Polars.

The mixes ask the same fifty kinds of question: `lifetime` looks at all history or a year, `ninety` at ninety days at most.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Operator: TypeAlias = Literal["eq", "gte", "gt", "in", "starts_with"]
Value: TypeAlias = str | float | tuple[str, ...]
Measured: TypeAlias = Literal["count", "days", "sum", "avg", "max", "unique", "earliest", "latest", "first_time"]


@dataclass(frozen=True, slots=True)
class Compare:
    """A property of an event compared with a literal."""

    key: str
    operator: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class Measure:
    """What of a user's matching events is compared. None of them is met by no events; `key` is the property that is measured.

    `earliest` and `latest` compare the property of the first or last event, by time, then by message id. `first_time`
    compares nothing: the user's first such event ever lies in the window.
    """

    kind: Measured
    operator: Operator = "gte"
    value: Value = 1
    key: str = ""


@dataclass(frozen=True, slots=True)
class Leaf:
    """Users with such events in (as_of − `within`, as_of − `until`], in days; None is all history. The event `*` is any."""

    event: str
    within: int | None = None
    where: tuple[Compare, ...] = ()
    measure: Measure | None = None
    until: int = 0


@dataclass(frozen=True, slots=True)
class Question:
    """Users of every leaf of `all_of` and of none of `none_of`; of all users where `all_of` is empty."""

    name: str
    all_of: tuple[Leaf, ...]
    none_of: tuple[Leaf, ...] = ()


@dataclass(frozen=True, slots=True)
class Mix:
    """Fifty questions over windows of `long`, `middle` and `short` days; None is all history.

    `scale` makes counts and sums larger, as `long` sees more events.
    """

    name: str
    long: int | None
    middle: int | None
    short: int
    scale: int

    def questions(self) -> tuple[Question, ...]:
        """The fifty, each named after its mix and its number."""
        asked = (*_simple(self), *_counted(self), *_measured(self), *_combined(self))
        return tuple(Question(f"{self.name}_{number:02d}", *parts) for number, parts in enumerate(asked, 1))


LIFETIME = Mix("lifetime", long=None, middle=None, short=365, scale=5)
NINETY = Mix("ninety", long=90, middle=60, short=14, scale=1)
MIXES = {mix.name: mix for mix in (LIFETIME, NINETY)}

_Parts: TypeAlias = tuple[tuple[Leaf, ...]] | tuple[tuple[Leaf, ...], tuple[Leaf, ...]]


def _one(event: str, within: int | None, *where: Compare, measure: Measure | None = None) -> _Parts:
    return ((Leaf(event, within, where, measure),),)


def _is(key: str, value: Value, operator: Operator = "eq") -> Compare:
    return Compare(key, operator, value)


def _at_least(kind: Measured, value: float, key: str = "") -> Measure:
    return Measure(kind, "gte", value, key)


def _simple(mix: Mix) -> tuple[_Parts, ...]:
    """Did it at all, some with a property: fifteen."""
    return (
        _one("Page Viewed", mix.short),
        _one("Order Completed", mix.middle),
        _one("Email Opened", mix.short),
        _one("Signed Up", mix.long),
        _one("Product Added", mix.short),
        _one("Support Ticket Opened", mix.long),
        _one("Coupon Entered", mix.long),
        _one("Product Viewed", mix.long, _is("category", "shoes")),
        _one("Product Viewed", mix.middle, _is("category", ("bags", "hats"), "in")),
        _one("Page Viewed", mix.long, _is("url", "/pricing/", "starts_with")),
        _one("Order Completed", mix.long, _is("revenue", 200, "gte")),
        _one("Order Completed", mix.long, _is("revenue", 100, "gt"), _is("category", "books")),
        _one("Order Completed", mix.middle, _is("plan", "pro")),
        _one("Product Added", mix.long, _is("quantity", 8, "gte")),
        _one("Email Clicked", mix.middle, _is("plan", ("plus", "pro"), "in")),
    )


def _counted(mix: Mix) -> tuple[_Parts, ...]:
    """How often: eleven."""
    return (
        _one("Page Viewed", mix.long, measure=_at_least("count", 3 * mix.scale)),
        _one("Product Viewed", mix.long, measure=_at_least("count", 2 * mix.scale)),
        _one("Product Viewed", mix.short, measure=_at_least("count", 3)),
        _one("Order Completed", mix.long, measure=_at_least("count", 2)),
        _one("Email Opened", mix.middle, measure=_at_least("count", 1 + mix.scale)),
        _one("Checkout Started", mix.long, measure=_at_least("count", 2)),
        _one("Products Searched", mix.long, measure=Measure("count", "eq", 1)),
        _one("Product Viewed", mix.long, _is("category", "games"), measure=_at_least("count", 2)),
        _one("Page Viewed", mix.long, measure=_at_least("days", 2 * mix.scale)),
        _one("Product Viewed", mix.middle, measure=_at_least("days", 2)),
        _one("*", mix.middle, measure=_at_least("days", 4 * mix.scale)),
    )


def _measured(mix: Mix) -> tuple[_Parts, ...]:
    """How much, how many kinds, the first and the last: eleven."""
    return (
        _one("Order Completed", mix.long, measure=_at_least("sum", 150 * mix.scale, "revenue")),
        _one("Order Completed", mix.middle, measure=_at_least("sum", 300, "revenue")),
        _one("Order Refunded", mix.long, measure=_at_least("sum", 100, "revenue")),
        _one("Product Added", mix.long, measure=_at_least("sum", 10 * mix.scale, "quantity")),
        _one("Order Completed", mix.long, measure=_at_least("avg", 150, "revenue")),
        _one("Order Completed", mix.middle, measure=_at_least("max", 240, "revenue")),
        _one("Product Viewed", mix.long, measure=_at_least("unique", 2 + mix.scale, "category")),
        _one("Product Added", mix.long, measure=_at_least("unique", 2, "category")),
        _one("Order Completed", mix.long, measure=Measure("latest", "eq", "shoes", "category")),
        _one("Product Viewed", mix.short, measure=Measure("earliest", "eq", "books", "category")),
        _one("Order Completed", mix.short, measure=Measure("first_time")),
    )


def _combined(mix: Mix) -> tuple[_Parts, ...]:
    """Two or three leaves: thirteen."""
    long, middle, short = mix.long, mix.middle, mix.short
    order, complaint = Leaf("Order Completed", long), Leaf("Support Ticket Opened", long)
    return (
        ((Leaf("Checkout Started", short),), (Leaf("Order Completed", short),)),
        ((Leaf("Product Added", middle),), (Leaf("Checkout Started", middle),)),
        ((Leaf("Email Opened", long),), (Leaf("Email Clicked", long),)),
        ((Leaf("Product Viewed", short, measure=_at_least("count", 2)),), (Leaf("Product Added", short),)),
        ((Leaf("Order Completed", long, until=30),), (Leaf("Order Completed", 30),)),
        ((Leaf("Order Completed", middle), Leaf("Email Opened", short)),),
        ((Leaf("Product Viewed", long, (_is("category", "shoes"),)), order),),
        ((Leaf("Page Viewed", long, measure=_at_least("count", 2 * mix.scale)), Leaf("Coupon Entered", long)),),
        ((Leaf("Email Clicked", long), Leaf("Order Completed", long, measure=_at_least("sum", 200, "revenue"))),),
        ((Leaf("Wishlist Product Added", long), Leaf("Product Viewed", short)), (order,)),
        ((Leaf("Page Viewed", short), Leaf("Product Added", long), Leaf("Cart Viewed", long)),),
        ((Leaf("Order Completed", long, measure=_at_least("count", 2)), Leaf("Email Opened", short)), (complaint,)),
        ((), (order, Leaf("Checkout Started", long))),
    )
