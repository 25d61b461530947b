"""The format of bytes by how they begin, where no name tells it."""

from __future__ import annotations

import json
from pathlib import Path

from fastmetrics.errors import SourceError
from fastmetrics.sources.formats import FORMATS, Format
from fastmetrics.sources.lines import BOM, HEAD_BYTES, WIDE, check_text, rectangular
from fastmetrics.sources.peek import Ahead, plain

__all__ = ["sniff", "sniff_file"]

BY_NAME = {row.name: row for row in FORMATS}
MAGIC = ((b"PAR1", "Parquet"), (b"ARROW1", "Arrow"), (b"\xff\xff\xff\xff", "Arrow"))
NOT_READ = (
    (b"\xfd7zXZ\0", "compressed by xz; gzip, zstd and bzip2 are read"),
    (b"\x04\x22\x4d\x18", "compressed by lz4; gzip, zstd and bzip2 are read"),
    (b"PK\x03\x04", "a zip archive"),
    (b"ORC", "ORC"),
    (b"Obj\x01", "Avro"),
    (b"PARE", "encrypted Parquet"),
)


def sniff(head: bytes) -> Format:
    """The format of bytes by how they begin: text is NDJSON after a brace, TSV with a tab in its header, else CSV.

    Raises
    ------
    SourceError
        With what they are instead.
    """
    for magic, name in MAGIC:
        if head.startswith(magic):
            return BY_NAME[name]
    for magic, what in NOT_READ:
        if head.startswith(magic):
            raise SourceError(what)
    if b"\0" in head and not head.startswith(WIDE):
        raise SourceError("neither text nor a known binary format")
    check_text(head)
    start = head.removeprefix(BOM).lstrip()
    if start.startswith(b"["):
        raise SourceError("a JSON array; NDJSON is needed, one object a line")
    line, whole, _ = start.partition(b"\n")
    if line.startswith(b"{"):
        if whole and not is_object(line):
            raise SourceError("JSON over several lines; NDJSON is needed, one object a line")
        return BY_NAME["NDJSON"]
    return BY_NAME["TSV" if b"\t" in line else "CSV"]


def is_object(line: bytes) -> bool:
    """Whether a line is a JSON object, as far as that can be told; Polars judges what Python's limits stop at."""
    try:
        return isinstance(json.loads(line), dict)
    except RecursionError:
        return True
    except ValueError:
        return False


def sniff_file(file: str) -> Format:
    """The format of a local file by how it begins; text without a header of two or more fields is refused.

    Raises
    ------
    SourceError
        With what is in it instead.
    """
    try:
        with Path(file).open("rb") as raw:
            head = plain(Ahead(raw, "it"), "it").peek(HEAD_BYTES)
    except OSError as error:
        raise SourceError(f"it cannot be read: {error.strerror}") from error
    if not head:
        raise SourceError("it is empty")
    kind = sniff(head)
    if kind.separator is not None and not rectangular(head, kind.separator):
        raise SourceError("text without the header of a CSV or TSV")
    return kind
