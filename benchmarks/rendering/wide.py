"""A question about each of the many properties of wide events: as an audience of engage and as SQL on the store's layout."""

from datetime import datetime, timedelta

from benchmarks.columns import WIDE_KEYS

EVENT = "Product Viewed"
DAYS = 180


def wide_yaml(key: str) -> str:
    """The definition as one YAML document."""
    compared = "v1" if _is_text(key) else "{gte: 2}"
    return f"audience: wide_{key}\nmembers: {{event: {EVENT}, within: {DAYS} days, where: {{{key}: {compared}}}}}\n"


def wide_sql(key: str, keys: dict[str, int], as_of: datetime) -> str:
    """One SELECT of the column `user_id`. `keys` gives each event name's key."""
    compared = "= 'v1'" if _is_text(key) else ">= 2"
    window = f"ts > TIMESTAMP '{as_of - timedelta(days=DAYS)}' AND ts <= TIMESTAMP '{as_of}'"
    users = f"SELECT DISTINCT user_key FROM events WHERE event_key = {keys[EVENT]} AND {window} AND {key} {compared}"
    return f"SELECT user_id FROM ({users}) JOIN users USING (user_key)"


def _is_text(key: str) -> bool:
    return WIDE_KEYS.index(key) % 3 == 0
