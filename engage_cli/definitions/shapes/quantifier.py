"""The shape of quantifiers: a condition on the users of an account, or on the accounts of a user."""

from collections.abc import Mapping

from engage_cli.definitions.conditions import Condition, Quantified, Quantifier
from engage_cli.definitions.shapes.base import Shape
from engage_cli.definitions.shapes.record import Key, Record

_MEANING = {
    Quantifier.ANY_USER: "At least one user of the account meets this.",
    Quantifier.ALL_USERS: "The account has a user, and every one of them meets this.",
    Quantifier.NO_USER: "No user of the account meets this; so for one without users.",
    Quantifier.ANY_ACCOUNT: "At least one account of the user meets this.",
    Quantifier.ALL_ACCOUNTS: "The user has an account, and every one of them meets this.",
    Quantifier.NO_ACCOUNT: "No account of the user meets this; so for one without accounts.",
}


def quantified(quantifier: Quantifier, condition: Shape[Condition], hints: Mapping[str, str]) -> Shape[Condition]:
    """The shape of one quantifier around any condition."""
    key = Key(quantifier.value, condition, _MEANING[quantifier], required=True)
    return Record(f"`{quantifier.value}`", [key], lambda fields, _: Quantified(quantifier, fields[key], fields.key_span(key)), hints=hints)
