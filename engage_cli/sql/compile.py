"""The compiler: a plan to named relations and one SELECT an audience.

Leaves become relations, equal ones the same relation, whoever asks. An audience is a SELECT over the subjects joined with the
relations of its leaves; one that another names is a relation itself, so a nested audience is inlined as a CTE.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import assert_never

from msgspec import Struct
from sqlglot import exp

from engage_cli.definitions.subjects import Subject
from engage_cli.plan.leaves import (
    AmongRows,
    ConsentIs,
    ContextMeets,
    Counted,
    EdgeMeets,
    Happened,
    HasRows,
    InShareOf,
    Leaf,
    Measured,
    MemberOf,
    MessageWas,
    OnDays,
    Regular,
    Sequence,
    SomeLinked,
    StayWas,
    TraitMeets,
)
from engage_cli.plan.needs import Catalog
from engage_cli.plan.predicates import Always, And, Is, Negated, Or, Plan, PlannedAudience, Predicate
from engage_cli.sql.accounts import ACCOUNT_EVENTS, AccountRelations, of_accounts
from engage_cli.sql.atoms import Atom
from engage_cli.sql.authored import read_authored
from engage_cli.sql.consents import consent_atom
from engage_cli.sql.entities import EntityLeaves
from engage_cli.sql.events import EventQueries, ordered
from engage_cli.sql.functions import e_bucket
from engage_cli.sql.ledger import ledger_relation
from engage_cli.sql.literals import all_of, any_of, column, integer_literal, known, negation, text_literal
from engage_cli.sql.measures import EventLeaves
from engage_cli.sql.relations import Relation, Relations, comment
from engage_cli.sql.rows import row_condition
from engage_cli.sql.scope import USERS, Scope, context_scope, join_subject, relation_alias, relations_used, trait_scope
from engage_cli.sql.sequences import sequence_relation
from engage_cli.sql.traits import TraitRelations

MEMBERS = "m"
_OF_SUBJECTS = (Happened, Counted, Measured, OnDays, EdgeMeets, Regular, Sequence, MemberOf)
"""Leaves in whose relations nobody is who is no user: those of events, since whoever has an event is one, and audiences."""


def audience_relation(name: str) -> str:
    """The name of the relation of an audience's members."""
    return f"audience_{name}"


class Compiled(Struct):
    """A plan as relations: `members` reads an audience whole, `steps` make what a run reads, `scope` and `join_values` read traits."""

    plan: Plan
    relations: Relations
    compiler: "Compiler"

    def scope(self, of: Subject = Subject.USERS) -> Scope:
        """How traits of a subject are read, computed ones among them; `join_values` joins what was read."""
        return self.compiler.scope(of)

    def join_values(
        self, query: exp.Select, scope: Scope, key: exp.Expr, made: Collection[str] = (), of: Subject = Subject.USERS
    ) -> exp.Select:
        """`query`, which is written of users, about subjects of a kind: joined by their key with what a scope read of them.

        Relations that are no tables yet (`made` are) are CTEs of it.
        """
        return self.with_inlined(about(of, join_subject(query, scope.used, key)), made)

    def with_inlined(self, query: exp.Select, made: Collection[str]) -> exp.Select:
        """A query with the relations that it reads as CTEs, but for those that are tables (`made`)."""
        inlined: dict[str, Relation] = {}
        for table in query.find_all(exp.Table):
            if table.name in self.relations.by_name:
                _inline(self.relations, table.name, made, inlined)
        return with_relations(query, inlined.values())

    def members(self, name: str) -> exp.Select:
        """The members of an audience as one readable query: (user_id), in its order."""
        relation = audience_relation(name)
        query = exp.select(column("user_id", USERS)).from_(exp.alias_(exp.to_table(relation), "m", table=True))
        on = exp.EQ(this=column("user_key", USERS), expression=column("user_key", "m"))
        query = query.join(exp.alias_(exp.to_table("users"), USERS, table=True), on=on)
        query = about(self.plan.audiences[name].of, query.order_by(ordered(column("user_id", USERS))))
        return with_relations(query, self.relations.needed_by([relation]))

    def steps(self) -> list[tuple[str, exp.Select]]:
        """The relations of a run in order, each (name, query): what several read is one of them, the rest is inlined where it is read."""
        # The events of accounts are no table: whoever reads them wants few of them.
        return steps_of(self.relations, [audience_relation(name) for name in self.plan.asked], {ACCOUNT_EVENTS})

    def all_members(self) -> exp.Query:
        """(audience, user_key) of every asked audience, of accounts their keys, over the relations that `steps` made."""
        selects = [self._labelled(name) for name in self.plan.asked]
        query: exp.Query = selects[0]
        for select in selects[1:]:
            query = exp.union(query, select, distinct=False, copy=False)
        return query

    def _labelled(self, name: str) -> exp.Select:
        key = exp.column("user_key") if self.plan.audiences[name].of is Subject.USERS else exp.alias_(exp.column("account_key"), "user_key")
        return exp.select(exp.alias_(text_literal(name), "audience"), key).from_(exp.to_table(audience_relation(name)))


