"""A condition in one line, as an author would write it in flow style, for `explain`."""

from engage_cli.definitions import conditions as w
from engage_cli.definitions.conditions import Condition
from engage_cli.definitions.printing import condition_tree
from engage_cli.definitions.yaml_printer import print_line


def one_line(condition: Condition) -> str:
    """The words that head a part of an explanation: the kind alone for what has parts, else the whole condition."""
    match condition:
        case w.AllOf():
            return "all"
        case w.AnyOf():
            return "any"
        case w.NoneOf():
            return "none"
        case w.Not():
            return "not"
        case w.InAudience(name):
            return f"audience: {name}"
        case w.InSql(text):
            return f"sql: {' '.join(text.split())}"
        case _:
            return print_line(condition_tree(condition))
