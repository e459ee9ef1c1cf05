"""Functions of our own in the AST: what engines spell or mean differently.

Each is an `exp.Anonymous` with an `E_` name; the engine lowers it by its own table (engine/lowering.py). docs/values.md
defines what the readings mean. All instants are TIMESTAMP in UTC.
"""

from datetime import date

from sqlglot import exp

from engage_cli.definitions.paths import Part

LOCAL_FUNCTIONS = frozenset(
    {
        "E_JSON",
        "E_TEXT",
        "E_NUM",
        "E_BOOL",
        "E_TIME",
        "E_PRESENT",
        "E_ELEMENTS",
        "E_ANY",
        "E_EACH",
        "E_UTC",
        "E_LOCAL",
        "E_DAY",
        "E_DAYS",
        "E_BUCKET",
        "E_ROUND",
        "E_SUM",
        "E_MATCH",
        "E_CONTAINS",
        "E_STARTS",
        "E_ENDS",
        "E_PLUS",
        "E_MONTHS",
        "E_START",
        "E_FIRST",
        "E_LAST",
        "E_SORTED_LIST",
        "E_LIST",
        "E_FULL_DAYS",
        "E_NUMBER_TEXT",
        "E_FINITE",
        "E_TO_JSON",
        "E_ONLY",
        "E_NORMAL",
        "E_SHA256",
    }
)


def _call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    assert name in LOCAL_FUNCTIONS, name
    return exp.Anonymous(this=name, expressions=[argument.copy() for argument in arguments])


def text(value: str) -> exp.Expr:
    """A text literal."""
    return exp.Literal.string(value)


def e_json(value: exp.Expr, parts: tuple[Part, ...]) -> exp.Expr:
    """JSON at a path of names (digits index a list, or name a key of an object); NULL where it leads nowhere."""
    names = [part for part in parts if isinstance(part, str)]
    assert len(names) == len(parts), "a path with [] has no single value"
    return _call("E_JSON", value, *(text(name) for name in names)) if names else value


def e_text(value: exp.Expr) -> exp.Expr:
    """JSON to VARCHAR: the text reading; NULL for missing, lists and objects."""
    return _call("E_TEXT", value)


def e_num(value: exp.Expr) -> exp.Expr:
    """VARCHAR (a text reading) to DOUBLE: the number reading, else NULL."""
    return _call("E_NUM", value)


def e_bool(value: exp.Expr) -> exp.Expr:
    """VARCHAR (a text reading) to BOOLEAN, else NULL."""
    return _call("E_BOOL", value)


def e_time(value: exp.Expr, source_zone: str, project_zone: str) -> exp.Expr:
    """VARCHAR (a text reading) to TIMESTAMP: naive text is in the source's zone, a bare date in the project's; else NULL."""
    return _call("E_TIME", value, text(source_zone), text(project_zone))


def e_present(value: exp.Expr) -> exp.Expr:
    """JSON to TRUE, or NULL where missing (null, empty text)."""
    return _call("E_PRESENT", value)


def e_elements(value: exp.Expr) -> exp.Expr:
    """JSON to JSON[]: the elements of a list, NULL for what is none."""
    return _call("E_ELEMENTS", value)


def e_any(elements: exp.Expr, name: str, predicate: exp.Expr) -> exp.Expr:
    """Whether an element, called `name` inside `predicate`, meets it. Never NULL."""
    return _call("E_ANY", elements, exp.to_identifier(name), predicate)


def e_each(elements: exp.Expr, name: str, value: exp.Expr) -> exp.Expr:
    """The list of `value` for each element, called `name` inside it; an empty list for NULL."""
    return _call("E_EACH", elements, exp.to_identifier(name), value)


def e_utc(local: exp.Expr, zone: str) -> exp.Expr:
    """Local TIMESTAMP to UTC: what a clock change leaves out is the first instant after the gap, what occurs twice the first."""
    return _call("E_UTC", local, text(zone))


def e_local(instant: exp.Expr, zone: str) -> exp.Expr:
    """UTC TIMESTAMP to the local one in `zone`."""
    return _call("E_LOCAL", instant, text(zone))


def e_day(instant: exp.Expr, zone: str) -> exp.Expr:
    """UTC TIMESTAMP to the DATE in `zone`."""
    return _call("E_DAY", instant, text(zone))


def e_days(day: exp.Expr, first: date, count: int) -> exp.Expr:
    """Aggregate: how many distinct days the DATEs are, all of which are among `count` days from `first` on."""
    return _call("E_DAYS", day, text(first.isoformat()), exp.Literal.number(count))


