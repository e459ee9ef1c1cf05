-- What the queries in this folder stand on: the sample data as of 2026-11-23T10:00Z, read by hand and in plain SQL,
-- apart from everything that engage does. Run from the repository's root, before any of them.
--
--   events     message_id, user_id, event, ts (UTC), properties: one row an event, up to as_of
--   profiles   every cell as text; empty cells are null
--   universe   user_id: everybody in profiles, memberships or consents, or with an event
--   opened     message_id, user_id, device, event, ts, properties: the app's events, user_id null where nobody ever signed in
--   subscriptions, invoices
--              one row a key
--   staff_and_robots, reachable_by_email
--              user_id: the two audiences on which others stand

SET TimeZone = 'UTC';

CREATE MACRO as_of() AS TIMESTAMP '2026-11-23 10:00:00';

-- Text that reads as a number, else null.
CREATE MACRO num(t) AS
    CASE WHEN regexp_full_match(t, '[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?') THEN t::DOUBLE END;

-- The UTC instant at which a wall clock in London shows this time.
CREATE MACRO from_london(local) AS local::TIMESTAMP AT TIME ZONE 'Europe/London' AT TIME ZONE 'UTC';

-- What a wall clock in London shows at this UTC instant.
CREATE MACRO to_london(utc) AS utc::TIMESTAMP AT TIME ZONE 'UTC' AT TIME ZONE 'Europe/London';

-- Text that reads as an instant, in UTC, else null: a bare day is its first instant in London, a time without an offset is
-- in UTC, and a time without seconds, which DuckDB's cast does not take beside an offset, gets them.
CREATE MACRO instant(t) AS
    CASE
        WHEN regexp_full_match(t, '\d{4}-\d\d-\d\d') THEN from_london(TRY_CAST(t AS DATE))
        WHEN regexp_full_match(t, '\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?') THEN
            TRY_CAST(regexp_replace(t, '^(.{11}\d\d:\d\d)($|Z|[+-])', '\1:00\2') AS TIMESTAMPTZ) AT TIME ZONE 'UTC'
    END;

-- The property at a JSON path as text; missing, null and empty text are null.
CREATE MACRO prop(properties, path) AS nullif(properties ->> path, '');

-- Where `random` puts somebody, in [0, 1).
CREATE MACRO bucket(salt, id) AS ('0x' || md5(salt || ':' || id)[:8])::UBIGINT / 4294967296;

CREATE TEMP TABLE received AS
SELECT message_id, user_id, event, "timestamp" AS ts, properties::JSON AS properties
FROM read_parquet('sample_data/events/*.parquet')
UNION ALL
SELECT j ->> '$.message_id', j ->> '$.user_id', j ->> '$.event', instant(j ->> '$.timestamp'), j -> '$.properties'
FROM (
    SELECT CASE WHEN json_valid(line) THEN line::JSON END AS j
    FROM (SELECT unnest(string_split(content, chr(10))) AS line FROM read_text('sample_data/events/*.jsonl'))
);

-- Two rows with one id are one event, the earlier; rows without an id are events of their own.
CREATE TEMP TABLE events AS
SELECT message_id, user_id, event, ts, CASE WHEN json_type(properties) = 'OBJECT' THEN properties END AS properties
FROM (
    SELECT *, row_number() OVER (PARTITION BY message_id ORDER BY ts, properties::VARCHAR) AS nth
    FROM received
    WHERE user_id <> '' AND ts IS NOT NULL
)
WHERE (nth = 1 OR message_id IS NULL OR message_id = '') AND ts <= as_of();

-- The app's calls: each is of its user, else of the only user that its device ever had, else of the device itself. The emulators'
-- id is no device.
CREATE TEMP TABLE app AS
SELECT j ->> '$.messageId' AS message_id, j ->> '$.userId' AS user_id, j ->> '$.anonymousId' AS device, j ->> '$.type' AS type,
    j ->> '$.event' AS event, instant(j ->> '$.timestamp') AS ts, j -> '$.properties' AS properties
FROM (SELECT unnest(string_split(rtrim(content, chr(10)), chr(10)))::JSON AS j FROM read_text('sample_data/app/*.jsonl'));

CREATE TEMP TABLE opened AS
SELECT message_id, coalesce(app.user_id, signed_in.user_id) AS user_id, app.device, event, ts, properties
FROM app
LEFT JOIN (
    SELECT device, min(user_id) AS user_id FROM app WHERE device <> '00000000-0000-0000-0000-000000000000' GROUP BY device
) AS signed_in ON signed_in.device = app.device
WHERE type = 'track' AND (app.user_id IS NOT NULL OR app.device <> '00000000-0000-0000-0000-000000000000');

INSERT INTO events SELECT message_id, user_id, event, ts, properties FROM opened WHERE user_id IS NOT NULL AND ts <= as_of();

CREATE TEMP TABLE profiles AS
SELECT * FROM read_csv('sample_data/profiles.csv', all_varchar = true, header = true, nullstr = '');

CREATE TEMP TABLE universe AS
SELECT user_id FROM profiles
UNION SELECT user_id FROM events
UNION SELECT user_id FROM read_csv('sample_data/memberships.csv', all_varchar = true, header = true)
UNION SELECT user_id FROM read_csv('sample_data/consents.csv', all_varchar = true, header = true);

CREATE TEMP TABLE staff_and_robots AS
SELECT user_id FROM profiles WHERE lower(is_staff) = 'true'
UNION
SELECT user_id
FROM events
WHERE ts > as_of() - INTERVAL 200 DAYS
GROUP BY user_id, ts::DATE
HAVING count(*) > 100;

CREATE TEMP TABLE reachable_by_email AS
SELECT user_id
FROM profiles
WHERE contains(email, '@')
    AND NOT contains(email, ' ')
    AND user_id NOT IN (SELECT user_id FROM staff_and_robots)
    AND NOT coalesce(list_contains(tags::JSON::VARCHAR[], 'do_not_contact'), false)
    AND NOT ends_with(lower(email), '@example.net');

-- The last row of a key that stands twice differs in its price alone, which no query here looks at.
CREATE TEMP TABLE subscriptions AS
SELECT DISTINCT ON (subscription_id) *
FROM read_csv('sample_data/subscriptions.csv', all_varchar = true, header = true, nullstr = '')
WHERE subscription_id IS NOT NULL;

CREATE TEMP TABLE invoices AS
SELECT j ->> '$.invoice' AS invoice, j ->> '$.subscription' AS subscription_id, (j ->> '$.paid')::BOOLEAN AS paid, j -> '$.lines' AS lines
FROM (SELECT unnest(string_split(rtrim(content, chr(10)), chr(10)))::JSON AS j FROM read_text('sample_data/invoices.jsonl'));
