"""Named relations: what a query is made of, one CTE (or one temporary table of a run) each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from msgspec import Struct
from sqlglot import exp

from engage_cli.source import Span


class Relation(Struct, frozen=True):
    """One named SELECT with `user_key` among its columns, and the words that explain it."""

    name: str
    query: exp.Select
    comment: str
    parents: tuple[str, ...] = ()


@dataclass
class Relations:
    """The relations made so far, by name, each after those it reads. Equal things get one relation."""

    by_name: dict[str, Relation] = field(default_factory=dict)
    _names: dict[object, str] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)

    def name_for(self, thing: object, label: str) -> tuple[str, bool]:
        """The name of the relation of `thing`, and whether it is new. The first of a label has it bare, the next `_2`."""
        if thing in self._names:
            return self._names[thing], False
        name, number = label, 1
        while name in self._taken:
            number += 1
            name = f"{label}_{number}"
        self._taken.add(name)
        self._names[thing] = name
        return name, True

    def add(self, name: str, query: exp.Select, comment: str, parents: Iterable[str] = ()) -> str:
        """Keep a relation under a name that `name_for` gave. The relations that its query names are its parents, said or not."""
        named = (table.name for table in query.find_all(exp.Table) if table.name in self.by_name and table.name != name)
        self.by_name[name] = Relation(name, query, comment, tuple(dict.fromkeys((*parents, *named))))
        return name

    def needed_by(self, names: Iterable[str]) -> Iterator[Relation]:
        """The relations behind these names, each after those it reads."""
        seen: set[str] = set()

        def visit(name: str) -> Iterator[Relation]:
            if name in seen or name not in self.by_name:
                return
            seen.add(name)
            for parent in self.by_name[name].parents:
                yield from visit(parent)
            yield self.by_name[name]

        for name in names:
            yield from visit(name)


def where_written(span: Span | None) -> str:
    """The file and line for a comment; empty where nothing is known."""
    return "" if span is None else f"{span.file}:{span.line}"


def comment(words: str, span: Span | None) -> str:
    """What a relation is and where it was written, on one line that cannot end the comment."""
    written = where_written(span)
    text = f"{words} ({written})" if written else words
    return " ".join(text.replace("*/", "* /").replace("/*", "/ *").split())
