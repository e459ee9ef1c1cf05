"""Entities: the rows of further tables, one a key, with whom and what they are linked to."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from engage_cli.definitions.paths import Path
from engage_cli.definitions.project import Entity
from engage_cli.engine.identity.ids import AS_WRITTEN, JoinedIds
from engage_cli.engine.inputs.authored import create, kind_of, names_of, shown_names
from engage_cli.engine.inputs.batch import Batch
from engage_cli.engine.inputs.event_rows import BROKEN, id_text, unless_forgotten
from engage_cli.engine.inputs.fields import missing_column
from engage_cli.engine.inputs.instants import Zones
from engage_cli.engine.inputs.loading import Work
from engage_cli.engine.inputs.values import Value, nothing
from engage_cli.engine.template import FALSE, Sql, identifier, joined, literal, sql
from engage_cli.plan.needs import Column, EntityNeed, Reading
from engage_cli.sql.entities import entity_table, linked_table

SUBJECT_IDS = {"user": "user_id", "account": "account_id"}
"""By what a row is linked to, the name of the column of its id."""


class EntityRows(Struct, frozen=True):
    """A batch of the rows of an entity: where the key and the ids of what a row is linked to stand. `forgotten` are the users who were
    forgotten, as the rows name them: such rows are left out."""

    batch: Batch
    zones: Zones
    entity: Entity
    key: Value
    links: Mapping[str, Value]
    joined: JoinedIds = AS_WRITTEN
    forgotten: tuple[str, ...] = ()

    def select(self, columns: Sequence[Sql], where: Sql, *, scan: Sql | None = None) -> Sql:
        """A SELECT of `columns` over path, row_id, user_id, account_id, link_<entity> of such links, reason, and what is in the file."""
        links = [sql("{id} AS {name}", id=self._link(target), name=Sql(link_name(target))) for target in _targets(self.entity)]
        core = sql(
            "SELECT *, {key} AS row_id, {links} FROM {scan}",
            key=id_text(self.key, self.batch, self.entity.key),
            links=links,
            scan=scan or self.batch.again,
        )
        reason = sql(
            "CASE WHEN {broken} THEN {line} WHEN row_id IS NULL THEN {no_key} END",
            broken=self.batch.broken,
            line=literal(BROKEN),
            no_key=literal(f"no {self.entity.key}"),
        )
        reason = unless_forgotten(reason, self.forgotten)
        judged = self.joined.canonical(sql("SELECT *, {reason} AS reason FROM ({core})", reason=reason, core=core))
        return sql("SELECT {columns} FROM ({judged}) WHERE {where}", columns=columns, judged=judged, where=where)

    def _link(self, target: str) -> Sql:
        if target not in self.links:
            return nothing(Reading.TEXT)
        found = id_text(self.links[target], self.batch, self.entity.links[target])
        return self.joined.unblocked(found) if target == "user" else found

    def value(self, name: str) -> Value | None:
        """Where a column stands, by the name that conditions know it by."""
        renamed = self.entity.source.columns
        if name not in renamed and name in renamed.values():
            return None
        place = renamed.get(name, name)
        return self.batch.columns.get(place) or (self.batch.record.at([place], self.zones) if self.batch.record else None)

    def reading_as(self, name: str, reading: Reading) -> Sql:
        """A reading of a whole column."""
        return self.reading(Column(Path((name,)), reading))

    def reading(self, column: Column) -> Sql:
        """A reading of a column, or of what stands further in."""
        value = self.value(column.path.name)
        inner = value.at([part for part in column.path.parts[1:] if isinstance(part, str)], self.zones) if value is not None else None
        return nothing(column.reading) if inner is None else inner.read(column.reading, self.zones)

    def whole(self) -> Sql:
        """The row as a JSON object, without what is missing."""
        if self.batch.record is None:
            renamed = {column: name for name, column in self.entity.source.columns.items()}
            columns = [(renamed.get(name, name), value) for name, value in self.batch.columns.items()]
            return sql("json_merge_patch('{{}}', json_object({pairs}))", pairs=[self._pair(*one) for one in columns])
        whole = sql("json_merge_patch('{{}}', {record})", record=self.batch.record.sql)
        names = self.entity.source.columns
        if not names:
            return whole
        pairs = [sql("{name}, NULL", name=literal(column)) for column in sorted({*names.values()} - {*names})]
        pairs += [self._pair(name, value) for name in names if (value := self.value(name)) is not None]
        return sql("json_merge_patch({whole}, json_object({pairs}))", whole=whole, pairs=pairs)

    def _pair(self, name: str, value: Value) -> Sql:
        return sql("{name}, {value}", name=literal(name), value=value.read(Reading.VALUE, self.zones))


def _targets(entity: Entity) -> list[str]:
    """All that rows can be linked to, whether they are or not: users and accounts, then the entities of their links."""
    return [*SUBJECT_IDS, *(target for target in entity.links if target not in SUBJECT_IDS)]


def link_name(target: str) -> str:
    """The column of the id or key of what a row is linked to."""
    return SUBJECT_IDS.get(target) or f"link_{target}"


def entity_rows(batch: Batch, zone: str, entity: Entity, ids: JoinedIds = AS_WRITTEN) -> EntityRows:
    """Rows of an entity. DataError for a file without the key, or without a column that links."""
    zones = Zones(batch.source.timezone, zone)
    links = {target: _required(batch, column, zones) for target, column in entity.links.items()}
    return EntityRows(batch, zones, entity, _required(batch, entity.key, zones), links, ids)


def _required(batch: Batch, name: str, zones: Zones) -> Value:
    place = batch.source.columns.get(name, name)
    value = batch.value(place, zones)
    if value is None or (batch.columns and not batch.has(place)):
        raise missing_column(batch, name, place, "name another one in engage.yaml")
    return value


class EntityFiles(Struct, frozen=True):
    """All rows of an entity. `several` has the keys (row_id) that stand in more than one row, `repeated` says how many these are."""

    entity: Entity
    rows: tuple[EntityRows, ...]
    several: Sql
    repeated: int

    def once(self, columns: Sequence[Sequence[Sql]]) -> Sql:
        """A SELECT of row_id and the columns (of each batch its own): one row a key, of several that with the greatest row hash."""
        parts = []
        for rows, own in zip(self.rows, columns, strict=True):
            hashed = sql("CASE WHEN row_id IN (FROM {several}) THEN md5({whole}) END", several=self.several, whole=rows.whole())
            place = [sql("{hashed} AS row_hash", hashed=hashed)] if self.repeated else []
            parts.append(rows.select([Sql("row_id"), *own, *place], Sql("reason IS NULL")))
        union = joined(" UNION ALL ", parts)
        if not self.repeated:
            return union
        return sql(
            "SELECT * EXCLUDE (row_hash) FROM ({union}) QUALIFY row_number() OVER (PARTITION BY row_id ORDER BY row_hash DESC) = 1",
            union=union,
        )


def read_entity(work: Work, rows: Sequence[EntityRows], entity: Entity) -> EntityFiles:
    """Look which keys there are, and which stand in more than one row."""
    keys = joined(" UNION ALL ", [_NO_KEYS, *(one.select([Sql("row_id")], Sql("reason IS NULL")) for one in rows)])
    several = work.table("several", sql("SELECT row_id FROM ({keys}) GROUP BY row_id HAVING count(*) > 1", keys=keys))
    return EntityFiles(entity, tuple(rows), several, work.count(several))


_NO_KEYS = Sql("SELECT CAST(NULL AS VARCHAR) AS row_id WHERE FALSE")


def stage_entities(work: Work, found: Mapping[str, EntityFiles], needs: Sequence[EntityNeed], *, accounts: bool) -> None:
    """Make the relation of each entity that a plan needs, after `users`, and `accounts` where these are staged."""
    numbered = {need.name: _numbered(work, found[need.name], need) for need in needs}
    for need in needs:
        links = found[need.name].entity.links
        columns = [Sql("r.row_key, r.row_id, u.user_key"), Sql("a.account_key" if accounts else "CAST(NULL AS INTEGER) AS account_key")]
        joins = [Sql("LEFT JOIN users AS u ON u.user_id = r.user_id")]
        joins += [Sql("LEFT JOIN accounts AS a ON a.account_id = r.account_id")] if accounts else []
        for target in (target for target in links if target in numbered):
            own = {"alias": Sql(f"to_{target}"), "link": Sql(link_name(target)), "other": numbered[target]}
            columns.append(sql("{alias}.row_key AS {alias}", **own))
            joins.append(sql("LEFT JOIN {other} AS {alias} ON {alias}.row_id = r.{link}", **own))
        columns += [sql("r.{name}", name=work.connection.labels.of(column)) for column in _ordered(need)]
        columns += [Sql("r.row")] if need.whole else []
        work.connection.run(
            sql(
                "CREATE OR REPLACE TEMP TABLE {table} AS SELECT {columns} FROM {rows} AS r {joins} ORDER BY r.row_key",
                table=identifier(entity_table(need.name)),
                columns=columns,
                rows=numbered[need.name],
                joins=joined(" ", joins),
            ).text
        )
        names = {"linked": identifier(linked_table(need.name)), "table": identifier(entity_table(need.name))}
        work.connection.run(sql("CREATE OR REPLACE TEMP VIEW {linked} AS FROM {table}", **names).text)


def _ordered(need: EntityNeed) -> list[Column]:
    return sorted(need.columns, key=lambda column: column.name)


def _numbered(work: Work, found: EntityFiles, need: EntityNeed) -> Sql:
    """A table of an entity's rows: row_key, row_id, the ids of what they are linked to, the readings, and the row as it stands."""
    links = [Sql(link_name(target)) for target in _targets(found.entity)]

    def readings(rows: EntityRows) -> list[Sql]:
        names = [(column, work.connection.labels.of(column)) for column in _ordered(need)]
        whole = [sql("{whole} AS row", whole=rows.whole())] if need.whole else []
        return [*links, *(sql("{value} AS {name}", value=rows.reading(column), name=name) for column, name in names), *whole]

    once = found.once([readings(rows) for rows in found.rows]) if found.rows else _none_of(work, links, need)
    number = Sql("CAST(row_number() OVER (ORDER BY row_id) AS INTEGER) AS row_key")
    return work.table("entity", sql("SELECT {number}, * FROM ({once})", number=number, once=once))


