"""Staged columns that DuckDB would take for one: to it `SKU:text` and `sku:text` are the same name, to a condition two paths."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from msgspec import Struct, field
from sqlglot import exp

from engage_cli.plan.needs import Column


class Labels(Struct, frozen=True):
    """The names in DuckDB of the columns that cannot keep their own; all others do."""

    renamed: Mapping[str, str] = field(default_factory=dict)

    def of(self, column: Column) -> exp.Expr:
        """The quoted name of a column in its staged relation."""
        return exp.to_identifier(self.name(column), quoted=True)

    def name(self, column: Column) -> str:
        """The name of a column in its staged relation."""
        return self.renamed.get(column.name, column.name)

    def apply(self, statement: exp.Expr) -> exp.Expr:
        """Rename the columns in a statement of the compiler, also where it puts something before a name (`2:SKU:text`)."""
        if self.renamed:
            for name in statement.find_all(exp.Identifier):
                for old, new in self.renamed.items():
                    if name.name == old or name.name.endswith(f":{old}"):
                        name.set("this", name.name.removesuffix(old) + new)
        return statement


def labels_for(columns: Iterable[Column]) -> Labels:
    """Of names that differ only in their capitals the first keeps its own; the second ends in `~2`."""
    alike: dict[str, list[str]] = defaultdict(list)
    for name in sorted({column.name for column in columns}):
        alike[name.lower()].append(name)
    return Labels({name: f"{name}~{number}" for names in alike.values() for number, name in enumerate(names[1:], 2)})
