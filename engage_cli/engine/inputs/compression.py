"""Whether a compressed file is whole: DuckDB reads one that is cut off up to the cut, without a word."""

import zlib
from typing import Protocol

_GZIP = 31
"""zlib's code for gzip streams."""
_MAGIC = 0xFD2FB528
_SKIPPABLE = 0x184D2A50
_RAW, _RUN = 0, 1
PIECE = 1 << 20
"""Bytes of text that are decompressed at a time."""


class Checker(Protocol):
    """Takes the bytes of a file in order and then says whether they were a whole compressed file."""

    def feed(self, chunk: bytes) -> None:
        """The next bytes."""
        ...

    def is_whole(self) -> bool:
        """Whether the bytes so far end where the format says they end."""
        ...


def checker_for(compression: str | None, lines: "LineChecker") -> Checker | None:
    """The checker of a compression of files.COMPRESSIONS; that of gzip shows the text to `lines`."""
    match compression:
        case "gzip":
            return GzipChecker(lines)
        case "zstd":
            return ZstdChecker()
    return None


class LineChecker:
    """Looks for lines so long that DuckDB leaves them out without a word."""

    def __init__(self) -> None:
        self._length = 0
        self.longest = 0
        self.last = b"\n"

    def feed(self, text: bytes) -> None:
        """The next bytes of the text."""
        self.last = text[-1:] or self.last
        first = text.find(b"\n")
        if first < 0:
            self._length += len(text)
        else:
            self.longest = max(self.longest, self._length + first)
            self._length = len(text) - text.rfind(b"\n")
        self.longest = max(self.longest, self._length)


class GzipChecker:
    """Decompresses the members, which ends in their checksum. `lines` is given the text."""

    def __init__(self, lines: LineChecker | None = None) -> None:
        self._lines = lines
        self._member = zlib.decompressobj(_GZIP)
        self._begun = False
        self._broken = False

    def feed(self, chunk: bytes) -> None:
        try:
            while chunk and not self._broken:
                if self._member.eof:
                    self._member, self._begun = zlib.decompressobj(_GZIP), False
                self._begun = True
                self._take(self._member.decompress(chunk, PIECE))
                while self._member.unconsumed_tail:
                    self._take(self._member.decompress(self._member.unconsumed_tail, PIECE))
                chunk = self._member.unused_data
                if self._member.eof and not chunk.strip(b"\0"):
                    return  # some writers pad the end with zeros
        except zlib.error:
            self._broken = True

    def _take(self, text: bytes) -> None:
        if self._lines is not None:
            self._lines.feed(text)

    def is_whole(self) -> bool:
        return not self._broken and self._begun and self._member.eof


class ZstdChecker:
    """Walks the frames and the sizes of their blocks (RFC 8878) without decompressing them."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._skip = 0
        self._in_frame = False
        self._checksum = False
        self._frames = 0
        self._broken = False

    def feed(self, chunk: bytes) -> None:
        if self._skip >= len(chunk):
            self._skip -= len(chunk)
            return
        self._pending += memoryview(chunk)[self._skip :]
        self._skip = 0
        at = 0
        while not self._broken:
            used = self._block(at) if self._in_frame else self._frame(at)
            if used == 0:
                break
            at += used
        if at > len(self._pending):
            self._skip = at - len(self._pending)
        del self._pending[:at]

    def is_whole(self) -> bool:
        return not (self._broken or self._in_frame or self._pending or self._skip) and self._frames > 0

    def _number(self, at: int, size: int) -> int:
        return int.from_bytes(self._pending[at : at + size], "little")

    def _frame(self, at: int) -> int:
        """Read a frame's header; how many bytes it takes, 0 where more are needed."""
        left = len(self._pending) - at
        if left < 8:
            return 0
        magic = self._number(at, 4)
        if magic & 0xFFFFFFF0 == _SKIPPABLE:
            self._frames += 1
            return 8 + self._number(at + 4, 4)
        if magic != _MAGIC:
            self._broken = True
            return 0
        descriptor = self._pending[at + 4]
        single = bool(descriptor & 0x20)
        content = (1 if single else 0, 2, 4, 8)[descriptor >> 6]
        self._checksum, self._in_frame = bool(descriptor & 0x04), True
        self._frames += 1
        return 5 + (not single) + (0, 1, 2, 4)[descriptor & 0x03] + content

    def _block(self, at: int) -> int:
        """Read a block's header; how many bytes the block takes, 0 where more are needed."""
        if len(self._pending) - at < 3:
            return 0
        header = self._number(at, 3)
        kind, size = header >> 1 & 0x03, header >> 3
        if kind == 3:
            self._broken = True
            return 0
        last = bool(header & 1)
        self._in_frame = not last
        return 3 + (1 if kind == _RUN else size) + (4 if last and self._checksum else 0)
