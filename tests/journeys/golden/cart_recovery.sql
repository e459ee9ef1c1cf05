-- a tick of the journey cart_recovery up to 2026-11-01T13:20:00Z, its first, as run 1  campaigns/journeys/cart.yaml:2
CREATE OR REPLACE TEMP TABLE r_entered (
    instance BIGINT, instance_id VARCHAR, journey VARCHAR, version INTEGER, user_id VARCHAR, key VARCHAR, entered_at TIMESTAMP,
    entry_event VARCHAR, entry_name VARCHAR, user_key INTEGER
);
CREATE OR REPLACE TEMP TABLE r_ended (instance BIGINT, ended_at TIMESTAMP, reason VARCHAR);
CREATE OR REPLACE TEMP TABLE r_moved (instance BIGINT);
CREATE OR REPLACE TEMP TABLE r_position (
    instance BIGINT, journey VARCHAR, version INTEGER, token VARCHAR, step VARCHAR, arrived_at TIMESTAMP, waiting_since TIMESTAMP,
    last_at TIMESTAMP, context MAP(VARCHAR, STRUCT("value" JSON, since TIMESTAMP)), used VARCHAR[], due TIMESTAMP, exit_due TIMESTAMP
);
CREATE OR REPLACE TEMP TABLE r_transition (
    instance BIGINT, ordinal INTEGER, token VARCHAR, from_step VARCHAR, to_step VARCHAR, moved_at TIMESTAMP, cause VARCHAR,
        branch VARCHAR,
    event VARCHAR
);
CREATE OR REPLACE TEMP TABLE r_sent (
    candidate_id VARCHAR, journey VARCHAR, version INTEGER, instance BIGINT, step VARCHAR, user_id VARCHAR, user_key INTEGER,
    scheduled_at TIMESTAMP, context VARCHAR, zone VARCHAR
);
CREATE OR REPLACE TEMP TABLE r_set (
    journey VARCHAR, place INTEGER, instance BIGINT, instance_id VARCHAR, step VARCHAR, user_id VARCHAR, user_key INTEGER,
        trait VARCHAR,
    value JSON, set_at TIMESTAMP, entered_at TIMESTAMP
);
CREATE OR REPLACE TEMP TABLE r_synced (
    instance BIGINT, journey VARCHAR, version INTEGER, step VARCHAR, user_id VARCHAR, added_at TIMESTAMP, remove_at TIMESTAMP,
        properties VARCHAR
);
CREATE OR REPLACE TEMP TABLE r_truth (journey VARCHAR, user_id VARCHAR, holds BOOLEAN);
CREATE OR REPLACE TEMP TABLE r_goal (instance BIGINT, journey VARCHAR, reached_at TIMESTAMP, event VARCHAR);
CREATE OR REPLACE TEMP VIEW position_now AS SELECT * FROM state.main.position;
CREATE OR REPLACE TEMP VIEW instance_now AS SELECT * FROM state.main.instance;
CREATE OR REPLACE TEMP TABLE changed_now (instance BIGINT, version INTEGER);
CREATE OR REPLACE TEMP VIEW instance_user AS SELECT user_id, user_key FROM users;
CREATE OR REPLACE TEMP MACRO id_of_candidate(instance_id, step, user_id) AS
    md5(instance_id || chr(31) || step || chr(31) || '1' || chr(31) || user_id);
CREATE OR REPLACE TEMP MACRO behind(before, own) AS list_concat(list_filter(before, lambda one: one >= own[1]), own);
CREATE OR REPLACE TEMP TABLE w_instance (
    instance BIGINT, instance_id VARCHAR, user_key INTEGER, user_id VARCHAR, key VARCHAR, entered_at TIMESTAMP,
    entry_event VARCHAR, entry_name VARCHAR, fresh BOOLEAN, last_at TIMESTAMP,
    context MAP(VARCHAR, STRUCT(value JSON, since TIMESTAMP)), who VARCHAR
);
CREATE OR REPLACE TEMP TABLE w_token (
    instance BIGINT, token VARCHAR, place INTEGER, arrived_at TIMESTAMP, waiting_since TIMESTAMP, last_at TIMESTAMP,
    context MAP(VARCHAR, STRUCT(value JSON, since TIMESTAMP)), used VARCHAR[], arrived BOOLEAN, due TIMESTAMP,
    action STRUCT(rank INTEGER, branch INTEGER, ts TIMESTAMP, event VARCHAR, token INTEGER, who VARCHAR)[]
);
CREATE OR REPLACE TEMP TABLE w_log (
    instance BIGINT, token VARCHAR, from_step VARCHAR, to_step VARCHAR, moved_at TIMESTAMP, cause VARCHAR, branch VARCHAR,
        event VARCHAR,
    action STRUCT(rank INTEGER, branch INTEGER, ts TIMESTAMP, event VARCHAR, token INTEGER, who VARCHAR)[], place DOUBLE,
    own STRUCT(rank INTEGER, branch INTEGER, ts TIMESTAMP, event VARCHAR, token INTEGER, who VARCHAR)[]
);
CREATE OR REPLACE TEMP TABLE w_stay (
    instance BIGINT, token VARCHAR, place INTEGER, arrived_at TIMESTAMP, waiting_since TIMESTAMP, last_at TIMESTAMP,
    context MAP(VARCHAR, STRUCT(value JSON, since TIMESTAMP)), used VARCHAR[], due TIMESTAMP
);
CREATE OR REPLACE TEMP TABLE w_end (
    instance BIGINT, token VARCHAR, ended_at TIMESTAMP, reason VARCHAR,
    action STRUCT(rank INTEGER, branch INTEGER, ts TIMESTAMP, event VARCHAR, token INTEGER, who VARCHAR)[], place DOUBLE
);
CREATE OR REPLACE TEMP TABLE w_sent (
    instance BIGINT, step VARCHAR, scheduled_at TIMESTAMP, zone VARCHAR,
    context MAP(VARCHAR, STRUCT(value JSON, since TIMESTAMP)),
    action STRUCT(rank INTEGER, branch INTEGER, ts TIMESTAMP, event VARCHAR, token INTEGER, who VARCHAR)[], place DOUBLE
);
CREATE OR REPLACE TEMP TABLE w_set (
    instance BIGINT, token VARCHAR, step VARCHAR, set_at TIMESTAMP, trait VARCHAR, value JSON,
    action STRUCT(rank INTEGER, branch INTEGER, ts TIMESTAMP, event VARCHAR, token INTEGER, who VARCHAR)[], place DOUBLE
);
CREATE OR REPLACE TEMP TABLE w_synced (
    instance BIGINT, step VARCHAR, synced_at TIMESTAMP, remove_at TIMESTAMP, properties JSON,
    action STRUCT(rank INTEGER, branch INTEGER, ts TIMESTAMP, event VARCHAR, token INTEGER, who VARCHAR)[], place DOUBLE
);
CREATE OR REPLACE TEMP TABLE outcome_event (user_key INTEGER, status VARCHAR, message VARCHAR, told_at TIMESTAMP);
CREATE OR REPLACE TEMP TABLE w_current (journey VARCHAR);
CREATE OR REPLACE TEMP VIEW journey_stays AS
SELECT u.user_key, i.journey, i.entered_at AS began_at, coalesce(i.ended_at, e.ended_at) AS ended_at,
    coalesce(i.end_reason, e.reason) AS reason
