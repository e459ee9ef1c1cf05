"""The ids of users in rows, where identifiers join them: blocked ones are missing, and the others lead to the profile's own."""

from msgspec import Struct
from sqlglot import exp

from engage_cli.definitions.identity import USER_ID, Identity
from engage_cli.engine.template import Sql, joined, literal, sql

MARK = "\x01"
"""Before the name of an identifier and before its value, where a row of an event has no user. Before a user's id that begins with it."""


def unblocked(identity: Identity, name: str, value: Sql) -> Sql:
    """The value of an identifier, NULL where it is missing or blocked."""
    missing = sorted({"", *identity.blocked.get(name, ())})
    return sql("CASE WHEN {value} NOT IN ({missing}) THEN {value} END", value=value, missing=[literal(one) for one in missing])


class JoinedIds(Struct, frozen=True):
    """How the user_id of rows of people is read. `identity` None: as it is written.

    `table` (user_id, canonical) has the ids that are not their profile's own, `subjects` alike the texts of `written_subject` that are
    not; None where there are none, and as long as profiles are not known.
    """

    identity: Identity | None = None
    table: Sql | None = None
    subjects: Sql | None = None

    def unblocked(self, user_id: Sql) -> Sql:
        """The id, NULL where it is blocked."""
        return user_id if self.identity is None else unblocked(self.identity, USER_ID, user_id)

    def canonical(self, rows: Sql, *, written: bool = False) -> Sql:
        """A SELECT of rows with the ids of their profiles as `user_id`; `written`: what they have there is made by `written_subject`."""
        table = self.subjects if written else self.table
        if table is None:
            return rows
        return sql(
            "SELECT r.* REPLACE (coalesce(c.canonical, r.user_id) AS user_id) FROM ({rows}) AS r "
            "LEFT JOIN {table} AS c ON c.user_id = r.user_id",
            rows=rows,
            table=table,
        )


AS_WRITTEN = JoinedIds()
"""The ids of a project whose users no identifiers join."""


def written_subject(identity: Identity, values: dict[str, Sql]) -> Sql:
    """Who did something, as text that a store keeps: the user's id, else MARK, the name of the first identifier that there is, MARK, and
    its value. `values` are by the names of identifiers."""
    parts = []
    for name in identity.names:
        if name not in values:
            continue
        value = unblocked(identity, name, values[name])
        if name == USER_ID:
            parts.append(sql("CASE WHEN starts_with({value}, {mark}) THEN {mark} || {value} ELSE {value} END", value=value, mark=_MARK))
        else:
            parts.append(sql("{mark} || {name} || {mark} || {value}", mark=_MARK, name=literal(name), value=value))
    return sql("coalesce({parts})", parts=parts)


_MARK = literal(MARK)


def subject_text(identity: Identity, kind: Sql, value: Sql) -> Sql:
    """What `written_subject` makes of an identifier, from the place of its name and its value."""
    cases = [
        sql("WHEN {place} THEN {name}", place=literal(at), name=literal(f"{MARK}{name}{MARK}")) for at, name in enumerate(identity.names)
    ]
    return sql(
        "CASE WHEN {kind} = 0 THEN CASE WHEN starts_with({value}, {mark}) THEN {mark} || {value} ELSE {value} END "
        "ELSE CASE {kind} {cases} END || {value} END",
        kind=kind,
        value=value,
        mark=_MARK,
        cases=joined(" ", cases),
    )


def read_subject(identity: Identity, text: Sql) -> tuple[Sql, Sql]:
    """The place of the identifier's name, and its value, of a text that `written_subject` made."""
    kinds, values = [], [_case(text, MARK * 2, sql("substr({text}, 2)", text=text))]
    for place, name in enumerate(identity.others, start=1):
        start = f"{MARK}{name}{MARK}"
        kinds.append(_case(text, start, literal(place)))
        values.append(_case(text, start, sql("substr({text}, {begin})", text=text, begin=literal(len(start) + 1))))
    kind = sql("CAST(CASE {cases} ELSE 0 END AS INTEGER)", cases=joined(" ", kinds))
    return kind, sql("CASE {cases} ELSE {text} END", cases=joined(" ", values), text=text)


def _case(text: Sql, start: str, value: Sql | exp.Expr) -> Sql:
    return sql("WHEN starts_with({text}, {start}) THEN {value}", text=text, start=literal(start), value=value)
