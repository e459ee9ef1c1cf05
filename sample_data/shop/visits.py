"""Visits to the shop: from the landing page to the order, and the review or the refund that follows weeks later."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from sample_data.shop.catalogue import (
    CITIES,
    COUPONS,
    PAGES,
    PRODUCTS,
    REFUND_REASONS,
    SEARCHES,
    Product,
)
from sample_data.shop.dice import Dice
from sample_data.shop.events import Diary, Event, Properties
from sample_data.shop.people import FIRST_DAY, LAST_DAY, ROBOT, Person

# Visits from Monday to Sunday, and by hour of the local day: mornings on the train, lunch, and the sofa.
_WEEK = (0.9, 1.0, 0.95, 0.95, 1.0, 1.15, 1.25)
_DAY = (2, 1, 0.5, 0.3, 0.3, 0.6, 2, 5, 6, 5, 5, 6, 8, 7, 5, 4, 5, 6, 8, 10, 12, 12, 9, 5)

_BLACK_FRIDAY_SEASON = date(2026, 11, 14)
_CART_IS_REMEMBERED = timedelta(days=10)
_POPULARITY = {product: product.popularity for product in PRODUCTS}


@dataclass
class _Cart:
    """A cart that has not been ordered; lines are products and quantities."""

    cart_id: str
    filled_at: datetime
    lines: list[tuple[Product, int]] = field(default_factory=list)

    @property
    def total(self) -> int:
        """What the lines cost, in pence."""
        return sum(product.price * quantity for product, quantity in self.lines)


def visits(person: Person) -> list[Event]:
    """Everything that the person did on the shop's pages and in its app."""
    dice = Dice("visits", person.number)
    shopper = _Shopper(Diary(person, dice))
    for instant in _visit_times(person, dice):
        shopper.visit(instant)
    return shopper.diary.events


def crawl(person: Person) -> list[Event]:
    """What a robot did: a few nights of pages in a row, several of them within the same second."""
    dice = Dice("crawl", person.number)
    diary = Diary(person, dice)
    for night in range(4):
        diary.at = datetime.combine(FIRST_DAY, time(2)) + timedelta(days=45 * night + dice.between(0, 30))
        for _ in range(dice.between(120, 180)):
            if dice.chance(0.3):
                diary.did("Page Viewed", page_name=dice.pick(PAGES), utm=None)
            else:
                diary.did("Product Viewed", **_product_properties(dice.pick(PRODUCTS)))
            diary.wait(0, 1)
    return diary.events


def _visit_times(person: Person, dice: Dice) -> Iterator[datetime]:
    """The UTC instants at which the person's visits begin."""
    hours = dict(enumerate(_DAY))
    weekly = 0.0 if person.persona is ROBOT else person.persona.visits * person.activity
    for offset in range((LAST_DAY - FIRST_DAY).days + 1):
        day = FIRST_DAY + timedelta(days=offset)
        season = 1.25 if day >= _BLACK_FRIDAY_SEASON else 1.0
        if dice.chance(weekly / 7 * _WEEK[day.weekday()] * season):
            seconds = 3600 * dice.weighted(hours) + dice.between(0, 3599)
            yield person.local_to_utc(datetime.combine(day, time()) + timedelta(seconds=seconds))


