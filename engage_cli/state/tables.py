"""The tables of the state, as the newest schema version has them, and what every column and status means.

The file is attached as `state`. Instants are naive UTC TIMESTAMPs. `run` columns hold a run's number, which is internal; people see
the run id. The large tables have no keys or indexes: applying a million changes under one costs many times the change itself, and
`state check` verifies what keys would have.

An audience that is no longer defined keeps its clock, its members and its member file as its last run left them: nobody exits because a
definition was deleted. Defined again, it goes on from there.
"""

from enum import StrEnum


class RunStatus(StrEnum):
    """How far a run has come."""

    COMMITTED = "committed"  # its changes are in the state; some of its files may still carry their part names
    PUBLISHED = "published"  # every file that it wrote has its final name


class Told(StrEnum):
    """What a row of the outbox, and a file of a run's folder, is about."""

    MEMBERSHIP = "membership"  # a change of membership, for everybody who asks for the audience's changes
    SYNC = "sync"  # a change of membership for one destination, which had not been told of it: it was behind, or is told all again
    EACH = "each"  # who comes to be a user of some account in an audience, and who goes, for one destination
    MESSAGE = "message"  # a message that is sent, in the file of its channel
    SKIPPED = "skipped"  # one that is not, with the reason and the rule
    EVENT = "event"  # an event that a step of a journey tells a destination
    TRAIT = "trait"  # a value of a computed trait that changed, for all destinations that know the trait
    TRAIT_SYNC = "trait_sync"  # such a value for one destination, which was behind, or is told all again
    LIST = "list"  # who comes to a list at a destination, and who goes from it


class Change(StrEnum):
    """What happened to a user's membership of an audience."""

    ENTERED = "entered"
    EXITED = "exited"


class TraitChange(StrEnum):
    """What happens to a subject's value of a computed trait."""

    SET = "set"
    CLEARED = "cleared"


class ListChange(StrEnum):
    """What happens to identifiers on a list at a destination."""

    ADDED = "added"
    REMOVED = "removed"


