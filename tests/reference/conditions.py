"""Conditions of every kind but `sql`, for one user or account (docs/conditions.md)."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from hashlib import md5
from typing import Any, TypeAlias

from tests.reference.consents import consents
from tests.reference.entities import has_rows
from tests.reference.events import did, in_window
from tests.reference.operators import compares
from tests.reference.sequences import did_sequence
from tests.reference.subject import Subject
from tests.reference.ties import inside_or_ended, made, tied

Condition: TypeAlias = Mapping[str, Any]
BUCKETS = 2**32


@dataclass(frozen=True)
class Definition:
    """The audience in which a condition stands (its id is the default salt) and all audiences by id."""

    name: str
    audiences: Mapping[str, Mapping[str, Any]]


def holds(condition: Condition, subject: Subject, definition: Definition) -> bool:
    """Whether the condition is true for the subject."""
    match condition:
        case {"all": parts}:
            return all(holds(part, subject, definition) for part in parts)
        case {"any": parts}:
            return any(holds(part, subject, definition) for part in parts)
        case {"none": parts}:
            return not any(holds(part, subject, definition) for part in parts)
        case {"not": part}:
            return not holds(part, subject, definition)
        case {"everyone": True}:
            return True
        case {"trait": path, **tests}:
            return compares(subject.trait(path), tests, subject)
        case {"context": path, **tests}:
            return compares(subject.context(path), tests, subject)
        case {"event": _}:
            return did(tied(condition, subject.ties), subject)
        case {"sequence": _}:
            return did_sequence(tied(condition, subject.ties), subject)
        case {"message": asked, **window}:
            return any(
                in_window(window, instant, subject) for instant in made(asked, subject.ledger, subject.ties, subject.as_of, subject.events)
            )
        case {"journey": name, **asked}:
            return any(in_window(asked, instant, subject) for instant in inside_or_ended(name, asked, subject.ledger, subject.as_of))
        case {"audience": name}:
            return holds(definition.audiences[name]["members"], subject, Definition(name, definition.audiences))
        case {"random": share}:
            return in_share(subject.user_id, share["percent"], share.get("salt", definition.name))
        case {"any_user": part} | {"any_account": part}:
            return any(holds(part, one, definition) for one in subject.linked)
        case {"no_user": part} | {"no_account": part}:
            return not any(holds(part, one, definition) for one in subject.linked)
        case {"all_users": part} | {"all_accounts": part}:
            return len(subject.linked) > 0 and all(holds(part, one, definition) for one in subject.linked)
        case {"consent": asked}:
            return consents(asked, subject.consents)
        case {"entity": _}:
            return has_rows(condition, subject)
    raise ValueError(f"{condition!r} is of no kind that the reference evaluates")


def in_share(user_id: str, percent: int | float, salt: str) -> bool:
    """Whether the user's stable bucket falls in the share: h · 100 < percent · 2^32."""
    h = int(md5(f"{salt}:{user_id}".encode()).hexdigest()[:8], 16)
    return h * 100 < Fraction(str(percent)) * BUCKETS
