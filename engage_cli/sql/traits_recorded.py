"""Undated traits at an instant that is not now: what runs recorded of them, read from relations that stand beside the staged ones."""

from sqlglot import exp

from engage_cli.sql.literals import column, text_literal

TRAIT_COURSE = "trait_course"
ACCOUNT_TRAIT_COURSE = "account_trait_course"
COURSE = "c"


def recorded_values(trait: str) -> exp.Select:
    """(user_key, value) of a trait as it was recorded."""
    query = exp.select(column("user_key", COURSE), column("value", COURSE))
    query = query.from_(exp.alias_(exp.to_table(TRAIT_COURSE), COURSE, table=True))
    return query.where(exp.EQ(this=column("trait", COURSE), expression=text_literal(trait)))