CREATE_TABLES = (  # `outbox` and `run_file` have another shape since: see TELL_MORE
    """
    CREATE TABLE state.revision (          -- one row: which edition of the state this is
        number INTEGER NOT NULL            -- one more after every transaction; tells whether the published copy is the newest
    )
    """,
    "INSERT INTO state.revision VALUES (0)",
    """
    CREATE TABLE state.run (               -- one row for each run that changed anything, never deleted
        number INTEGER PRIMARY KEY,        -- 1, 2, 3, … without gaps
        run_id VARCHAR NOT NULL,           -- eight hex digits: see runs.py
        previous_run_id VARCHAR,           -- the id of the run before; NULL for the first
        command VARCHAR NOT NULL,          -- `audience build`
        as_of TIMESTAMP NOT NULL,          -- the run's instant
        tool_version VARCHAR NOT NULL,     -- the engage that ran
        definitions VARCHAR NOT NULL,      -- hash of the definitions that it was asked to build
        inputs VARCHAR NOT NULL,           -- hash of the files that it read
        status VARCHAR NOT NULL            -- see RunStatus
    )
    """,
    """
    CREATE TABLE state.input_file (        -- one row for each content of each file, over a stretch of runs that read it
        kind VARCHAR NOT NULL,             -- `events`, `profiles`, …, `list`
        path VARCHAR NOT NULL,             -- as found, from the project folder
        bytes BIGINT NOT NULL,
        sha256 VARCHAR NOT NULL,
        first_run INTEGER NOT NULL,        -- the first run of the stretch
        last_run INTEGER                   -- the last one; NULL while the newest run read it
    )
    """,
    """
    CREATE TABLE state.audience_clock (    -- one row for each audience ever built
        audience VARCHAR PRIMARY KEY,
        as_of TIMESTAMP NOT NULL,          -- the last instant that it was built at; only moves forward
        definition VARCHAR NOT NULL,       -- hash of its definition then
        inputs VARCHAR NOT NULL,           -- hash of the files it rested on then
        run INTEGER NOT NULL,              -- the run that built it
        entered BIGINT NOT NULL,           -- how many users entered by that run
        exited BIGINT NOT NULL             -- how many exited by it
    )
    """,
    """
    CREATE TABLE state.membership (        -- one row for each stay of a user in an audience, never deleted
        audience VARCHAR NOT NULL,
        user_id VARCHAR NOT NULL,          -- of an audience of accounts the account's id
        entered_at TIMESTAMP NOT NULL,     -- the as_of of the run that first found them inside
        exited_at TIMESTAMP,               -- the as_of of the run that first found them outside; NULL while inside
        entered_run INTEGER NOT NULL,
        exited_run INTEGER                 -- NULL while inside
    )
    """,
    """
    CREATE TABLE state.outbox (            -- one row for each change of membership: what the run's files are made of
        run INTEGER NOT NULL,
        audience VARCHAR NOT NULL,
        user_id VARCHAR NOT NULL,          -- of an audience of accounts the account's id
        change VARCHAR NOT NULL,           -- see Change
        traits VARCHAR                     -- the `with` traits as one JSON object; NULL for an audience without `with`
    )
    """,
    """
    CREATE TABLE state.run_file (          -- one row for each file in a run's folder, its manifest left out
        run INTEGER NOT NULL,
        path VARCHAR NOT NULL,             -- inside the run's folder
        audience VARCHAR NOT NULL,         -- whose changes it tells
        destination VARCHAR,               -- whom it is for; NULL for the run's own account
        call VARCHAR NOT NULL,             -- `track` or `identify`; of accounts `account_track` or `group`
        with_traits BOOLEAN NOT NULL,      -- whether the audience had `with`
        format VARCHAR NOT NULL,           -- `jsonl`, `csv`, `parquet`
        rows BIGINT NOT NULL,
        bytes BIGINT NOT NULL,
        sha256 VARCHAR NOT NULL
    )
    """,
    """
    CREATE TABLE state.member_file (       -- one row for each audience: the file with all its members that was last written
        audience VARCHAR PRIMARY KEY,
        path VARCHAR NOT NULL,             -- from the outputs folder
        rows BIGINT NOT NULL,
        bytes BIGINT NOT NULL,
        sha256 VARCHAR NOT NULL
    )
    """,
    """
    CREATE TABLE state.pending (           -- one row for each file or folder that is written but may not have its final name yet
        path VARCHAR PRIMARY KEY,          -- the final name, from the outputs folder; the part is beside it
        sha256 VARCHAR NOT NULL,           -- of the file; of a folder, of its manifest
        run INTEGER,                       -- the run whose folder it is; NULL for a member file
        replaces VARCHAR                   -- a member file in another format, to be removed; mostly NULL
    )
    """,
)

CREATE_ALIASES = (
    """
    CREATE TABLE state.alias (             -- one row for each id of a member whose profile has another now: see aliases.py
        alias VARCHAR NOT NULL,            -- the id that stays of them keep
        user_id VARCHAR NOT NULL,          -- the profile's id, as the last run knew that had data of both
        run INTEGER NOT NULL               -- the run that found it so
    )
    """,
)

