"""What a preview shows of a user's account and linked rows: found as messages of campaigns find it."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from engage_cli.definitions.project import Project
from engage_cli.messaging.policy.linked import linked_needs, make_linked
from engage_cli.messaging.template import MessageTemplate
from engage_cli.plan.needs import Needs
from engage_cli.service.policy import has_accounts, shown_by
from engage_cli.service.workspace import engine_for


def linked_to(project: Project, folder: Path, template: MessageTemplate, user: str, instant: datetime) -> Mapping[str, Any]:
    """`account` and `entities` of a user, by their canonical id, as far as the template shows them. Raises EngageError as a run does."""
    shown, accounts = shown_by(project, template, ()), has_accounts(project)
    if not shown.is_linked:
        return {}
    needs = linked_needs(Needs(instant, project.config.timezone), [shown], accounts=accounts)
    with engine_for(project, folder) as engine:
        engine.stage(project.config.sources, needs)
        engine.execute(_MEANT, [user])
        make_linked(engine, [shown], accounts=accounts)
        [(account, entities)] = engine.rows("SELECT account, entities FROM p_linked") or [("{}", "{}")]
    return {"account": json.loads(account), "entities": json.loads(entities)}


_MEANT = "CREATE TEMP TABLE p_message AS SELECT user_key, CAST(NULL AS VARCHAR) AS reason FROM users WHERE user_id = ?"
