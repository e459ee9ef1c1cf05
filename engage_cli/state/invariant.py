"""What `state check` verifies: a rule of the state, as a query for what breaks it."""

from msgspec import Struct


class Invariant(Struct, frozen=True):
    """A rule of the state. `broken_by` is a query of one text column: a line for each row that breaks it."""

    code: str
    message: str
    broken_by: str
