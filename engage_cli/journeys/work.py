"""The temporary tables in which one version of a journey is walked, and the words that its rows use.

`w_instance`
    the instances that this walk may move: those of the state that something can have happened to, and, `fresh`, one for each candidate of
    an entry, under a negative number. `last_at` is the instance's last transition before this walk.
`w_path`
    every token that an instance can have by the branches of forks around it: '' is the instance itself, `offers:vip` a branch of the fork
    `offers`, `offers:vip/gifts:large` one of a fork inside it. `place_in_order` orders them as written, depth first.
`w_beside(token, other)`
    those in different branches of one fork: neither comes after the other.
`w_token`
    where tokens stand or came by in this walk, one row for each arrival. `arrived` says that they came there in this walk: then all events
    since count, else only those that are new. `used` are the ids of the events that moved the token at its last instant.
`w_left`
    the tokens that leave the place that is looked at, each by one way.
`w_log`
    the transitions of this walk. `action` orders what happens at one instant, `place` what one action does, `own` the rest.
`w_stay`
    the tokens that stay, and at which instant time alone moves each (`due`).
`w_end`, `w_sent`, `w_set`, `w_synced`
    instances that came to an end of their path, and what was done on the way.

An action at an instant is one event, condition or timer that moves a token, with all that follows without waiting. Of those possible at an
instant the least goes first: rank (exits 0, restarts 1, other branches 2, timers 3, entries 4), place among the branches of a hold, the
event's own instant and id, the token, and `who`: the entry and the id of the instance, where other instances of a person can tell (else
empty). What an action makes possible at the very instant comes right after it, whatever its own rank, and before what was possible
already: so `action` is a list, in which an action that is less than the one before it stands behind that.
"""

from engage_cli.engine.base import Engine

ACTION = "STRUCT(rank INTEGER, branch INTEGER, ts TIMESTAMP, event VARCHAR, token INTEGER, who VARCHAR)[]"
CONTEXT = "MAP(VARCHAR, STRUCT(value JSON, since TIMESTAMP))"
"""What an instance knows: by name the properties of an event, and since when."""

ROOT = ""
"""The token of an instance outside of forks."""

TABLES = (
    # The id of a message: a step is passed once.
    """
    CREATE OR REPLACE TEMP MACRO id_of_candidate(instance_id, step, user_id) AS
        md5(instance_id || chr(31) || step || chr(31) || '1' || chr(31) || user_id)
    """,
    # What is done (`own`) after something else at its instant, as an action.
    """
    CREATE OR REPLACE TEMP MACRO behind(before, own) AS list_concat(list_filter(before, lambda one: one >= own[1]), own)
    """,
    """
    CREATE OR REPLACE TEMP TABLE w_instance (
        instance BIGINT, instance_id VARCHAR, user_key INTEGER, user_id VARCHAR, key VARCHAR, entered_at TIMESTAMP,
        entry_event VARCHAR, entry_name VARCHAR, fresh BOOLEAN, last_at TIMESTAMP,
        context {context}, who VARCHAR
    )
    """,
    """
    CREATE OR REPLACE TEMP TABLE w_token (
        instance BIGINT, token VARCHAR, place INTEGER, arrived_at TIMESTAMP, waiting_since TIMESTAMP, last_at TIMESTAMP,
        context {context}, used VARCHAR[], arrived BOOLEAN, due TIMESTAMP,
        action {action}
    )
    """,
    """
    CREATE OR REPLACE TEMP TABLE w_log (
        instance BIGINT, token VARCHAR, from_step VARCHAR, to_step VARCHAR, moved_at TIMESTAMP, cause VARCHAR, branch VARCHAR,
            event VARCHAR,
        action {action}, place DOUBLE,
        own {action}
    )
    """,
    """
    CREATE OR REPLACE TEMP TABLE w_stay (
        instance BIGINT, token VARCHAR, place INTEGER, arrived_at TIMESTAMP, waiting_since TIMESTAMP, last_at TIMESTAMP,
        context {context}, used VARCHAR[], due TIMESTAMP
    )
    """,
    """
    CREATE OR REPLACE TEMP TABLE w_end (
        instance BIGINT, token VARCHAR, ended_at TIMESTAMP, reason VARCHAR,
        action {action}, place DOUBLE
    )
    """,
    """
    CREATE OR REPLACE TEMP TABLE w_sent (
        instance BIGINT, step VARCHAR, scheduled_at TIMESTAMP, zone VARCHAR,
        context {context},
        action {action}, place DOUBLE
    )
    """,
    """
    CREATE OR REPLACE TEMP TABLE w_set (
        instance BIGINT, token VARCHAR, step VARCHAR, set_at TIMESTAMP, trait VARCHAR, value JSON,
        action {action}, place DOUBLE
    )
    """,
    """
    CREATE OR REPLACE TEMP TABLE w_synced (
        instance BIGINT, step VARCHAR, synced_at TIMESTAMP, remove_at TIMESTAMP, properties JSON,
        action {action}, place DOUBLE
    )
    """,
)


def make_tables(engine: Engine) -> None:
    """Make the tables of a walk, empty."""
    for table in TABLES:
        engine.execute(table.replace("{action}", ACTION).replace("{context}", CONTEXT))


def count(engine: Engine, text: str, *parameters: object) -> int:
    """The number that a constant query of ours gives."""
    return int(engine.rows(text, parameters)[0][0])