def steps_of(relations: Relations, roots: Collection[str], never: Collection[str]) -> list[tuple[str, exp.Select]]:
    """The relations that make the roots, in order, each (name, query). What several read is one of them, but for what is `never`."""
    needed = list(relations.needed_by(roots))
    readers: dict[str, int] = {}
    for relation in needed:
        for parent in relation.parents:
            readers[parent] = readers.get(parent, 0) + 1
    kept = {relation.name for relation in needed if readers.get(relation.name, 0) > 1} - set(never) | set(roots)
    return [(relation.name, _with_inlined(relations, relation, kept)) for relation in needed if relation.name in kept]


def _with_inlined(relations: Relations, relation: Relation, kept: Collection[str]) -> exp.Select:
    """A relation's query with those it reads as CTEs, as far as they are no tables of their own."""
    inlined: dict[str, Relation] = {}
    for parent in relation.parents:
        _inline(relations, parent, kept, inlined)
    return with_relations(relation.query.copy(), inlined.values())


def _inline(relations: Relations, name: str, kept: Collection[str], inlined: dict[str, Relation]) -> None:
    """Add a relation to those inlined, after all that it reads, unless it is a table or among them already."""
    if name in kept or name in inlined:
        return
    relation = relations.by_name[name]
    for parent in relation.parents:
        _inline(relations, parent, kept, inlined)
    inlined[name] = relation


def with_relations(query: exp.Select, relations: Iterable[Relation]) -> exp.Select:
    """`query` with these relations as CTEs, each under its comment."""
    for relation in relations:
        body = relation.query.copy()
        body.add_comments([relation.comment])
        query = query.with_(exp.to_identifier(relation.name), as_=body, copy=False)
    return query


def compile_plan(plan: Plan, catalog: Catalog) -> Compiled:
    """Compile every audience of a plan against what was staged for it."""
    compiler = Compiler(plan, catalog)
    for audience in plan.audiences.values():
        compiler.audience(audience)
    return Compiled(plan, compiler.relations, compiler)


def about(of: Subject, query: exp.Select) -> exp.Select:
    """A query that is written of users, about subjects of a kind."""
    return query if of is Subject.USERS else of_accounts(query)


class Subjects(Struct, frozen=True):
    """What compiles leaves about one kind of subject."""

    catalog: Catalog
    relations: Relations
    queries: EventQueries
    events: EventLeaves
    entities: EntityLeaves


def subjects_of(queries: EventQueries, relations: Relations) -> Subjects:
    """What compiles leaves, by these queries and into these relations."""
    return Subjects(queries.catalog, relations, queries, EventLeaves(queries, relations), EntityLeaves(queries, relations))


