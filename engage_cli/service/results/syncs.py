"""What runs say of the destinations that they tell."""

from msgspec import Struct


class SyncChange(Struct, frozen=True):
    """What a destination is told of an audience in a build: how many come and go (of a list: rows), of so many that it `knew`.

    `changed` of these are different now. `held`: `guard` held it back. `in_step`: it is told the audience's changes of this run, as
    calls. `without`: members of whom a list's columns hold nothing that tells who they are.
    """

    destination: str
    audience: str
    added: int
    removed: int
    knew: int
    changed: int
    held: bool = False
    in_step: bool = False
    without: int = 0
