"""Streams of bytes that cannot be rewound: looking ahead, and taking off compression."""

from __future__ import annotations

import io
from typing import Any

from fastmetrics.errors import SourceError
from fastmetrics.guard import first_line

__all__ = ["Ahead", "is_compressed", "plain"]

COMPRESSED = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"BZh", "bz2"))


class Ahead(io.RawIOBase):
    """A stream of bytes whose first can be looked at before they are read; the stream below stays open."""

    def __init__(self, stream: Any, name: str = "") -> None:
        self.stream = stream
        self.seen = b""
        self.read_bytes = 0
        self.called = name

    def readable(self) -> bool:
        return True

    def peek(self, size: int) -> bytes:
        """The first bytes, as many as there are up to ``size``."""
        while len(self.seen) < size and (more := self.pull(size - len(self.seen))):
            self.seen += more
        return self.seen[:size]

    def readinto(self, buffer: Any) -> int:
        data = self.peek(len(buffer))
        self.seen = self.seen[len(data) :]
        self.read_bytes += len(data)
        buffer[: len(data)] = data
        return len(data)

    def tell(self) -> int:
        """How many bytes were read."""
        return self.read_bytes

    def pull(self, size: int) -> bytes:
        try:
            return bytes(self.stream.read(size))
        except SourceError:
            raise  # of a stream below this one
        except (OSError, ValueError) as error:  # what pyarrow finds wrong with compressed bytes is one or the other
            raise SourceError(f"{self.called} cannot be read: {first_line(error)}") from error


def is_compressed(head: bytes) -> bool:
    """Whether bytes that begin so are compressed in a way that `plain` takes off."""
    return head.startswith(tuple(magic for magic, _ in COMPRESSED))


def plain(stream: Ahead, name: str) -> Ahead:
    """The stream without gzip, zstd or bzip2 around it."""
    head = stream.peek(4)
    for magic, compression in COMPRESSED:
        if head.startswith(magic):
            import pyarrow as pa

            return Ahead(pa.CompressedInputStream(pa.PythonFile(stream, mode="r"), compression), name)
    return stream
