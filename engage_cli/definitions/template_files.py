"""The files of campaigns/templates/ to templates: what each is by its name, its front matter, its body.

welcome.html, welcome.fr.html     the message `welcome`, and its French words
vip_call.txt                      a message for channels of plain text; beside an .html its text
layouts/shop.html, partials/…     parts, which messages extend or include; also any file whose name begins with `_`
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress

from msgspec import Struct, field

from engage_cli.definitions.languages import language_of
from engage_cli.definitions.reading import Reading, TooManyProblemsError, UnreadableError
from engage_cli.definitions.shapes.front_matter import FRONT_MATTER
from engage_cli.definitions.shapes.scalar import ID_PATTERN, MAX_ID
from engage_cli.definitions.template import FrontMatter, Template, TemplateFile, TemplateKind, Templates
from engage_cli.definitions.yaml_composer import compose
from engage_cli.definitions.yaml_nodes import Mapping as MappingNode
from engage_cli.definitions.yaml_nodes import shortened
from engage_cli.definitions.yaml_text import split_lines
from engage_cli.source import Issue, Span

TEMPLATES = "campaigns/templates/"
PART_FOLDERS = ("layouts", "partials")

_OTHER_ENDS = {"htm": "html", "xhtml": "html", "text": "txt", "md": "txt", "j2": "html", "jinja": "html", "jinja2": "html", "mjm": "mjml"}
_BARE_BRACES = re.compile(r"[ \t]*[A-Za-z_]+:[ \t]+(?P<value>\{[{%].*)")
_FENCE = re.compile(r"---[ \t]*\r?\n")


def is_template(path: str) -> bool:
    """Whether a file is one of campaigns/templates/."""
    return path.startswith(TEMPLATES)


class TemplateReader(Struct):
    """Takes the files one by one; `templates` are those that could be read, `issues` what is wrong with the others."""

    issues: dict[Issue, None] = field(default_factory=dict)
    _messages: dict[str, list[TemplateFile]] = field(default_factory=lambda: defaultdict(list))
    _parts: dict[str, TemplateFile] = field(default_factory=dict)

    def take(self, path: str, text: str) -> None:
        """Read one file."""
        named = _named(path)
        if isinstance(named, Issue):
            self.issues[named] = None
            return
        front, body, line, issues = _split(path, text, named)
        self.issues.update(dict.fromkeys(issues))
        file = TemplateFile(path, path.removeprefix(TEMPLATES), named.kind, named.language, front, body, line)
        if named.is_part:
            self._parts[_canonical(file, named)] = file
        else:
            self._messages[named.stem].append(file)

    def templates(self) -> Templates:
        """All that was read, in name order; what two files say at once is an issue."""
        messages = {name: Template(name, tuple(sorted(files, key=lambda file: file.path))) for name, files in self._messages.items()}
        for template in messages.values():
            self.issues.update(dict.fromkeys(_clashes(template)))
        return Templates(dict(sorted(messages.items())), dict(sorted(self._parts.items())))


# ---- names ---------------------------------------------------------------------------------------------------------


class _Named(Struct, frozen=True):
    """What the name of a file says."""

    stem: str
    kind: TemplateKind
    language: str | None
    is_part: bool


def _named(path: str) -> _Named | Issue:
    """What a file is by its name, or why it is none that a template can have."""
    name = path.removeprefix(TEMPLATES)
    *folders, file = name.split("/")
    stem, *ends = file.split(".")
    whole = Span(path, 1, 1, 1, 1)
    kinds = {kind.value: kind for kind in TemplateKind}
    is_part = file.startswith("_") or bool(set(folders) & set(PART_FOLDERS))
    if not ends or ends[-1] not in kinds or (ends[-1] == TemplateKind.STYLES and not is_part):
        end = ends[-1] if ends else ""
        meant = f"name it `{stem}.{_OTHER_ENDS[end]}`" if end in _OTHER_ENDS else "keep pictures and other files elsewhere"
        if end == TemplateKind.STYLES:
            meant = "styles are a part: put them in partials/, and include them in a layout's `<style>`"
        return Issue("template-file", f"{shortened(file)} is no template: templates end in .html, .mjml or .txt", whole, meant)
    if len(ends) > 2:
        return Issue("template-file", f"{shortened(file)} has too many dots for a template", whole, "write `name.html`, or `name.fr.html`")
    if not is_part and (not re.fullmatch(ID_PATTERN, stem) or len(stem) > MAX_ID):
        hint = "campaigns name a template by its file: lower-case letters, digits and `_`, a letter first"
        return Issue("name", f"{shortened(stem)} is no name for a template", whole, hint)
    language = language_of(ends[0]) if len(ends) == 2 else None
    if len(ends) == 2 and language is None:
        hint = "languages are such as `fr`, `de`, `pt-BR`"
        return Issue("language", f"{shortened(ends[0])} in the name of {shortened(file)} is no language", whole, hint)
    return _Named(stem, kinds[ends[-1]], language, is_part)


def _canonical(file: TemplateFile, named: _Named) -> str:
    """The name of a part, its language in the usual spelling."""
    folder, _, _ = file.name.rpartition("/")
    language = f".{named.language}" if named.language else ""
    return f"{folder}/{named.stem}{language}.{named.kind.value}".lstrip("/")


def _clashes(template: Template) -> Iterable[Issue]:
    """Files of one message that say the same thing twice: .html and .mjml of one language, or two spellings of a language."""
    seen: dict[tuple[bool, str | None], TemplateFile] = {}
    for file in template.files:
        key = (file.kind is TemplateKind.TEXT, file.language)
        first = seen.setdefault(key, file)
        if first is not file:
            message = f"the template `{template.name}` is written twice in one language: here and in {first.path}"
            yield Issue("duplicate-template", message, Span(file.path, 1, 1, 1, 1), "keep one of the two")


# ---- front matter --------------------------------------------------------------------------------------------------


def _split(path: str, text: str, named: _Named) -> tuple[FrontMatter, str, int, list[Issue]]:
    """Front matter, body, the line in which the body begins, and what is wrong."""
    opening = _FENCE.match(text)
    if opening is None:
        return FrontMatter(), text, 1, []
    closing = re.compile(r"^---[ \t]*(?:\r?\n|\Z)", re.MULTILINE).search(text, opening.end())
    if closing is None:
        issue = Issue("front-matter", "this front matter is never closed", Span(path, 1, 1, 1, 4), "write a line `---` below it")
        return FrontMatter(), "", 1, [issue]
    line = len(split_lines(text[: closing.end()]))
    front, issues = _front_matter(path, text[: closing.start()], named)
    return front, text[closing.end() :], line, issues


def _front_matter(path: str, text: str, named: _Named) -> tuple[FrontMatter, list[Issue]]:
    """The front matter; `text` begins with its `---`, so that lines count as in the file."""
    if unquoted := _unquoted(path, text):
        return FrontMatter(), unquoted
    composed = compose(path, text)
    issues = list(composed.issues)
    if issues or not composed.documents:
        return FrontMatter(), issues
    document = composed.documents[0]
    reading = Reading()
    front = FrontMatter()
    with suppress(UnreadableError, TooManyProblemsError):
        front = FRONT_MATTER.read(document, reading)
    if isinstance(document, MappingNode):
        _refuse_misplaced(document, named, reading)
    return front, [*issues, *reading.issues]


def _unquoted(path: str, text: str) -> list[Issue]:
    """Values that begin with `{{` or `{%` without quotes: YAML reads a mapping there, which nobody means."""
    found = []
    for number, line in enumerate(split_lines(text), start=1):
        if match := _BARE_BRACES.fullmatch(line.rstrip()):
            start = match.start("value") + 1
            span = Span(path, number, start, number, match.end("value") + 1)
            hint = 'put the whole value in quotes: "{{ … }}"'
            found.append(Issue("quoting", "a value that begins with `{` is no text in YAML", span, hint))
    return found


def _refuse_misplaced(document: MappingNode, named: _Named, reading: Reading) -> None:
    """Report what a file of this kind has no use for."""
    for entry in document.entries:
        if named.is_part:
            reading.report("front-matter", "a part of templates has no front matter", entry.key_span, "say it in the template itself")
            return
        if named.kind is TemplateKind.TEXT and entry.key in ("text", "preheader"):
            what = "the body is the text" if entry.key == "text" else "a preheader belongs to HTML"
            reading.report("front-matter", f"a template of plain text takes no `{entry.key}`: {what}", entry.key_span, "leave it out")