class _Shopper:
    """A person on the shop's pages, with the cart that they left behind last time."""

    def __init__(self, diary: Diary) -> None:
        self.diary = diary
        self.person = diary.person
        self.dice = diary.dice
        self.cart: _Cart | None = None
        self.carts = 0
        self.orders = 0
        self.taste = self.dice.pick(PRODUCTS).category

    def visit(self, instant: datetime) -> None:
        """One visit, begun at the given instant."""
        self.diary.at = instant
        self._land()
        if self._remembers_cart() and self.dice.chance(0.45):
            self.diary.did("Cart Viewed", **self._cart_properties())
            self.diary.wait(10, 240)
        else:
            self._browse()
        if self.cart is not None and self.cart.lines:
            self._decide()

    def _land(self) -> None:
        if self.dice.chance(0.28):
            self.diary.did("Page Viewed", page_name=self.dice.pick(PAGES), **_campaign(self.person, self.dice))
            self.diary.wait(4, 90)
        if self.dice.chance(0.2):
            results = self.dice.weighted({0: 1, self.dice.between(1, 9): 4, 24: 2})
            self.diary.did("Products Searched", query=self.dice.pick(SEARCHES), results=results)
            self.diary.wait(4, 60)

    def _browse(self) -> None:
        seen = [self._choose() for _ in range(self.dice.weighted({1: 62, 2: 24, 3: 9, 4: 4, 6: 1}))]
        for product in seen:
            self.diary.did("Product Viewed", **_product_properties(product))
            self.diary.wait(6, 180)
        if self.dice.chance(0.04):
            self.diary.did("Product Added to Wishlist", product_id=seen[-1].sku, category=seen[-1].category)
            self.diary.wait(2, 30)
        if self.dice.chance(self.person.persona.fills_cart):
            self._fill_cart(seen)

    def _choose(self) -> Product:
        """Mostly something popular, often of the category that the person likes."""
        product = self.dice.weighted(_POPULARITY)
        if product.category != self.taste and self.dice.chance(0.35):
            product = self.dice.pick([other for other in PRODUCTS if other.category == self.taste])
        return product

    def _fill_cart(self, seen: list[Product]) -> None:
        if not self._remembers_cart():
            self.carts += 1
            self.cart = _Cart(f"c{self.person.number}-{self.carts}", self.diary.at)
        for product in seen[-self.dice.weighted({1: 70, 2: 22, 3: 8}) :]:
            self._add(product)

    def _add(self, product: Product) -> None:
        assert self.cart is not None
        quantity = self.dice.weighted({1: 84, 2: 12, 3: 3, 6: 1})
        self.cart.lines.append((product, quantity))
        added = _product_properties(product) | {"quantity": quantity}
        self.diary.did("Product Added", cart_id=self.cart.cart_id, **added)
        # The page sends both calls in one batch, at one instant.
        self.diary.did("Cart Updated", **self._cart_properties())
        self.diary.wait(5, 120)

    def _decide(self) -> None:
        """Order what is in the cart, empty it, or leave it for another day."""
        assert self.cart is not None
        if self.dice.chance(0.35):
            self.diary.did("Cart Viewed", **self._cart_properties())
            self.diary.wait(5, 90)
        if self.dice.chance(0.04):
            self.diary.did("Cart Emptied", cart_id=self.cart.cart_id)
            self.cart = None
        elif self.dice.chance(self.person.persona.orders):
            self._check_out()

    def _check_out(self) -> None:
        self.diary.did("Checkout Started", **self._cart_properties())
        self.diary.wait(40, 600)
        if self.dice.chance(0.08):
            return
        order = self._order_properties()
        self.diary.did("Order Completed", **order)
        self.cart = None
        self._afterwards(order)

    def _afterwards(self, order: Properties) -> None:
        """A review or a refund, some days later."""
        ordered_at = self.diary.at
        products = order["products"]
        assert isinstance(products, list)
        if self.dice.chance(0.11):
            self.diary.at = ordered_at + timedelta(days=self.dice.between(4, 15), seconds=self.dice.between(0, 40000))
            rating = self.dice.weighted({5: 46, 4: 27, 3: 12, 2: 7, 1: 8})
            self.diary.did("Product Reviewed", product_id=products[0]["sku"], rating=rating)
        if self.dice.chance(0.07):
            self.diary.at = ordered_at + timedelta(days=self.dice.between(2, 20), seconds=self.dice.between(0, 40000))
            reason = self.dice.pick(REFUND_REASONS)
            refund = {key: order[key] for key in ("order_id", "revenue", "currency")}
            self.diary.did("Order Refunded", **refund, reason=reason)

    def _remembers_cart(self) -> bool:
        return self.cart is not None and self.diary.at - self.cart.filled_at < _CART_IS_REMEMBERED

    def _cart_properties(self) -> Properties:
        assert self.cart is not None
        items = sum(quantity for _, quantity in self.cart.lines)
        return {"cart_id": self.cart.cart_id, "cart_total": self.cart.total / 100, "items": items}

    def _order_properties(self) -> Properties:
        assert self.cart is not None
        self.orders += 1
        coupon = self._coupon()
        properties: Properties = {
            "order_id": f"{self.person.number:04d}{self.orders:03d}",
            "cart_id": self.cart.cart_id,
            "revenue": self._revenue(coupon),
            "currency": self.person.city.currency,
            "coupon": coupon,
            "category": max(self.cart.lines, key=lambda line: line[0].price * line[1])[0].category,
            "products": [_line_properties(product, quantity) for product, quantity in self.cart.lines],
            "shipping": self._shipping(),
        }
        if self.dice.chance(0.2):
            properties["gift"] = self.dice.chance(0.4)
        return properties

    def _coupon(self) -> str | None:
        if self.orders == 1 and self.dice.chance(0.3):
            return "WELCOME10"
        if self.dice.chance(0.7):
            return "" if self.dice.chance(0.2) else None
        return self.dice.pick(COUPONS)

    def _revenue(self, coupon: str | None) -> object:
        """What was paid, in pounds; now and then the shop's till forgot to say."""
        assert self.cart is not None
        if self.dice.chance(0.012):
            return "" if self.dice.chance(0.5) else None
        rebate = {"WELCOME10": 10, "SAVE20": 20, "SAVE15": 15, "AUTUMN26": 12}.get(coupon or "", 0)
        delivery = 0 if self.cart.total > 8000 or coupon == "FREESHIP" else 495
        return (self.cart.total * (100 - rebate) // 100 + delivery) / 100

    def _shipping(self) -> Properties:
        """Where the order goes: usually home, sometimes to someone far away."""
        method = self.dice.weighted({"standard": 60, "express": 25, "store": 15})
        if self.dice.chance(0.03):
            return {"city": None, "method": method}
        city = self.dice.pick(CITIES) if self.dice.chance(0.12) else self.person.city
        return {"city": city.name, "method": method}


def _product_properties(product: Product) -> Properties:
    return {
        "product_id": product.sku,
        "name": product.name,
        "category": product.category,
        "brand": product.brand,
        "price": product.price / 100,
    }


def _line_properties(product: Product, quantity: int) -> Properties:
    return {
        "sku": product.sku,
        "name": product.name,
        "category": product.category,
        "price": product.price / 100,
        "quantity": quantity,
    }


def _campaign(person: Person, dice: Dice) -> Properties:
    """How a visit came about; partners' links carry flat keys with a dot in the name, all others a nested object."""
    if dice.chance(0.55):
        return {}
    if person.source == "partner":
        return {"utm.source": dice.pick(("trailmag", "dealspot")), "utm.medium": "affiliate"}
    source = dice.weighted({"ads": 4, "social": 3, "newsletter": 2, "organic": 1})
    medium = {"ads": "cpc", "social": "post", "newsletter": "email"}.get(source)
    return {"utm": {"source": source, "medium": medium, "campaign": dice.pick(("always_on", "brand", "sale", None))}}
