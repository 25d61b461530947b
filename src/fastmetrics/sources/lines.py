"""Lines of text in blocks: where a block may be cut, and which lines of a CSV are too short or too long.

Polars reads a short line as if it ended in nulls and, where the last columns are not asked for, a long one without a
word; a log that was cut off would so be counted with rows nobody wrote. 1 GB a second and core is what looking costs.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fastmetrics.errors import SourceError
from fastmetrics.sources.peek import Ahead, plain

__all__ = ["BOM", "HEAD_BYTES", "WIDE", "Ruler", "blocks", "check_lines", "check_text", "rectangular", "table_blocks"]

BLOCK_BYTES = 1 << 20
PIECE_BYTES = 1 << 17  # looked at together, so that what is made of them stays in the cache
FIRST_BYTES = 1 << 26
HEAD_BYTES = 1 << 16  # from which it is told what a file is
MOST_NULS = 8  # bytes, of which one may be NUL in text; of UTF-16 it is every second one
LINE_BYTES = 1 << 28  # of the longest line, which is held whole; with more a quote is likely to have no end
BOM = b"\xef\xbb\xbf"
WIDE = (b"\xff\xfe", b"\xfe\xff")  # how UTF-16 and UTF-32 begin
NEWLINE, RETURN, QUOTE = b'\n\r"'


def check_text(head: bytes, separator: str | None = None) -> None:
    """Raise SourceError for what is no text in UTF-8, or a CSV whose lines end in CR alone, by how it begins."""
    if head.startswith(WIDE) or head.count(0) * MOST_NULS > len(head):
        raise SourceError("no UTF-8 text; convert it, from UTF-16 with: iconv -f UTF-16 -t UTF-8")
    header = head.partition(b"\n")[0].rstrip(b"\r")
    if separator is not None and b"\r" in header and b'"' not in header:
        raise SourceError("its lines end in CR alone; LF or CR LF is needed")


def marks(given: NDArray[np.uint8], separator: int) -> NDArray[np.intp]:
    """Where separators and line breaks stand outside of quotes, as Polars sees it: each quote opens or closes."""
    found, inside = [], False
    for start in range(0, len(given), PIECE_BYTES):
        piece = given[start : start + PIECE_BYTES]
        marked, quotes = (piece == NEWLINE) | (piece == separator), piece == QUOTE
        if inside or quotes.any():
            at = np.flatnonzero(marked | quotes)
            is_quote = quotes[at]
            quoted = (np.cumsum(is_quote, dtype=np.uint8) + np.uint8(inside)) & 1 == 1
            inside = bool(quoted[-1]) if len(at) else inside
            found.append(at[~quoted & ~is_quote] + start)
        else:
            found.append(np.flatnonzero(marked) + start)
    return np.concatenate(found)


def last_end(block: bytes, inside: bool, quoted: bool) -> int:
    """Where the last line ends in a block, 0 where none does; ``inside`` of quotes is where the block ends."""
    if not quoted:
        return block.rfind(b"\n") + 1
    end = len(block)
    while True:
        quote = block.rfind(b'"', 0, end)
        if not inside and (found := block.rfind(b"\n", quote + 1, end)) >= 0:
            return found + 1
        if quote < 0:
            return 0
        end, inside = quote, not inside


def blocks(stream: Ahead, *, quoted: bool, size: int = BLOCK_BYTES, rows: int = 2) -> Iterator[bytes]:
    """A stream of bytes in blocks of whole lines, without a byte order mark.

    A line break inside of quotes is none where text is quoted. The first block has at least so many rows, or
    `FIRST_BYTES`.

    Raises
    ------
    SourceError
        A line is longer than `LINE_BYTES`.
    """
    rest: list[bytes] = []
    length, line, before, inside = 0, 0, 0, False  # bytes that wait, those of an unfinished line, those handed out
    while more := stream.read(size):
        if not before and not length:
            more = more.removeprefix(BOM)
        inside ^= quoted and bool(more.count(b'"') & 1)
        if cut := last_end(more, inside, quoted):
            block = b"".join([*rest, more[:cut]])
            line = -cut
            if before or block.count(b"\n") >= rows or len(block) >= FIRST_BYTES:
                yield block
                before += len(block)
                rest, length, line, more = [], 0, 0, more[cut:]
        rest.append(more)
        length += len(more)
        line += len(more)
        if line > LINE_BYTES:
            start, quote = before + length - line, "; is a quote in it not closed?" if inside else ""
            raise SourceError(
                f"{stream.called}: the line that begins at byte {start:,} is longer than {LINE_BYTES:,} bytes{quote}"
            )
    if length:
        yield b"".join(rest)


def table_blocks(stream: Ahead, separator: str | None, size: int, rows: int = 2) -> Iterator[bytes]:
    """A stream of text in blocks that are each a table of its own: those of a CSV begin with its header."""
    header = b""
    for block in blocks(stream, quoted=separator is not None, size=size, rows=rows):
        yield header + block
        if separator is not None and not header:
            header = header_of(block)


class Ruler:
    """Holds every line of a CSV against the first, the header."""

    def __init__(self, name: str, separator: str) -> None:
        self.name = name
        self.separator = ord(separator)
        self.lines = 0
        self.fields: int | None = None
        self.header = b""

    def measure(self, block: bytes) -> None:
        """Raise SourceError for a line of a block of whole lines that has more or fewer fields than the header."""
        block = block if block.endswith(b"\n") else block + b"\n"
        given = np.frombuffer(block, np.uint8)
        at = marks(given, self.separator)
        ends = np.flatnonzero(given[at] == NEWLINE)
        fields = np.diff(ends, prepend=-1)
        if self.fields is None:
            header = self.find_header(given, at[ends])
            if header is None:
                self.lines += len(fields)
                return
            self.header = block[: at[ends][header] + 1]
            self.fields, self.lines, fields = int(fields[header]), self.lines + header, fields[header:]
        bad = np.flatnonzero(fields != self.fields)
        if len(bad):
            raise SourceError(
                f"{self.name}: line {self.lines + int(bad[0]) + 1} has {fields[bad[0]]} of {self.fields} fields; "
                "each line needs as many as the header, and text with a separator or a line break in it needs quotes"
            )
        self.lines += len(fields)

    def find_header(self, given: NDArray[np.uint8], ends: NDArray[np.intp]) -> int | None:
        """The first line that is not blank, counted from 0."""
        lengths = np.diff(ends, prepend=-1) - 1 - (given[ends - 1] == RETURN)
        filled = np.flatnonzero(lengths > 0)
        return int(filled[0]) if len(filled) else None


def header_of(block: bytes) -> bytes:
    """The header of a CSV: the first line that is not blank, with its line break."""
    ruler = Ruler("", ",")
    with contextlib.suppress(SourceError):  # of lines that are not measured here
        ruler.measure(block)
    return ruler.header


def rectangular(head: bytes, separator: str) -> bool:
    """Whether text is a table as far as it goes: lines of as many fields as the first, which are at least two."""
    ruler = Ruler("", separator)
    try:
        ruler.measure(head[: head.rfind(b"\n") + 1] or head)
    except SourceError:
        return False
    return ruler.fields is not None and ruler.fields > 1


def check_lines(file: str, separator: str, stopped: Callable[[], bool]) -> None:
    """Raise SourceError for the first line of a CSV file that is too short or too long, unless stopped before."""
    ruler = Ruler(file, separator)
    with Path(file).open("rb") as raw:
        for block in blocks(plain(Ahead(raw, file), file), quoted=True):
            if stopped():
                return
            ruler.measure(block)