@dataclass
class Compiler:
    """The state of one compilation."""

    plan: Plan
    catalog: Catalog
    relations: Relations = field(default_factory=Relations)

    def __post_init__(self) -> None:
        self.of = self.kinds()
        for of, subjects in self.of.items():
            traits = TraitRelations(self.plan, subjects.queries, subjects.relations, subjects.events, of)
            subjects.queries.computed, subjects.queries.session = traits.derived, traits.session

    def kinds(self) -> dict[Subject, Subjects]:
        """What compiles leaves, by the kind of subject that they are about."""
        queries = {
            Subject.USERS: EventQueries(self.catalog, self.plan.zone, self.plan.as_of),
            Subject.ACCOUNTS: EventQueries(self.catalog.for_accounts(), self.plan.zone, self.plan.as_of),
        }
        relations = {Subject.USERS: self.relations, Subject.ACCOUNTS: AccountRelations(self.relations)}
        return {of: subjects_of(queries[of], relations[of]) for of in Subject}

    def scope(self, of: Subject) -> Scope:
        """How traits of a kind of subject are read."""
        subjects = self.of[of]
        return trait_scope(subjects.catalog, self.plan.zone, subjects.queries.computed)

    # ---- audiences -------------------------------------------------------------------------------------------------

    def audience(self, audience: PlannedAudience) -> str:
        """The relation (user_key, of accounts account_key) of an audience's members."""
        words = comment(f"audience {audience.name}", audience.span)
        without_anonymous = audience.of is Subject.USERS and self.catalog.with_anonymous and not audience.with_anonymous
        return self.meeting(audience.predicate, audience.of, audience_relation(audience.name), words, without_anonymous=without_anonymous)

    def member_relation(self, name: str) -> str:
        """The relation of an audience that another names."""
        return audience_relation(name)

    def meeting(self, predicate: Predicate, of: Subject, name: str, words: str, *, without_anonymous: bool = False) -> str:
        """The relation of the subjects that meet a predicate; `without_anonymous`: of users that are known by a user's id."""
        selection = Selection(of)
        conditions = self._conjuncts(predicate, selection)
        if without_anonymous:
            conditions.append(negation(column("anonymous", USERS)))
        query = selection.members(all_of(conditions))
        return self.of[of].relations.add(name, query, words, selection.joined)

    def _conjuncts(self, predicate: Predicate, selection: "Selection") -> list[exp.Expr]:
        """The conditions of the top conjunction. A relation that one of them requires is joined inwardly."""
        if isinstance(predicate, And):
            return [condition for part in predicate.parts for condition in self._conjuncts(part, selection)]
        if isinstance(predicate, Is):
            atom = self.atom(predicate.leaf, selection)
            selection.read(atom, required=atom.implies_presence, of_subjects=isinstance(predicate.leaf, _OF_SUBJECTS))
            return [] if atom.is_presence else [atom.condition]
        return [self.condition(predicate, selection)]

    # ---- predicates ------------------------------------------------------------------------------------------------

    def condition(self, predicate: Predicate, selection: "Selection", *, exact: bool = False) -> exp.Expr:
        """The condition that a predicate is over the subject and what `selection` joins; never NULL where `exact`."""
        match predicate:
            case And(parts):
                return all_of(self.condition(part, selection, exact=exact) for part in parts)
            case Or(parts):
                return any_of(self.condition(part, selection, exact=exact) for part in parts)
            case Negated(part):
                return negation(self.condition(part, selection, exact=True))
            case Always():
                return exp.true()
            case Is(leaf):
                atom = self.atom(leaf, selection, exact=exact)
                selection.read(atom)
                if exact and not atom.is_presence and not isinstance(leaf, TraitMeets | ContextMeets):
                    return known(atom.condition.copy())
                return atom.condition.copy()
            case _:
                assert_never(predicate)

    def atom(self, leaf: Leaf, selection: "Selection", *, exact: bool = False) -> Atom:
        """A leaf as a condition; the relation behind it is made where it is new."""
        subjects = self.of[selection.of]
        match leaf:
            case Happened() | Counted() | Measured() | OnDays() | EdgeMeets() | Regular():
                return subjects.events.atom(leaf)
            case Sequence():
                return Atom.presence(sequence_relation(leaf, subjects.queries, subjects.relations))
            case TraitMeets(row):
                scope = self.scope(selection.of)
                condition = row_condition(row, scope, exact=exact)
                selection.use(scope.used)
                return Atom(None, condition)
            case InShareOf(salt, scale, threshold):
                bucket = exp.Mul(this=e_bucket(salt, column("user_id", USERS)), expression=integer_literal(scale))
                return Atom(None, exp.LT(this=bucket, expression=integer_literal(threshold)))
            case MemberOf(name):
                return Atom.presence(self.member_relation(name))
            case AmongRows():
                return Atom.presence(self.authored(leaf, selection.of))
            case SomeLinked():
                return Atom.presence(self.linked(leaf))
            case ContextMeets(row):
                scope = context_scope(subjects.catalog, self.plan.zone, subjects.queries.computed)
                condition = row_condition(row, scope, exact=exact)
                selection.use(scope.used)
                return Atom(None, condition)
            case MessageWas() | StayWas():
                return Atom.presence(ledger_relation(leaf, subjects.queries, subjects.relations))
            case ConsentIs():
                return consent_atom(leaf, subjects.relations)
            case HasRows():
                return subjects.entities.atom(leaf)
            case _:
                assert_never(leaf)

    def authored(self, leaf: AmongRows, of: Subject) -> str:
        name, new = self.of[of].relations.name_for(leaf, leaf.label)
        if new:
            rows = read_authored(leaf.text, self.catalog.tables, [of.id_name]).over(self.catalog, self.plan.as_of)
            key, subject_id = column(f"{of.one}_key", USERS), column(of.id_name, USERS)
            query = exp.select(key).distinct()
            query = query.from_(exp.alias_(exp.Subquery(this=rows), "s", table=True))
            on = exp.EQ(this=subject_id, expression=exp.cast(column(of.id_name, "s"), "TEXT"))
            query = query.join(exp.alias_(exp.to_table(of.value), USERS, table=True), on=on)
            self.relations.add(name, query, comment(f"{of.value} among the rows of the author's SQL", leaf.span))
        return name

    def meeting_relation(self, leaf: SomeLinked) -> str:
        """The name of the relation of the subjects that meet the predicate inside a quantifier."""
        name = self.relations.name_for(leaf, leaf.label)[0]
        return self.relations.name_for((leaf.of, leaf), f"{name}_{leaf.of.value}")[0]

    def linked(self, leaf: SomeLinked) -> str:
        """The relation of the subjects that memberships link with one that meets the leaf's predicate."""
        name, new = self.relations.name_for(leaf, leaf.label)
        if not new:
            return name
        key, inner_key = f"{leaf.of.other.one}_key", f"{leaf.of.one}_key"
        query = exp.select(column(key, MEMBERS)).distinct().from_(exp.alias_(exp.to_table("members"), MEMBERS, table=True))
        parents: list[str] = []
        if not isinstance(leaf.predicate, Always):
            words = comment(f"{leaf.of.value} that meet it", leaf.span)
            inner = self.meeting(leaf.predicate, leaf.of, self.meeting_relation(leaf), words)
            on = exp.EQ(this=column(inner_key, inner), expression=column(inner_key, MEMBERS))
            query = query.join(exp.to_table(inner), on=on)
            parents.append(inner)
        words = f"{leaf.of.other.value} with {'an account' if leaf.of is Subject.ACCOUNTS else 'a user'}"
        return self.relations.add(name, query, comment(words if not parents else f"{words} that meets it", leaf.span), parents)