FROM instance_now AS i JOIN instance_user AS u USING (user_id) LEFT JOIN r_ended AS e USING (instance)
UNION ALL
SELECT r.user_key, r.journey, r.entered_at, e.ended_at, e.reason FROM r_entered AS r LEFT JOIN r_ended AS e USING (instance);
CREATE OR REPLACE TEMP VIEW made_messages AS
WITH made AS (
    SELECT c.candidate_id, u.user_key, c.campaign_kind AS kind, c.campaign AS name, c.step, c.scheduled_at, c.instance
    FROM state.main.candidate AS c JOIN instance_user AS u USING (user_id)
    UNION ALL
    SELECT candidate_id, user_key, 'journey', journey, step, scheduled_at, instance FROM r_sent
    UNION ALL
    SELECT id_of_candidate(i.instance_id, s.step, i.user_id), i.user_key, 'journey', j.journey, s.step, s.scheduled_at, s.instance
    FROM w_sent AS s JOIN w_instance AS i USING (instance) CROSS JOIN w_current AS j
), one_of_many AS (
    SELECT m.message_id, u.user_key, m.campaign_kind, m.campaign, m.step, m.scheduled_at, c.instance
    FROM state.main.message AS m JOIN state.main.candidate AS c USING (candidate_id) JOIN instance_user AS u ON u.user_id = m.user_id
    WHERE m.message_id <> m.candidate_id
)
SELECT user_key, kind, name, step, 'scheduled' AS status, scheduled_at AS "at", instance FROM made
UNION ALL
SELECT m.user_key, m.kind, m.name, m.step, o.status, o.told_at, m.instance
FROM outcome_event AS o JOIN (
    SELECT candidate_id AS message_id, * EXCLUDE (candidate_id) FROM made UNION ALL SELECT * FROM one_of_many
) AS m ON m.message_id = o.message AND m.user_key = o.user_key;
CREATE OR REPLACE TEMP TABLE w_set_before (number BIGINT, user_key INTEGER, instance_id VARCHAR, trait VARCHAR, value JSON, set_at TIMESTAMP, entered_at TIMESTAMP, journey_place INTEGER, token VARCHAR, action STRUCT(rank INTEGER, branch INTEGER, ts TIMESTAMP, event VARCHAR, token INTEGER, who VARCHAR)[], place DOUBLE, seen_at TIMESTAMP);
CREATE OR REPLACE TEMP TABLE trait_set_now AS
    SELECT user_key, trait, value, set_at FROM (
        SELECT u.user_key, s.trait, CAST(s.value AS JSON) AS value, s.set_at, s.place, i.entered_at, i.instance_id, s.rowid AS number,
            0 AS part
        FROM state.main.trait_set AS s JOIN instance_user AS u USING (user_id) JOIN instance_now AS i USING (instance)
        UNION ALL
        SELECT user_key, trait, value, set_at, place, entered_at, instance_id, rowid, 1 FROM r_set
        UNION ALL
        SELECT user_key, trait, value, seen_at, journey_place, entered_at, instance_id, number, 2 FROM w_set_before
)
    WHERE list_contains(CAST([] AS VARCHAR[]), trait) 
    QUALIFY row_number() OVER (
        PARTITION BY user_key, trait, set_at ORDER BY place DESC, entered_at DESC, instance_id DESC, part DESC, number DESC
    ) = 1;
DROP TABLE IF EXISTS temp.main.w_late;
CREATE TEMP TABLE w_late (message_id VARCHAR, user_key INTEGER);
CREATE OR REPLACE TEMP TABLE w_set_before (number BIGINT, user_key INTEGER, instance_id VARCHAR, trait VARCHAR, value JSON, set_at TIMESTAMP, entered_at TIMESTAMP, journey_place INTEGER, token VARCHAR, action STRUCT(rank INTEGER, branch INTEGER, ts TIMESTAMP, event VARCHAR, token INTEGER, who VARCHAR)[], place DOUBLE, seen_at TIMESTAMP);
CREATE OR REPLACE TEMP MACRO id_of_candidate(instance_id, step, user_id) AS
    md5(instance_id || chr(31) || step || chr(31) || '1' || chr(31) || user_id);
CREATE OR REPLACE TEMP MACRO behind(before, own) AS list_concat(list_filter(before, lambda one: one >= own[1]), own);
CREATE OR REPLACE TEMP TABLE w_instance (
    instance BIGINT, instance_id VARCHAR, user_key INTEGER, user_id VARCHAR, key VARCHAR, entered_at TIMESTAMP,
    entry_event VARCHAR, entry_name VARCHAR, fresh BOOLEAN, last_at TIMESTAMP,
    context MAP(VARCHAR, STRUCT(value JSON, since TIMESTAMP)), who VARCHAR
);
CREATE OR REPLACE TEMP TABLE w_token (
    instance BIGINT, token VARCHAR, place INTEGER, arrived_at TIMESTAMP, waiting_since TIMESTAMP, last_at TIMESTAMP,
    context MAP(VARCHAR, STRUCT(value JSON, since TIMESTAMP)), used VARCHAR[], arrived BOOLEAN, due TIMESTAMP,
    action STRUCT(rank INTEGER, branch INTEGER, ts TIMESTAMP, event VARCHAR, token INTEGER, who VARCHAR)[]
);
CREATE OR REPLACE TEMP TABLE w_log (
    instance BIGINT, token VARCHAR, from_step VARCHAR, to_step VARCHAR, moved_at TIMESTAMP, cause VARCHAR, branch VARCHAR,
        event VARCHAR,
    action STRUCT(rank INTEGER, branch INTEGER, ts TIMESTAMP, event VARCHAR, token INTEGER, who VARCHAR)[], place DOUBLE,
    own STRUCT(rank INTEGER, branch INTEGER, ts TIMESTAMP, event VARCHAR, token INTEGER, who VARCHAR)[]
);
CREATE OR REPLACE TEMP TABLE w_stay (
    instance BIGINT, token VARCHAR, place INTEGER, arrived_at TIMESTAMP, waiting_since TIMESTAMP, last_at TIMESTAMP,
    context MAP(VARCHAR, STRUCT(value JSON, since TIMESTAMP)), used VARCHAR[], due TIMESTAMP
);
CREATE OR REPLACE TEMP TABLE w_end (
    instance BIGINT, token VARCHAR, ended_at TIMESTAMP, reason VARCHAR,
    action STRUCT(rank INTEGER, branch INTEGER, ts TIMESTAMP, event VARCHAR, token INTEGER, who VARCHAR)[], place DOUBLE
);
CREATE OR REPLACE TEMP TABLE w_sent (
    instance BIGINT, step VARCHAR, scheduled_at TIMESTAMP, zone VARCHAR,
    context MAP(VARCHAR, STRUCT(value JSON, since TIMESTAMP)),
    action STRUCT(rank INTEGER, branch INTEGER, ts TIMESTAMP, event VARCHAR, token INTEGER, who VARCHAR)[], place DOUBLE
);
CREATE OR REPLACE TEMP TABLE w_set (
    instance BIGINT, token VARCHAR, step VARCHAR, set_at TIMESTAMP, trait VARCHAR, value JSON,
    action STRUCT(rank INTEGER, branch INTEGER, ts TIMESTAMP, event VARCHAR, token INTEGER, who VARCHAR)[], place DOUBLE
);
CREATE OR REPLACE TEMP TABLE w_synced (
    instance BIGINT, step VARCHAR, synced_at TIMESTAMP, remove_at TIMESTAMP, properties JSON,
    action STRUCT(rank INTEGER, branch INTEGER, ts TIMESTAMP, event VARCHAR, token INTEGER, who VARCHAR)[], place DOUBLE
);
CREATE OR REPLACE TEMP TABLE w_current AS SELECT CAST('cart_recovery' AS VARCHAR) AS journey;
CREATE OR REPLACE TEMP TABLE w_candidate (number BIGINT, user_key INTEGER, entered_at TIMESTAMP);
DROP TABLE IF EXISTS temp.main.w_entry_event;

-- who may enter: Cart Updated  campaigns/journeys/cart.yaml:5
CREATE TEMP TABLE "w_entry_event" AS
SELECT
  e.user_key,
  e.ts,
  e.message_id,
  e.event,
  e.properties,
  e."cart_id:text" AS key,
  FALSE AS late
FROM (
  SELECT
    r.*,
    n.event,
    r.ts AS "as_of"
  FROM events AS r
  JOIN event_names AS n
    ON n.event_key = r.event_key
  WHERE
    r.event_key = /* Cart Updated */ 1
    AND r.ts <= CAST('2026-11-01 13:20:00' AS TIMESTAMP)
    AND r.ts >= CAST('2026-11-01 13:20:00' AS TIMESTAMP)
) AS e
WHERE
  e."cart_total:number" > 20 AND TRUE;
CREATE OR REPLACE TEMP TABLE w_candidate AS
SELECT row_number() OVER (ORDER BY e.ts, e.message_id) AS number, e.user_key, u.user_id, e.ts AS entered_at,
    e.message_id AS entry_event,
    e.event AS entry_name, e.key, e.properties, e.late
FROM w_entry_event AS e JOIN users AS u USING (user_key)
WHERE e.key IS NOT NULL OR NOT CAST(TRUE AS BOOLEAN);
DROP TABLE IF EXISTS temp.main.w_happened;

-- the events that instances wait for
CREATE TEMP TABLE "w_happened" AS
SELECT
  0 AS occurrence,
  e.user_key,
  e.ts,
  e.message_id,
  e.event,
  e.properties,
  [e."cart_id:text"] AS matched,
  TRUE AS is_new
FROM (
  SELECT
    r.*,
    n.event,
    r.ts AS "as_of"
  FROM events AS r
  JOIN event_names AS n
    ON n.event_key = r.event_key
  WHERE
    r.event_key = /* Order Completed */ 2
    AND r.ts <= CAST('2026-11-01 13:20:00' AS TIMESTAMP)
    AND r.ts >= CAST('2026-11-01 13:20:00' AS TIMESTAMP)
) AS e
UNION ALL
SELECT
  1 AS occurrence,
  e.user_key,
  e.ts,
  e.message_id,
  e.event,
  e.properties,
  [e."cart_id:text"] AS matched,
  TRUE AS is_new
