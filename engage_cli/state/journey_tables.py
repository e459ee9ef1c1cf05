"""The tables of journeys. Instants are naive UTC TIMESTAMPs, `run` columns hold a run's number, as in tables.py."""

CREATE_JOURNEYS = (
    """
    CREATE TABLE state.journey (           -- one row for each journey that a tick ever saw live
        journey VARCHAR PRIMARY KEY,
        as_of TIMESTAMP NOT NULL,          -- its clock: the instant of its last tick; only moves forward
        since TIMESTAMP NOT NULL,          -- events before it never enter
        version INTEGER NOT NULL,          -- the version that people enter now
        definition VARCHAR NOT NULL,       -- hash of all that its last tick rested on but the data
        inputs VARCHAR NOT NULL,           -- hash of the files that it rested on
        run INTEGER NOT NULL               -- the run of the last tick
    )
    """,
    """
    CREATE TABLE state.journey_version (   -- one row for each edition of a journey that people could enter, never deleted
        journey VARCHAR NOT NULL,
        version INTEGER NOT NULL,          -- 1, 2, 3, …
        definition VARCHAR NOT NULL,       -- the YAML, as engage prints it
        hash VARCHAR NOT NULL,             -- md5 of that text without its description
        from_at TIMESTAMP NOT NULL,        -- people enter it by what came after this instant
        run INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE state.journey_hand (      -- one row for each time that a journey was paused, resumed or archived by a command
        journey VARCHAR NOT NULL,
        status VARCHAR NOT NULL,           -- `paused`, `archived`, or `live`: what the file says counts again
        from_at TIMESTAMP NOT NULL
    )
    """,
    """
    CREATE TABLE state.journey_pause (     -- one row for each stretch in which nobody enters
        journey VARCHAR NOT NULL,
        from_at TIMESTAMP NOT NULL,
        until_at TIMESTAMP                 -- excluded; NULL while it lasts
    )
    """,
    """
    CREATE TABLE state.instance (          -- one row for each time that somebody entered a journey, never deleted
        instance BIGINT NOT NULL,          -- 1, 2, 3, …, internal
        instance_id VARCHAR NOT NULL,      -- md5 of journey, user, key and entry: see journeys/entering.py
        journey VARCHAR NOT NULL,
        version INTEGER NOT NULL,          -- the edition by which it goes
        user_id VARCHAR NOT NULL,          -- as known at the entry
        key VARCHAR,                       -- NULL in a journey without one
        entered_at TIMESTAMP NOT NULL,
        entry_event VARCHAR,               -- the event's id; NULL where a condition became true
        entry_name VARCHAR,                -- the event's name
        ended_at TIMESTAMP,                -- NULL while it is open
        end_reason VARCHAR,                -- `completed`, `exited`, `goal`, `stopped`, `changed`, or what an exit step says
        entered_run INTEGER NOT NULL,
        ended_run INTEGER
    )
    """,
    """
    CREATE TABLE state.instance_goal (     -- one row for each instance that reached the journey's goal
        instance BIGINT NOT NULL,
        reached_at TIMESTAMP NOT NULL,
        event VARCHAR NOT NULL,
        run INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE state.position (          -- one row for each open instance, or one for each branch of the forks that it is in
        instance BIGINT NOT NULL,
        journey VARCHAR NOT NULL,
        version INTEGER NOT NULL,
        token VARCHAR NOT NULL,            -- '' outside of forks, else the branches: `offers:vip/gifts:large`
        step VARCHAR NOT NULL,             -- `<fork>:joined` where a branch has ended and waits for the others
        arrived_at TIMESTAMP NOT NULL,
        waiting_since TIMESTAMP NOT NULL,  -- the arrival, or the last restart
        last_at TIMESTAMP NOT NULL,        -- its last transition
        context MAP(VARCHAR, STRUCT("value" JSON, since TIMESTAMP)) NOT NULL,    -- `since` tells the later of two
        used VARCHAR[] NOT NULL,           -- the events that moved it at `last_at`
        due TIMESTAMP,                     -- when time alone moves it on; NULL where only events or conditions do
        exit_due TIMESTAMP                 -- when an exit rule ends the instance by time alone; NULL where none does
    )
    """,
    """
    CREATE TABLE state.transition (        -- one row for each move of an instance, never deleted
        instance BIGINT NOT NULL,
        ordinal INTEGER NOT NULL,          -- 1, 2, 3, … of the instance, in the order in which they happened
        token VARCHAR NOT NULL,
        from_step VARCHAR,                 -- NULL for the entry
        to_step VARCHAR,                   -- NULL where the way ends
        moved_at TIMESTAMP NOT NULL,
        cause VARCHAR NOT NULL,            -- `entry delay restart branch timeout none done goto joined exit exit_rule goal stopped changed`
        branch VARCHAR,                    -- which branch, or which exit rule from 1
        event VARCHAR,                     -- the id of the event that did it
        run INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE state.candidate (         -- one row for each message that a journey or broadcast means to send, never deleted
        candidate_id VARCHAR NOT NULL,     -- md5 of instance (or broadcast), step, occurrence and user
        campaign_kind VARCHAR NOT NULL,    -- `journey` or `broadcast`
        campaign VARCHAR NOT NULL,
        version INTEGER,                   -- of a journey
        instance BIGINT,                   -- of a journey
        step VARCHAR,                      -- of a journey
        variant VARCHAR,                   -- of a broadcast, or the arm of a journey's last randomize
        user_id VARCHAR NOT NULL,
        channel VARCHAR NOT NULL,
        template VARCHAR NOT NULL,
        scheduled_at TIMESTAMP NOT NULL,
        settings VARCHAR NOT NULL,         -- a JSON object of what the step says beside: group, category, priority, subject, …
        context VARCHAR NOT NULL,          -- a JSON object: what the instance knew
        run INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE state.list_stay (         -- one row for each time that a journey put somebody on a list, or told of an event
        instance BIGINT NOT NULL,
        journey VARCHAR NOT NULL,
        step VARCHAR NOT NULL,
        user_id VARCHAR NOT NULL,
        destination VARCHAR NOT NULL,
        list VARCHAR,                      -- NULL for an event
        event VARCHAR,                     -- NULL for a list
        added_at TIMESTAMP NOT NULL,
        remove_at TIMESTAMP,               -- NULL: for good
        properties VARCHAR NOT NULL,       -- a JSON object
        run INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE state.trait_set (         -- one row for each value that a journey gave a trait of a user, those of an instance as made
        instance BIGINT NOT NULL,
        journey VARCHAR NOT NULL,
        step VARCHAR NOT NULL,
        user_id VARCHAR NOT NULL,
        trait VARCHAR NOT NULL,
        value VARCHAR NOT NULL,            -- as JSON
        set_at TIMESTAMP NOT NULL,
        place INTEGER NOT NULL,            -- the journey's place in its tick: of several values at one instant the last counts
        run INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE state.seen_event (        -- one row for each event within the late window that journeys ask for, as ticks saw them come in
        message_id VARCHAR NOT NULL,
        ts TIMESTAMP NOT NULL,
        run INTEGER NOT NULL               -- the first run that saw it
    )
    """,
    """
    CREATE TABLE state.entry_truth (       -- one row for each user for whom the condition by which a journey is entered held at its clock
        journey VARCHAR NOT NULL,
        user_id VARCHAR NOT NULL
    )
    """,
)