@dataclass
class Selection:
    """The relations that one SELECT over the subjects reads: True where a subject must be in it.

    What it makes is written of users; `about` says it of the subjects' kind.
    """

    of: Subject = Subject.USERS
    relations: dict[str, bool] = field(default_factory=dict)
    subject: set[str] = field(default_factory=set)
    among: str | None = None
    """A relation of users that everybody who is looked for is in, and nobody who is no user."""

    @property
    def joined(self) -> tuple[str, ...]:
        """The names of the relations, in the order first read."""
        return tuple(self.relations)

    def read(self, atom: Atom, *, required: bool = False, of_subjects: bool = False) -> None:
        """Join what the atom reads. `of_subjects`: who is in it is a subject."""
        if atom.relation is not None:
            self.relations[atom.relation] = self.relations.get(atom.relation, False) or required
            if required and of_subjects and self.of is Subject.USERS:
                self.among = self.among or atom.relation

    def use(self, used: set[str]) -> None:
        """Join what a condition over the subject refers to."""
        for name in relations_used(used):
            self.relations.setdefault(name, False)
        self.subject |= used - {relation_alias(name) for name in relations_used(used)}

    def members(self, condition: exp.Expr) -> exp.Select:
        """The key of the subjects that meet the condition. Joining a relation with all users costs more than most conditions: it is read
        alone where it says all."""
        if self.among is None or USERS in self.subject or any(one.table == USERS for one in condition.find_all(exp.Column)):
            return self.over_subjects([column("user_key", USERS)], condition)
        query = exp.select(column("user_key", self.among)).from_(exp.to_table(self.among))
        return self._joined(query, self.among, condition)

    def over_subjects(self, columns: list[exp.Expr], condition: exp.Expr) -> exp.Select:
        """`columns` of the subjects that meet the condition."""
        query = exp.select(*columns).from_(exp.alias_(exp.to_table("users"), USERS, table=True))
        return self._joined(query, USERS, condition)

    def _joined(self, query: exp.Select, first: str, condition: exp.Expr) -> exp.Select:
        """A query of one relation with all the others."""
        for name, required in sorted(self.relations.items(), key=lambda item: not item[1]):
            if name != first:
                on = exp.EQ(this=column("user_key", name), expression=column("user_key", first))
                query = query.join(exp.to_table(name), on=on, join_type="inner" if required else "left")
        query = join_subject(query, self.subject - {USERS}, column("user_key", first))
        return query if condition == exp.true() else query.where(condition)
