"""One tree of many files: `extends`, `block`, `include` and imported macros resolved when a template is compiled, not when it is sent.

Names of other files are therefore text in the template, never values. A part is looked for in the language first: `partials/footer.fr.html`
stands for `partials/footer.html` in a French message.
"""

from collections.abc import Iterator, Mapping, Sequence

from jinja2 import TemplateSyntaxError, nodes
from msgspec import Struct, field

from engage_cli.definitions.template import TemplateFile
from engage_cli.messaging.environment import Sandbox
from engage_cli.messaging.places import Part, Places
from engage_cli.source import Issue, Span, did_you_mean, visible

_BODIES = ("body", "else_", "elif_")

Blocks = dict[str, list[list[nodes.Node]]]
"""The bodies of each block, that of the template which extends furthest first."""


class BadTemplateError(Exception):
    """A template cannot be compiled; why is the issue. Never leaves messaging/."""

    def __init__(self, issue: Issue) -> None:
        super().__init__(issue.message)
        self.issue = issue


class Flattener(Struct):
    """Puts the files of one message together. `language`: in which language parts are looked for. `places` has the texts of files."""

    sandbox: Sandbox
    parts: Mapping[str, TemplateFile]
    language: str | None
    places: Places
    used: dict[str, TemplateFile] = field(default_factory=dict)
    """The parts that the message is made of, by path."""
    _open: list[str] = field(default_factory=list)

    def flatten(self, part: Part) -> list[nodes.Node]:
        """The statements of a template, with those of all that it extends and includes. Raises BadTemplateError."""
        return self._whole(self.parse(part), {})

    def parse(self, part: Part) -> nodes.Template:
        """The tree of one text, each node with its place. Raises BadTemplateError for a mistake of syntax."""
        number = self.places.add(part)
        try:
            tree = self.sandbox.parse(part.text)
        except TemplateSyntaxError as error:
            raise BadTemplateError(_syntax_issue(part, error)) from None
        self.places.mark(tree, number)
        return tree

    def fail(self, code: str, message: str, node: nodes.Node, hint: str | None, *words: str) -> BadTemplateError:
        """The error of a node."""
        return BadTemplateError(Issue(code, message, self.places.span(node.lineno, *words), hint))

    # ---- layouts -----------------------------------------------------------------------------------------------------

    def _whole(self, tree: nodes.Template, blocks: Blocks) -> list[nodes.Node]:
        """A template whose blocks are those of what extends it, where there are any."""
        extends = [node for node in tree.body if isinstance(node, nodes.Extends)]
        for block in tree.find_all(nodes.Block):
            blocks.setdefault(block.name, []).append(block.body)
        if not extends:
            return self._statements(tree.body, blocks)
        if len(extends) > 1:
            raise self.fail("extends", "a template extends one layout", extends[1], "keep one `extends`", "extends")
        before = [node for node in tree.body if not isinstance(node, nodes.Extends | nodes.Block)]
        for node in before:
            if isinstance(node, nodes.Output) and _says_something(node):
                hint = "put it in a block of the layout, such as `{% block content %}`"
                raise self.fail("extends", "this stands outside of every block, and would be shown nowhere", _first_said(node), hint)
        kept = [node for node in before if not isinstance(node, nodes.Output)]
        with _Opened(self, extends[0], self._named(extends[0].template, extends[0], "extends")) as layout:
            return [*self._statements(kept, blocks), *self._whole(layout, blocks)]

    def _block(self, node: nodes.Block, blocks: Blocks) -> Sequence[nodes.Node]:
        bodies = blocks[node.name]
        if node.required and len(bodies) == 1:
            raise self.fail("block", f"the layout requires the block `{node.name}`", node, f"write `{{% block {node.name} %}}`", node.name)
        return self._scope(node, self._bodies_of(bodies, 0, blocks))

    def _bodies_of(self, bodies: list[list[nodes.Node]], depth: int, blocks: Blocks) -> list[nodes.Node]:
        """The body of a block at a depth; what `super()` in it says is the next deeper one."""
        return self._statements(bodies[depth], blocks, above=(bodies, depth + 1) if depth + 1 < len(bodies) else None)

    # ---- statements --------------------------------------------------------------------------------------------------

    def _statements(
        self, body: Sequence[nodes.Node], blocks: Blocks, above: tuple[list[list[nodes.Node]], int] | None = None
    ) -> list[nodes.Node]:
        """Statements with what they name put in their place."""
        return [made for node in body for made in self._statement(node, blocks, above)]

    def _statement(self, node: nodes.Node, blocks: Blocks, above: tuple[list[list[nodes.Node]], int] | None) -> Iterator[nodes.Node]:
        match node:
            case nodes.Block():
                yield from self._block(node, blocks)
            case nodes.Include():
                yield from self._include(node)
            case nodes.FromImport():
                yield from self._macros(node)
            case nodes.Import():
                hint = 'name the macros: `{% from "partials/…" import button %}`'
                raise self.fail("import", "a whole file cannot be imported under a name", node, hint, "import")
            case nodes.Extends():
                raise self.fail("extends", "`extends` stands at the top of a template", node, "write it first", "extends")
            case nodes.EvalContextModifier() | nodes.ScopedEvalContextModifier():
                hint = "values of data never become HTML; write the HTML in the template"
                raise self.fail("autoescape", "escaping cannot be turned off", node, hint, "autoescape")
            case nodes.For() if node.recursive:
                raise self.fail("recursive", "a loop cannot be recursive", node, "leave `recursive` out", "recursive")
            case nodes.Output():
                yield from self._output(node, blocks, above)
            case _:
                for name in _BODIES:
                    inner = getattr(node, name, None)
                    if isinstance(inner, list):
                        setattr(node, name, self._statements(inner, blocks, above))
                yield node

    def _output(self, node: nodes.Output, blocks: Blocks, above: tuple[list[list[nodes.Node]], int] | None) -> Iterator[nodes.Node]:
        """Output, with the layout's own words where it says `{{ super() }}`."""
        said: list[nodes.Expr] = []
        for child in node.nodes:
            if not _is_super(child):
                said.append(child)
                continue
            if above is None:
                raise self.fail("super", "there is no block above this one", child, "leave `super()` out", "super")
            if said:
                yield nodes.Output(said, lineno=node.lineno)
            said = []
            yield from self._scope(child, self._bodies_of(*above, blocks))
        if said:
            yield nodes.Output(said, lineno=said[0].lineno)

    def _include(self, node: nodes.Include) -> Iterator[nodes.Node]:
        names = self._names(node.template, node, "include")
        found = next((name for name in names if self._look_up(name) is not None), None)
        if found is None and node.ignore_missing:
            return
        with _Opened(self, node, found or self._checked(names[0], node)) as tree:
            yield from self._scope(node, self._whole(tree, {}))

    def _macros(self, node: nodes.FromImport) -> Iterator[nodes.Node]:
        """The macros of a file, those that are named under the name that they get here, the others for them to use."""
        with _Opened(self, node, self._named(node.template, node, "import")) as tree:
            macros = {macro.name: macro for macro in self._whole(tree, {}) if isinstance(macro, nodes.Macro)}
            wanted = dict(name if isinstance(name, tuple) else (name, name) for name in node.names)
            for name in wanted:
                if name not in macros:
                    hint = did_you_mean(name, macros) or "a macro is written `{% macro name() %}` at the top of a file"
                    raise self.fail("macro", f"the file has no macro `{name}`", node, hint, name)
            yield from macros.values()
            for name, alias in wanted.items():
                if alias != name:
                    target, value = nodes.Name(alias, "store"), nodes.Name(name, "load")
                    yield _placed(nodes.Assign(target, value), node.lineno)

    def _scope(self, node: nodes.Node, body: list[nodes.Node]) -> Sequence[nodes.Node]:
        """Statements whose variables are their own; where they set none, the statements."""
        sets = any(isinstance(one, nodes.Assign | nodes.AssignBlock | nodes.Macro) for one in body)
        return [nodes.Scope(body, lineno=node.lineno)] if sets else body

    # ---- names -------------------------------------------------------------------------------------------------------

    def _named(self, expression: nodes.Expr, node: nodes.Node, what: str) -> str:
        names = self._names(expression, node, what)
        return self._checked(names[0], node)

    def _names(self, expression: nodes.Expr, node: nodes.Node, what: str) -> list[str]:
        items = expression.items if isinstance(expression, nodes.List | nodes.Tuple) else [expression]
        names = [item.value for item in items if isinstance(item, nodes.Const) and isinstance(item.value, str)]
        if not names or len(names) != len(items):
            message = f"what `{what}` names is text, and not a value: it is looked for before anybody is written to"
            raise self.fail("include", message, node, f'write `{{% {what} "partials/…" %}}`, inside an `if` where it depends', what)
        return names

    def _checked(self, name: str, node: nodes.Node) -> str:
        if self._look_up(name) is None:
            near = did_you_mean(name, {file.name for file in self.parts.values()})
            hint = near or "layouts and partials stand in campaigns/templates/layouts/ and partials/"
            raise self.fail("unknown-template", f"there is no part of templates `{visible(name)}`", node, hint, name)
        return name

    def _look_up(self, name: str) -> TemplateFile | None:
        """The part of a name, in the language where it is written in it."""
        stem, dot, end = name.rpartition(".")
        languages = [self.language, self.language.partition("-")[0]] if self.language else []
        for candidate in [*(f"{stem}.{language}{dot}{end}" for language in languages), name]:
            if candidate in self.parts:
                return self.parts[candidate]
        return None

    def open(self, name: str, node: nodes.Node) -> nodes.Template:
        """The tree of a part that another one names. Raises BadTemplateError for one that is open already."""
        file = self._look_up(name)
        assert file is not None
        if file.path in self._open:
            circle = " → ".join([*self._open[self._open.index(file.path) :], file.path])
            raise self.fail("cycle", f"these templates name each other: {circle}", node, "break the circle", name)
        self._open.append(file.path)
        self.used[file.path] = file
        return self.parse(Part(file.path, file.body, file.line))

    def close(self) -> None:
        """The part opened last is done with."""
        self._open.pop()