FROM (
  SELECT
    r.*,
    n.event,
    r.ts AS "as_of"
  FROM events AS r
  JOIN event_names AS n
    ON n.event_key = r.event_key
  WHERE
    r.event_key = /* Cart Updated */ 1
    AND r.ts <= CAST('2026-11-01 13:20:00' AS TIMESTAMP)
    AND r.ts >= CAST('2026-11-01 13:20:00' AS TIMESTAMP)
) AS e
UNION ALL
SELECT
  2 AS occurrence,
  e.user_key,
  e.ts,
  e.message_id,
  e.event,
  e.properties,
  [e."cart_id:text"] AS matched,
  TRUE AS is_new
FROM (
  SELECT
    r.*,
    n.event,
    r.ts AS "as_of"
  FROM events AS r
  JOIN event_names AS n
    ON n.event_key = r.event_key
  WHERE
    r.event_key = /* Cart Emptied */ 0
    AND r.ts <= CAST('2026-11-01 13:20:00' AS TIMESTAMP)
    AND r.ts >= CAST('2026-11-01 13:20:00' AS TIMESTAMP)
) AS e;

-- who is or was in the journey, of those whom something can have happened to
CREATE OR REPLACE TEMP TABLE w_due AS
SELECT DISTINCT instance, version FROM position_now WHERE journey = 'cart_recovery' AND (due <= TIMESTAMP '2026-11-01 13:20:00' OR exit_due <= TIMESTAMP '2026-11-01 13:20:00');
CREATE OR REPLACE TEMP TABLE w_known_instance AS
WITH who AS (
    SELECT user_key FROM w_candidate
    UNION SELECT user_key FROM w_happened WHERE is_new
    UNION SELECT user_key FROM w_late
), found AS (
    SELECT i.instance FROM instance_now AS i
    SEMI JOIN (SELECT user_id FROM instance_user SEMI JOIN who USING (user_key)) AS u ON u.user_id = i.user_id
    WHERE i.journey = 'cart_recovery'
    UNION SELECT instance FROM w_due
    UNION SELECT instance FROM changed_now
)
SELECT i.instance, i.journey, i.version, u.user_key, i.user_id, i.key, i.entered_at, i.entry_event, i.entry_name, i.ended_at,
    i.instance_id
FROM instance_now AS i SEMI JOIN found USING (instance) JOIN instance_user AS u ON u.user_id = i.user_id;
DELETE FROM w_candidate WHERE EXISTS (
    SELECT 1 FROM w_known_instance AS i
    WHERE i.journey = 'cart_recovery' AND i.user_key = w_candidate.user_key AND i.key IS NOT DISTINCT FROM w_candidate.key AND (
        (i.ended_at IS NULL AND w_candidate.late)
        OR (i.entered_at <= w_candidate.entered_at AND w_candidate.entered_at < i.ended_at)
    )
);
INSERT INTO w_instance
   SELECT -number, md5(
           CAST('cart_recovery' AS VARCHAR) || chr(31) || user_id || chr(31) || CASE WHEN CAST(TRUE AS BOOLEAN) THEN coalesce(key,
               '') ELSE '' END || chr(31)
           || coalesce(entry_event, strftime(entered_at, '%Y-%m-%dT%H:%M:%S.%fZ'))
       ), user_key, user_id, key, entered_at, entry_event, entry_name, TRUE, entered_at,
       CASE WHEN entry_event IS NULL THEN CAST(MAP {} AS MAP(VARCHAR, STRUCT(value JSON, since TIMESTAMP)))
           ELSE 
   map_from_entries([{'k': 'entry', 'v': {'value': CAST(properties AS JSON), 'since': entered_at - INTERVAL 1 MICROSECOND}}])
END, ''
   FROM w_candidate;
INSERT INTO w_token
SELECT instance, '', 0, entered_at, entered_at, entered_at, context, CASE WHEN entry_event IS NULL THEN [] ELSE [entry_event] END,
    TRUE, NULL,
    [{'rank': 4, 'branch': 0, 'ts': entered_at, 'event': coalesce(entry_event, ''), 'token': 0, 'who': ''}]
FROM w_instance WHERE fresh;
INSERT INTO w_log
SELECT instance, '', NULL, CAST('list' AS VARCHAR), entered_at, 'entry', NULL, entry_event,
    [{'rank': -3, 'branch': 0, 'ts': TIMESTAMP '0001-01-01', 'event': '', 'token': 0, 'who': ''}], -3,
    [{'rank': -3, 'branch': 0, 'ts': TIMESTAMP '0001-01-01', 'event': '', 'token': 0, 'who': ''}]
FROM w_instance WHERE fresh;
CREATE OR REPLACE TEMP TABLE w_touched AS
SELECT DISTINCT instance FROM (
    SELECT instance FROM w_due WHERE version = 1
    UNION ALL
    SELECT p.instance FROM position_now AS p SEMI JOIN changed_now AS c USING (instance) WHERE p.journey = 'cart_recovery' AND p.version = 1
    UNION ALL
    SELECT k.instance FROM w_known_instance AS k
    WHERE k.ended_at IS NULL AND k.journey = 'cart_recovery' AND k.version = 1
        AND (k.user_key IN (SELECT user_key FROM w_happened WHERE is_new) OR k.user_key IN (SELECT user_key FROM w_late))
);
INSERT INTO w_instance
SELECT k.instance, k.instance_id, k.user_key, k.user_id, k.key, k.entered_at, k.entry_event, k.entry_name, FALSE, p.last_at,
    p.context, ''
FROM (SELECT DISTINCT instance FROM w_touched) AS t
JOIN w_known_instance AS k USING (instance)
JOIN position_now AS p USING (instance);
INSERT INTO w_token
SELECT p.instance, p.token, s.place, p.arrived_at, p.waiting_since, p.last_at, p.context, p.used, FALSE, p.due,
    [{'rank': -1, 'branch': 0, 'ts': TIMESTAMP '0001-01-01', 'event': '', 'token': 0, 'who': ''}]
FROM position_now AS p
SEMI JOIN (SELECT instance FROM w_instance) AS i ON i.instance = p.instance
JOIN (SELECT unnest(CAST(['list', 'wait', 'wait.emptied.exit_1', 'nudge', 'day', 'tell', 'mark'] AS VARCHAR[])) AS id, unnest(CAST([0, 1, 2, 3, 4, 5, 6] AS INTEGER[])) AS place) AS s ON s.id = p.step;
CREATE OR REPLACE TEMP TABLE w_branch AS
SELECT unnest(CAST(['wait', 'wait'] AS VARCHAR[])) AS step, unnest(CAST([0, 1] AS INTEGER[])) AS number, unnest(CAST(['changed', 'emptied'] AS VARCHAR[])) AS branch,
    unnest(CAST([1, 2] AS INTEGER[])) AS occurrence, unnest(CAST([TRUE, FALSE] AS BOOLEAN[])) AS restart, unnest(CAST([TRUE, TRUE] AS BOOLEAN[])) AS matching,
    unnest(CAST([FALSE, FALSE] AS BOOLEAN[])) AS tied;
CREATE OR REPLACE TEMP TABLE w_exit_rule AS
SELECT unnest(CAST([0] AS INTEGER[])) AS occurrence, unnest(CAST([0] AS INTEGER[])) AS number, unnest(CAST([TRUE] AS BOOLEAN[])) AS matching,
    unnest(CAST([FALSE] AS BOOLEAN[])) AS is_goal, unnest(CAST([FALSE] AS BOOLEAN[])) AS tied;
CREATE OR REPLACE TEMP TABLE w_goal_rule AS
SELECT unnest(CAST([] AS INTEGER[])) AS occurrence, unnest(CAST([] AS BOOLEAN[])) AS matching;
DROP TABLE IF EXISTS temp.main.w_goal_limit;
CREATE TEMP TABLE "w_goal_limit" AS
SELECT
  i.instance,
  CAST(NULL AS TIMESTAMP) AS until
FROM w_instance AS i;

-- the ways from step to step
CREATE OR REPLACE TEMP TABLE w_path AS
SELECT token, parent, CAST(row_number() OVER () - 1 AS INTEGER) AS place_in_order
FROM (SELECT unnest(CAST([''] AS VARCHAR[])) AS token, unnest(CAST([NULL] AS VARCHAR[])) AS parent);
CREATE OR REPLACE TEMP TABLE w_beside AS SELECT unnest(CAST([] AS VARCHAR[])) AS token, unnest(CAST([] AS VARCHAR[])) AS other;
CREATE OR REPLACE TEMP TABLE w_way AS
SELECT unnest(CAST([0, 1, 1, 3, 4, 5, 6] AS INTEGER[])) AS place, unnest(CAST([':on', 'emptied', 'timeout', ':on', ':on', ':on', ':on'] AS VARCHAR[])) AS outcome, unnest(CAST([1, 2, 3, 4, 5, 6, NULL] AS INTEGER[])) AS target,
    unnest(CAST(['wait', 'wait.emptied.exit_1', 'nudge', 'day', 'tell', 'mark', NULL] AS VARCHAR[])) AS to_step;

