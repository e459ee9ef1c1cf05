"""The product, asked directly: a project folder to the members of an audience, without state or outputs."""

import json
from datetime import datetime
from pathlib import Path

from sqlglot import exp

from engage_cli.plan.build import plan_audiences
from engage_cli.plan.qualifying import qualifying_entities
from engage_cli.service.look import materialise, members_query
from engage_cli.service.progress import SILENT
from engage_cli.service.workspace import Staged, engine_for, load, stage, with_tables
from engage_cli.sql.qualifying import ROW_ID


def members_of(folder: Path, name: str, as_of: datetime) -> set[str]:
    """The user ids of an audience's members by the one readable query that `audience sql` shows."""
    project = load(folder)
    plan = with_tables(plan_audiences(project, [name], as_of, project.config.timezone), project.config.sources)
    with engine_for(project, folder) as engine:
        staged = stage(project, folder, engine, plan, strict=False, progress=SILENT)
        return {row[0] for row in engine.rows(staged.compiled.members(name))}


def members_of_all(folder: Path, as_of: datetime) -> dict[str, list[str]]:
    """The members of every audience of a project by the statements of a build, in order."""
    project = load(folder)
    plan = plan_audiences(project, project.audiences, as_of, project.config.timezone)
    plan = with_tables(plan, project.config.sources)
    with engine_for(project, folder) as engine:
        staged = stage(project, folder, engine, plan, strict=False, progress=SILENT)
        return members_of_staged(staged)


def member_ids(staged: Staged) -> exp.Select:
    """(audience, user_id or account_id) of every member, over the relations of a build."""
    members = exp.Subquery(this=staged.compiled.all_members(), alias="m")
    everybody = "SELECT user_key, user_id FROM users"
    if staged.plan.needs.accounts:
        everybody += " UNION ALL SELECT account_key, account_id FROM accounts"
    return exp.select("m.audience", "u.user_id").from_(members).join(f"({everybody}) AS u", on="u.user_key = m.user_key")


def members_of_staged(staged: Staged) -> dict[str, list[str]]:
    """The members of every asked audience of what is staged."""
    materialise(staged)
    found: dict[str, list[str]] = {name: [] for name in staged.plan.asked}
    for audience, user_id in staged.engine.rows(member_ids(staged)):
        found[audience].append(user_id)
    return {name: sorted(users) for name, users in found.items()}


def qualifying_rows(folder: Path, as_of: datetime) -> dict[tuple[str, str, str], list[str]]:
    """By audience, entity and member of every audience of a project the keys of the rows that make them one, sorted."""
    project = load(folder)
    plan = plan_audiences(project, project.audiences, as_of, project.config.timezone)
    with engine_for(project, folder) as engine:
        staged = stage(project, folder, engine, with_tables(plan, project.config.sources), strict=False, progress=SILENT)
        materialise(staged)
        found: dict[tuple[str, str, str], list[str]] = {}
        for name in staged.plan.asked:
            for entity in qualifying_entities(staged.plan, name):
                query = members_query(staged.compiled, name, (), rows={entity: ROW_ID})
                found |= {(name, entity, member): sorted(json.loads(rows)) for member, rows in engine.rows(query) if rows is not None}
        return found
