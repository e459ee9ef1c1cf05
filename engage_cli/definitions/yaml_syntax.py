"""What libyaml says of broken YAML, in words that help."""

from collections.abc import Sequence

from yaml import MarkedYAMLError, YAMLError
from yaml.error import Mark

from engage_cli.definitions.yaml_text import split_lines
from engage_cli.source import Issue, Span, visible

MAX_DEPTH = 64

_RESERVED = {
    "@": "`@` cannot begin a value",
    "`": "a backtick cannot begin a value",
    "%": "`%` cannot begin a value",
    "\t": "a tab cannot indent YAML",
}
_LINES_DIFFER = "look at the indentation of this line and of those before it: keys of one mapping stand in one column"


def syntax_issue(file: str, text: str, error: YAMLError) -> Issue:
    """The issue for an error of the parser: where, what, and what to do."""
    mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
    if not isinstance(error, MarkedYAMLError) or mark is None:
        return Issue("yaml", f"this is not YAML: {visible(str(error))}", Span(file, 1, 1, 1, 2))
    lines = split_lines(text)
    message, hint, mark = _explained(error, mark, lines)
    line = min(mark.line, len(lines) - 1)
    column = mark.column if line == mark.line else len(lines[line])
    span = Span(file, line + 1, column + 1, line + 1, column + 2)
    if "maximum nesting depth" in (error.problem or ""):  # newer parsers have a bound of their own, above ours
        return too_deep(span)
    return Issue("yaml", message, span, hint)


def too_deep(span: Span) -> Issue:
    """The issue for lists and mappings in each other beyond the bound."""
    return Issue("too-deep", f"this is nested more than {MAX_DEPTH} levels deep", span, "name a part as an audience of its own")


def _explained(error: MarkedYAMLError, mark: Mark, lines: Sequence[str]) -> tuple[str, str | None, Mark]:
    context, problem = error.context or "", error.problem or ""
    character = _character(lines, mark)
    start = error.context_mark
    if "cannot start any token" in problem or "tab character" in problem:
        hint = "indent with spaces" if character == "\t" else "put the value in quotes"
        return _RESERVED.get(character, f"`{visible(character)}` cannot stand here"), hint, mark
    if "mapping values are not allowed" in problem:
        return "this `:` begins a value where none can stand", f"quote a text that holds `: `, or {_LINES_DIFFER}", mark
    if "block sequence entries are not allowed" in problem:
        return "a list cannot begin here", "put the first `-` on a line of its own, or write the list in brackets", mark
    if "scanning an alias" in context or "scanning an anchor" in context:
        return _asterisk(context), 'quote a text that begins so: "*"', start or mark
    if "could not find expected ':'" in problem:
        return "this line is no `key: value`", "add the `:`, or indent the line if it goes on with the one before", start or mark
    if "quoted scalar" in context:
        return _quoted(problem), _quoted_hint(problem), mark if start is None or "escape" in problem else start
    if "flow node" in context or "block node" in context:
        return _no_value(character, mark)
    if "flow" in context:
        return _flow(context, character, start, mark)
    if "expected key" in problem or "expected '-' indicator" in problem:
        return "this does not go on with what stands before it", _LINES_DIFFER, mark
    said = visible(f"{problem} {context}".strip())
    return f"this is not YAML: {said}", None, mark


def _asterisk(context: str) -> str:
    return "`*` begins an alias in YAML" if "alias" in context else "`&` begins an anchor in YAML"


def _quoted(problem: str) -> str:
    if "end of stream" in problem or "document indicator" in problem:
        return "this quote is never closed"
    if "escape" in problem:
        return "there is no such escape in double quotes"
    return "this quoted text cannot be read"


def _quoted_hint(problem: str) -> str:
    if "escape" in problem:
        return r"write `\\` for a backslash, or use single quotes, where it stands for itself"
    return "close it; inside single quotes, a single quote is written twice"


def _no_value(character: str, mark: Mark) -> tuple[str, str, Mark]:
    if character == "":
        return "the file ends where a value was expected", "close the brackets and braces that are open", mark
    return f"a value was expected here, found `{visible(character)}`", "quote it if it begins a text", mark


def _flow(context: str, character: str, start: Mark | None, mark: Mark) -> tuple[str, str, Mark]:
    opening, closing = ("[", "]") if "sequence" in context else ("{", "}")
    if character == "[":
        return "a path with `[]` inside braces must be quoted", 'write it so: {"items[].sku": x}', mark
    if character == "":
        return f"this `{opening}` is never closed", f"add the `{closing}`", start or mark
    opened = f" to go with the `{opening}` in line {start.line + 1}, column {start.column + 1}" if start else ""
    return f"here a `,` or a `{closing}` was expected{opened}", "quote a text that holds brackets, braces, commas or `: `", mark


def _character(lines: Sequence[str], mark: Mark) -> str:
    line = lines[mark.line] if mark.line < len(lines) else ""
    return line[mark.column] if mark.column < len(line) else ""
