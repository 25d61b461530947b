"""Parquet files with a digest: what a disk or a network changed in them is found before anything is read.

The digest lies between the pages and the footer, where the offsets of Parquet lead no reader. It is of all other bytes
of the file. Files without one, which other engines write, are read as they are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from fastmetrics.errors import SourceError

__all__ = ["check_gap", "check_seal", "seal"]

MARK = b"fastmetrics.sha256:"
SEAL = len(MARK) + hashlib.sha256().digest_size
DAMAGED = "its checksum does not match: the file is damaged; restore it from a copy, or count again"
WRITER = "parquet-cpp-arrow"
TAIL = 8  # the length of the footer, and "PAR1"


def seal(tables: Sequence[pa.Table]) -> bytes:
    """One Parquet file of tables of one schema, each in row groups of its own."""
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, tables[0].schema, compression="zstd") as writer:
        for table in tables:
            writer.write_table(table)
    raw = memoryview(sink.getvalue())
    at = footer_start(raw)
    return b"".join([raw[:at], MARK, digest(raw[:at], raw[at:]), raw[at:]])


def check_seal(raw: memoryview) -> None:
    """Check a file as bytes; what has no digest is only checked to be complete.

    Raises
    ------
    SourceError
        It is no complete Parquet file, or its bytes do not have its digest.
    """
    if len(raw) < len(MARK) + TAIL or bytes(raw[-4:]) != b"PAR1" or not 0 <= footer_start(raw) <= len(raw):
        raise SourceError("it is no complete Parquet file: it was cut off, or is of another format")
    at = footer_start(raw)
    start = max(at - SEAL, 0)
    marked = raw[start : start + len(MARK)] == MARK
    if marked and digest(raw[:start], raw[at:]) != raw[start + len(MARK) : at]:
        raise SourceError(DAMAGED)


def check_gap(raw: memoryview, metadata: pq.FileMetaData) -> None:
    """Refuse a file whose digest is damaged so far that it looks like none: what lies in its place is as long.

    Only files of our own writer are judged, which puts nothing else between the pages and the footer.
    """
    groups = map(metadata.row_group, range(metadata.num_row_groups))
    chunks = [group.column(column) for group in groups for column in range(metadata.num_columns)]
    if not metadata.created_by.startswith(WRITER) or any(chunk.has_offset_index for chunk in chunks):
        return
    end = max((first_page(chunk) + chunk.total_compressed_size for chunk in chunks), default=len(b"PAR1"))
    at = footer_start(raw)
    if at - end == SEAL and raw[end : end + len(MARK)] != MARK:
        raise SourceError(DAMAGED)


def first_page(chunk: pq.ColumnChunkMetaData) -> int:
    """Where the pages of a column chunk begin."""
    pages = (chunk.dictionary_page_offset, chunk.data_page_offset)
    return min(int(page) for page in pages if page is not None)


def footer_start(raw: memoryview) -> int:
    """Where the footer begins."""
    return len(raw) - TAIL - int.from_bytes(raw[-TAIL:-4], "little")


def digest(*parts: memoryview) -> bytes:
    known = hashlib.sha256()
    for part in parts:
        known.update(part)
    return known.digest()
