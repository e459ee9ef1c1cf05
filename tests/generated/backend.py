"""A hypothesis backend that draws every example afresh.

Hypothesis itself spends five examples of six on copying parts of one example over others, to find bugs that hinge on
equal values. Our pools see to equal values already, and copies of a case ask little that is new. Failures shrink as ever.
"""

import os
from collections.abc import Callable

from hypothesis import seed
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider

FRESH = "fresh"
"""For `settings(backend=FRESH)`."""


def drawing(part: int) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Let a part of a test draw other examples than its other parts: the same at every run, and fresh ones in a search."""
    return (lambda test: test) if "ENGAGE_EXAMPLES" in os.environ else seed(part)


class FreshProvider(HypothesisProvider):
    """Hypothesis's own way to draw a choice; as a backend of another name, its choices are never mutated."""


AVAILABLE_PROVIDERS[FRESH] = f"{__name__}.{FreshProvider.__name__}"
