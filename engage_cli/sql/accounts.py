"""Audiences of accounts: what the compiler writes of users, said of accounts.

The leaf compilers write of `users`, their `traits` and their `events`, keyed by `user_key`. The same holds of accounts word for word: an
account's events are those of all its users, in one stream. So their queries are written once, and those about accounts get other names.
"""

from collections.abc import Iterable

from sqlglot import exp

from engage_cli.sql.authored import AUTHORED
from engage_cli.sql.literals import column
from engage_cli.sql.relations import Relations
from engage_cli.sql.traits_recorded import ACCOUNT_TRAIT_COURSE, TRAIT_COURSE

ACCOUNT_EVENTS = "account_events"
_TABLES = {"users": "accounts", "traits": "account_traits", "events": ACCOUNT_EVENTS, TRAIT_COURSE: ACCOUNT_TRAIT_COURSE}
_COLUMNS = {"user_key": "account_key", "user_id": "account_id"}


def of_accounts(query: exp.Select) -> exp.Select:
    """A query of ours about users, as one about accounts. What an author wrote in it stays as it is."""
    made = query.copy()
    for node in list(made.walk(prune=_is_authored)):
        if isinstance(node, exp.Table) and node.name in _TABLES:
            node.set("this", exp.to_identifier(_TABLES[node.name]))
        elif isinstance(node, exp.Column) and node.name in _COLUMNS and not _is_authored(node):
            node.set("this", exp.to_identifier(_COLUMNS[node.name]))
    return made


def _is_authored(node: exp.Expr) -> bool:
    return bool(node.meta.get(AUTHORED))


class AccountRelations(Relations):
    """The relations about accounts, kept among those about users, each under a name of its own."""

    def __init__(self, relations: Relations) -> None:
        super().__init__(relations.by_name, relations._names, relations._taken)

    def name_for(self, thing: object, label: str) -> tuple[str, bool]:
        """The name of the relation of `thing` for accounts, which says so."""
        return super().name_for((ACCOUNT_EVENTS, thing), f"account_{label}")

    def add(self, name: str, query: exp.Select, comment: str, parents: Iterable[str] = ()) -> str:
        """Keep a relation that is written of users."""
        made = of_accounts(query)
        if any(table.name == ACCOUNT_EVENTS for table in made.find_all(exp.Table)):
            self._add_events()
            parents = (ACCOUNT_EVENTS, *parents)
        return super().add(name, made, comment, parents)

    def _add_events(self) -> None:
        """The events of accounts: each event once for every account of its user."""
        if ACCOUNT_EVENTS not in self.by_name:
            query = exp.select(column("account_key", "m"), exp.Column(this=exp.Star(), table=exp.to_identifier("e")))
            query = query.from_(exp.alias_(exp.to_table("events"), "e", table=True))
            on = exp.EQ(this=column("user_key", "m"), expression=column("user_key", "e"))
            query = query.join(exp.alias_(exp.to_table("members"), "m", table=True), on=on)
            super().add(ACCOUNT_EVENTS, query, "the events of all users of an account")