def _none_of(work: Work, links: Sequence[Sql], need: EntityNeed) -> Sql:
    """No row, where a file has not even a header."""
    columns = [sql("{nothing} AS {name}", nothing=nothing(Reading.TEXT), name=name) for name in (Sql("row_id"), *links)]
    columns += [
        sql("{nothing} AS {name}", nothing=nothing(column.reading), name=work.connection.labels.of(column)) for column in _ordered(need)
    ]
    columns += [sql("{nothing} AS row", nothing=nothing(Reading.VALUE))] if need.whole else []
    return sql("SELECT {columns} WHERE {never}", columns=columns, never=FALSE)


def author_entity(work: Work, found: EntityFiles) -> None:
    """The relation that `sql:` names: the columns of the files, one row a key; the key, and what links, as text."""
    ids = {found.entity.key, *found.entity.links.values()}
    names = list(dict.fromkeys(name for rows in found.rows for name in names_of(work, rows.batch)))
    kinds = {name: kind_of(name, [rows.value(name) for rows in found.rows], ids) for name in names}

    def columns(rows: EntityRows) -> list[Sql]:
        read = [kinds[name].shown(rows.reading_as(name, kinds[name].reading)) for name in names]
        return [sql("{value} AS {name}", value=value, name=identifier(f"column {at}")) for at, value in enumerate(read)]

    shown = [
        sql("{place} AS {name}", place=identifier(f"column {at}"), name=identifier(label)) for at, label in enumerate(shown_names(names))
    ]
    if found.rows:
        once = found.once([columns(rows) for rows in found.rows])
        create(work, found.entity.name, sql("SELECT {shown} FROM ({once}) ORDER BY row_id", shown=shown, once=once))
    else:
        create(work, found.entity.name, sql("SELECT CAST(NULL AS VARCHAR) AS {key} WHERE FALSE", key=identifier(found.entity.key)))
