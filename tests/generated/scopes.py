"""What a condition may speak of: paths and their kinds, the values that the data has there, references."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from tests.generated.pools import USERS, Pool
from tests.reference.dataset import Dataset
from tests.reference.paths import values_at
from tests.reference.values import Datum, Value, is_missing

Reference = dict[str, str]

TRAIT_PATHS = {
    "plan": "text",
    "age": "number",
    "vip": "boolean",
    "born": "date",
    "joined": "date",
    "points": "number",
    "code": "code",
    "likes": "list",
    "likes[]": "text",
    "likes.0": "text",
    "address.city": "text",
    "address.zip": "code",
    '["utm.source"]': "text",
    "nickname": "text",
    "user_id": "text",
}
PROPERTY_PATHS = {
    "amount": "number",
    "color": "text",
    "flag": "boolean",
    "seen": "date",
    "code": "code",
    "tags": "list",
    "tags[]": "text",
    "tags.0": "text",
    "items[].sku": "text",
    "items[].qty": "number",
    "items[].tags": "list",
    "items[].tags[]": "text",
    "items.0.sku": "text",
    "cart.total": "number",
    "cart.color": "text",
    "cart.items[].sku": "text",
    '["utm.source"]': "text",
    "nothing": "text",
}
OBJECT_LISTS = ["items[]", "cart.items[]"]
ELEMENT_PATHS = {"sku": "text", "qty": "number", "tags": "list", "tags[]": "text"}
KINDS = ["text", "number", "boolean", "date", "code", "list"]


@dataclass(frozen=True)
class Target:
    """What is compared: the kind that its values mostly have, and those that the data has there."""

    kind: str
    data: Sequence[Datum] = ()
    is_user_id: bool = False


@dataclass(frozen=True)
class Scope:
    """Where a condition is drawn: the instants of the case, what the data holds, the references that may stand in it."""

    pool: Pool
    traits: Mapping[str, Target]
    properties: Mapping[str, Target]
    references: Mapping[str, Sequence[Reference]]
    """By the kind of the value that they name."""
    computed: Sequence[str] = ()
    """The traits that are computed."""

    def without_references(self) -> "Scope":
        """The same scope where literals alone may stand."""
        return replace(self, references={})

    def with_step(self, name: str) -> "Scope":
        """The same scope after a step that is known as `name`."""
        paths = {path: kind for path, kind in PROPERTY_PATHS.items() if "[" not in path}
        references = _by_kind({f"{name}.{path}": kind for path, kind in paths.items()}, "ref")
        return replace(self, references={kind: [*references.get(kind, []), *self.references.get(kind, [])] for kind in KINDS})

    def without_steps(self) -> "Scope":
        """The same scope with references to traits alone."""
        return replace(self, references=TRAIT_REFERENCES if self.references else {})


def _by_kind(paths: Mapping[str, str], key: str) -> dict[str, list[Reference]]:
    return {kind: [{key: path} for path, its_kind in paths.items() if its_kind == kind] for kind in KINDS}


TRAIT_REFERENCES = _by_kind({path: kind for path, kind in TRAIT_PATHS.items() if "[]" not in path}, "trait")


def scope_of(pool: Pool, dataset: Dataset) -> Scope:
    """The scope of a condition outside sequences: its references are to traits."""
    events = [row.properties for row in dataset.events]
    profiles = [row.traits for row in dataset.profiles]
    properties = {path: Target(kind, _data(events, path, dataset.events_zone)) for path, kind in PROPERTY_PATHS.items()}
    traits = {path: Target(kind, _data(profiles, path, dataset.profiles_zone)) for path, kind in TRAIT_PATHS.items()}
    traits["user_id"] = Target("text", [Datum(user, ZoneInfo("UTC")) for user in USERS], is_user_id=True)
    return Scope(pool, traits, properties, TRAIT_REFERENCES)


def element_targets(scope: Scope) -> dict[str, Target]:
    """What the elements of lists of objects hold."""
    return {path: replace(scope.properties[f"items[].{path}"], kind=kind) for path, kind in ELEMENT_PATHS.items()}


def _data(roots: Sequence[Mapping[str, Value]], path: str, zone: str) -> list[Datum]:
    """The values at the path, of lists the elements, none twice."""
    found = [value for root in roots for value in values_at(root, path)]
    scalars = [one for value in found for one in (value if isinstance(value, list) else [value])]
    distinct = {repr(value): value for value in scalars if not is_missing(value) and not isinstance(value, list | Mapping)}
    return [Datum(value, ZoneInfo(zone)) for value in distinct.values()]