-- step list: sync ads: carts  campaigns/journeys/cart.yaml:12
CREATE OR REPLACE TEMP TABLE w_here AS
SELECT t.*, i.instance_id, i.user_key, i.user_id, i.key, i.entered_at, i.entry_event, i.entry_name, i.last_at AS instance_last_at,
    p.place_in_order, i.who
FROM w_token AS t JOIN w_instance AS i USING (instance) JOIN w_path AS p USING (token)
WHERE t.place = 0;
CREATE OR REPLACE TEMP TABLE w_read AS SELECT instance, token FROM w_here;
CREATE OR REPLACE TEMP TABLE w_property (instance BIGINT, token VARCHAR, number INTEGER, name VARCHAR, value JSON);
CREATE OR REPLACE TEMP TABLE w_value AS
SELECT h.instance, h.token, to_json(coalesce(p.properties, MAP {})) AS value
FROM w_here AS h
LEFT JOIN (
    SELECT instance, token, map_from_entries(list({'k': name, 'v': value} ORDER BY number)) AS properties
    FROM w_property WHERE value IS NOT NULL AND value NOT IN ('null', '""') GROUP BY instance, token
) AS p USING (instance, token);
DROP TABLE IF EXISTS temp.main.w_removal;
CREATE TEMP TABLE "w_removal" AS
SELECT
  h.instance,
  h.token,
  (
    h.arrived_at + TO_SECONDS(306000)
  ) AS remove_at
FROM w_here AS h;
INSERT INTO w_synced
SELECT v.instance, CAST('list' AS VARCHAR), h.arrived_at, r.remove_at, v.value, h.action, CAST(0 AS DOUBLE)
FROM w_value AS v JOIN w_here AS h USING (instance, token) JOIN w_removal AS r USING (instance, token);
INSERT INTO w_log
SELECT instance, token, CAST('list' AS VARCHAR), CAST('wait' AS VARCHAR), arrived_at, CAST('done' AS VARCHAR), NULL, NULL, action, CAST(0 AS DOUBLE),
    action
FROM w_token WHERE place = 0;
INSERT INTO w_token
SELECT instance, token, CAST(1 AS INTEGER), arrived_at, arrived_at, arrived_at, context, used, TRUE, NULL, action
FROM w_token WHERE place = 0;

-- step wait: hold for 2 hours  campaigns/journeys/cart.yaml:13
CREATE OR REPLACE TEMP TABLE w_here AS
SELECT t.*, i.instance_id, i.user_key, i.user_id, i.key, i.entered_at, i.entry_event, i.entry_name, i.last_at AS instance_last_at,
    p.place_in_order, i.who
FROM w_token AS t JOIN w_instance AS i USING (instance) JOIN w_path AS p USING (token)
WHERE t.place = 1;
CREATE OR REPLACE TEMP TABLE w_tied (
    occurrence INTEGER, instance BIGINT, token VARCHAR, message_id VARCHAR, from_at TIMESTAMP, until_at TIMESTAMP
);
CREATE OR REPLACE TEMP TABLE w_acted AS
SELECT h.instance, h.token, e.ts, e.message_id, e.event, e.properties, b.number, b.branch, b.restart, greatest(e.ts, CASE WHEN h.arrived THEN h.last_at ELSE h.instance_last_at END) AS acted_at,
    CAST(NULL AS STRUCT(rank INTEGER, branch INTEGER, ts TIMESTAMP, event VARCHAR, token INTEGER, who VARCHAR)[]) AS after
FROM w_here AS h
JOIN w_happened AS e ON e.user_key = h.user_key
JOIN w_branch AS b ON b.step = 'wait' AND b.occurrence = e.occurrence
WHERE (NOT b.matching OR list_contains(e.matched, h.key)) AND (
        NOT b.tied OR EXISTS (
            SELECT 1 FROM w_tied AS t
            WHERE t.occurrence = e.occurrence AND t.instance = h.instance AND t.token = h.token AND t.message_id = e.message_id
                AND greatest(e.ts, CASE WHEN h.arrived THEN h.last_at ELSE h.instance_last_at END) >= t.from_at AND greatest(e.ts, CASE WHEN h.arrived THEN h.last_at ELSE h.instance_last_at END) < t.until_at
        )
    ) AND (h.arrived OR e.is_new) AND NOT list_contains(h.used, e.message_id)
    AND (e.ts >= h.arrived_at OR (CAST(FALSE AS BOOLEAN) AND e.ts >= h.entered_at))
    AND (NOT CAST(FALSE AS BOOLEAN) OR e.ts >= h.arrived_at OR e.message_id IS DISTINCT FROM h.entry_event)
QUALIFY row_number() OVER (PARTITION BY h.instance, h.token, e.message_id ORDER BY b.number) = 1;
DROP TABLE IF EXISTS temp.main.w_act;
CREATE TEMP TABLE "w_act" AS
SELECT
  h.*,
  (
    h.acted_at + TO_SECONDS(7200)
  ) AS expires
FROM w_acted AS h;
DROP TABLE IF EXISTS temp.main.w_hold;
CREATE TEMP TABLE "w_hold" AS
SELECT
  h.*,
  (
    h.waiting_since + TO_SECONDS(7200)
  ) AS expires
FROM w_here AS h;
CREATE OR REPLACE TEMP TABLE w_chain AS
WITH patched AS (
    SELECT a.*, h.expires AS first_expires, h.last_at, h.action,
        [{'rank': 1, 'branch': 0, 'ts': a.ts, 'event': a.message_id, 'token': h.place_in_order, 'who': h.who}] AS own,
        CASE WHEN a.event = h.entry_name
            THEN map_from_entries(list_distinct([
                {'k': a.branch, 'v': {'value': CAST(a.properties AS JSON), 'since': a.acted_at}},
                {'k': 'entry', 'v': {'value': CAST(a.properties AS JSON), 'since': a.acted_at}}
            ]))
            ELSE map_from_entries([{'k': a.branch, 'v': {'value': CAST(a.properties AS JSON), 'since': a.acted_at}}])
        END AS patch
    FROM w_act AS a JOIN w_hold AS h USING (instance, token)
    WHERE a.restart
), spaced AS (
    SELECT *, acted_at > coalesce(lag(expires) OVER in_order, first_expires) AS too_late FROM patched
    WINDOW in_order AS (PARTITION BY instance, token ORDER BY acted_at, ts, message_id)
), followed AS (
    SELECT *, bool_or(coalesce(too_late, FALSE)) OVER so_far AS over, count(*) OVER so_far AS turn,
        list(message_id) OVER same_instant AS used_then
    FROM spaced
    WINDOW so_far AS (PARTITION BY instance, token ORDER BY acted_at, ts, message_id ROWS UNBOUNDED PRECEDING),
        same_instant AS (PARTITION BY instance, token, acted_at ORDER BY ts, message_id ROWS UNBOUNDED PRECEDING)
)
SELECT instance, token, ts, message_id, branch, acted_at, expires, turn, own, used_then, patch,
    CASE WHEN acted_at > last_at THEN own ELSE behind(action, own) END AS action
FROM followed WHERE NOT over;
CREATE OR REPLACE TEMP TABLE w_deadline AS
SELECT h.instance, h.token, coalesce(max(c.expires), h.expires) AS deadline
FROM w_hold AS h LEFT JOIN w_chain AS c USING (instance, token) GROUP BY h.instance, h.token, h.expires;
CREATE OR REPLACE TEMP TABLE w_decided AS
WITH possible AS (
    SELECT a.*, d.deadline,
        behind(
            coalesce(a.after, c.action, CASE WHEN a.acted_at = h.last_at THEN h.action END, []),
            [{'rank': 2, 'branch': a.number, 'ts': a.ts, 'event': a.message_id, 'token': h.place_in_order, 'who': h.who}]
        ) AS turn_of_branch,
        behind(
            coalesce(CASE WHEN d.deadline = h.last_at THEN h.action END, []),
            [{'rank': 3, 'branch': 0, 'ts': TIMESTAMP '0001-01-01', 'event': '', 'token': h.place_in_order, 'who': h.who}]
        ) AS turn_of_timer
    FROM w_act AS a JOIN w_deadline AS d USING (instance, token) JOIN w_hold AS h USING (instance, token)
    LEFT JOIN (
        SELECT instance, token, acted_at, arg_max(action, turn) AS action FROM w_chain GROUP BY instance, token, acted_at
    ) AS c ON c.instance = a.instance AND c.token = a.token AND c.acted_at = a.acted_at
    WHERE NOT a.restart
)
SELECT * EXCLUDE (deadline, turn_of_branch, turn_of_timer) FROM possible
WHERE deadline IS NULL OR row(acted_at, turn_of_branch) <= row(deadline, turn_of_timer)
QUALIFY row_number() OVER (PARTITION BY instance, token ORDER BY acted_at, turn_of_branch) = 1;
CREATE OR REPLACE TEMP TABLE w_restart AS
SELECT c.* FROM w_chain AS c LEFT JOIN w_decided AS d USING (instance, token)
WHERE d.instance IS NULL OR c.acted_at <= d.acted_at;
CREATE OR REPLACE TEMP TABLE w_last_restart AS
WITH last AS (
    SELECT instance, token, max(turn) AS turn, list(patch ORDER BY turn) AS patches FROM w_restart GROUP BY instance, token
)
SELECT r.* EXCLUDE (patch), list_reduce(list_prepend(h.context, l.patches), lambda known, patch: map_concat(known, patch)) AS context
FROM last AS l JOIN w_restart AS r USING (instance, token, turn) JOIN w_here AS h USING (instance, token);
INSERT INTO w_log
SELECT instance, token, CAST('wait' AS VARCHAR), CAST('wait' AS VARCHAR), acted_at, 'restart', branch, message_id,
    action, CAST(1 AS DOUBLE), own
