"""HTML for mail programs: MJML compiled, styles inlined, once for each template, with marks where its values will be.

Styles are inlined by css-inline; what no attribute can say (`:hover`, media queries) stays in `style`. Nothing is loaded from
anywhere: a stylesheet of another address, or an `mj-include`, is left as it is or refused.
"""

import re
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from typing import Any

from jinja2 import nodes

from engage_cli.messaging.documents import CLOSING, MARK, MARK_COMMENT, OPENING, Document, Fail, Role, numbers
from engage_cli.source import did_you_mean

_IMPLIED = frozenset(("html", "head", "body", "tbody", "colgroup"))
"""Elements whose tags HTML supplies."""
_EMPTY = frozenset("area base br col embed hr img input link meta source track wbr".split())
_BODY = re.compile(r"<body[^>]*>", re.IGNORECASE)
_HIDDEN = "display:none;max-height:0;overflow:hidden;mso-hide:all"
_MJML_DOCS = "https://documentation.mjml.io has the elements and their attributes"
_MJML_PLACE = re.compile(r" in root template(?: at position ([0-9]+):[0-9]+)?$")
_UNKNOWN_MJML = re.compile(r"<(mj-[A-Za-z0-9-]+)")
_MJML_ELEMENTS = (
    "mj-accordion mj-accordion-element mj-accordion-text mj-accordion-title mj-all mj-attributes mj-body mj-breakpoint mj-button "
    "mj-carousel mj-carousel-image mj-class mj-column mj-divider mj-font mj-group mj-head mj-hero mj-image mj-navbar mj-navbar-link "
    "mj-preview mj-raw mj-section mj-social mj-social-element mj-spacer mj-style mj-table mj-text mj-title mj-wrapper"
).split()
_ROWS = re.compile(r"<!--.*?-->|(<table\b[^>]*>)(?=(?:\s|<!--.*?-->)*<tr\b)", re.IGNORECASE | re.DOTALL)
"""A table whose rows stand in it directly. HTML puts a `tbody` around them, from the first row on: around half of a loop over rows."""
_STYLES = re.compile(r"<style[^>]*>(.*?)</style\s*>", re.IGNORECASE | re.DOTALL)


def compiled_mjml(document: Document, fail: Fail, top: nodes.Node) -> str:
    """The HTML of a document of MJML."""
    import mjml

    try:
        html = str(mjml.mjml2html(document.text))
        html = html.replace("\\u{e000}", OPENING).replace("\\u{e001}", CLOSING)  # in `lang` it escapes what is not ASCII, as Rust does
    except Exception as error:  # the library raises plain ValueErrors, and panics of Rust
        raise fail("mjml", f"this is no MJML: {_mjml_words(str(error), document.text)}", top, _MJML_DOCS) from None
    if unknown := _UNKNOWN_MJML.search(html):
        hint = did_you_mean(unknown[1].lower(), _MJML_ELEMENTS) or _MJML_DOCS
        raise fail("mjml", f"MJML has no element `<{unknown[1]}>`", top, hint)
    hint = "MJML takes no Jinja here; put `<mj-raw>` around a statement that stands between sections"
    _refuse_lost(document, MARK_COMMENT, document.text, html, fail, hint)
    kept = set(numbers(html))  # the value of an attribute may stand in several: so does what Jinja writes in it
    for number in numbers(document.text):
        if number not in kept:
            raise fail("lost", "MJML takes no Jinja in this attribute", document.marks[number].node, None)
    return html


def _mjml_words(said: str, text: str) -> str:
    """What the library says, its position in the text as the words that stand there."""
    found = _MJML_PLACE.search(said)
    if found is None or not found[1]:
        return " ".join(_MJML_PLACE.sub("", said).split())
    near = MARK.sub("{{ … }}", text.encode()[int(found[1]) : int(found[1]) + 60].decode("utf-8", "replace")).split("\n")[0]
    return f"{said[: found.start()]} at `{near.strip()}`" if near.strip() else said[: found.start()]


