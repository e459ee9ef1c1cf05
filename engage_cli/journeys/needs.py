"""What the ticks of some editions need of the data."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from engage_cli.definitions.journey import EntryOn, EntryWhen, SetTrait
from engage_cli.journeys.edition import Edition
from engage_cli.journeys.happening import Awaited, text_columns
from engage_cli.plan.checks import OfTrait
from engage_cli.plan.instants import Stretch
from engage_cli.plan.journeys.asked import Read
from engage_cli.plan.leaves import EventSet, Happened
from engage_cli.plan.needs import Column, EventNeed, Needs
from engage_cli.plan.requirements import needs_of_leaf


def needs_of_editions(base: Needs, editions: Iterable[Edition], low: datetime) -> Needs:
    """`base` with what has to be staged: every event that is waited for, whole, and what conditions and values ask for."""
    needs = replace(base, dated=True)
    bare = Needs(base.as_of, base.zone, users=base.users)
    # Each by itself, then all at once: joined one by one, hundreds of editions would cost the square of their number.
    return needs.with_all([_of_edition(edition, bare, low) for edition in editions])


def _of_edition(edition: Edition, bare: Needs, low: datetime) -> Needs:
    needs, entry = bare, edition.journey.entry
    key = entry.key if isinstance(entry, EntryOn) else None
    for one in (*edition.awaited, *([edition.entry_on] if edition.entry_on is not None else [])):
        extra = one.columns | (text_columns(key) if one.place == "entry" else frozenset())
        whole = replace(bare, events=(EventNeed(one.names, None, frozenset(extra)),), whole=frozenset(one.names))
        needs = needs.with_all([_of_event(one, bare), whole])
    if isinstance(entry, EntryWhen):
        everything = (EventNeed(("*",), None, frozenset()),)
        needs = needs.with_also(replace(bare, events=everything, with_known_since=True))
    needs = edition.plan.needs(needs, low)
    read = [one for one in edition.values.values() if isinstance(one, Read)]
    traits = {Column(one.reference.path, one.reading) for one in read if isinstance(one.reference, OfTrait)}
    return replace(
        needs,
        traits=needs.traits | {column for column in traits if column.path.name not in edition.plan.traits},
        set_traits=needs.set_traits | {step.trait for step in edition.journey.all_steps() if isinstance(step, SetTrait)},
    )


def _of_event(one: Awaited, base: Needs) -> Needs:
    return needs_of_leaf(Happened(EventSet(one.names, Stretch(), one.row)), base)
