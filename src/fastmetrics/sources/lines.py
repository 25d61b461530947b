"""Lines of text in blocks: where a block may be cut, and which lines of a CSV are too short or too long.

Polars reads a short line as if it ended in nulls and, where the last columns are not asked for, a long one without a
word; a log that was cut off would so be counted with rows nobody wrote. 1 GB a second and core is what looking costs.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastmetrics.errors import SourceError
from fastmetrics.sources.ahead import Ahead, plain

__all__ = ["BOM", "Ruler", "blocks", "check_lines", "rectangular", "tables"]

BLOCK_BYTES = 1 << 20
HEAD_BYTES = 1 << 26
BOM = b"\xef\xbb\xbf"
NEWLINE, RETURN, QUOTE = b'\n\r"'


def outside(block: NDArray[np.uint8]) -> NDArray[np.bool_] | None:
    """Which bytes stand outside of quotes, as Polars sees it: each quote opens or closes. None is all of them."""
    quotes = block == QUOTE
    return ~np.logical_xor.accumulate(quotes) if quotes.any() else None


def blocks(stream: Any, *, quoted: bool, size: int = BLOCK_BYTES) -> Iterator[bytes]:
    """A stream of bytes in blocks of whole lines; a line break inside of quotes is none where text is quoted."""
    rest = b""
    while more := stream.read(size):
        rest += more
        cut = rest.rfind(b"\n") + 1
        if quoted and b'"' in rest:
            block = np.frombuffer(rest, np.uint8)
            free = outside(block)
            ends = np.flatnonzero((block == NEWLINE) if free is None else (block == NEWLINE) & free)
            cut = int(ends[-1]) + 1 if len(ends) else 0
        if cut:
            yield rest[:cut]
            rest = rest[cut:]
    if rest:
        yield rest


def tables(stream: Any, separator: str | None, size: int, rows: int = 0) -> Iterator[bytes]:
    """A stream of text in blocks that are each a table of its own: those of a CSV begin with its header.

    The first has at least ``rows`` lines, or `HEAD_BYTES`.
    """
    head, header = b"", None
    for block in blocks(stream, quoted=separator is not None, size=size):
        if header is not None:
            yield header + block
            continue
        head += block
        if head.count(b"\n") >= rows or len(head) >= HEAD_BYTES:
            header = b"" if separator is None else header_of(head)
            yield head
    if header is None and head:
        yield head


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
        marked = (given == NEWLINE) | (given == self.separator)
        if (free := outside(given)) is not None:
            marked &= free
        marks = np.flatnonzero(marked)
        ends = np.flatnonzero(given[marks] == NEWLINE)
        fields = np.diff(ends, prepend=-1)
        if self.fields is None:
            header = self.find_header(given, marks[ends])
            if header is None:
                self.lines += len(fields)
                return
            self.header = block[: marks[ends][header] + 1]
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
