"""HTML as text, for those who read no HTML: made of the template once, marks and all, so that a message's text costs no more than its HTML.

Paragraphs and headings stand alone, items of lists after a `-`, the address of a link behind its words in brackets, a picture as its `alt`.
"""

import re
from html.parser import HTMLParser

from jinja2 import nodes

from engage_cli.messaging.documents import MARK, Document, Mark, Role

_SKIPPED = frozenset(("head", "style", "script", "title", "template"))
_PARAGRAPHS = frozenset("p h1 h2 h3 h4 h5 h6 ul ol table blockquote pre section article header footer hr".split())
_LINES = frozenset("div li tr dt dd address center".split())
_EMPTY = frozenset("area base br col embed hr img input link meta source track wbr".split())
_HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.IGNORECASE)
_SPACES = re.compile(r"[ \t\r\n\f]+")


def text_of(document: Document, html: str) -> str:
    """The text of HTML with marks, marks in it."""
    reader = _Reader(document.marks)
    reader.feed(html)
    reader.close()
    return "".join(reader.pieces)


class _Reader(HTMLParser):
    """Writes text. A statement may write what stands in it or not, so that line breaks stand before it and at the end of what is in it:
    where it writes nothing, it leaves no gap.
    """

    def __init__(self, marks: list[Mark]) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._marks = marks
        self._owed = 0
        """Line breaks that the next thing written is to be preceded by, beside those that are there."""
        self._broken = 2
        """Line breaks that are there already, whichever way statements go; the start of a text is as good as two."""
        self._space = False
        self._open: list[tuple[str, bool]] = []
        self._links: list[tuple[str, int]] = []
        self._branches: list[tuple[int, list[int]]] = []
        """Of each open statement, `_broken` where it began, and where its branches so far ended."""
        self._dropped = 0
        """How many statements are open of which nothing is shown."""

    # ---- elements ----------------------------------------------------------------------------------------------------

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        hidden = tag in _SKIPPED or "hidden" in given or bool(_HIDDEN.search(given.get("style") or ""))
        if tag not in _EMPTY:
            self._open.append((tag, hidden))
        if self._is_hidden or hidden:
            return
        self._break(tag)
        if tag == "br":
            self._owe(1)
        elif tag == "li":
            self._say("- ")
        elif tag == "hr":
            self._say("---")
            self._owe(2)
        elif tag == "img" and given.get("alt"):
            self._say(str(given["alt"]))
        elif tag == "a":
            self._links.append((given.get("href") or "", len(self.pieces)))
        elif tag in ("td", "th"):
            self._space = True

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _EMPTY:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        at = next((at for at in range(len(self._open) - 1, -1, -1) if self._open[at][0] == tag), None)
        if at is None:
            return
        was_hidden = self._is_hidden
        del self._open[at:]
        if was_hidden:
            return
        if tag == "a" and self._links:
            self._link(*self._links.pop())
        self._break(tag)

    def _break(self, tag: str) -> None:
        if tag in _PARAGRAPHS:
            self._owe(2)
        elif tag in _LINES:
            self._owe(1)

    def _link(self, address: str, start: int) -> None:
        """The address of a link, where it says more than its words."""
        words = "".join(self.pieces[start:]).strip()
        if address and not address.startswith("#") and address not in (words, f"mailto:{words}", f"tel:{words}"):
            self._space = False
            self._say(f" ({address})" if words else address)

    # ---- text --------------------------------------------------------------------------------------------------------

    def handle_data(self, data: str) -> None:
        if self._is_hidden:
            return
        if any(tag == "pre" for tag, _ in self._open):
            self._say(data)
            return
        words = _SPACES.sub(" ", data)
        if words.startswith(" "):
            self._space = True
        if words.strip(" "):
            self._say(words.strip(" "))
            self._space = words.endswith(" ")

    def handle_comment(self, data: str) -> None:
        found = MARK.fullmatch(data)
        if found is None:
            return
        if self._is_hidden:
            self._hidden_mark(self._marks[int(found[1])].role, found.group())
            return
        match self._marks[int(found[1])].role:
            case Role.SAID:
                self._say(found.group())
            case Role.DONE:
                self.pieces.append(found.group())
            case Role.OPEN:
                self._statement(found.group())
                self._branches.append((self._broken, []))
            case Role.MIDDLE:
                self._branch_ends()
                self._statement(found.group())
                self._broken = self._branches[-1][0]
            case Role.CLOSE:
                self._branch_ends()
                self._statement(found.group())
                began, ends = self._branches.pop()
                self._broken = min(ends) if _writes_always(self._marks[int(found[1])].node) else min(began, *ends)

    def _branch_ends(self) -> None:
        self._flush()
        self._branches[-1][1].append(self._broken)

    def _hidden_mark(self, role: Role, mark: str) -> None:
        """Of what is not shown only that is kept which sets variables for what is."""
        self._dropped += (role is Role.OPEN) - (role is Role.CLOSE)
        if role is Role.DONE and not self._dropped:
            self.pieces.append(mark)

    def _statement(self, mark: str) -> None:
        """A statement's mark; a space or line breaks before it stand before it, whatever the statement does."""
        self._flush()
        self.pieces.append(mark)

    def _flush(self) -> None:
        """Write what is owed."""
        if self._owed:
            self.pieces.append("\n" * self._owed)
            self._broken += self._owed
        elif self._space and not self._broken:
            self.pieces.append(" ")
        self._owed, self._space = 0, False

    def _say(self, text: str) -> None:
        self._flush()
        self._broken = 0
        self.pieces.append(text)

    def _owe(self, breaks: int) -> None:
        self._space = False
        self._owed = max(self._owed, breaks - self._broken)

    @property
    def _is_hidden(self) -> bool:
        return any(hidden for _, hidden in self._open)


def _writes_always(node: nodes.Node) -> bool:
    """Whether one of a statement's branches is gone through, whatever the values."""
    return bool(node.else_) if isinstance(node, nodes.If | nodes.For) else True