FROM w_restart;
CREATE OR REPLACE TEMP TABLE w_left AS
WITH waited AS (
    SELECT h.instance, h.token, h.action, h.place_in_order, h.who, h.used AS used_before, h.last_at AS last_before,
        coalesce(r.acted_at, h.last_at) AS last_at, coalesce(r.context, h.context) AS context,
        CASE WHEN r.acted_at > h.last_at THEN r.used_then ELSE list_concat(h.used, coalesce(r.used_then,
            CAST([] AS VARCHAR[]))) END AS used,
        coalesce(r.action, h.action) AS action_so_far,
        d.acted_at AS decided_at, d.ts, d.message_id, d.branch, d.number, d.properties, d.after, l.deadline
    FROM w_here AS h
    JOIN w_deadline AS l USING (instance, token)
    LEFT JOIN w_last_restart AS r USING (instance, token)
    LEFT JOIN w_decided AS d USING (instance, token)
), acting AS (
    SELECT *, coalesce(decided_at, deadline) AS moved_at,
        CASE
            WHEN decided_at IS NULL
                THEN [{'rank': 3, 'branch': 0, 'ts': TIMESTAMP '0001-01-01', 'event': '', 'token': place_in_order, 'who': who}]
            ELSE [{'rank': 2, 'branch': number, 'ts': ts, 'event': message_id, 'token': place_in_order, 'who': who}]
        END AS own
    FROM waited WHERE coalesce(decided_at, deadline) <= TIMESTAMP '2026-11-01 13:20:00'
)
SELECT instance, token, moved_at, coalesce(branch, CAST('timeout' AS VARCHAR)) AS outcome,
    CASE WHEN decided_at IS NULL THEN 'timeout' ELSE 'branch' END AS cause, branch, nullif(message_id, '') AS event,
    CASE
        WHEN nullif(message_id, '') IS NULL THEN context
        ELSE map_concat(context, map_from_entries([{'k': branch, 'v': {'value': CAST(properties AS JSON), 'since': decided_at}}]))
    END AS context,
    CASE WHEN moved_at > last_at THEN [] ELSE used END || CASE WHEN coalesce(message_id, '') = '' THEN [] ELSE [message_id] END AS used,
    CASE WHEN after IS NULL AND moved_at > last_at THEN own ELSE behind(coalesce(after, action_so_far), own) END AS action,
    own
FROM acting WHERE moved_at <= TIMESTAMP '2026-11-01 13:20:00';
INSERT INTO w_stay
SELECT h.instance, h.token, h.place, h.arrived_at, coalesce(r.acted_at, h.waiting_since), coalesce(r.acted_at, h.last_at),
    coalesce(r.context, h.context),
    CASE
        WHEN r.instance IS NULL THEN h.used
        WHEN r.acted_at > h.last_at THEN r.used_then
        ELSE list_concat(h.used, r.used_then)
    END,
    l.deadline
FROM w_here AS h JOIN w_deadline AS l USING (instance, token)
LEFT JOIN w_last_restart AS r USING (instance, token)
WHERE NOT EXISTS (SELECT 1 FROM w_left AS g WHERE g.instance = h.instance AND g.token = h.token);
INSERT INTO w_log
SELECT l.instance, l.token, CAST('wait' AS VARCHAR), w.to_step, l.moved_at, l.cause, l.branch, l.event, l.action, CAST(1 AS DOUBLE), l.own
FROM w_left AS l JOIN w_way AS w ON w.place = 1 AND w.outcome = l.outcome;
INSERT INTO w_token
SELECT l.instance, l.token, w.target, l.moved_at, l.moved_at, l.moved_at, l.context, l.used, TRUE, NULL, l.action
FROM w_left AS l JOIN w_way AS w ON w.place = 1 AND w.outcome = l.outcome
WHERE w.target IS NOT NULL;

-- step wait.emptied.exit_1: exit: lost_interest  campaigns/journeys/cart.yaml:17
CREATE OR REPLACE TEMP TABLE w_here AS
SELECT t.*, i.instance_id, i.user_key, i.user_id, i.key, i.entered_at, i.entry_event, i.entry_name, i.last_at AS instance_last_at,
    p.place_in_order, i.who
FROM w_token AS t JOIN w_instance AS i USING (instance) JOIN w_path AS p USING (token)
WHERE t.place = 2;
INSERT INTO w_end SELECT instance, token, arrived_at, CAST('lost_interest' AS VARCHAR), action, CAST(2 AS DOUBLE) FROM w_here;

-- step nudge: send nudge by email  campaigns/journeys/cart.yaml:18
INSERT INTO w_sent
SELECT instance, CAST('nudge' AS VARCHAR), arrived_at, CAST('Europe/London' AS VARCHAR), context, action, CAST(3 AS DOUBLE) FROM w_token WHERE place = 3;
INSERT INTO w_log
SELECT instance, token, CAST('nudge' AS VARCHAR), CAST('day' AS VARCHAR), arrived_at, CAST('done' AS VARCHAR), NULL, NULL, action, CAST(3 AS DOUBLE),
    action
FROM w_token WHERE place = 3;
INSERT INTO w_token
SELECT instance, token, CAST(4 AS INTEGER), arrived_at, arrived_at, arrived_at, context, used, TRUE, NULL, action
FROM w_token WHERE place = 3;

-- step day: wait 1 day  campaigns/journeys/cart.yaml:19
CREATE OR REPLACE TEMP TABLE w_here AS
SELECT t.*, i.instance_id, i.user_key, i.user_id, i.key, i.entered_at, i.entry_event, i.entry_name, i.last_at AS instance_last_at,
    p.place_in_order, i.who
FROM w_token AS t JOIN w_instance AS i USING (instance) JOIN w_path AS p USING (token)
WHERE t.place = 4;
DROP TABLE IF EXISTS temp.main.w_leaving;
CREATE TEMP TABLE "w_leaving" AS
SELECT
  h.*,
  COALESCE(h.due, (
    h.arrived_at + TO_SECONDS(86400)
  )) AS leaving_at
FROM w_here AS h;
CREATE OR REPLACE TEMP TABLE w_left AS
SELECT instance, token, greatest(leaving_at, arrived_at) AS moved_at, CAST(':on' AS VARCHAR) AS outcome, 'delay' AS cause,
    CAST(NULL AS VARCHAR) AS branch, CAST(NULL AS VARCHAR) AS event, context,
    CASE WHEN leaving_at > arrived_at THEN CAST([] AS VARCHAR[]) ELSE used END AS used,
    CASE WHEN leaving_at > arrived_at THEN own ELSE action END AS action,
        CASE WHEN leaving_at > arrived_at THEN own ELSE action END AS own
FROM (
    SELECT *,
        [{'rank': 3, 'branch': 0, 'ts': TIMESTAMP '0001-01-01', 'event': '', 'token': place_in_order, 'who': who}] AS own FROM w_leaving
) WHERE leaving_at <= TIMESTAMP '2026-11-01 13:20:00';
INSERT INTO w_stay
SELECT instance, token, place, arrived_at, arrived_at, last_at, context, used, leaving_at FROM w_leaving WHERE leaving_at > TIMESTAMP '2026-11-01 13:20:00';
INSERT INTO w_log
SELECT l.instance, l.token, CAST('day' AS VARCHAR), w.to_step, l.moved_at, l.cause, l.branch, l.event, l.action, CAST(4 AS DOUBLE), l.own
FROM w_left AS l JOIN w_way AS w ON w.place = 4 AND w.outcome = l.outcome;
INSERT INTO w_token
SELECT l.instance, l.token, w.target, l.moved_at, l.moved_at, l.moved_at, l.context, l.used, TRUE, NULL, l.action
FROM w_left AS l JOIN w_way AS w ON w.place = 4 AND w.outcome = l.outcome
WHERE w.target IS NOT NULL;

