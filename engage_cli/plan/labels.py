"""Names for what is computed, from the words of the definition, so that the SQL reads like it and stays the same from run to run."""

import re

from engage_cli.definitions.conditions import BetweenAgo, InPeriod, Range, Window, Within
from engage_cli.definitions.values import Day, Duration, Instant


def slug(text: str, longest: int = 40) -> str:
    """`text` as a lower-case identifier of ASCII letters, digits and underscores."""
    words = re.sub(r"[^a-z0-9]+", "_", text.replace("*", " any ").lower()).strip("_")
    return words[:longest].rstrip("_") or "event"


def names_label(names: tuple[str, ...]) -> str:
    """A label for one or several event names."""
    if names == ("*",):
        return "any_event"
    shown = "_or_".join(slug(name) for name in names[:2])
    return shown if len(names) <= 2 else f"{shown}_or_{len(names) - 2}_more"


def window_label(window: Window) -> str:
    """What a window is called: `last_30_days`, `since_2026_01_01`, `this_month`; empty for all history."""
    match window:
        case None:
            return ""
        case Within(duration):
            return f"last_{_duration(duration)}"
        case BetweenAgo(far, near):
            return f"{_duration(far)}_to_{_duration(near)}_ago"
        case Range(since, until):
            ends = [("since", since), ("until", until)]
            return "_".join(f"{word}_{_moment(end)}" for word, end in ends if end is not None)
        case InPeriod(period):
            return slug(period.value)


def _duration(duration: Duration) -> str:
    return slug(str(duration))


def _moment(moment: Instant | Day) -> str:
    return slug(moment.value.isoformat())


def join_label(*parts: str) -> str:
    """The parts that say something, joined."""
    return "_".join(part for part in parts if part)