class _Opened(Struct):
    """A part while it is being put in its place."""

    flattener: Flattener
    node: nodes.Node
    name: str

    def __enter__(self) -> nodes.Template:
        return self.flattener.open(self.name, self.node)

    def __exit__(self, *_: object) -> None:
        self.flattener.close()


def _placed(node: nodes.Node, lineno: int) -> nodes.Node:
    node.set_lineno(lineno)
    return node


def _is_super(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name == "super"


def _says_something(node: nodes.Output) -> bool:
    return any(not isinstance(child, nodes.TemplateData) or child.data.strip() for child in node.nodes)


def _first_said(node: nodes.Output) -> nodes.Node:
    """The first thing that output says; text begins where its first line that is not empty does."""
    for child in node.nodes:
        if not isinstance(child, nodes.TemplateData):
            return child
        if child.data.strip():
            blank = len(child.data) - len(child.data.lstrip())
            return nodes.TemplateData(child.data, lineno=child.lineno + child.data.count("\n", 0, blank))
    return node


def _syntax_issue(part: Part, error: TemplateSyntaxError) -> Issue:
    """Jinja's words in the manner of ours, with the line."""
    line = part.line + error.lineno - 1
    lines = part.text.splitlines() or [""]
    text = lines[min(error.lineno, len(lines)) - 1]
    start = len(text) - len(text.lstrip())
    span = Span(part.path, line, start + 1, line, max(len(text.rstrip()), start + 1) + 1)
    message = " ".join((error.message or "this is no template").split()).rstrip(".")
    message, _, hint = message.partition(". ")
    message = message.replace("'", "`")
    return Issue("template-syntax", message[:1].lower() + message[1:], span, hint.replace("'", "`").rstrip(".") or None)