-- step tell: sync hub: Cart Left  campaigns/journeys/cart.yaml:20
CREATE OR REPLACE TEMP TABLE w_here AS
SELECT t.*, i.instance_id, i.user_key, i.user_id, i.key, i.entered_at, i.entry_event, i.entry_name, i.last_at AS instance_last_at,
    p.place_in_order, i.who
FROM w_token AS t JOIN w_instance AS i USING (instance) JOIN w_path AS p USING (token)
WHERE t.place = 5;
CREATE OR REPLACE TEMP TABLE w_asked AS
SELECT instance, token, user_key, arrived_at AS asked_at, key, entered_at, context FROM w_here;
CREATE OR REPLACE TEMP TABLE w_subject_bare AS
SELECT row_number() OVER () AS subject_key, instance, instance AS asking_instance, token, user_key, asked_at, asked_at AS "at", key,
    entered_at,
    CAST(to_json(map_from_entries(list_transform(map_entries(context), lambda e: {'k': e.key,
        'v': e.value.value}))) AS VARCHAR) AS context
FROM w_asked;
DROP TABLE IF EXISTS temp.main.w_subject;
CREATE TEMP TABLE "w_subject" AS
SELECT
  q.*
FROM w_subject_bare AS q;
CREATE TEMP TABLE "w_ask_subjects" AS
SELECT
  s.subject_key,
  s.user_key,
  u.user_id,
  s."at" AS "as_of",
  s.context
FROM w_subject AS s
JOIN users AS u
  ON u.user_key = s.user_key;
CREATE TEMP TABLE "w_ask_values" AS
SELECT
  u.subject_key,
  JSON_EXTRACT(CAST(u.context AS JSON), '/entry/cart_id') AS "cart"
FROM w_ask_subjects AS u;
DROP TABLE IF EXISTS temp.main.w_read;
CREATE TEMP TABLE "w_read" AS
SELECT
  s.instance,
  s.token,
  v.cart
FROM w_subject AS s
JOIN w_ask_values AS v
  ON v.subject_key = s.subject_key;
CREATE OR REPLACE TEMP TABLE w_property (instance BIGINT, token VARCHAR, number INTEGER, name VARCHAR, value JSON);
INSERT INTO w_property
SELECT
  r.instance,
  r.token,
  0,
  'cart',
  r.cart
FROM w_read AS r;
CREATE OR REPLACE TEMP TABLE w_value AS
SELECT h.instance, h.token, to_json(coalesce(p.properties, MAP {})) AS value
FROM w_here AS h
LEFT JOIN (
    SELECT instance, token, map_from_entries(list({'k': name, 'v': value} ORDER BY number)) AS properties
    FROM w_property WHERE value IS NOT NULL AND value NOT IN ('null', '""') GROUP BY instance, token
) AS p USING (instance, token);
DROP TABLE IF EXISTS temp.main.w_removal;
CREATE TEMP TABLE "w_removal" AS
SELECT
  h.instance,
  h.token,
  CAST(NULL AS TIMESTAMP) AS remove_at
FROM w_here AS h;
INSERT INTO w_synced
SELECT v.instance, CAST('tell' AS VARCHAR), h.arrived_at, r.remove_at, v.value, h.action, CAST(5 AS DOUBLE)
FROM w_value AS v JOIN w_here AS h USING (instance, token) JOIN w_removal AS r USING (instance, token);
INSERT INTO w_log
SELECT instance, token, CAST('tell' AS VARCHAR), CAST('mark' AS VARCHAR), arrived_at, CAST('done' AS VARCHAR), NULL, NULL, action, CAST(5 AS DOUBLE),
    action
FROM w_token WHERE place = 5;
INSERT INTO w_token
SELECT instance, token, CAST(6 AS INTEGER), arrived_at, arrived_at, arrived_at, context, used, TRUE, NULL, action
FROM w_token WHERE place = 5;

-- step mark: set carts_left to entry.cart_id  campaigns/journeys/cart.yaml:21
CREATE OR REPLACE TEMP TABLE w_here AS
SELECT t.*, i.instance_id, i.user_key, i.user_id, i.key, i.entered_at, i.entry_event, i.entry_name, i.last_at AS instance_last_at,
    p.place_in_order, i.who
FROM w_token AS t JOIN w_instance AS i USING (instance) JOIN w_path AS p USING (token)
WHERE t.place = 6;
CREATE OR REPLACE TEMP TABLE w_asked AS
SELECT instance, token, user_key, arrived_at AS asked_at, key, entered_at, context FROM w_here;
CREATE OR REPLACE TEMP TABLE w_subject_bare AS
SELECT row_number() OVER () AS subject_key, instance, instance AS asking_instance, token, user_key, asked_at, asked_at AS "at", key,
    entered_at,
    CAST(to_json(map_from_entries(list_transform(map_entries(context), lambda e: {'k': e.key,
        'v': e.value.value}))) AS VARCHAR) AS context
FROM w_asked;
DROP TABLE IF EXISTS temp.main.w_subject;
CREATE TEMP TABLE "w_subject" AS
SELECT
  q.*
FROM w_subject_bare AS q;
CREATE TEMP TABLE "w_ask_subjects" AS
SELECT
  s.subject_key,
  s.user_key,
  u.user_id,
  s."at" AS "as_of",
  s.context
FROM w_subject AS s
JOIN users AS u
  ON u.user_key = s.user_key;
CREATE TEMP TABLE "w_ask_values" AS
SELECT
  u.subject_key,
  JSON_EXTRACT(CAST(u.context AS JSON), '/entry/cart_id') AS "value"
FROM w_ask_subjects AS u;
DROP TABLE IF EXISTS temp.main.w_read;
CREATE TEMP TABLE "w_read" AS
SELECT
  s.instance,
  s.token,
  v.value
FROM w_subject AS s
JOIN w_ask_values AS v
  ON v.subject_key = s.subject_key;
CREATE OR REPLACE TEMP TABLE w_value AS SELECT instance, token, value FROM w_read;
INSERT INTO w_set
SELECT v.instance, v.token, CAST('mark' AS VARCHAR), h.arrived_at, CAST('carts_left' AS VARCHAR), v.value, h.action, CAST(6 AS DOUBLE)
FROM w_value AS v JOIN w_here AS h USING (instance, token) WHERE v.value IS NOT NULL;
INSERT INTO w_log
SELECT instance, token, CAST('mark' AS VARCHAR), CAST(NULL AS VARCHAR), arrived_at, CAST('done' AS VARCHAR), NULL, NULL, action, CAST(6 AS DOUBLE),
    action
FROM w_token WHERE place = 6;
INSERT INTO w_end SELECT instance, token, arrived_at, 'completed', action, CAST(6 AS DOUBLE) FROM w_token WHERE place = 6;
CREATE OR REPLACE TEMP TABLE w_tied (
    occurrence INTEGER, instance BIGINT, token VARCHAR, message_id VARCHAR, from_at TIMESTAMP, until_at TIMESTAMP
);
CREATE OR REPLACE TEMP TABLE w_exit AS
SELECT i.instance, greatest(e.ts, CASE WHEN i.fresh THEN i.entered_at ELSE i.last_at END) AS acted_at, e.ts, e.message_id AS event,
    min(x.number) AS number, bool_and(x.is_goal) AS is_goal, CAST(NULL AS STRUCT(rank INTEGER, branch INTEGER, ts TIMESTAMP, event VARCHAR, token INTEGER, who VARCHAR)[]) AS after
FROM w_instance AS i
JOIN w_happened AS e ON e.user_key = i.user_key AND e.ts >= i.entered_at
JOIN w_exit_rule AS x ON x.occurrence = e.occurrence
LEFT JOIN w_goal_limit AS g ON g.instance = i.instance
WHERE (NOT x.matching OR list_contains(e.matched, i.key)) AND (i.fresh OR e.is_new) AND e.message_id IS DISTINCT FROM i.entry_event
    AND (NOT x.tied OR EXISTS (
        SELECT 1 FROM w_tied AS t WHERE t.occurrence = e.occurrence AND t.instance = i.instance AND t.message_id = e.message_id
            AND e.ts >= t.from_at AND e.ts < t.until_at
    ))
    AND (NOT x.is_goal OR g.until IS NULL OR e.ts <= g.until)
GROUP BY ALL;