def e_bucket(salt: str, key: exp.Expr) -> exp.Expr:
    """BIGINT in [0, 2^32): the first 8 hex digits of md5(salt || ':' || key)."""
    return _call("E_BUCKET", text(salt), key)


def e_round(value: exp.Expr) -> exp.Expr:
    """DOUBLE rounded to nine decimal places."""
    return _call("E_ROUND", value)


def e_sum(value: exp.Expr) -> exp.Expr:
    """Aggregate: a compensated sum of DOUBLEs, so that their order does not show within nine decimal places."""
    return _call("E_SUM", value)


def e_match(value: exp.Expr, pattern: exp.Expr) -> exp.Expr:
    """Whether an RE2 pattern is found somewhere in the text."""
    return _call("E_MATCH", value, pattern)


def e_contains(value: exp.Expr, part: exp.Expr) -> exp.Expr:
    """Whether the text has `part` in it."""
    return _call("E_CONTAINS", value, part)


def e_starts(value: exp.Expr, part: exp.Expr) -> exp.Expr:
    """Whether the text begins with `part`."""
    return _call("E_STARTS", value, part)


def e_ends(value: exp.Expr, part: exp.Expr) -> exp.Expr:
    """Whether the text ends with `part`."""
    return _call("E_ENDS", value, part)


def e_plus(instant: exp.Expr, seconds: int | exp.Expr) -> exp.Expr:
    """TIMESTAMP moved by exact seconds (negative: back)."""
    return _call("E_PLUS", instant, _whole(seconds))


def e_months(local: exp.Expr, months: int | exp.Expr) -> exp.Expr:
    """Local TIMESTAMP moved on by calendar months (negative: back), clamped to the month's end."""
    return _call("E_MONTHS", local, _whole(months))


def _whole(number: int | exp.Expr) -> exp.Expr:
    if isinstance(number, exp.Expr):
        return number
    literal = exp.Literal.number(abs(number))
    return exp.Neg(this=literal) if number < 0 else literal


def e_start(local: exp.Expr, unit: str) -> exp.Expr:
    """Local TIMESTAMP to the beginning of its `day`, `week` (Monday), `month`, `quarter` or `year`."""
    return _call("E_START", local, text(unit))


def e_first(value: exp.Expr, ts: exp.Expr, message_id: exp.Expr) -> exp.Expr:
    """Aggregate: the value, where there is one, of the earliest event, of several at an instant the one with the smallest id."""
    return _call("E_FIRST", value, ts, message_id)


def e_last(value: exp.Expr, ts: exp.Expr, message_id: exp.Expr) -> exp.Expr:
    """Aggregate: the value, where there is one, of the latest event, of several at an instant the one with the greatest id."""
    return _call("E_LAST", value, ts, message_id)


def e_sorted_list(value: exp.Expr) -> exp.Expr:
    """Aggregate: the distinct texts as a JSON list, sorted by their code points."""
    return _call("E_SORTED_LIST", value)


def e_list(value: exp.Expr, place: exp.Expr) -> exp.Expr:
    """Aggregate: all values as a JSON list, in the order of `place`."""
    return _call("E_LIST", value, place)


def e_full_days(earlier: exp.Expr, later: exp.Expr) -> exp.Expr:
    """BIGINT: how many whole stretches of 24 hours lie between two instants, the earlier first."""
    return _call("E_FULL_DAYS", earlier, later)


def e_number_text(number: exp.Expr) -> exp.Expr:
    """DOUBLE to VARCHAR: its shortest decimal form."""
    return _call("E_NUMBER_TEXT", number)


def e_finite(number: exp.Expr) -> exp.Expr:
    """DOUBLE, NULL where it is no finite number."""
    return _call("E_FINITE", number)


def e_to_json(value: exp.Expr) -> exp.Expr:
    """Any value to JSON."""
    return _call("E_TO_JSON", value)


def e_only(value: exp.Expr, what: str) -> exp.Expr:
    """Aggregate: the one value of a group. The statement fails, saying `what` it is that has several, for a group of more rows."""
    return _call("E_ONLY", value, text(what))


def e_normal(value: exp.Expr, form: str) -> exp.Expr:
    """VARCHAR in the one form that lists of identifiers have it in (engine/normal.py names the forms); NULL where it is none such."""
    return _call("E_NORMAL", value, text(form))


def e_sha256(value: exp.Expr) -> exp.Expr:
    """VARCHAR: the SHA-256 of the text's UTF-8, in lower-case hex."""
    return _call("E_SHA256", value)
