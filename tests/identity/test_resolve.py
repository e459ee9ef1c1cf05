"""Profiles in SQL against a plain loop, over generated observations and over graphs of every shape."""

import json
from collections.abc import Sequence
from random import Random
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engage_cli.definitions.identity import Identifier, Identity
from engage_cli.definitions.project import EngineSettings
from engage_cli.engine.connection import Connection
from engage_cli.engine.identity.resolve import observed, resolve
from engage_cli.engine.inputs.loading import Work
from engage_cli.engine.template import NULL, Sql, identifier, joined, literal, sql
from engage_cli.source import Span
from tests.identity.people import Alias, Named, Observed, profiles

NAMES = ("user_id", "email", "anonymous_id")
NOWHERE = Span("engage.yaml", 1, 1, 1, 1)
WIDE = (1_000_000, 1_000_000, 1_000_000)
NOTHING_BLOCKED: tuple[set[str], ...] = (set(), set(), set())


@pytest.fixture(scope="module")
def connection(tmp_path_factory):
    found = Connection(tmp_path_factory.mktemp("identity"), EngineSettings("1GB", None, "tmp"))
    yield found
    found.close()


def identity_of(limits=WIDE, blocked=NOTHING_BLOCKED) -> Identity:
    identifiers = tuple(Identifier(name, limit, NOWHERE) for name, limit in zip(NAMES, limits, strict=True))
    return Identity(identifiers, {name: tuple(sorted(values)) for name, values in zip(NAMES, blocked, strict=True) if values})


def resolved(
    connection: Connection, identity: Identity, parts: list[list[Observed]], aliases: Sequence[Alias] = ()
) -> tuple[dict[Named, Named], set[tuple[Named, Named]]]:
    """The canonical identifier of each, and what was refused; each part of the rows a relation of its own."""
    work = Work(connection)
    tables = []
    for number, rows in enumerate(parts):
        name = identifier(f"part_{number}")
        values = [sql("f[{at}] AS {name}", at=Sql(str(place + 2)), name=observed(place)) for place in range(3)]
        at = "make_timestamp(1000000 * (1780000000 + CAST(f[1] AS BIGINT)))"
        query = "CREATE OR REPLACE TEMP TABLE {t} AS SELECT {at} AS ts, {values} FROM (SELECT CAST(unnest(from_json(?, '[\"JSON\"]')) AS VARCHAR[]) AS f)"
        connection.run(sql(query, t=name, at=Sql(at), values=values).text, [json.dumps([[ts, *values] for ts, values in rows])])
        tables.append(sql("SELECT * FROM {t}", t=name))
    found = resolve(work, identity, tables, [_aliased(connection, part) for part in (aliases[::2], aliases[1::2]) if part])
    query = "SELECT i.kind, i.value, c.kind, c.value FROM {i} AS i JOIN {i} AS c ON c.key = i.profile"
    canonical = {(k, v): (ck, cv) for k, v, ck, cv in connection.rows(sql(query, i=found.identifiers).text)}
    query = "SELECT a.kind, a.value, b.kind, b.value FROM {r} AS r JOIN {i} AS a ON a.key = r.a JOIN {i} AS b ON b.key = r.b"
    refused = {((k, v), (o, w)) for k, v, o, w in connection.rows(sql(query, r=found.refused, i=found.identifiers).text)}
    work.drop_tables()
    return canonical, refused


def _aliased(connection: Connection, aliases: Sequence[Alias]) -> Sql:
    """A SELECT of ts, user_id, previous_id of aliases."""
    rows = [
        sql(
            "SELECT make_timestamp({at}) AS ts, CAST({user} AS VARCHAR) AS user_id, {previous} AS previous_id",
            at=Sql(str(1_000_000 * (1_780_000_000 + at))),
            user=NULL if user is None else literal(user),
            previous=literal(previous),
        )
        for at, user, previous in aliases
    ]
    return joined(" UNION ALL ", rows)


VALUES = st.sampled_from(["a", "b", "c", "d", "e", "f", "", "x"])
ROWS = st.lists(
    st.tuples(st.one_of(st.none(), st.integers(0, 6)), st.tuples(*(st.one_of(st.none(), VALUES) for _ in range(3)))), max_size=24
)


ALIASES = st.lists(st.tuples(st.integers(0, 6), st.one_of(st.none(), VALUES), VALUES.filter(bool)), max_size=4)


@settings(max_examples=150, deadline=None)
@given(
    ROWS,
    ALIASES,
    st.tuples(*(st.sampled_from([1, 2, 3, 100]) for _ in range(3))),
    st.tuples(*(st.sampled_from([set(), {"x"}, {"x", "a"}]) for _ in range(3))),
    st.randoms(use_true_random=False),
)
def test_profiles_are_those_of_a_plain_loop_whatever_the_order_and_split_of_the_rows(connection, rows, aliases, limits, blocked, chance):
    identity = identity_of(limits, blocked)
    shuffled = chance.sample(rows, len(rows))
    cut = chance.randint(0, len(rows))
    said = chance.sample(aliases, len(aliases))
    assert resolved(connection, identity, [shuffled[:cut], shuffled[cut:]], said) == profiles(rows, limits, blocked, aliases)