TELL_MORE = (
    "ALTER TABLE state.outbox RENAME TO outbox_before",
    """
    CREATE TABLE state.outbox (            -- one row for each thing that a run tells: what its files are made of
        run INTEGER NOT NULL,
        kind VARCHAR NOT NULL,             -- what it is about: see Told
        source VARCHAR NOT NULL,           -- whose change it is: the audience, the trait; of a list its name
        destination VARCHAR,               -- whom alone it is for; NULL for all who ask for it
        user_id VARCHAR NOT NULL,          -- of an audience of accounts the account's id
        change VARCHAR NOT NULL,           -- see Change; of a list ListChange, of a trait TraitChange
        payload VARCHAR                    -- a JSON object: the `with` traits, NULL without `with`; of a list the columns as they are sent;
                                           -- of a trait the value under its name
    )
    """,
    "INSERT INTO state.outbox SELECT run, 'membership', audience, NULL, user_id, change, traits FROM state.outbox_before",
    "DROP TABLE state.outbox_before",
    "ALTER TABLE state.run_file RENAME TO run_file_before",
    """
    CREATE TABLE state.run_file (          -- one row for each file in a run's folder, its manifest left out
        run INTEGER NOT NULL,
        path VARCHAR NOT NULL,             -- inside the run's folder
        kind VARCHAR NOT NULL,             -- which rows of the outbox it holds: see Told
        source VARCHAR NOT NULL,           -- whose changes it tells: the audience; of a list its name
        destination VARCHAR,               -- whom it is for; NULL for the run's own account
        call VARCHAR NOT NULL,             -- `track` or `identify`; of accounts `account_track` or `group`; of a list see ListChange
        with_traits BOOLEAN NOT NULL,      -- whether the audience had `with`
        columns VARCHAR,                   -- of a list its columns in order, as a JSON list; NULL for calls
        format VARCHAR NOT NULL,           -- `jsonl`, `csv`, `parquet`
        rows BIGINT NOT NULL,
        bytes BIGINT NOT NULL,
        sha256 VARCHAR NOT NULL
    )
    """,
    """
    INSERT INTO state.run_file
    SELECT run, path, 'membership', audience, destination, call, with_traits, NULL, format, rows, bytes, sha256 FROM state.run_file_before
    """,
    "DROP TABLE state.run_file_before",
    """
    CREATE TABLE state.sync (              -- one row for each audience (list) and destination that it was ever to be told to
        destination VARCHAR NOT NULL,
        source VARCHAR NOT NULL,           -- the audience, or the list's name, or `trait:` and the trait's
        run INTEGER NOT NULL,              -- the last run after which the destination knew all there was; 0 before the first
        held BOOLEAN NOT NULL              -- whether a later run held changes back that `guard` does not let pass
    )
    """,
    # An audience whose first changes went to the destination has told it all, until the last ones that did.
    """
    INSERT INTO state.sync
    SELECT destination, source, max(file.run), FALSE FROM state.run_file AS file
    JOIN (SELECT source, min(run) AS first FROM state.outbox GROUP BY source) AS began USING (source)
    WHERE destination IS NOT NULL GROUP BY destination, source HAVING min(file.run) = min(began.first)
    """,
    """
    CREATE TABLE state.list_member (       -- one row for each member of a list at a destination, as the destination was last told
        destination VARCHAR NOT NULL,
        list VARCHAR NOT NULL,             -- of an audience its name
        user_id VARCHAR NOT NULL,          -- of an audience of accounts the account's id
        identifiers VARCHAR NOT NULL,      -- a JSON object of what was sent by column (in small letters): a removal says it again
        basis VARCHAR NOT NULL,            -- hash of what they were made of: the same gives the same
        run INTEGER NOT NULL               -- the run that told it so
    )
    """,
)

RECORD_TRAITS = (
    """
    CREATE TABLE state.trait_clock (       -- one row for each computed trait ever built
        trait VARCHAR PRIMARY KEY,
        of VARCHAR NOT NULL,               -- whose it is: `users` or `accounts`
        first_as_of TIMESTAMP NOT NULL,    -- the first instant that it was built at: from then on its values are known
        as_of TIMESTAMP NOT NULL,          -- the last one; only moves forward
        definition VARCHAR NOT NULL,       -- hash of its definition then
        inputs VARCHAR NOT NULL,           -- hash of the files it rested on then
        run INTEGER NOT NULL,              -- the run that built it
        changed BIGINT NOT NULL            -- how many values that run changed
    )
    """,
    """
    CREATE TABLE state.trait_value (       -- one row for each value that a user (account) had of a computed trait, never deleted
        trait VARCHAR NOT NULL,
        of VARCHAR NOT NULL,               -- `users` or `accounts`
        subject_id VARCHAR NOT NULL,
        value VARCHAR NOT NULL,            -- as JSON
        since TIMESTAMP NOT NULL,          -- the as_of of the run that first found the value
        until TIMESTAMP,                   -- the as_of of the run that first found another, or none; NULL while it is the last
        run INTEGER NOT NULL,
        until_run INTEGER                  -- NULL while it is the last
    )
    """,
)

REMEMBER_FORGOTTEN = (
    """
    CREATE TABLE state.forgotten (         -- one row at most: whose rows were taken out of the state, see forgetting.py
        digest VARCHAR NOT NULL            -- the hash over all that was kept of people who were forgotten, when it was done last
    )
    """,
)

MEASURE_FILE = (
    # How many blocks the file had when it was last written at once (packing.py); NULL where it never was.
    "ALTER TABLE state.revision ADD COLUMN packed INTEGER",
)