def inlined(document: Document, html: str, fail: Fail, top: nodes.Node) -> str:
    """HTML whose styles stand in the elements that they are about."""
    html = _ROWS.sub(lambda found: f"{found[1]}<tbody>" if found[1] else found[0], html)
    result = str(_inliner().inline(html))
    _refuse_lost(document, MARK, html, result, fail, "write the HTML around this so that it stands on its own")
    before, after = _Structure(html), _Structure(result)
    if before.elements != after.elements:
        where, found = _difference(before.elements, after.elements)
        message = f"`<{where}>` stands where HTML has none, and a mail program would move it{found}"
        raise fail("html", message, top, "rows stand in a `table`, blocks not in a `p`; every element that is opened is closed")
    _refuse_crossed(document, after, fail)
    return result


def inlined_fragment(document: Document, styles: str, fail: Fail, top: nodes.Node) -> str:
    """A piece of HTML, of a macro, with the styles of the whole."""
    result = str(_inliner().inline_fragment(document.text, styles))
    _refuse_lost(document, MARK, document.text, result, fail, "write the HTML around this so that it stands on its own")
    if _Structure(document.text).elements != _Structure(result).elements:
        raise fail("html", "the HTML of this macro does not stand on its own", top, "use `include` for rows of a table and the like")
    return result


def styles_of(html: str) -> str:
    """All styles of a document."""
    return "\n".join(_STYLES.findall(html))


def with_preheader(html: str, mark: str) -> str:
    """A document that begins with a line that is not seen, but shown beside the subject."""
    found = _BODY.search(html)
    at = 0 if found is None else found.end()
    return f'{html[:at]}<div style="{_HIDDEN}">{mark}</div>{html[at:]}'


@cache
def _inliner() -> Any:
    import css_inline

    return css_inline.CSSInliner(keep_style_tags=True, remove_inlined_selectors=True, keep_link_tags=True, load_remote_stylesheets=False)


# ---- what must not change ------------------------------------------------------------------------------------------


def _refuse_lost(document: Document, kind: re.Pattern[str], text: str, html: str, fail: Fail, hint: str) -> None:
    """Raise for the first mark (of a kind) of a text that does not come out in the HTML where it went in."""
    before, after = numbers(text, kind), numbers(html, kind)
    for number, came in zip(before, [*after, None], strict=False):
        if number != came:
            node = document.marks[number].node
            raise fail("lost", "the HTML around this is such that its place would be lost", node, hint)
    if len(after) > len(before):
        raise fail("lost", "the HTML around this is such that it would be written twice", document.marks[after[-1]].node, hint)


def _refuse_crossed(document: Document, structure: "_Structure", fail: Fail) -> None:
    """Raise for a statement that begins in one element and ends in another: HTML would close the elements between in one way for all."""
    opened: dict[nodes.Node, object] = {}
    for number, parent in structure.parents:
        mark = document.marks[number]
        if mark.role is Role.OPEN:
            opened[mark.node] = parent
        elif mark.role in (Role.MIDDLE, Role.CLOSE) and opened.get(mark.node, parent) != parent:
            hint = "an element that is opened in an `if` or a `for` is closed in it"
            raise fail("crossed", "this begins in one element and ends in another", mark.node, hint)


def _difference(before: list[str], after: list[str]) -> tuple[str, str]:
    """The first element that is not the same."""
    for at, name in enumerate(before):
        if at >= len(after) or after[at] != name:
            return name, f" (the {_ordinal(before[: at + 1].count(name))} one)" if before.count(name) > 1 else ""
    return after[len(before)], ""


def _ordinal(number: int) -> str:
    ends = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{'th' if number % 100 in (11, 12, 13) else ends.get(number % 10, 'th')}"


@dataclass
class _Structure(HTMLParser):
    """The elements of HTML in order, and inside of which element each mark between elements stands."""

    html: str
    elements: list[str] = field(default_factory=list)
    parents: list[tuple[int, object]] = field(default_factory=list)
    _open: list[tuple[str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _IMPLIED:
            self.elements.append(tag)
        if tag not in _EMPTY:
            self._open.append((tag, len(self.elements)))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        for at in range(len(self._open) - 1, -1, -1):
            if self._open[at][0] == tag:
                del self._open[at:]
                return

    def handle_comment(self, data: str) -> None:
        if found := MARK.fullmatch(data):
            self.parents.append((int(found[1]), self._open[-1] if self._open else None))
