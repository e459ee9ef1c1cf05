"""The table of broadcasts. Instants are naive UTC TIMESTAMPs; `run` columns hold a run's number, as in tables.py."""

CREATE_BROADCASTS = (
    """
    CREATE TABLE state.broadcast (         -- one row for each broadcast whose recipients were found, never deleted
        broadcast VARCHAR PRIMARY KEY,
        frozen_at TIMESTAMP NOT NULL,      -- its instant of sending: as of it the recipients were found, once
        definition VARCHAR NOT NULL,       -- the YAML, as engage prints it: what goes is by this, whatever the file says later
        hash VARCHAR NOT NULL,             -- md5 of that text without description and status
        at_once BOOLEAN NOT NULL,          -- whether it was sent by hand before its time, to everybody at once
        as_of TIMESTAMP NOT NULL,          -- its clock: the instant of the last run that did something for it; only moves forward
        winner VARCHAR,                    -- the variant that who is in none gets; NULL while it is not known, or where nothing is tested
        cancelled_at TIMESTAMP,            -- when the rest was called off by a command; NULL where it was not
        run INTEGER NOT NULL               -- the run that found the recipients
    )
    """,
)
