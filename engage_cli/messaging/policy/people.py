"""What a run knows of the people whom candidates are for: their traits as of the run, and their addresses.

`p_person(user_key, <name of each value>)`
    the values that are asked for, of everybody in `p_due`, and the addresses of those who have unsubscribed from a channel.
`p_address(user_key, channel, is_list, value, normal, problem, key)`
    every address of theirs; `normal` is how it is written, NULL for what is none, with the `problem`; `key` is by what two are the same.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlglot import exp

from engage_cli.definitions.paths import Path, path_of
from engage_cli.definitions.project import Project
from engage_cli.engine.base import Engine
from engage_cli.messaging.addresses import PLAIN, Address, addresses_of, special_tops
from engage_cli.plan.build import plan_traits
from engage_cli.plan.checks import OfTrait
from engage_cli.plan.journeys.asked import Read
from engage_cli.plan.moments import MomentPlan
from engage_cli.plan.needs import Catalog, Column, Needs, Reading
from engage_cli.plan.relative import OWN
from engage_cli.plan.resolve import Context
from engage_cli.sql.literals import column, text_literal
from engage_cli.state.instants import stored


class Values(Struct, frozen=True):
    """The values of people that a run reads, by name, and the plan behind the computed ones."""

    reads: Mapping[str, Read]
    plan: MomentPlan

    def needs(self, base: Needs) -> Needs:
        """What has to be staged to read them as of `base.as_of`."""
        needs = self.plan.needs(base, base.as_of)
        paths = {(one.reference.path, one.reading) for one in self.reads.values() if isinstance(one.reference, OfTrait)}
        raw = {Column(path, reading) for path, reading in paths if path.name not in self.plan.traits}
        return needs.with_also(Needs(base.as_of, base.zone, traits=frozenset(raw), dated=True))


def plan_values(project: Project, channels: Sequence[str], profile: Sequence[str]) -> Values:
    """The addresses on channels (of those that engage.yaml declares), the language, and traits by name."""
    messaging, zone = project.config.messaging, project.config.timezone
    reads: dict[str, Read] = {}
    for name in channels:
        address = messaging.channels[name].address
        reads[f"text:{name}"] = Read(OfTrait(address), Reading.TEXT)
        reads[f"elements:{name}"] = Read(OfTrait(address), Reading.ELEMENTS)
    if messaging.language.trait is not None:
        reads["language"] = Read(OfTrait(messaging.language.trait), Reading.TEXT)
    reads |= {f"profile:{name}": Read(OfTrait(path_of(name)), Reading.VALUE) for name in profile}
    asked: list[Path] = [one.reference.path for one in reads.values() if isinstance(one.reference, OfTrait)]
    planned = plan_traits(project, (), asked, Context(OWN, ZoneInfo(zone)))
    return Values(reads, MomentPlan(zone, {}, {}, planned))


def make_people(engine: Engine, values: Values, catalog: Catalog, channels: Sequence[str], as_of: datetime) -> None:
    """Make `p_person` and `p_address`. Needs `p_due`, and of the channels `consents`."""
    from engage_cli.sql.moment_values import compile_values  # not at the top: a run that decides about nobody compiles nothing

    engine.execute(_SUBJECTS, [list(channels), stored(as_of)])
    steps, made = compile_values(values.plan, values.reads, catalog, "p_subject", as_of, as_of, prefix="p_ask_", as_of=as_of)
    for relation, query in steps:
        engine.create(relation, query)
    shown = [column("user_key", "s"), *(column(name, "v") for name in values.reads)]
    query = exp.select(*shown).from_(exp.alias_(exp.to_table("p_subject"), "s", table=True))
    same = exp.EQ(this=column("subject_key", "v"), expression=column("subject_key", "s"))
    engine.execute("DROP TABLE IF EXISTS temp.main.p_person")
    engine.create("p_person", query.join(exp.alias_(exp.to_table(made), "v", table=True), on=same))
    for relation, _ in reversed(steps):
        engine.drop(relation)
    _make_addresses(engine, channels)


# ---- addresses -----------------------------------------------------------------------------------------------------


def _make_addresses(engine: Engine, channels: Sequence[str]) -> None:
    engine.execute(_NO_ASKED)
    for name in channels:
        shown = [column("user_key", "p"), text_literal(name), column(f"text:{name}", "p"), column(f"elements:{name}", "p")]
        engine.execute(exp.insert(exp.select(*shown).from_(exp.alias_(exp.to_table("p_person"), "p", table=True)), "p_asked_address"))
    engine.execute(_RAW, [PLAIN, sorted(special_tops())])
    engine.execute("DROP TABLE p_asked_address")
    found: list[tuple[str, Address]] = []
    for name in channels:
        values = [str(row[0]) for row in engine.rows(_ODD, [name])]
        found += [(name, address) for address in addresses_of(name, values)]
    rows = [(name, address.value, address.normal, address.problem) for name, address in found]
    engine.execute(_ADDRESSES, [[row[number] for row in rows] for number in range(4)])
    engine.execute("DROP TABLE p_raw")


_SUBJECTS = """
    CREATE OR REPLACE TEMP TABLE p_subject AS
    SELECT w.user_key AS subject_key, w.user_key, n.as_of AS "at"
    FROM (
        SELECT user_key FROM p_due WHERE user_key IS NOT NULL
        UNION
        SELECT user_key FROM consents WHERE status = 'unsubscribed' AND "group" IS NULL AND list_contains(CAST(? AS VARCHAR[]), channel)
    ) AS w CROSS JOIN (SELECT CAST(? AS TIMESTAMP) AS as_of) AS n
