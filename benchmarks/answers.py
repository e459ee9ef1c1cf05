"""Whether two systems gave the same answer: a number of users and two sums over their ids that do not depend on order.

The sums are made of whole numbers of 64 bits, written once for each system, so that no hash of a library has to agree.
"""

from typing import NamedTuple


class Answer(NamedTuple):
    """How many users, and the two sums over their numbers."""

    users: int
    first: int
    second: int


def answer_sql(relation: str, *, whole: str = "BIGINT") -> str:
    """One row of the three numbers of an Answer, of the column `user_id` of a relation. `whole` is what the dialect calls 64 bits."""
    mixed = f"(CAST(substr(user_id, 2) AS {whole}) * 2654435761 + 12345) % 4294967291"
    return f"""SELECT count(*) AS users, coalesce(CAST(sum(mixed) AS {whole}), 0) AS first,
        coalesce(CAST(sum((mixed * (mixed % 251)) % 1000003) AS {whole}), 0) AS second
        FROM (SELECT {mixed} AS mixed FROM {relation}) AS numbered"""


def differences(answers: dict[str, dict[str, Answer]]) -> list[str]:
    """Sentences, one for each question that the systems answer differently, or that one of them does not answer.

    `answers` is by system, then by question.
    """
    found = []
    for question in sorted({name for given in answers.values() for name in given}):
        given = {system: named.get(question) for system, named in answers.items()}
        if len(set(given.values())) > 1:
            told = {system: tuple(answer) if answer else "no answer" for system, answer in given.items()}
            found.append(f"{question}: " + ", ".join(f"{system} {answer}" for system, answer in told.items()))
    return found
