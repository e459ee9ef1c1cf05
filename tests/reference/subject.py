"""The subject of a condition: one user, or one account, at one instant, with everything that may be asked of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from tests.reference.consents import States
from tests.reference.dataset import Entity, Event
from tests.reference.paths import has_each, read_path, values_at
from tests.reference.ties import Ledger, Ties
from tests.reference.values import Datum, Value


@dataclass(frozen=True)
class Subject:
    """One user (`of` is "user") or account ("account") as of one instant; `user_id` is its id, whatever it is.

    `linked` are the accounts of the user, or the users of the account. `events` are the user's, or those of all users of the account,
    up to as_of, in order. `traits_zone` is that of the traits' source. `taken` holds the events that earlier steps of a sequence took,
    by their `as`, `computed` the traits that are computed. `lists` are the values of the files of `in_file`, by path. `consents` are the
    subscription states by channel and group. `ties` are those to an instance, where a journey asks; `ledger` is what journeys did with the
    user, `entities` the further tables.
    """

    user_id: str
    as_of: datetime
    zone: ZoneInfo
    traits: Mapping[str, Value]
    traits_zone: ZoneInfo
    events: Sequence[Event]
    lists: Mapping[str, Sequence[str]]
    taken: Mapping[str, Event] = field(default_factory=dict)
    computed: Mapping[str, Datum] = field(default_factory=dict)
    of: str = "user"
    linked: list["Subject"] = field(default_factory=list, repr=False, compare=False)
    consents: States = field(default_factory=dict)
    ties: Ties | None = None
    ledger: Ledger = field(default_factory=Ledger)
    entities: Mapping[str, Entity] = field(default_factory=dict)

    def with_taken(self, name: str | None, event: Event) -> "Subject":
        """The same subject after a step, known as `name`, took the event."""
        return replace(self, taken={**self.taken, name: event}) if name else self

    def trait(self, path: str) -> list[Datum]:
        """What stands at the path into the traits. `user_id` is the user's id, `account_id` the account's."""
        if read_path(path) == [f"{self.of}_id"]:
            return [Datum(self.user_id, self.zone)]
        name = str(read_path(path)[0])
        if name in self.computed:
            return [Datum(value, self.computed[name].zone) for value in values_at({name: self.computed[name].value}, path)]
        return [Datum(value, self.traits_zone) for value in values_at(self.traits, path)]

    def context(self, path: str) -> list[Datum]:
        """What stands at the path into the context of the instance that asks: `entry.cart_total`."""
        assert self.ties is not None
        return [Datum(value, self.ties.zone) for value in values_at(self.ties.context, path)]

    def referred(self, reference: Mapping[str, str]) -> Datum:
        """The value that `{trait: ..}`, `{ref: ..}` or `{context: ..}` names. Several elements (`[]`) are one list. `{key: ..}` is the
        instance's key, for `match`."""
        if "key" in reference:
            assert self.ties is not None
            return Datum(self.ties.key, self.zone)
        if "trait" in reference:
            path = reference["trait"]
            found = self.trait(path)
        elif "context" in reference:
            path = reference["context"]
            found = self.context(path)
        else:
            step = str(read_path(reference["ref"])[0])
            path = reference["ref"].removeprefix(step).removeprefix(".")
            found = event_data(self.taken[step], path)
        if has_each(path):
            return Datum([datum.value for datum in found], found[0].zone if found else self.zone)
        return found[0]


def event_data(event: Event, path: str) -> list[Datum]:
    """What stands at the path into an event's properties."""
    return [Datum(value, event.zone) for value in values_at(event.properties, path)]
