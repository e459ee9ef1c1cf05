"""Five observations of identifiers for each user, joined to profiles. Nobody is compared with: few write this by hand."""

from benchmarks.answers import Answer
from benchmarks.results import ENGAGE, Row, of_cost
from benchmarks.setting import Setting
from benchmarks.systems.call import call

OBSERVATIONS = 5
"""For each user."""


def identity(setting: Setting) -> list[Row]:
    """The joining alone, in memory, of observations that are there."""
    rows = setting.users * OBSERVATIONS
    cost = call("resolve_identities", users=setting.users, rows=rows)
    found = "" if cost.problem else _found(cost.answers["resolve"])
    return [of_cost("identity", ENGAGE, cost, f"{rows:,} observations: {found}")]


def _found(counts: Answer) -> str:
    identifiers, profiles, refused = counts
    return f"{identifiers:,} identifiers, {profiles:,} profiles, {refused:,} links over a limit"
