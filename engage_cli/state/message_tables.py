"""The tables of messages: what is meant to be sent, what waits, and what became of it. Instants are naive UTC TIMESTAMPs."""

CREATE_MESSAGES = (
    "ALTER TABLE state.candidate RENAME TO candidate_before",
    """
    CREATE TABLE state.candidate (         -- one row for each message that a journey or broadcast means to send, never deleted
        candidate_id VARCHAR NOT NULL,     -- md5 of instance (or broadcast), step, occurrence and user
        campaign_kind VARCHAR NOT NULL,    -- `journey` or `broadcast`
        campaign VARCHAR NOT NULL,
        version INTEGER,                   -- of a journey
        instance BIGINT,                   -- of a journey
        step VARCHAR,                      -- of a journey
        variant VARCHAR,                   -- of a broadcast; NULL while the winner of its test is not known
        user_id VARCHAR NOT NULL,          -- as known when it was made, of a journey at the entry
        channel VARCHAR NOT NULL,
        template VARCHAR NOT NULL,
        scheduled_at TIMESTAMP NOT NULL,   -- the instant that the campaign means
        send_at TIMESTAMP,                 -- from then on the first outside quiet hours with room in the throttle; NULL: not known yet
        zone VARCHAR NOT NULL,             -- the person's, as of `scheduled_at`
        settings VARCHAR NOT NULL,         -- a JSON object of what the campaign says beside: group, category, priority, subject, …
        context VARCHAR NOT NULL,          -- a JSON object: what a journey's instance knew
        withheld VARCHAR,                  -- why nothing is sent whatever the policy: `excluded`, `control`; NULL for nearly all
        run INTEGER NOT NULL
    )
    """,
    """
    INSERT INTO state.candidate
    SELECT candidate_id, campaign_kind, campaign, version, instance, step, variant, user_id, channel, template, scheduled_at, scheduled_at,
        'UTC', settings, context, NULL, run
    FROM state.candidate_before
    """,
    "DROP TABLE state.candidate_before",
    """
    CREATE TABLE state.waiting (           -- one row for each candidate that is not decided yet
        candidate_id VARCHAR NOT NULL,
        user_id VARCHAR NOT NULL
    )
    """,
    """
    CREATE TABLE state.message (           -- one row for each message that was decided, never deleted: one a candidate, or one an address
        message_id VARCHAR NOT NULL,       -- the candidate's, or, where the address is a list, md5 of it and the address
        candidate_id VARCHAR NOT NULL,
        campaign_kind VARCHAR NOT NULL,
        campaign VARCHAR NOT NULL,
        step VARCHAR,
        variant VARCHAR,
        user_id VARCHAR NOT NULL,          -- the candidate's
        channel VARCHAR NOT NULL,
        category VARCHAR NOT NULL,         -- `marketing` or `transactional`
        address_hash VARCHAR,              -- hex SHA-256 of the address in the form that is compared; NULL without one
        scheduled_at TIMESTAMP NOT NULL,
        send_at TIMESTAMP NOT NULL,
        decision VARCHAR NOT NULL,         -- `sent` or `skipped`; never revised
        reason VARCHAR,                    -- why it was skipped: see messaging/policy/deciding.py
        rule VARCHAR,                      -- the rule that said so, in words
        run INTEGER NOT NULL               -- the run that decided it
    )
    """,
    """
    INSERT INTO state.message
    SELECT candidate_id, candidate_id, campaign_kind, campaign, step, variant, user_id, channel, coalesce(settings->>'$.category',
    'marketing'),
        NULL, scheduled_at, send_at, 'sent', NULL, NULL, run
    FROM state.candidate
    """,
    """
    CREATE TABLE state.template_edition (  -- one row for each text of a template that messages were made of
        edition VARCHAR NOT NULL,          -- md5 of all that follows
        template VARCHAR NOT NULL,
        texts VARCHAR NOT NULL,            -- a JSON object: the files by their paths
        setting VARCHAR NOT NULL,          -- a JSON object: what engage.yaml says that messages show
        run INTEGER NOT NULL               -- the first that used it
    )
    """,
)
