"""The bytes of a definition file to text: UTF-8, no control characters, not too large."""

import re
from collections.abc import Sequence
from functools import lru_cache

from engage_cli.source import Issue, Span

MAX_BYTES = 5_000_000
"""No definition is this large; a list of members belongs in a CSV file (`in_file`)."""

_LINE_BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
"""What libyaml counts as the end of a line."""

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_OTHER_ENCODINGS = ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"), (b"\x00\x00\xfe\xff", "UTF-32"))


@lru_cache(maxsize=4)
def split_lines(text: str) -> Sequence[str]:
    """The lines of a text as spans count them, without their ends. Remembered: every issue of a file asks again."""
    return _LINE_BREAK.split(text)


def decode(file: str, content: bytes) -> tuple[str, Issue | None]:
    """The text of a file, and what is wrong with it. A byte order mark at the start is left out.

    With an issue, the text is the best that can be shown of the file, and is not to be parsed.
    """
    if len(content) > MAX_BYTES:
        message = f"the file has {len(content):,} bytes, and a definition file may have {MAX_BYTES:,}"
        return "", Issue("too-large", message, Span(file, 1, 1, 1, 1), "put long lists of values in a CSV file and name it with `in_file`")
    for mark, encoding in _OTHER_ENCODINGS:
        if content.startswith(mark):
            message = f"the file is written in {encoding}, and definitions are UTF-8"
            return "", Issue("encoding", message, Span(file, 1, 1, 1, 1), "save it as UTF-8 in your editor")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _undecodable(file, error)
    return text, forbidden_character(file, text)


def forbidden_character(file: str, text: str) -> Issue | None:
    """The first character of a text that YAML does not allow, as an issue."""
    found = _FORBIDDEN.search(text)
    if found is None:
        return None
    span = span_at(file, text, found.start())
    message = f"the character U+{ord(found.group()):04X} cannot stand in a definition"
    return Issue("character", message, span, r'delete it; if a value needs it, write it as an escape in double quotes, such as "\x1b"')


def span_at(file: str, text: str, offset: int) -> Span:
    """The span of the one character at an offset."""
    lines = split_lines(text[:offset])
    return Span(file, len(lines), len(lines[-1]) + 1, len(lines), len(lines[-1]) + 2)


def _undecodable(file: str, error: UnicodeDecodeError) -> tuple[str, Issue]:
    content = bytes(error.object).removeprefix(b"\xef\xbb\xbf")
    before = bytes(error.object)[: error.start].removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    span = span_at(file, before, len(before))
    message = f"the byte 0x{bytes(error.object)[error.start]:02X} is not UTF-8"
    return content.decode("utf-8", "replace"), Issue("encoding", message, span, "save the file as UTF-8 in your editor")
