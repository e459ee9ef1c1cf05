"""A template's tree as one text with marks, and back: so that HTML can be worked on once, when a template is compiled.

MJML and the inlining of styles want whole documents. Doing that for each message would cost fifty times the rendering, so it is done to
the template: each Jinja statement and expression becomes a mark, the text is worked on, and the marks become what they stand for. Where
they do not come out as they went in, the template is refused with the place.
"""

import re
from collections.abc import Callable, Sequence
from enum import Enum, auto

from jinja2 import nodes
from msgspec import Struct, field

from engage_cli.messaging.html_state import HtmlState, Place

OPENING, CLOSING = "\ue000", "\ue001"
"""Of Unicode's private use area: no template has a use for them."""
MARK = re.compile(f"{OPENING}([0-9]+){CLOSING}")
MARK_COMMENT = re.compile(f"<!--{OPENING}([0-9]+){CLOSING}-->")
"""A mark between elements."""

Fail = Callable[[str, str, nodes.Node, "str | None"], Exception]
"""Makes the error of a node: code, message, node, hint."""


class Role(Enum):
    """What a mark does."""

    SAID = auto()
    """An expression."""
    DONE = auto()
    """A statement that writes nothing here: what a macro or a block `set` writes is a document of its own."""
    OPEN = auto()
    MIDDLE = auto()
    CLOSE = auto()


class Mark(Struct, frozen=True):
    """What a mark stands for. OPEN, MIDDLE and CLOSE of one statement share its node; `branch` is a MIDDLE's `elif`, None for `else`."""

    role: Role
    node: nodes.Node
    branch: nodes.If | None = None


class Document(Struct):
    """A text with marks in it."""

    text: str
    marks: list[Mark] = field(default_factory=list)

    def add(self, mark: Mark) -> str:
        """The text of a new mark."""
        self.marks.append(mark)
        return f"{OPENING}{len(self.marks) - 1}{CLOSING}"

    def tree(self, text: str, done: "Callable[[nodes.Node], nodes.Node]") -> list[nodes.Node]:
        """The statements that a text with these marks stands for; each statement's marks are balanced in it.

        `done` gives what stands for a macro or a block `set`: they are written elsewhere.
        """
        return _Rebuilt(self.marks, MARK_COMMENT.sub(f"{OPENING}\\1{CLOSING}", text), done).whole()


def numbers(text: str, kind: re.Pattern[str] = MARK) -> list[int]:
    """The marks of a text, in order: all, or those between elements."""
    return [int(found) for found in kind.findall(text)]


# ---- tree to text --------------------------------------------------------------------------------------------------


class Writer:
    """Writes statements as text with marks. Where they stand in HTML they are comments, which may stand anywhere between elements."""

    def __init__(self, fail: Fail) -> None:
        self.document = Document("")
        self._fail = fail
        self._pieces: list[str] = []
        self._state = HtmlState()

    def write(self, body: Sequence[nodes.Node]) -> Document:
        """The document of statements."""
        self._body(body)
        self.document.text = "".join(self._pieces)
        return self.document

    def _body(self, body: Sequence[nodes.Node]) -> None:
        for node in body:
            self._statement(node)

    def _statement(self, node: nodes.Node) -> None:
        match node:
            case nodes.Output():
                for child in node.nodes:
                    if isinstance(child, nodes.TemplateData):
                        self._data(child)
                    else:
                        self._mark(Mark(Role.SAID, child))
            case nodes.If():
                self._mark(Mark(Role.OPEN, node))
                self._body(node.body)
                for branch in node.elif_:
                    self._mark(Mark(Role.MIDDLE, node, branch))
                    self._body(branch.body)
                self._else(node, node.else_)
            case nodes.For():
                self._mark(Mark(Role.OPEN, node))
                self._body(node.body)
                self._else(node, node.else_)
            case nodes.Scope() | nodes.With() | nodes.CallBlock() | nodes.FilterBlock():
                self._mark(Mark(Role.OPEN, node))
                self._body(node.body)
                self._mark(Mark(Role.CLOSE, node))
            case _:
                self._mark(Mark(Role.DONE, node))

    def _else(self, node: nodes.If | nodes.For, body: Sequence[nodes.Node]) -> None:
        if body:
            self._mark(Mark(Role.MIDDLE, node))
            self._body(body)
        self._mark(Mark(Role.CLOSE, node))

    def _data(self, node: nodes.TemplateData) -> None:
        if OPENING in node.data or CLOSING in node.data:
            raise self._fail("character", "the characters U+E000 and U+E001 cannot stand in a template", node, "leave them out")
        self._state.feed(node.data)
        self._pieces.append(node.data)

    def _mark(self, mark: Mark) -> None:
        self._state.mark()
        self._refuse_misplaced(mark)
        text = self.document.add(mark)
        self._pieces.append(f"<!--{text}-->" if self._state.place is Place.CONTENT else text)

    def _refuse_misplaced(self, mark: Mark) -> None:
        match self._state.place:
            case Place.TAG:
                hint = 'put it into the value of an attribute: `class="{% if … %}…{% endif %}"`'
                raise self._fail("in-tag", "Jinja cannot stand between the attributes of an element", mark.node, hint)
            case Place.STYLES:
                hint = "styles are the same for everybody: put what differs into a `style` attribute"
                raise self._fail("in-styles", "values cannot stand in `style` or `script`", mark.node, hint)
            case _:
                return


