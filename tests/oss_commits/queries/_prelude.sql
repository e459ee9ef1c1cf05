-- What the queries in this folder stand on: the commits as of 2026-08-15T00:00Z, read by hand and in plain SQL, apart from
-- everything that engage does. Run before any of them, in the folder `tests/oss_commits`.
--
--   events     message_id, user_id, event, ts (UTC), properties, up to as_of
--   commits    those named Commit Pushed, with repository, kind, files, language and docs_only
--   profiles   every cell as text
--   universe   user_id: everybody in profiles or with an event

SET TimeZone = 'UTC';

CREATE MACRO as_of() AS TIMESTAMP '2026-08-15 00:00:00';

-- The UTC instant at which a wall clock in Berlin shows this time.
CREATE MACRO from_berlin(local) AS local::TIMESTAMP AT TIME ZONE 'Europe/Berlin' AT TIME ZONE 'UTC';

-- What a wall clock in Berlin shows at this UTC instant.
CREATE MACRO to_berlin(utc) AS utc::TIMESTAMP AT TIME ZONE 'UTC' AT TIME ZONE 'Europe/Berlin';

-- Where `random` puts somebody, in [0, 1).
CREATE MACRO bucket(salt, id) AS ('0x' || md5(salt || ':' || id)[:8])::UBIGINT / 4294967296;

-- No message id comes twice in this data, and no row lacks a user or a time.
CREATE TEMP TABLE events AS
SELECT message_id, user_id, event, "timestamp" AS ts, properties::JSON AS properties
FROM read_parquet('../../../shared/data/oss_commits/events.parquet')
WHERE "timestamp" <= as_of();

CREATE TEMP TABLE commits AS
SELECT
    message_id,
    user_id,
    ts,
    properties ->> '$.repository' AS repository,
    properties ->> '$.kind' AS kind,
    (properties ->> '$.files')::DOUBLE AS files,
    nullif(properties ->> '$.language', '') AS language,
    (properties ->> '$.docs_only')::BOOLEAN AS docs_only
FROM events
WHERE event = 'Commit Pushed';

CREATE TEMP TABLE profiles AS
SELECT * FROM read_csv('../../../shared/data/oss_commits/profiles.csv', all_varchar = true, header = true, nullstr = '');

CREATE TEMP TABLE universe AS
SELECT user_id FROM profiles UNION SELECT user_id FROM events;
