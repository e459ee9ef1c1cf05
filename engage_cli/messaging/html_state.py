"""Where in HTML a text stops: between elements, in an attribute's value, in a comment. Enough of the HTML tokenizer to put marks in.

The states are those of the HTML standard, section 13.2.5, run together where a mark is treated alike.
"""

import re
from enum import Enum, auto


class Place(Enum):
    """What stands around a place in HTML."""

    CONTENT = auto()
    TEXT_ONLY = auto()
    """In an element that holds text alone, such as `title`, or in a comment."""
    VALUE = auto()
    TAG = auto()
    """In a tag, outside of the values of attributes."""
    STYLES = auto()
    """In `style` or `script`."""


_TEXT_ELEMENTS = frozenset(("title", "textarea", "mj-title", "mj-preview"))
_RAW_ELEMENTS = frozenset(("style", "script", "mj-style"))
_OPENING = re.compile(r"<(?:(?P<comment>!--)|(?P<declaration>[!?])|(?P<tag>/?(?P<name>[A-Za-z][^\s/>]*)))")
_IN_TAG = re.compile(r"(?P<end>>)|=\s*(?P<quote>[\"'])|=\s*(?P<bare>(?=[^\s\"'>])|$)")


class HtmlState:
    """Reads HTML piece by piece, and says what stands around the end of what it has read."""

    def __init__(self) -> None:
        self.place = Place.CONTENT
        self._until: re.Pattern[str] | None = None
        """What ends the place, where that is not a tag's end."""
        self._element = ""
        self._after = Place.CONTENT
        self._tail = ""
        self.attribute = ""
        """The text before a value: ends with the attribute's name and `=`."""

    def feed(self, text: str) -> None:
        """Go on by a piece of text."""
        self._tail = text[-2:]
        at = 0
        while at < len(text):
            at = self._step(text, at)

    def mark(self) -> None:
        """A mark is put here: a value without quotes that begins with one has begun, or an element whose name it would be."""
        if self.place is Place.CONTENT and (self._tail.endswith("<") or self._tail == "</"):
            self.place, self.attribute, self._element = Place.TAG, "", ""
        if self.place is Place.TAG and self.attribute.rstrip().endswith("="):
            self._enter(Place.VALUE, re.compile(r"(?=[\s>])"), Place.TAG)

    def _step(self, text: str, at: int) -> int:
        if self._until is not None:
            return self._to_end(text, at, self._until)
        if self.place is Place.TAG:
            return self._in_tag(text, at)
        found = _OPENING.search(text, at)
        if found is None:
            return len(text)
        if found["comment"]:
            self._enter(Place.TEXT_ONLY, re.compile(r"-->"), Place.CONTENT)
        elif found["declaration"]:
            self._enter(Place.TEXT_ONLY, re.compile(r">"), Place.CONTENT)
        else:
            self.place, self.attribute = Place.TAG, ""
            self._element = "" if found["tag"].startswith("/") else found["name"].lower()
        return found.end()

    def _to_end(self, text: str, at: int, end: re.Pattern[str]) -> int:
        found = end.search(text, at)
        if found is None:
            return len(text)
        self.place, self._until, self.attribute = self._after, None, ""
        return found.end()

    def _in_tag(self, text: str, at: int) -> int:
        found = _IN_TAG.search(text, at)
        self.attribute += text[at : len(text) if found is None else found.end()]
        if found is None:
            return len(text)
        if found["end"]:
            self._tag_ended(is_empty=text[: found.start()].endswith("/"))
        elif found["quote"]:
            self._enter(Place.VALUE, re.compile(re.escape(found["quote"])), Place.TAG)
        elif found.end() < len(text):
            self._enter(Place.VALUE, re.compile(r"(?=[\s>])"), Place.TAG)
        return found.end()

    def _tag_ended(self, *, is_empty: bool) -> None:
        self.place = Place.CONTENT
        if self._element in _TEXT_ELEMENTS | _RAW_ELEMENTS and not (is_empty and self._element.startswith("mj-")):
            place = Place.STYLES if self._element in _RAW_ELEMENTS else Place.TEXT_ONLY
            self._enter(place, re.compile(rf"(?=</{self._element}[\s/>])", re.IGNORECASE), Place.CONTENT)

    def _enter(self, place: Place, until: re.Pattern[str], after: Place) -> None:
        attribute = self.attribute
        self.place, self._until, self._after = place, until, after
        self.attribute = attribute