# ---- text to tree --------------------------------------------------------------------------------------------------


class _Rebuilt:
    """Reads a text with marks, whose order may have changed, into statements."""

    def __init__(self, marks: list[Mark], text: str, done: Callable[[nodes.Node], nodes.Node]) -> None:
        self._marks = marks
        self._done = done
        self._pieces = MARK.split(text)
        """Text and numbers of marks by turns."""
        self._at = 0

    def whole(self) -> list[nodes.Node]:
        return self._body(None)

    def _body(self, inside: nodes.Node | None) -> list[nodes.Node]:
        """Statements up to the next mark that belongs to the statement that they are inside of."""
        body: list[nodes.Node] = []
        said: list[nodes.Expr] = []
        while True:
            if text := self._pieces[self._at]:
                said.append(nodes.TemplateData(text, lineno=inside.lineno if inside is not None else 1))
            if self._at + 1 >= len(self._pieces) or self._peek().node is inside:
                break
            mark = self._peek()
            self._at += 2
            if mark.role is Role.SAID:
                assert isinstance(mark.node, nodes.Expr)
                said.append(mark.node)
                continue
            if said:
                body.append(nodes.Output(said, lineno=said[0].lineno))
            said = []
            body.append(self._done(mark.node) if mark.role is Role.DONE else self._block(mark.node))
        if said:
            body.append(nodes.Output(said, lineno=said[0].lineno))
        return body

    def _peek(self) -> Mark:
        return self._marks[int(self._pieces[self._at + 1])]

    def _block(self, node: nodes.Node) -> nodes.Node:
        """A statement with a body, from behind its opening mark to behind its closing one."""
        bodies: list[tuple[Mark | None, list[nodes.Node]]] = [(None, self._body(node))]
        while (mark := self._peek()).role is Role.MIDDLE:
            self._at += 2
            bodies.append((mark, self._body(node)))
        self._at += 2
        return _with_bodies(node, bodies)


def _with_bodies(node: nodes.Node, bodies: list[tuple[Mark | None, list[nodes.Node]]]) -> nodes.Node:
    """A copy of a statement that has other bodies."""
    first = bodies[0][1]
    others = next((body for mark, body in bodies[1:] if mark is not None and mark.branch is None), [])
    match node:
        case nodes.If():
            branches = [
                nodes.If(mark.branch.test, body, [], [], lineno=mark.branch.lineno)
                for mark, body in bodies[1:]
                if mark is not None and mark.branch is not None
            ]
            return nodes.If(node.test, first, branches, others, lineno=node.lineno)
        case nodes.For():
            return nodes.For(node.target, node.iter, first, others, node.test, node.recursive, lineno=node.lineno)
        case nodes.Scope():
            return nodes.Scope(first, lineno=node.lineno)
        case nodes.With():
            return nodes.With(node.targets, node.values, first, lineno=node.lineno)
        case nodes.CallBlock():
            return nodes.CallBlock(node.call, node.args, node.defaults, first, lineno=node.lineno)
        case nodes.FilterBlock():
            return nodes.FilterBlock(first, node.filter, lineno=node.lineno)
    raise AssertionError(type(node))
