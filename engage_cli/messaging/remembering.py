"""Results of filters that are dear and asked for again: a message's HTML and its text show the same sum, many people the same day."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from markupsafe import Markup

AT_MOST = 4096
"""Results of one filter that are kept: memory does not grow with recipients."""
_PLAIN = frozenset((str, Markup, int, bool, float, type(None)))


def remembered(function: Callable[..., str]) -> Callable[..., str]:
    """A function of plain values that gives the same for the same, with its latest results kept. What it raises is raised each time.

    Equal values of two types are two; so are 0.0 and -0.0, which are written differently and compare as equal: they are never kept.
    """
    kept = lru_cache(maxsize=AT_MOST, typed=True)(function)

    def ask(*args: Any, **kwargs: Any) -> str:
        for value in args:
            if value.__class__ not in _PLAIN or (value.__class__ is float and not value):
                return function(*args, **kwargs)
        for value in kwargs.values():
            if value.__class__ not in _PLAIN or (value.__class__ is float and not value):
                return function(*args, **kwargs)
        return kept(*args, **kwargs)

    return ask