-- who comes to an end, and when
CREATE OR REPLACE TEMP TABLE w_cut AS
WITH outside AS (
    SELECT *, list_concat(
        coalesce(after, []), [{'rank': -2, 'branch': 0, 'ts': TIMESTAMP '0001-01-01', 'event': '', 'token': 0, 'who': ''}]
    ) AS action
    FROM w_exit
    QUALIFY row_number() OVER (PARTITION BY instance ORDER BY acted_at, coalesce(after, []), ts, event, number) = 1
), inside AS (
    SELECT * FROM w_end QUALIFY row_number() OVER (PARTITION BY instance ORDER BY ended_at, action, place) = 1
), both_of AS (
    SELECT coalesce(o.instance, n.instance) AS instance,
        o.instance IS NULL OR (
            n.instance IS NOT NULL AND (n.ended_at < o.acted_at OR (n.ended_at = o.acted_at AND n.action < o.action))
        ) AS by_path, n.ended_at, n.reason,
        n.action AS path_action, n.place, n.token, o.acted_at, o.action AS exit_action, o.is_goal, o.number, o.event
    FROM outside AS o FULL JOIN inside AS n ON n.instance = o.instance
)
SELECT instance, CASE WHEN by_path THEN ended_at ELSE acted_at END AS ended_at,
    CASE WHEN by_path THEN reason WHEN is_goal THEN 'goal' ELSE 'exited' END AS reason, by_path,
    CASE WHEN is_goal THEN 'goal' ELSE 'exit_rule' END AS rule_cause,
    CASE WHEN NOT is_goal THEN CAST(number + 1 AS VARCHAR) END AS rule, nullif(event, '') AS event,
    CASE WHEN by_path THEN path_action ELSE exit_action END AS action,
    CASE WHEN by_path THEN place ELSE -2 END AS place, token AS exiting
FROM both_of;
CREATE OR REPLACE TEMP TABLE w_kept AS
SELECT l.* FROM w_log AS l LEFT JOIN w_cut AS c USING (instance)
WHERE c.instance IS NULL OR l.cause = 'entry' OR row(l.moved_at, l.action, l.place) <= row(c.ended_at, c.action, c.place);
CREATE OR REPLACE TEMP TABLE w_open_token AS
WITH step AS (SELECT unnest(CAST([0, 1, 2, 3, 4, 5, 6] AS INTEGER[])) AS place, unnest(CAST(['list', 'wait', 'wait.emptied.exit_1', 'nudge', 'day', 'tell', 'mark'] AS VARCHAR[])) AS id),
stood AS (
    SELECT t.instance, t.token, s.id AS step FROM w_token AS t JOIN step AS s USING (place) WHERE NOT t.arrived
), moved AS (
    SELECT instance, token, to_step FROM w_kept
    QUALIFY row_number() OVER (PARTITION BY instance, token ORDER BY moved_at DESC, action DESC, place DESC, own DESC) = 1
)
SELECT c.instance, coalesce(m.token, s.token) AS token, CASE WHEN m.token IS NULL THEN s.step ELSE m.to_step END AS step
FROM w_cut AS c
JOIN (SELECT * FROM stood FULL JOIN moved USING (instance, token)) AS both_of ON both_of.instance = c.instance
LEFT JOIN stood AS s ON s.instance = both_of.instance AND s.token = both_of.token
LEFT JOIN moved AS m ON m.instance = both_of.instance AND m.token = both_of.token
WHERE NOT (
        list_contains(CAST([] AS VARCHAR[]), CASE WHEN m.token IS NULL THEN s.step ELSE m.to_step END)
        AND EXISTS (SELECT 1 FROM w_kept AS k WHERE k.instance = c.instance AND k.from_step = m.to_step)
    )
    AND CASE WHEN m.token IS NULL THEN s.step ELSE m.to_step END IS NOT NULL
    AND NOT ends_with(CASE WHEN m.token IS NULL THEN s.step ELSE m.to_step END, ':joined');
INSERT INTO w_kept
SELECT o.instance, o.token, o.step, NULL, c.ended_at, CASE WHEN c.by_path THEN 'exit' ELSE c.rule_cause END,
    CASE WHEN NOT c.by_path THEN c.rule END, CASE WHEN NOT c.by_path THEN c.event END, c.action,
    c.place + CASE WHEN c.by_path AND o.token = c.exiting THEN 0.1 ELSE 0.2 END,
    [{'rank': 0, 'branch': 0, 'ts': TIMESTAMP '0001-01-01', 'event': '', 'token': p.place_in_order, 'who': ''}]
FROM w_open_token AS o JOIN w_cut AS c USING (instance) JOIN w_path AS p USING (token);
DELETE FROM w_sent USING w_cut AS c
WHERE c.instance = w_sent.instance AND row(w_sent.scheduled_at, w_sent.action, w_sent.place) > row(c.ended_at, c.action, c.place);
DELETE FROM w_set USING w_cut AS c
WHERE c.instance = w_set.instance AND row(w_set.set_at, w_set.action, w_set.place) > row(c.ended_at, c.action, c.place);
DELETE FROM w_synced USING w_cut AS c
WHERE c.instance = w_synced.instance AND row(w_synced.synced_at, w_synced.action, w_synced.place) > row(c.ended_at, c.action, c.place);
DELETE FROM w_stay USING w_cut AS c WHERE c.instance = w_stay.instance;

-- which of those who may enter are let in
CREATE OR REPLACE TEMP TABLE w_admitted (instance BIGINT);
CREATE OR REPLACE TEMP MACRO turn_at_door(instant, event) AS strftime(instant, '%Y%m%d%H%M%S%f') || coalesce(event, '');
CREATE OR REPLACE TEMP MACRO turn_free(free_at, ended_at, end_event) AS coalesce(
    turn_at_door(free_at, CASE WHEN free_at = ended_at AND end_event <> '' THEN end_event || chr(1) END), '~'
);
CREATE OR REPLACE TEMP MACRO entry_behind(action) AS CASE WHEN action[1].rank = 4 THEN action[1].event ELSE '' END;
CREATE OR REPLACE TEMP TABLE w_ends AS
SELECT k.instance, k.user_key, k.key, k.entered_at, coalesce(e.ended_at, k.ended_at) AS ended_at,
    coalesce(e.end_event, '') AS end_event, TRUE AS known
FROM w_known_instance AS k
LEFT JOIN (
    SELECT instance, ended_at, '' AS end_event FROM r_ended UNION ALL SELECT instance, ended_at, entry_behind(action) FROM w_cut
) AS e USING (instance)
WHERE k.journey = 'cart_recovery'
UNION ALL
SELECT i.instance, i.user_key, i.key, i.entered_at, c.ended_at, entry_behind(c.action), FALSE
FROM w_instance AS i JOIN w_cut AS c USING (instance) WHERE i.fresh;
DROP TABLE IF EXISTS temp.main.w_free;
CREATE TEMP TABLE "w_free" AS
SELECT
  c.*,
  c.ended_at AS free_at
FROM w_ends AS c;
CREATE OR REPLACE TEMP TABLE w_at_the_door AS
SELECT i.instance, i.user_key, i.key, turn_at_door(i.entered_at, i.entry_event) AS turn,
    row_number() OVER (PARTITION BY i.user_key, i.key ORDER BY i.entered_at, i.entry_event NULLS FIRST) AS place,
    turn_free(f.free_at, f.ended_at, f.end_event) AS free_turn
FROM w_instance AS i LEFT JOIN w_free AS f USING (instance)
WHERE i.fresh AND NOT EXISTS (
    SELECT 1 FROM w_free AS r
    WHERE r.known AND r.user_key = i.user_key AND r.key IS NOT DISTINCT FROM i.key
        AND (r.entered_at <= i.entered_at OR NOT CAST(TRUE AS BOOLEAN))
        AND turn_at_door(i.entered_at, i.entry_event) < turn_free(r.free_at, r.ended_at, r.end_event)
);
CREATE OR REPLACE TEMP TABLE w_following AS
SELECT d.instance, d.user_key, d.key, d.place, CASE WHEN n.place IS NOT NULL THEN greatest(n.place, d.place + 1) END AS next_place
FROM w_at_the_door AS d
ASOF LEFT JOIN (
    SELECT user_key, coalesce(key, '') AS keyed, turn, min(place) AS place FROM w_at_the_door GROUP BY ALL
) AS n ON n.user_key = d.user_key AND n.keyed = coalesce(d.key, '') AND n.turn >= d.free_turn;
CREATE OR REPLACE TEMP TABLE w_admitted AS
WITH RECURSIVE chain AS (
    SELECT instance, user_key, key, next_place FROM w_following WHERE place = 1
    UNION ALL
    SELECT f.instance, f.user_key, f.key, f.next_place
    FROM chain AS c JOIN w_following AS f
        ON f.user_key = c.user_key AND f.key IS NOT DISTINCT FROM c.key AND f.place = c.next_place
)
SELECT instance FROM chain;
CREATE OR REPLACE TEMP TABLE w_number AS
SELECT instance, instance AS number, FALSE AS fresh FROM w_instance WHERE NOT fresh
UNION ALL
SELECT i.instance, (SELECT greatest(coalesce(max(s.instance), 0), (SELECT coalesce(max(r.instance), 0) FROM r_entered AS r))
        FROM instance_now AS s) + row_number() OVER (ORDER BY i.entered_at, i.instance_id), TRUE
