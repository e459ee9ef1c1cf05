"""One file of a message, with all that it is made of, to a renderer: for a channel and a language."""

from collections.abc import Mapping
from copy import copy
from datetime import UTC

from jinja2 import Template as JinjaTemplate
from jinja2 import TemplateAssertionError, nodes
from msgspec import Struct

from engage_cli.definitions.template import Phrase, TemplateFile, TemplateKind
from engage_cli.messaging.compiling import ESCAPED, SAID
from engage_cli.messaging.documents import Mark, Role, Writer
from engage_cli.messaging.environment import Sandbox, escaped, said, said_in_html
from engage_cli.messaging.flatten import BadTemplateError, Flattener
from engage_cli.messaging.formats import Formats, locale_of, zone_of
from engage_cli.messaging.guards import guarded
from engage_cli.messaging.limits import Budget
from engage_cli.messaging.markup import compiled_mjml, inlined, inlined_fragment, styles_of, with_preheader
from engage_cli.messaging.places import STRIDE, Part, Places
from engage_cli.messaging.plain_text import text_of
from engage_cli.messaging.renderer import Renderer, Rendering

PREHEADER = "preheader"


class Built(Struct, frozen=True):
    """A renderer, and the paths of the files that it is made of."""

    renderer: Renderer
    paths: frozenset[str]


def build(
    file: TemplateFile,
    beside: TemplateFile | None,
    parts: Mapping[str, TemplateFile],
    sources: Mapping[str, str],
    *,
    channel: str,
    language: str,
    wanted: str,
    sender: str | None,
    timezone: str,
) -> Built:
    """Compile a file; `beside` is the .txt of an .html or .mjml. `wanted` is the person's language, whose country says how dates look.

    Raises BadTemplateError.
    """
    of_texts = channel != "email"
    project_zone = zone_of(timezone) or UTC
    same = wanted.partition("-")[0] == language.partition("-")[0]
    builder = _Builder(file, parts, language, Formats(project_zone, plain_spaces=of_texts), Places(sources))
    builder.formats.locale = locale_of(wanted if same else language)
    front = file.front
    is_markup = file.kind is not TemplateKind.TEXT
    html, derived = builder.markup() if is_markup else (None, None)
    text: Rendering | str | None = derived
    if not is_markup or (front.text is None and beside is not None):
        text = builder.plain(beside or file)
    elif front.text is not None:
        text = builder.phrase(front.text)
    assert text is not None
    renderer = Renderer(
        budget=builder.budget,
        formats=builder.formats,
        language=language,
        sender=sender if front.sender is None else builder.phrase(front.sender),
        reply_to=builder.phrase(front.reply_to),
        subject=builder.phrase(front.subject),
        preheader=builder.phrase(front.preheader),
        html=html,
        text=text,
        is_derived=text is derived,
    )
    paths = {file.path, *builder.flattener.used}
    return Built(renderer, frozenset(paths | ({beside.path} if beside is not None else set())))


class _Builder:
    """Compiles the parts of one message; they share places, formats and budget."""

    def __init__(self, file: TemplateFile, parts: Mapping[str, TemplateFile], language: str, formats: Formats, places: Places) -> None:
        self.file = file
        self.formats = formats
        self.budget = Budget()
        self._html = Sandbox(formats, self.budget, autoescape=True)
        self._text = Sandbox(formats, self.budget, autoescape=False)
        self.flattener = Flattener(self._text, parts, language, places)

    def phrase(self, phrase: Phrase | None) -> Rendering | str | None:
        """A value of the front matter: text as it is where nothing in it is Jinja."""
        if phrase is None:
            return None
        body = self.flattener.flatten(Part(phrase.span.file, phrase.text, phrase.line))
        text = _constant(body)
        return self._compiled(self._text, guarded(body)) if text is None else text

    def plain(self, file: TemplateFile) -> Rendering:
        """A file of plain text."""
        return self._compiled(self._text, guarded(self.flattener.flatten(Part(file.path, file.body, file.line))))

    def markup(self) -> tuple[Rendering, Rendering]:
        """The file's HTML, and the text that is made of it."""
        top = nodes.Const(None, lineno=len(self.flattener.places.parts) * STRIDE + self.file.line)
        body = guarded(self.flattener.flatten(Part(self.file.path, self.file.body, self.file.line)))
        document = Writer(self._fail).write(body)
        html = compiled_mjml(document, self._fail, top) if self.file.kind is TemplateKind.MJML else document.text
        if self.file.front.preheader is not None and not _names(body, PREHEADER):
            html = with_preheader(html, document.add(Mark(Role.SAID, nodes.Name(PREHEADER, "load", lineno=top.lineno))))
        styles = styles_of(html)
        html = inlined(document, html, self._fail, top)
        as_html = document.tree(html, lambda node: self._fragment(node, styles, as_text=False))
        as_text = document.tree(text_of(document, html), lambda node: self._fragment(node, styles, as_text=True))
        return self._compiled(self._html, as_html), self._compiled(self._text, as_text)

    def _fragment(self, node: nodes.Node, styles: str, *, as_text: bool) -> nodes.Node:
        """A macro or a block `set` whose body is HTML for mail programs, or text."""
        if not isinstance(node, nodes.Macro | nodes.AssignBlock):
            return node
        document = Writer(self._fail).write(node.body)
        html = inlined_fragment(document, styles, self._fail, node)
        made = copy(node)
        made.body = document.tree(
            text_of(document, html) if as_text else html, lambda inner: self._fragment(inner, styles, as_text=as_text)
        )
        return made

    def _fail(self, code: str, message: str, node: nodes.Node, hint: str | None) -> BadTemplateError:
        is_top = isinstance(node, nodes.Const) and node.value is None
        words = () if is_top else ("{{",) if isinstance(node, nodes.Expr) else ("{%",)
        return self.flattener.fail(code, message, node, hint, *words)

    def _compiled(self, sandbox: Sandbox, body: list[nodes.Node]) -> Rendering:
        tree = nodes.Template(body, lineno=1)
        tree.set_environment(sandbox)
        try:
            code = sandbox.compile(tree, name=self.file.name, filename="<template>")
        except TemplateAssertionError as error:
            place = nodes.Const(None, lineno=error.lineno)
            raise self.flattener.fail("template-syntax", str(error.message), place, None) from None
        template = JinjaTemplate.from_code(sandbox, code, {})
        names = template.root_render_func.__globals__
        names[ESCAPED], names[SAID] = escaped, said_in_html if sandbox.autoescape else said
        return Rendering(sandbox, template, self.flattener.places)


def _constant(body: list[nodes.Node]) -> str | None:
    """The text of statements that say the same to everybody, None for others."""
    children = [child for node in body for child in (node.nodes if isinstance(node, nodes.Output) else [node])]
    data = [child.data for child in children if isinstance(child, nodes.TemplateData)]
    return "".join(data) if len(data) == len(children) else None


def _names(body: list[nodes.Node], name: str) -> bool:
    """Whether statements use a variable."""
    return any(found.name == name for node in body for found in nodes.Template([node]).find_all(nodes.Name))
