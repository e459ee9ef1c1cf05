"""What a rendering may use up. Counted, never clocked: what renders on one machine renders on every other, at every run.

Every round of a loop and every call of a macro costs the characters that it writes itself, at least `ROUND`; no value grows beyond
`LONGEST_VALUE`, and no message beyond `LONGEST_MESSAGE`. So no template, whatever the data, takes more than about a second.
"""

from collections.abc import Iterable
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Undefined

from engage_cli.messaging.problems import RenderError

LONGEST_MESSAGE = 2_000_000
LONGEST_VALUE = 1_000_000
BUDGET = 5_000_000
"""Characters that the loops and macros of one rendering may write."""
ROUND = 50


class Budget:
    """What is left for the rendering under way. One a renderer: a renderer renders one message at a time.

    Jinja never computes a filter that is given the context of a constant once for everybody: what counts asks for it.
    """

    def __init__(self) -> None:
        self.left = BUDGET

    def start(self) -> None:
        """A rendering begins."""
        self.left = BUDGET

    def charge(self, cost: int) -> None:
        """Something is done again. Raises RenderError where that was too often."""
        self.left -= cost
        if self.left < 0:
            raise RenderError("too-large", f"its loops would write more than {BUDGET:,} characters")

    @pass_context
    def charged(self, _context: object, cost: int) -> str:
        """`charge` as something that a template can write."""
        self.charge(cost)
        return ""

    @pass_context
    def counted(self, _context: object, values: Any, cost: int) -> Iterable[Any]:
        """What a loop goes over, each round charged. Raises RenderError for what has no elements."""
        if values.__class__ is list:  # nearly always
            self.charge(cost * len(values))
            return values
        if isinstance(values, Undefined):
            return iter(values)  # which says what is missing
        if isinstance(values, str | int | float):
            raise RenderError("value", "a loop goes over a list, and this is a single value")
        listed = list(values)
        self.charge(cost * len(listed))
        return listed


def sized(value: Any) -> Any:
    """A value that was put together. Raises RenderError where it is too long."""
    if isinstance(value, str) and len(value) > LONGEST_VALUE:
        raise _too_long()
    return value


def operation(operator: str, left: Any, right: Any) -> None:
    """Raises RenderError for what could make a small value a huge one."""
    match operator:
        case "*":
            for one, other in ((left, right), (right, left)):
                if isinstance(one, str | list | tuple) and isinstance(other, int) and len(one) * other > LONGEST_VALUE:
                    raise _too_long()
        case "+":
            if isinstance(left, str | list) and isinstance(right, str | list) and len(left) + len(right) > LONGEST_VALUE:
                raise _too_long()
        case "**":
            if not (isinstance(left, int | float) and isinstance(right, int | float) and abs(left) <= 1e6 and abs(right) <= 32):
                raise RenderError("too-large", "a power is of a number up to a million, to at most 32")
        case "%" if isinstance(left, str):
            raise RenderError("value", "`%` is the remainder of a division; join texts with `~`")


def _too_long() -> RenderError:
    return RenderError("too-large", f"a value would be longer than {LONGEST_VALUE:,} characters")
