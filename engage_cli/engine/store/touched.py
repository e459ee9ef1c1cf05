"""The users who have to be looked at again since an earlier run, and the relations cut down to them."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from engage_cli.definitions.project import ENTITIES
from engage_cli.engine.base import InputFile
from engage_cli.engine.inputs.loading import Work
from engage_cli.engine.inputs.people import PeopleRows
from engage_cli.engine.inputs.wanted import timestamp
from engage_cli.engine.store.manifest import StoredFile
from engage_cli.engine.store.opening import Opened
from engage_cli.engine.store.parts import over
from engage_cli.engine.store.people import KINDS
from engage_cli.engine.store.relations import event_keys, replace_relation
from engage_cli.engine.template import FALSE, Sql, joined, literal, sql
from engage_cli.plan.needs import Column, EventNeed, Needs
from engage_cli.plan.touched import Touch
from engage_cli.sql.events import keys_of


def make_touched(
    work: Work, opened: Opened, touch: Touch, inputs: Sequence[InputFile], people: Sequence[PeopleRows], changed: Sql | str, needs: Needs
) -> int | str:
    """Make the relations `touched(user_key)` and `touched_gone(user_id)`, of users who are none any more; how many there are in both, or in
    words why everybody is. `changed`: a table of the user_id of those whose rows in files about users changed, or why that is not known."""
    new = _new_files(opened, touch, inputs)
    if isinstance(new, str):
        return new
    if not isinstance(changed, Sql):
        return changed
    gone = sql("SELECT user_id FROM {changed} ANTI JOIN users USING (user_id)", changed=changed)
    work.connection.run(sql("CREATE OR REPLACE TEMP TABLE touched_gone AS {gone}", gone=gone).text)
    parts = [_users_of_files(opened, new), _users_of_time(work, touch), *(_users_of_people(rows, touch, needs) for rows in people)]
    parts.append(sql("SELECT u.user_key FROM {changed} AS c JOIN users AS u ON u.user_id = c.user_id", changed=changed))
    found = [part for part in parts if part is not None]
    users = joined(" UNION ALL ", found) if found else Sql("SELECT user_key FROM users WHERE FALSE")
    table = sql(
        "CREATE OR REPLACE TEMP TABLE touched AS SELECT DISTINCT user_key FROM ({users}) SEMI JOIN users USING (user_key)", users=users
    )
    work.connection.run(table.text)
    return int(work.connection.rows("SELECT (SELECT count(*) FROM touched) + (SELECT count(*) FROM touched_gone)")[0][0])


def _new_files(opened: Opened, touch: Touch, inputs: Sequence[InputFile]) -> list[StoredFile] | str:
    """The files of events that the run before did not read; in words why that does not say all."""
    before = Counter(sha for kind, _, sha in touch.files if kind == "events")
    now = Counter(file.sha256 for file in inputs if file.kind == "events")
    if before - now:
        return "a file of events changed or is gone"
    # Where entities changed, whoever asks about them looks at everybody anyhow; who is suppressed changes no audience.
    compared = {"events", *KINDS, ENTITIES, "suppressions"}
    if {file for file in touch.files if file[0] not in compared} != {
        (one.kind, one.path, one.sha256) for one in inputs if one.kind not in compared
    }:
        return "accounts or a list of users changed"
    known = {(path, sha) for kind, path, sha in touch.files if kind == "events"}
    new = [file for file in opened.manifest.visible if (file.path, file.sha256) not in known and now[file.sha256] > before[file.sha256]]
    if any(file.wins for file in new):
        return "a new file has an event whose message id another file has too"
    return new


def _users_of_files(opened: Opened, new: Sequence[StoredFile]) -> Sql | None:
    """Everybody with an event in the new files."""
    keys = {file.key for file in new}
    segments = {segment.name for segment in opened.manifest.segments if keys & set(segment.files)}
    parts = [part for part, segment in zip(opened.parts, opened.manifest.segments, strict=False) if segment.name in segments]
    if not parts:
        return None
    return over(parts, [Sql("user_key")], "events", [sql("file_key IN ({keys})", keys=[literal(key) for key in sorted(keys)])])


def _users_of_time(work: Work, touch: Touch) -> Sql:
    """Everybody with an event since the instant of the run before, or where a window passed."""
    conditions = [sql("ts > {as_of}", as_of=timestamp(touch.as_of))]
    for passed in touch.passed:
        within = sql("ts >= {low} AND ts <= {high}", low=timestamp(passed.low), high=timestamp(passed.high))
        conditions.append(_of_names(work, passed.names, within))
    return joined(" UNION ALL ", [sql("SELECT user_key FROM events WHERE {condition}", condition=one) for one in conditions])


def _of_names(work: Work, names: Sequence[str], condition: Sql) -> Sql:
    if "*" in names:
        return condition
    keys = keys_of(names, event_keys(work))
    return sql("event_key IN ({keys}) AND {condition}", keys=[literal(key) for key in keys], condition=condition) if keys else Sql("FALSE")


def _users_of_people(rows: PeopleRows, touch: Touch, needs: Needs) -> Sql | None:
    """Everybody with a dated row that counts since then."""
    if rows.timestamp is None:
        return None
    since = sql("ts > {before} AND {known}", before=timestamp(touch.as_of), known=rows.known(timestamp(needs.as_of)))
    return sql("SELECT u.user_key FROM ({ids}) AS i JOIN users AS u ON u.user_id = i.user_id", ids=rows.select([Sql("user_id")], since))


# ---- cut down ----------------------------------------------------------------------------------------------------------


def restrict(work: Work, needs: Needs, *, with_ids: bool) -> None:
    """Make `users` and `events` tables of the touched users alone, the events as far as `needs` go; `with_ids`: with their message ids.

    `everybody` stays. The events are read in one pass over each stretch of time, instead of one for every condition.
    """
    labels = work.connection.labels
    wanted: set[Column] = {column for need in needs.events for column in need.columns}
    columns = [Sql("user_key, event_key, ts"), Sql("message_id" if with_ids else "CAST(NULL AS VARCHAR) AS message_id")]
    columns += [sql("{name}", name=labels.of(column)) for column in sorted(wanted, key=lambda column: column.name)]
    conditions = _stretches(needs.events, event_keys(work)) or [FALSE]
    selects = [
        sql("SELECT {columns} FROM events SEMI JOIN touched USING (user_key) WHERE {condition}", columns=columns, condition=condition)
        for condition in conditions
    ]
    replace_relation(work.connection, "events", joined(" UNION ALL ", selects))
    replace_relation(work.connection, "users", Sql("SELECT * FROM users SEMI JOIN touched USING (user_key)"))


def _stretches(needs: Sequence[EventNeed], keys: Mapping[str, int]) -> list[Sql]:
    """Conditions that take in every needed event once: the names that are needed from the same instant on together."""
    since: dict[int, datetime | None] = {}
    for need in needs:
        for key in keys.values() if "*" in need.names else keys_of(need.names, keys):
            other = since.get(key, need.since)
            since[key] = None if need.since is None or other is None else min(need.since, other)
    groups: dict[datetime | None, list[int]] = defaultdict(list)
    for key, first in sorted(since.items()):
        groups[first].append(key)
    found = []
    for first, members in groups.items():
        named = sql("event_key IN ({keys})", keys=[literal(key) for key in members])
        found.append(named if first is None else sql("{named} AND ts >= {first}", named=named, first=timestamp(first)))
    return found
