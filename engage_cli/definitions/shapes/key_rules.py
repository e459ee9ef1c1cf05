"""Which keys of a record go together: for the reader a check, for the schema a constraint."""

from collections.abc import Sequence

from msgspec import Struct

from engage_cli.definitions.shapes.base import Json, any_of


class Apart(Struct, frozen=True):
    """No key of `left` stands beside a key of `right`; `why` is a sentence."""

    left: tuple[str, ...]
    right: tuple[str, ...]
    why: str

    def clash(self, keys: Sequence[str]) -> tuple[str, str] | None:
        """The first pair of keys that must not meet, the later one last."""
        for one in keys:
            for other in keys:
                if one in self.left and other in self.right:
                    return (one, other) if keys.index(one) < keys.index(other) else (other, one)
        return None

    def schema(self) -> Json:
        """No such pair."""
        return {"not": any_of({"required": [one, other]} for one in self.left for other in self.right)}


def one_of_each(*alternatives_: tuple[str, ...], why: str) -> tuple[Apart, ...]:
    """Rules that let the keys of only one of the alternatives stand."""
    later = ((names, tuple(name for rest in alternatives_[at + 1 :] for name in rest)) for at, names in enumerate(alternatives_[:-1]))
    return tuple(Apart(names, rest, why) for names, rest in later)


class Beside(Struct, frozen=True):
    """`key` stands only beside one of `others`; `why` is a sentence."""

    key: str
    others: tuple[str, ...]
    why: str

    def schema(self) -> Json:
        """If the key, then one of the others."""
        return {"if": {"required": [self.key]}, "then": any_of({"required": [other]} for other in self.others)}


class AtLeastOne(Struct, frozen=True):
    """One of `names` is there; `why` is a sentence."""

    names: tuple[str, ...]
    why: str
    hint: str | None = None

    def schema(self) -> Json:
        """One of the names."""
        return any_of({"required": [name]} for name in self.names)


Rule = Apart | Beside | AtLeastOne
