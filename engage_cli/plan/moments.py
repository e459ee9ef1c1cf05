"""Conditions asked of subjects each at an instant of its own: the waiting instances of a journey's step, say.

They are the conditions of audiences, by the same planner; what is counted from as_of is counted from the subject's own instant.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from engage_cli.definitions.conditions import Condition, named_audiences
from engage_cli.definitions.outcomes import Outcomes
from engage_cli.definitions.paths import Path
from engage_cli.definitions.project import Project, Source, Sources
from engage_cli.definitions.subjects import Subject
from engage_cli.plan.build import Planner, plan_named, plan_traits
from engage_cli.plan.checks import OfContext, OfKey
from engage_cli.plan.finding import found_in
from engage_cli.plan.leaves import (
    AmongRows,
    ConsentIs,
    ContextMeets,
    EventSet,
    FirstEvents,
    HasRows,
    Leaf,
    MemberOf,
    MessageWas,
    SomeLinked,
)
from engage_cli.plan.needs import Needs
from engage_cli.plan.outcomes import asks_outcomes, names_of, with_outcomes
from engage_cli.plan.predicates import Plan, PlannedAudience, Predicate
from engage_cli.plan.relative import OWN, Arrived, Relative, Shifted, Turned
from engage_cli.plan.requirements import IDS, leaves_about, needs_of
from engage_cli.plan.resolve import Context
from engage_cli.plan.traits import PlannedTrait, TraitOfRows, computed_among, is_undated, traits_of_leaf, traits_of_source
from engage_cli.source import Span


class MomentPlan(Struct, frozen=True):
    """Some conditions over subjects with instants of their own, by name.

    `audiences` are all that they name, each after those that it names itself; `traits` the computed ones that are looked at.
    """

    zone: str
    conditions: Mapping[str, PlannedAudience]
    audiences: Mapping[str, PlannedAudience]
    traits: Mapping[str, PlannedTrait]
    outcomes: Outcomes | None = None
    """The events that tell what came of messages; None where no condition asks for that."""
    sets: frozenset[str] = frozenset()
    """The traits that journeys of the project set: each value has its instant."""

    def needs(self, base: Needs, low: datetime) -> Needs:
        """`base` with what has to be staged to ask subjects none of whose instants is before `low`. No event after `base.as_of` is seen."""
        everything = [*self.audiences.values(), *self.conditions.values()]
        own = needs_of(everything, Needs(base.as_of, base.zone, users=base.users, dated=True), self.traits, low)
        return base.with_also(own if self.outcomes is None else with_outcomes(own, self.outcomes))

    def as_plan(self, as_of: datetime) -> Plan:
        """The audiences and traits behind the conditions, as the plan of a run at an instant has them."""
        named = {**self.audiences, **{f"condition {name}": condition for name, condition in self.conditions.items()}}
        return Plan(as_of, self.zone, named, (), Needs(as_of, self.zone), self.traits, self.recorded)

    @property
    def recorded(self) -> frozenset[str]:
        """The undated traits that the conditions look at: `trait_course` says what they were."""
        return frozenset(trait.name for trait in self.traits.values() if is_undated(trait.source))

    def relatives(self) -> tuple[Relative, ...]:
        """The instants of their own that the conditions ask of subjects, by name; that as of which they are asked is always one."""
        found: dict[str, Relative] = {one.name: one for one in (OWN, *found_in(self._predicates(), (Shifted, Turned, Arrived)))}
        return tuple(found[name] for name in sorted(found))

    @property
    def trait_paths(self) -> frozenset[Path]:
        """The traits that the conditions ask for and those that these are computed of."""
        leaves = [leaf for one in (*self.audiences.values(), *self.conditions.values()) for _, leaf in leaves_about(one.of, one.predicate)]
        found = [path for leaf in leaves for path in traits_of_leaf(leaf)]
        return frozenset([*found, *(path for trait in self.traits.values() for path in traits_of_source(trait.source))])

    @property
    def reads_records(self) -> bool:
        """Whether the conditions look at what files other than those of events say: traits, consents, memberships."""
        return bool(self.trait_paths) or self.reads_others or any(True for _ in found_in(self._predicates(), (ConsentIs,)))

    @property
    def reads_others(self) -> bool:
        """Whether the conditions look at other users, those of an account, or at accounts."""
        return any(True for _ in found_in(self._predicates(), (SomeLinked,)))

    @property
    def event_names(self) -> frozenset[str]:
        """The names of the events that the conditions look at; each may hold `*`."""
        names = {name for one in found_in(self._predicates(), (EventSet, FirstEvents)) for name in one.names}
        return frozenset(names if self.outcomes is None else names.union(names_of(self.outcomes)))

    @property
    def with_instance(self) -> bool:
        """Whether it matters which instance asks: it asks for messages of its own."""
        return any(one.own for one in found_in(self._predicates(), (MessageWas,)))

    @property
    def with_key(self) -> bool:
        """Whether the key of the instance that asks matters."""
        return any(True for _ in found_in(self._predicates(), (OfKey,)))

    @property
    def with_context(self) -> bool:
        """Whether what the instance that asks carries matters."""
        return any(True for _ in found_in(self._predicates(), (OfContext, ContextMeets)))

    def _predicates(self) -> tuple[object, ...]:
        predicates = tuple(one.predicate for one in (*self.audiences.values(), *self.conditions.values()))
        return (*predicates, *(trait.source for trait in self.traits.values()))

    # ---- what is dated ---------------------------------------------------------------------------------------------

    def dated(self, name: str, sources: Sources) -> bool:
        """Whether a condition rests on dated inputs alone, so that its value at any earlier instant is known."""
        return not self.undated(name, sources)

    def undated(self, name: str, sources: Sources) -> tuple[str, ...]:
        """The undated inputs that a condition rests on, in words, each once.

        Whether rows of consents and memberships say since when they hold, the files tell and engage.yaml does not: one without an instant
        counts as having been so for ever.
        """
        condition = self.conditions[name]
        return tuple(dict.fromkeys(self._undated(condition.of, condition.predicate, sources)))

    def _undated(self, of: Subject, predicate: Predicate, sources: Sources) -> Iterator[str]:
        for kind, leaf in leaves_about(of, predicate):
            if isinstance(leaf, MemberOf):
                audience = self.audiences[leaf.audience]
                yield from self._undated(audience.of, audience.predicate, sources)
            elif isinstance(leaf, AmongRows):
                yield "`sql:`"
            elif isinstance(leaf, HasRows):
                yield f"the entity `{leaf.rows.entity}`"
                yield from self._undated_traits(kind, leaf, sources)
            else:
                yield from self._undated_traits(kind, leaf, sources)

    def _undated_traits(self, of: Subject, leaf: Leaf, sources: Sources) -> Iterator[str]:
        paths = [path for path in traits_of_leaf(leaf) if path != IDS[of]]
        computed = computed_among(paths, self.traits)
        for trait in computed:
            if is_undated(trait.source):
                yield f"the trait `{trait.name}`, of {'SQL' if isinstance(trait.source, TraitOfRows) else 'RFM scores'}"
        names = {trait.name for trait in computed} | (self.sets if of is Subject.USERS else frozenset())
        if any(path.name not in names for path in paths):
            for source in sources.of("profiles" if of is Subject.USERS else "accounts"):
                if not _is_log(source):
                    yield f"the snapshot `{source.path}`"


def _is_log(source: Source) -> bool:
    """Whether each row says since when it holds."""
    return source.segment or "timestamp" in source.columns


def plan_moments(project: Project, conditions: Mapping[str, Condition], zone: str, owner: str, *, is_journey: bool = True) -> MomentPlan:
    """The plan for conditions of one definition (`owner` is its id, the default salt), by name, over users; of a journey, or a broadcast.

    The definitions are checked: no unknown names, no cycles.
    """
    context = Context(OWN, ZoneInfo(zone))
    planner = Planner(context, owner, is_journey=is_journey)
    planned = {
        name: PlannedAudience(name, planner.predicate(condition), condition, (), _span(condition)) for name, condition in conditions.items()
    }
    named = [name for condition in conditions.values() for name in named_audiences(condition)]
    audiences = plan_named(project, dict.fromkeys(named), context)
    traits = plan_traits(project, [*audiences.values(), *planned.values()], (), context)
    asks = any(asks_outcomes(one.predicate) for one in (*audiences.values(), *planned.values()))
    return MomentPlan(zone, planned, audiences, traits, project.config.messaging.outcomes if asks else None, project.set_traits)


def _span(condition: Condition) -> Span:
    return condition.span
