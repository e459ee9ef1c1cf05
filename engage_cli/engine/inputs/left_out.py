"""Rows of people, and of entities that are linked with them, which name somebody who was forgotten: they are left out."""

from collections.abc import Iterable
from typing import TypeVar

from engage_cli.definitions.project import Sources
from engage_cli.engine.inputs.entities import EntityRows
from engage_cli.engine.inputs.event_rows import FORGOTTEN
from engage_cli.engine.inputs.forgotten import forgotten_ids
from engage_cli.engine.inputs.loading import Work
from engage_cli.engine.inputs.people import PeopleRows
from engage_cli.engine.template import NULL, TRUE, Sql, literal, sql
from engage_cli.records import replace

Naming = TypeVar("Naming", PeopleRows, EntityRows)
"""Rows that name users: of people, or of entities that are linked with them."""


def knowing_forgotten(work: Work, naming: Iterable[Naming], sources: Sources) -> tuple[Naming, ...]:
    """The rows, with who was forgotten among the users of each batch. Before the ids are those of profiles."""

    def found(rows: Naming) -> tuple[str, ...]:
        written = isinstance(rows, PeopleRows) and rows.identifiers is not None
        return forgotten_ids(work, sources, rows.select([Sql("user_id")], TRUE), written=written)

    return tuple(replace(rows, forgotten=found(rows)) for rows in naming)


def forgotten_rows(work: Work, people: Iterable[PeopleRows | EntityRows]) -> int:
    """How many rows are left out because those whom they name were forgotten."""
    is_theirs = sql("reason = {forgotten}", forgotten=literal(FORGOTTEN))
    return sum(work.count(sql("({rows})", rows=rows.select([NULL], is_theirs))) for rows in people if rows.forgotten)