def large(seed: int, users: int = 3_000) -> list[Observed]:
    """People with some devices and addresses, shared now and then."""
    chance = Random(seed)
    rows: list[Observed] = []
    for user in range(users):
        device = f"d{user if chance.random() < 0.9 else chance.randrange(users)}"
        for _ in range(chance.randint(1, 4)):
            named = f"u{user}" if chance.random() < 0.6 else None
            address = f"m{user if chance.random() < 0.95 else chance.randrange(users)}" if chance.random() < 0.4 else None
            rows.append((chance.randrange(10_000), (named, address, device)))
    return rows


@pytest.mark.parametrize("limits", [WIDE, (1, 5, 100), (2, 1, 3)])
def test_many_people_are_told_apart_as_by_a_plain_loop(connection, limits):
    rows = large(seed=sum(limits))
    assert resolved(connection, identity_of(limits), [rows[::2], rows[1::2]]) == profiles(rows, limits, NOTHING_BLOCKED)


def path(length: int) -> list[Observed]:
    """Devices and addresses in turn, each seen with the next."""
    return [(at, (None, f"m{(at + 1) // 2}", f"d{at // 2}")) for at in range(length)]


SHAPES = {
    "path": path(100_000),
    "path backwards": [(-at, values) for at, values in path(100_000)],
    "cycle": [*path(20_000), (1, (None, "m0", "d9999"))],
    "star": [(at, ("hub", None, f"d{at}")) for at in range(50_000)],
    "two stars": [(at, (f"hub{at % 2}", None, f"d{at // 2}")) for at in range(20_000)],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_component_of_any_shape_is_one_profile(connection, shape):
    begun = perf_counter()
    canonical, refused = resolved(connection, identity_of(), [SHAPES[shape]])
    assert len(set(canonical.values())) == 1
    assert not refused
    assert perf_counter() - begun < 30


def test_a_long_path_is_cut_where_a_limit_binds(connection):
    rows = path(150_000)
    canonical, refused = resolved(connection, identity_of((1, 5, 100)), [rows])
    assert len(refused) == 150_000 // 10
    assert canonical == profiles(rows, (1, 5, 100), NOTHING_BLOCKED)[0]


def test_the_newest_is_not_merged(connection):
    rows: list[Observed] = [(1, ("ana", None, "phone")), (2, ("ben", None, "phone")), (None, ("ben", "b@x", None))]
    canonical, refused = resolved(connection, identity_of((1, 5, 100)), [rows])
    assert canonical[2, "phone"] == (0, "ana")
    assert canonical[1, "b@x"] == canonical[0, "ben"] == (0, "ben")
    assert refused == {((0, "ben"), (2, "phone"))}


def test_a_profile_is_named_after_its_earliest_user_id_and_else_its_earliest_identifier(connection):
    rows: list[Observed] = [
        (1, (None, "b@x", "phone")),
        (5, ("later", "b@x", None)),
        (4, ("sooner", None, "phone")),
        (3, (None, "c@x", "tablet")),
    ]
    canonical, _ = resolved(connection, identity_of(), [rows])
    assert canonical[1, "b@x"] == (0, "sooner")
    assert canonical[2, "tablet"] == (1, "c@x")


def test_values_that_are_equal_but_of_different_identifiers_are_different(connection):
    canonical, _ = resolved(connection, identity_of(), [[(1, ("same", None, None)), (2, (None, None, "same"))]])
    assert canonical == {(0, "same"): (0, "same"), (2, "same"): (2, "same")}


def test_nothing_observed_is_nobody(connection):
    assert resolved(connection, identity_of(), [[(1, (None, "", None))]]) == ({}, set())


def test_the_loop_in_python_knows_that_a_limit_of_one_keeps_two_users_apart():
    canonical, refused = profiles([(1, ("a", None, "d")), (2, ("b", None, "d"))], (1, 5, 100), NOTHING_BLOCKED)
    assert canonical[0, "b"] != canonical[0, "a"] == canonical[2, "d"]
    assert len(refused) == 1


def test_a_blocked_value_is_a_literal_and_no_sql(connection):
    identity = identity_of(blocked=(set(), {"'; DROP TABLE x --"}, set()))
    rows: list[Observed] = [(1, ("a", "'; DROP TABLE x --", None)), (2, ("b", "'; DROP TABLE x --", None))]
    canonical, _ = resolved(connection, identity, [rows])
    assert canonical == {(0, "a"): (0, "a"), (0, "b"): (0, "b")}


def test_an_alias_joins_two_users_where_the_limit_lets_it_and_an_id_that_was_never_seen_joins_nobody(connection):
    rows: list[Observed] = [(1, ("old", None, "phone")), (2, ("new", None, None)), (3, (None, None, "tablet"))]
    aliases: list[Alias] = [(4, "new", "old"), (5, "new", "tablet"), (6, "new", "unheard")]
    canonical, refused = resolved(connection, identity_of((2, 5, 100)), [rows], aliases)
    assert set(canonical.values()) == {(0, "old")}
    assert (2, "unheard") not in canonical
    assert (0, "unheard") not in canonical
    assert not refused
    canonical, refused = resolved(connection, identity_of((1, 5, 100)), [rows], aliases)
    assert canonical[2, "tablet"] == canonical[0, "new"] == (0, "new")
    assert refused == {((0, "new"), (0, "old"))}