"""
_NO_ASKED = "CREATE OR REPLACE TEMP TABLE p_asked_address (user_key INTEGER, channel VARCHAR, text VARCHAR, elements JSON[])"
# Nearly every address is a plain one, and written by one person alone: each is looked at where it stands.
_RAW = """
    CREATE OR REPLACE TEMP TABLE p_raw AS
    WITH given AS (
        SELECT user_key, channel, FALSE AS is_list, text AS value FROM p_asked_address WHERE text IS NOT NULL
        UNION ALL
        SELECT DISTINCT user_key, channel, TRUE, text_of_json(element) FROM (
            SELECT user_key, channel, unnest(elements) AS element FROM p_asked_address
        )
    )
    SELECT *, CASE
            WHEN channel = 'email' AND regexp_full_match(value, ?, 'i') AND strlen(value) <= 254 AND strlen(split_part(value, '@', 1)) <= 64
                AND strlen(split_part(value, '@', 2)) <= 63 AND NOT list_contains(CAST(? AS VARCHAR[]), lower(split_part(value, '.', -1)))
            THEN split_part(value, '@', 1) || '@' || lower(split_part(value, '@', 2))
        END AS plain
    FROM given
"""
_ODD = "SELECT DISTINCT value FROM p_raw WHERE channel = ? AND value IS NOT NULL AND plain IS NULL ORDER BY value"
# One that somebody's list has in two ways of writing is one.
_ADDRESSES = """
    CREATE OR REPLACE TEMP TABLE p_address AS
    WITH judged AS (
        SELECT unnest(CAST(? AS VARCHAR[])) AS channel, unnest(CAST(? AS VARCHAR[])) AS value, unnest(CAST(? AS VARCHAR[])) AS normal,
            unnest(CAST(? AS VARCHAR[])) AS problem
    ), found AS (
        SELECT user_key, channel, is_list, value, plain AS normal, NULL AS problem FROM p_raw WHERE plain IS NOT NULL
        UNION ALL
        SELECT r.user_key, r.channel, r.is_list, r.value, j.normal, j.problem
        FROM (FROM p_raw WHERE plain IS NULL) AS r JOIN judged AS j USING (channel, value)
    ), listing AS (
        SELECT DISTINCT user_key, channel FROM p_raw WHERE is_list
    ), one AS (
        FROM found ANTI JOIN listing USING (user_key, channel)
        UNION ALL
        FROM (FROM found SEMI JOIN listing USING (user_key, channel))
            QUALIFY row_number() OVER (PARTITION BY user_key, channel, coalesce(normal, value) ORDER BY value) = 1
    )
    SELECT *, CASE channel WHEN 'email' THEN lower(normal) ELSE normal END AS "key" FROM one
"""
