"""The readings of docs/values.md as DuckDB macros, made when a statement first names them; lowering.py and inputs/ call them by name.

A macro's argument is pasted in wherever its name stands, and arguments are themselves calls: what would stand in several places is
bound once by `list_transform([argument], lambda …)[1]`, and a value is put to a test by `list_filter([value], lambda …)[1]`, which is
NULL where it fails. Without that, expressions grow beyond what DuckDB can plan.
"""

NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
"""Text that reads as a number."""

YEAR = "(?:[0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"
"""The years 0001 to 9999."""

OFFSET = "[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?"
CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?"
INSTANT = f"{YEAR}-[0-9]{{2}}-[0-9]{{2}}(?:[T ]{CLOCK}(?:Z|{OFFSET})?)?"
"""Text that reads as a date or an instant, but for days that the calendar does not have."""

MACROS = (
    # A number as it is written to its shortest decimal form; whole numbers keep their digits, what is too large has no text.
    r"""
text_of_number(number) AS list_transform([number], lambda n: CASE
    WHEN n = '-0' THEN '0'
    WHEN regexp_full_match(n, '-?[0-9]+') THEN n
    ELSE text_of_double(TRY_CAST(n AS DOUBLE))
END)[1]
""",
    r"""
text_of_double(double) AS list_transform([double], lambda d: CASE
    WHEN d = 0 THEN '0'
    WHEN isfinite(d) THEN regexp_replace(CAST(d AS VARCHAR), '\.0$', '')
END)[1]
""",
    # JSON to its text. Lists, objects, null and empty text have none.
    r"""
text_of_json(json) AS list_transform([json], lambda j: CASE
    WHEN json_type(j) = 'VARCHAR' THEN CASE WHEN j <> '""' THEN j ->> '$' END
    WHEN json_type(j) = 'DOUBLE' THEN text_of_number(j ->> '$')
    WHEN json_type(j) IN ('UBIGINT', 'BIGINT', 'BOOLEAN') THEN j ->> '$'
END)[1]
""",
    # The pattern comes before the cast, which would take `1_000`, ` 12` and `inf`. Text without a match is '', which casts to NULL.
    rf"""
number_of_text(text) AS list_filter([TRY_CAST(regexp_extract(text, '^{NUMBER}$') AS DOUBLE)], lambda d: isfinite(d))[1]
""",
    r"""
finite_number(double) AS list_filter([double], lambda d: isfinite(d))[1]
""",
    # A sum that does not depend on the order of the values: whole parts and fractions (in units of 2^-62) are summed as integers.
    # DuckDB's own fsum is right to about one unit in the last place, which nine decimal places show from some millions on.
    r"""
exact_sum(number) AS CASE
    WHEN max(abs(number)) < 1e18 THEN
        CAST(sum(CAST(trunc(CASE WHEN abs(number) < 1e18 THEN number END) AS BIGINT)) AS DOUBLE)
        + CAST(sum(CAST((number - trunc(number)) * 4611686018427387904 AS BIGINT)) AS DOUBLE) / 4611686018427387904
    ELSE fsum(number)
END
""",
    r"""
boolean_of_text(text) AS TRY_CAST(regexp_extract(text, '(?i)^(?:true|false)$') AS BOOLEAN)
""",
    r"""
is_present(json) AS CASE WHEN json NOT IN ('null', '""') THEN TRUE END
""",
    r"""
elements_of_json(json) AS CASE WHEN json_type(json) = 'ARRAY' THEN CAST(json AS JSON[]) END
""",
    # Instants are of the years 0001 to 9999.
    r"""
in_years(instant) AS list_filter(
    [instant], lambda t: t BETWEEN TIMESTAMP '0001-01-01' AND TIMESTAMP '9999-12-31 23:59:59.999999'
)[1]
""",
    # Text to {kind, at}: the instant, the local time, or the local start of the day that it names; NULL for other text.
    # DuckDB's cast drops the digits after the sixth of a fraction, fails on 30 February, and does not see an offset.
    rf"""
time_in_text(text) AS list_transform(list_filter([text], lambda t: regexp_full_match(t, '{INSTANT}')), lambda t: CASE
    WHEN length(t) = 10 THEN {{'kind': 'day', 'at': TRY_CAST(t AS TIMESTAMP)}}
    WHEN t[-1] = 'Z' THEN {{'kind': 'instant', 'at': TRY_CAST(t[:-2] AS TIMESTAMP)}}
    WHEN regexp_matches(t[17:], '[+-]') THEN
        {{
            'kind': 'instant',
            'at': TRY_CAST(regexp_replace(t, '{OFFSET}$', '') AS TIMESTAMP) - offset_in_text(regexp_extract(t, '{OFFSET}$'))
        }}
    ELSE {{'kind': 'local', 'at': TRY_CAST(t AS TIMESTAMP)}}
END)[1]
""",
    r"""
offset_in_text(offset_text) AS to_minutes(
    CASE offset_text[1] WHEN '-' THEN -1 ELSE 1 END
    * (60 * CAST(offset_text[2:3] AS BIGINT) + coalesce(TRY_CAST(right(replace(offset_text[4:], ':', ''), 2) AS BIGINT), 0))
)
""",
    r"""
text_of_instant(instant) AS list_transform(
    [instant], lambda t: strftime(t, '%Y-%m-%dT%H:%M:%S') || rtrim(rtrim(strftime(t, '.%f'), '0'), '.') || 'Z'
)[1]
""",
    # Seconds since 1970, or milliseconds where the number is 100,000,000,000 or more in size.
    rf"""
instant_of_epoch(text) AS in_years(list_transform(
    [TRY_CAST(regexp_extract(text, '^{NUMBER}$') AS DECIMAL(30, 12))],
    lambda n: CASE
        WHEN abs(n) < 100000000000 THEN make_timestamp(CAST(trunc(n * 1000000) AS BIGINT))
        WHEN abs(n) < 1000000000000000 THEN make_timestamp(CAST(trunc(n * 1000) AS BIGINT))
    END
)[1])
""",
    r"""
instant_of_whole_epoch(number) AS in_years(CASE
    WHEN number BETWEEN -99999999999 AND 99999999999 THEN make_timestamp(CAST(number AS BIGINT) * 1000000)
    WHEN number BETWEEN -999999999999999 AND 999999999999999 THEN make_timestamp(CAST(number AS BIGINT) * 1000)
END)
""",
    # An id in JSON. DuckDB prints a number with a fraction or an exponent anew: `token` is how it stands in the line.
    r"""
id_of_json(json, token) AS CASE
    WHEN json_type(json) IN ('VARCHAR', 'UBIGINT', 'BIGINT', 'BOOLEAN') THEN CASE WHEN json <> '""' THEN json ->> '$' END
    WHEN json_type(json) = 'DOUBLE' THEN coalesce(nullif(token, ''), json ->> '$')
END
""",
    # The one form of an address, as definitions/forgotten.py has it.
    r"""
address_form(address) AS list_transform([regexp_replace(address, '^\s+|\s+$', '', 'g')], lambda a: CASE
    WHEN contains(a, '@') THEN lower(a)
    WHEN regexp_full_match(a, '\+?[0-9 ()./-]+') THEN regexp_replace(a, '[^0-9+]', '', 'g')
    ELSE a
END)[1]
""",
    # The cases stand inside each other because both sides of an AND may be evaluated, and json_type fails on what is no JSON.
    r"""
object_of_text(text) AS CASE WHEN json_valid(text) THEN CASE WHEN json_type(text) = 'OBJECT' THEN text END END
""",
    # A JSON object, or the text of one inside JSON.
    r"""
object_of_json(json) AS CASE json_type(json) WHEN 'OBJECT' THEN json WHEN 'VARCHAR' THEN object_of_text(json ->> '$') END
""",
    r"""
text_or_json(json) AS list_transform([json], lambda j: coalesce(text_of_json(j), CAST(j AS VARCHAR)))[1]
""",
    # Pairs of a JSON Pointer and the JSON there; json_opened replaces each list or object among them by what is in it, in one pass
    # over it. Of a name that an object has twice the first counts, as everywhere; for that the object is searched name by name.
    r"""
json_opened(pairs) AS flatten(list_transform(pairs, lambda x: CASE
    WHEN x.v IN ('{}', '[]') THEN [x]
    WHEN json_type(x.v) = 'ARRAY' THEN
        list_transform(CAST(x.v AS JSON[]), lambda e, i: {'p': x.p || '/' || CAST(i - 1 AS VARCHAR), 'v': e})
    WHEN json_type(x.v) <> 'OBJECT' THEN [x]
    WHEN len(json_keys(x.v)) = len(list_distinct(json_keys(x.v))) THEN
        list_transform(
            map_entries(from_json(x.v, '"MAP(VARCHAR, JSON)"')),
            lambda e: {'p': x.p || '/' || pointer_part(e.key), 'v': e.value}
        )
    WHEN len(json_keys(x.v)) < 1000 THEN list_transform(
        list_distinct(json_keys(x.v)),
        lambda k: {'p': x.p || '/' || pointer_part(k), 'v': json_extract(x.v, '/' || pointer_part(k))}
    )
    ELSE [x]
END))
""",
    r"""
pointer_part(name) AS replace(replace(name, '~', '~0'), '/', '~1')
""",
    # What is in a JSON object, in whatever format it came: for each leaf that is not missing its JSON Pointer, `=` and its text, sorted,
    # with U+001E between them. An empty list or object is `[]` or `{}`; what lies deeper than six levels is the JSON as it stands.
    r"""
canonical(json) AS array_to_string(list_sort(list_transform(
    list_filter(
        json_opened(json_opened(json_opened(json_opened(json_opened(json_opened([{'p': '', 'v': CAST(json AS JSON)}])))))),
        lambda x: is_present(x.v)
    ),
    lambda x: x.p || '=' || text_or_json(x.v)
)), chr(30))
""",
    r"""
event_hash(user_id, event, ts, properties) AS md5(
    user_id || chr(31) || event || chr(31) || strftime(ts, '%Y-%m-%dT%H:%M:%S.%fZ') || chr(31) || canonical(properties)
)
""",
    r"""
consent_hash(user_id, ts, channel, group_name, status) AS md5(
    user_id || chr(31) || coalesce(strftime(ts, '%Y-%m-%dT%H:%M:%S.%fZ'), '') || chr(31) || channel || chr(31) || coalesce(group_name, '')
    || chr(31) || status
)
""",
    r"""
profile_hash(user_id, ts, traits) AS md5(
    user_id || chr(31) || coalesce(strftime(ts, '%Y-%m-%dT%H:%M:%S.%fZ'), '') || chr(31) || canonical(traits)
)
""",
)
"""`name(parameters) AS body`."""
MACROS_BY_NAME = {macro.split("(")[0].strip(): macro for macro in MACROS}


def macro_statement(macro: str) -> str:
    """The statement that makes a macro, anew if it is there."""
    return f"CREATE OR REPLACE TEMP MACRO {macro.strip()}"
