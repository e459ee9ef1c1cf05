"""What the ticks of some editions need of the data."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from engage_cli.definitions.journey import EntryOn, EntryWhen
from engage_cli.definitions.journey_steps import SetTrait
from engage_cli.journeys.edition import Edition
from engage_cli.journeys.happening import Awaited, text_columns
from engage_cli.plan.checks import OfTrait
from engage_cli.plan.instants import Stretch
from engage_cli.plan.journeys.asked import Read
from engage_cli.plan.leaves import EventSet, Happened
from engage_cli.plan.needs import Column, EventNeed, Needs
from engage_cli.plan.requirements import needs_of_leaf_alone
from engage_cli.records import replace


def needs_of_editions(base: Needs, editions: Iterable[Edition], low: datetime) -> Needs:
    """`base` with what has to be staged: every event that is waited for, whole, and what conditions and values ask for."""
    needs = replace(base, dated=True)
    bare = Needs(base.as_of, base.zone, users=base.users)
    # All at once: joined one by one, hundreds of editions would cost the square of their number.
    return needs.with_all([need for edition in editions for need in _of_edition(edition, bare, low)])


def _of_edition(edition: Edition, bare: Needs, low: datetime) -> Iterator[Needs]:
    entry = edition.journey.entry
    key = entry.key if isinstance(entry, EntryOn) else None
    for one in (*edition.awaited, *([edition.entry_on] if edition.entry_on is not None else [])):
        extra = one.columns | (text_columns(key) if one.place == "entry" else frozenset())
        yield _of_event(one, bare)
        yield replace(bare, events=(EventNeed(one.names, None, frozenset(extra)),), whole=frozenset(one.names))
    if isinstance(entry, EntryWhen):
        yield replace(bare, events=(EventNeed(("*",), None, frozenset()),), with_known_since=True)
    read = [one for one in edition.values.values() if isinstance(one, Read)]
    traits = {Column(one.reference.path, one.reading) for one in read if isinstance(one.reference, OfTrait)}
    sets = frozenset(step.trait for step in edition.journey.all_steps() if isinstance(step, SetTrait))
    own = frozenset(column for column in traits if column.path.name not in edition.plan.traits)
    yield replace(edition.plan.needs(bare, low), set_traits=sets)
    yield replace(bare, traits=own)


def _of_event(one: Awaited, base: Needs) -> Needs:
    return needs_of_leaf_alone(Happened(EventSet(one.names, Stretch(), one.row)), base)
