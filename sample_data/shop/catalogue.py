"""What the shop sells, where its customers live, and what its campaigns are called. All of it is invented."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Product:
    """A product of the shop; `price` is in pence, so that sums are exact."""

    sku: str
    name: str
    category: str
    brand: str
    price: int
    popularity: float


@dataclass(frozen=True)
class City:
    """A place where customers live.

    `utc_offset` is the winter offset in minutes. Only the rhythm of the day rests on it, so summer time is left out,
    and with it the dependence on a time zone database that changes.
    """

    name: str
    country: str
    language: str
    timezone: str
    utc_offset: int
    currency: str
    store: str | None
    weight: float


# category: its brands, and its products as (name, price in pounds)
_RANGE: dict[str, tuple[tuple[str, ...], tuple[tuple[str, int], ...]]] = {
    "shoes": (
        ("Hollin", "Kestrel", "Ostra"),
        (("Trail Runner", 89), ("Leather Boot", 149), ("Canvas Low", 49), ("Court Trainer", 75), ("Wool Slipper", 39)),
    ),
    "jackets": (
        ("Norrfell", "Kestrel"),
        (("Rain Shell", 129), ("Down Parka", 249), ("Fleece", 69), ("Waxed Coat", 189)),
    ),
    "bags": (
        ("Pannier & Co", "Ostra"),
        (("Day Pack", 65), ("Weekender", 139), ("Tote", 35), ("Bike Bag", 79)),
    ),
    "outdoor": (
        ("Norrfell", "Tarn"),
        (("Two-Person Tent", 219), ("Sleeping Mat", 59), ("Camp Stove", 45), ("Head Torch", 29), ("Enamel Mug", 12)),
    ),
    "home": (
        ("Linden", "Ostra"),
        (("Wool Throw", 79), ("Linen Set", 119), ("Stoneware Bowl", 24), ("Candle", 18)),
    ),
    "accessories": (
        ("Linden", "Hollin", "Tarn"),
        (("Merino Socks", 16), ("Beanie", 22), ("Gloves", 34), ("Belt", 42), ("Umbrella", 28)),
    ),
}


def _products() -> tuple[Product, ...]:
    products = []
    for category, (brands, models) in _RANGE.items():
        for number, (model, pounds) in enumerate(models, start=1):
            for place, brand in enumerate(brands, start=1):
                products.append(
                    Product(
                        sku=f"{category[:2].upper()}-{number}{place:02d}",
                        name=f"{brand} {model}",
                        category=category,
                        brand=brand,
                        price=100 * (pounds + 6 * (place - 1)),
                        # The first brand of a category sells most, and so does the first model.
                        popularity=1 / (number + place),
                    )
                )
    return tuple(products)


PRODUCTS = _products()

CITIES = (
    City("London", "GB", "en", "Europe/London", 0, "GBP", "London Soho", 24),
    City("Manchester", "GB", "en", "Europe/London", 0, "GBP", "Manchester", 9),
    City("Leeds", "GB", "en", "Europe/London", 0, "GBP", "Leeds", 5),
    City("Bristol", "GB", "en", "Europe/London", 0, "GBP", None, 5),
    City("Edinburgh", "GB", "en", "Europe/London", 0, "GBP", "Edinburgh", 5),
    City("Cardiff", "GB", "en", "Europe/London", 0, "GBP", None, 3),
    City("Dublin", "IE", "en", "Europe/Dublin", 0, "EUR", "Dublin", 4),
    City("Paris", "FR", "fr", "Europe/Paris", 60, "EUR", None, 5),
    City("Lyon", "FR", "fr", "Europe/Paris", 60, "EUR", None, 2),
    City("Berlin", "DE", "de", "Europe/Berlin", 60, "EUR", "Berlin Mitte", 6),
    City("München", "DE", "de-DE", "Europe/Berlin", 60, "EUR", None, 4),
    City("Madrid", "ES", "es", "Europe/Madrid", 60, "EUR", None, 3),
    City("Lisbon", "PT", "pt", "Europe/Lisbon", 0, "EUR", None, 2),
    City("São Paulo", "BR", "pt-BR", "America/Sao_Paulo", -180, "USD", None, 2),
    City("New York", "US", "en-US", "America/New_York", -300, "USD", "New York", 8),
    City("Chicago", "US", "en-US", "America/Chicago", -360, "USD", None, 3),
    City("San Francisco", "US", "en-US", "America/Los_Angeles", -480, "USD", None, 4),
    City("Toronto", "CA", "en-CA", "America/Toronto", -300, "USD", None, 3),
    City("Mumbai", "IN", "en-IN", "Asia/Kolkata", 330, "USD", None, 3),
    City("Kathmandu", "NP", "en", "Asia/Kathmandu", 345, "USD", None, 0.6),
    City("Tokyo", "JP", "ja", "Asia/Tokyo", 540, "USD", None, 2),
    City("Sydney", "AU", "en-AU", "Australia/Sydney", 660, "USD", None, 3),
    City("Auckland", "NZ", "en-NZ", "Pacific/Auckland", 780, "USD", None, 1),
)

FIRST_NAMES = {
    "en": "Amelia Oliver Isla Harry Ava Noah Freya George Priya Callum Zara Owen Niamh Rhys Grace Aidan Maya Toby Imogen "
    "Kofi Leila Ewan Ruth Jasper Anya Dylan Hana Felix Orla Samir",
    "fr": "Camille Hugo Léa Louis Chloé Jules Manon Théo Inès Maël Zoé Noé",
    "de": "Lena Jonas Mia Finn Jürgen Anke Björn Greta Moritz Käthe Emil Frieda",
    "es": "Lucía Mateo Sofía Iker Carmen Íñigo Paula Álvaro",
    "pt": "Beatriz João Inês Tiago Luana Caio Marina Davi",
    "ja": "Haruto Yui Sota Aoi Ren Hina",
}

COUPONS = ("WELCOME10", "SAVE20", "SAVE15", "FREESHIP", "AUTUMN26", "summer15", "Summer15")

SEARCHES = (
    "rain jacket", "tent", "boots", "wool socks", "gift", "tote", "running shoes", "candle", "waterproof", "parka",
    "sleeping mat", "trail", "umbrella", "linen", "SALE",
)  # fmt: skip

PAGES = ("Home", "New In", "Sale", "Stories", "Stores", "Delivery", "Size Guide")

REFUND_REASONS = ("too small", "too big", "damaged", "changed mind", "late")

SERVICES = ("boot fitting", "styling", "repair")

# Emails that went to everybody, by the day on which they went out.
EMAIL_CAMPAIGNS = {
    (5, 12): "spring_newsletter",
    (5, 26): "bank_holiday",
    (6, 9): "june_newsletter",
    (6, 23): "summer_sale",
    (7, 7): "july_newsletter",
    (7, 21): "summer_sale_last_call",
    (8, 11): "august_newsletter",
    (8, 25): "back_to_school",
    (9, 8): "september_newsletter",
    (9, 22): "autumn_launch",
    (10, 6): "october_newsletter",
    (10, 20): "layer_up",
    (11, 3): "november_newsletter",
    (11, 12): "early_access",
    (11, 19): "black_friday_preview",
}