FROM w_instance AS i JOIN w_admitted AS a USING (instance);
CREATE OR REPLACE TEMP TABLE w_set_before (number BIGINT, user_key INTEGER, instance_id VARCHAR, trait VARCHAR, value JSON, set_at TIMESTAMP, entered_at TIMESTAMP, journey_place INTEGER, token VARCHAR, action STRUCT(rank INTEGER, branch INTEGER, ts TIMESTAMP, event VARCHAR, token INTEGER, who VARCHAR)[], place DOUBLE, seen_at TIMESTAMP);
INSERT INTO r_ended SELECT instance, ended_at, reason FROM w_cut WHERE instance > 0;
INSERT INTO r_entered
SELECT n.number, i.instance_id, CAST('cart_recovery' AS VARCHAR), CAST(1 AS INTEGER), i.user_id, i.key, i.entered_at, i.entry_event, i.entry_name,
    i.user_key
FROM w_instance AS i JOIN w_number AS n USING (instance) WHERE n.fresh;
INSERT INTO r_ended SELECT n.number, c.ended_at, c.reason FROM w_cut AS c JOIN w_number AS n USING (instance) WHERE n.fresh;
INSERT INTO r_moved SELECT DISTINCT n.number FROM w_kept AS l JOIN w_number AS n USING (instance) WHERE NOT n.fresh;
DROP TABLE IF EXISTS temp.main.w_exit_due;

-- what came of it
CREATE TEMP TABLE "w_exit_due" AS
SELECT
  i.instance,
  CAST(NULL AS TIMESTAMP) AS exit_due
FROM w_instance AS i;
INSERT INTO r_position
SELECT n.number, CAST('cart_recovery' AS VARCHAR), CAST(1 AS INTEGER), s.token, p.id, s.arrived_at, s.waiting_since, s.last_at, s.context, s.used,
    s.due, e.exit_due
FROM w_stay AS s JOIN w_number AS n USING (instance) JOIN w_exit_due AS e USING (instance)
JOIN (SELECT unnest(CAST([0, 1, 2, 3, 4, 5, 6] AS INTEGER[])) AS place, unnest(CAST(['list', 'wait', 'wait.emptied.exit_1', 'nudge', 'day', 'tell', 'mark'] AS VARCHAR[])) AS id) AS p USING (place)
WHERE n.fresh OR n.number IN (SELECT instance FROM r_moved);
INSERT INTO r_transition
SELECT number, CAST(coalesce(before, 0) + row_number() OVER (
        PARTITION BY number ORDER BY moved_at, action, place, own
    ) AS INTEGER), token, from_step, to_step, moved_at, cause, branch, event
FROM (
    SELECT n.number, l.*, t.before
    FROM w_kept AS l JOIN w_number AS n USING (instance)
    LEFT JOIN (
        SELECT instance, max(ordinal) AS before FROM state.main.transition SEMI JOIN w_instance AS i USING (instance) GROUP BY instance
    ) AS t ON t.instance = n.number
);
INSERT INTO r_sent
SELECT id_of_candidate(i.instance_id, s.step, i.user_id), CAST('cart_recovery' AS VARCHAR), CAST(1 AS INTEGER),
    n.number,
    s.step, i.user_id, i.user_key, s.scheduled_at,
    CAST(to_json(map_from_entries(list_sort(list_transform(map_entries(s.context), lambda e: {'k': e.key,
        'v': e.value.value})))) AS VARCHAR), s.zone
FROM w_sent AS s JOIN w_number AS n USING (instance) JOIN w_instance AS i USING (instance);
INSERT INTO r_set
SELECT CAST('cart_recovery' AS VARCHAR), CAST(0 AS INTEGER), n.number, i.instance_id, s.step, i.user_id, i.user_key, s.trait, s.value, s.set_at,
    i.entered_at
FROM w_set AS s JOIN w_number AS n USING (instance) JOIN w_instance AS i USING (instance)
ORDER BY s.set_at, i.entered_at, i.instance_id, s.action, s.place;
INSERT INTO r_synced
SELECT n.number, CAST('cart_recovery' AS VARCHAR), CAST(1 AS INTEGER), s.step, i.user_id, s.synced_at, s.remove_at, CAST(s.properties AS VARCHAR)
FROM w_synced AS s JOIN w_number AS n USING (instance) JOIN w_instance AS i USING (instance);
CREATE OR REPLACE TEMP TABLE trait_set_now AS
    SELECT user_key, trait, value, set_at FROM (
        SELECT u.user_key, s.trait, CAST(s.value AS JSON) AS value, s.set_at, s.place, i.entered_at, i.instance_id, s.rowid AS number,
            0 AS part
        FROM state.main.trait_set AS s JOIN instance_user AS u USING (user_id) JOIN instance_now AS i USING (instance)
        UNION ALL
        SELECT user_key, trait, value, set_at, place, entered_at, instance_id, rowid, 1 FROM r_set
        UNION ALL
        SELECT user_key, trait, value, seen_at, journey_place, entered_at, instance_id, number, 2 FROM w_set_before
)
    WHERE list_contains(CAST([] AS VARCHAR[]), trait) 
    QUALIFY row_number() OVER (
        PARTITION BY user_key, trait, set_at ORDER BY place DESC, entered_at DESC, instance_id DESC, part DESC, number DESC
    ) = 1;

-- what the steps say beside
CREATE OR REPLACE TEMP TABLE step_settings AS
SELECT unnest(CAST(['cart_recovery', 'cart_recovery', 'cart_recovery'] AS VARCHAR[])) AS journey, unnest(CAST([1, 1, 1] AS INTEGER[])) AS version, unnest(CAST(['list', 'nudge', 'tell'] AS VARCHAR[])) AS step,
    unnest(CAST([NULL, 'email', NULL] AS VARCHAR[])) AS channel, unnest(CAST([NULL, 'nudge', NULL] AS VARCHAR[])) AS template, unnest(CAST([NULL, '{"category":"marketing","priority":0,"expires_after":"30 days","render":"message"}', NULL] AS VARCHAR[])) AS settings,
    unnest(CAST(['ads', NULL, 'hub'] AS VARCHAR[])) AS destination, unnest(CAST(['carts', NULL, NULL] AS VARCHAR[])) AS list, unnest(CAST([NULL, NULL, 'Cart Left'] AS VARCHAR[])) AS event,
    unnest(CAST([[], [], []] AS VARCHAR[][])) AS arms;

-- the events that were seen
CREATE OR REPLACE TEMP TABLE seen_now AS
SELECT message_id, ts FROM events SEMI JOIN (SELECT unnest(CAST([0, 1, 2] AS INTEGER[])) AS event_key) AS k USING (event_key)
WHERE ts > TIMESTAMP '2026-10-29 13:20:00' AND ts <= TIMESTAMP '2026-11-01 13:20:00';

-- what the tick's transaction does to the state
UPDATE state.main.instance AS i SET ended_at = e.ended_at, end_reason = e.reason, ended_run = CAST(1 AS INTEGER)
FROM r_ended AS e WHERE e.instance = i.instance;
INSERT INTO state.main.instance
SELECT r.instance, r.instance_id, r.journey, r.version, r.user_id, r.key, r.entered_at, r.entry_event, r.entry_name, e.ended_at,
    e.reason,
    n.run, CASE WHEN e.instance IS NOT NULL THEN n.run END
FROM r_entered AS r LEFT JOIN r_ended AS e USING (instance) CROSS JOIN (SELECT CAST(1 AS INTEGER) AS run) AS n
ORDER BY r.instance;
UPDATE state.main.instance AS i SET version = c.version FROM changed_now AS c WHERE c.instance = i.instance;
DELETE FROM state.main.position WHERE instance IN (SELECT instance FROM r_moved);
INSERT INTO state.main.position SELECT * FROM r_position ORDER BY instance, token;
INSERT INTO state.main.transition
SELECT instance, ordinal, token, from_step, to_step, moved_at, cause, branch, event, CAST(1 AS INTEGER) FROM r_transition
ORDER BY instance, ordinal;
DELETE FROM state.main.entry_truth USING r_truth AS t WHERE t.journey = entry_truth.journey AND t.user_id = entry_truth.user_id;
INSERT INTO state.main.entry_truth SELECT journey, user_id FROM r_truth WHERE holds ORDER BY journey, user_id;
INSERT INTO state.main.instance_goal SELECT instance, reached_at, event, CAST(1 AS INTEGER) FROM r_goal ORDER BY instance;
INSERT INTO state.main.trait_set
SELECT instance, journey, step, user_id, trait, CAST(value AS VARCHAR), set_at, place, CAST(1 AS INTEGER)
FROM r_set ORDER BY set_at, place, entered_at, instance_id, rowid;
INSERT INTO state.main.list_stay
SELECT r.instance, r.journey, r.step, r.user_id, s.destination, s.list, s.event, r.added_at, r.remove_at, r.properties,
    CAST(1 AS INTEGER)
FROM r_synced AS r JOIN step_settings AS s USING (journey, version, step) ORDER BY r.added_at, r.instance, r.step;
