"""An opened input: its name, its schema, its files if any, and its batches on demand."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from fastmetrics.contract.batches import Batches
from fastmetrics.contract.columns import expression, roots
from fastmetrics.errors import SchemaError, SourceError, unknown
from fastmetrics.guard import FOREIGN, guarded
from fastmetrics.sources.arrow import WIDEST_DECIMAL, unreadable_reason
from fastmetrics.sources.batches import Frames, streamed
from fastmetrics.sources.chunks import record_batches
from fastmetrics.sources.selection import Selection, arranged

__all__ = ["Parts", "Source", "from_frame", "from_frames", "from_lazy"]


@dataclass(frozen=True)
class Parts:
    """How the files of an input are looked at one by one: opened alone, and checked for the columns that are read."""

    alone: Callable[[str], Source]
    check: Callable[[str, Iterable[str]], None]


@dataclass(frozen=True)
class Source:
    """An opened input: its name for messages, its schema, its files if any, and its rows on demand, as ``frames``.

    ``height`` says how many rows there are where that is known without reading them; ``resident`` that they are in
    memory already. ``coded`` gives the rows as batches of encoded columns, or None where it cannot for a selection or
    has none. ``names`` are all columns where ``schema`` has those only that were asked for, and ``unfit`` says of
    some why they cannot be read. ``texts`` are the names under which the text of some columns is found. ``close`` lets
    go of what was opened.
    """

    name: str
    schema: pl.Schema
    frames: Callable[[Selection], Frames]
    head: Callable[[pl.Expr], pl.Series]
    files: tuple[str, ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()
    lazy: pl.LazyFrame | None = None
    height: Callable[[], int | None] = lambda: None
    coded: Callable[[Selection], Batches | None] = lambda _: None
    parts: Parts | None = None
    resident: bool = False
    names: tuple[str, ...] = ()
    unfit: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    close: Callable[[], None] = lambda: None

    @property
    def stream(self) -> bool:
        """Whether it can be read once only, a batch at a time."""
        return self.lazy is None

    def batches(self, selection: Selection) -> Batches:
        """The rows as a scan reads them: columns where they lie, encoded ones where the source has such."""
        coded = self.coded(selection)
        return in_chunks(self.frames(selection)) if coded is None else coded

    def only(self, file: str) -> Source:
        """The input with one of its files alone; columns that are not in the file itself keep their dtype."""
        return self if self.parts is None else self.parts.alone(file)

    def check(self, columns: Iterable[str]) -> None:
        """Refuse columns that do not exist, and files that lack one or hold it as something else."""
        columns = list(columns)
        for column in columns:
            if (why := self.unfit.get(column)) is not None:
                raise SourceError(f"{self.name}: column {column!r} {why}")
            if column not in self.schema:
                raise SchemaError(f"{self.name}: " + unknown("column", column, self.names or self.schema.names()))
            if is_unfit(self.schema[column]):
                raise SourceError(f"{self.name}: column {column!r} {unreadable_reason(str(self.schema[column]))}")
        if self.parts is not None and len(self.files) > 1:
            for file in self.files:
                self.parts.check(file, columns)

    def file_with(self, matching: pl.Expr, where: pl.Expr | None) -> str | None:
        """The first file that holds a matching row: where a value came from that stopped a scan."""
        kept = matching if where is None else where & matching
        return self.first_file(lambda lazy: lazy.filter(kept).head(1).collect().height > 0)

    def damaged_file(self, selection: Selection) -> str | None:
        """The first file that cannot be read to its end."""
        return self.first_file(lambda lazy: failure(selection.of(lazy)) is not None)

    def first_file(self, test: Callable[[pl.LazyFrame], bool]) -> str | None:
        """The first file that a test is true for, if the test can be made."""
        for file in self.files:
            try:
                lazy = self.only(file).lazy
                if lazy is not None and test(lazy):
                    return file
            except FOREIGN:
                continue
        return None


def in_chunks(frames: Frames) -> Batches:
    """Frames as record batches."""
    with contextlib.closing(frames):
        for frame in frames:
            yield from record_batches(frame)
            del frame  # or one more than needed would stay alive


def failure(query: pl.LazyFrame) -> BaseException | None:
    """What reading a query to its end runs into, if anything."""
    try:
        for _ in streamed(query):
            pass
    except FOREIGN as error:
        return error
    return None


def unnamed(frame: pl.DataFrame) -> pl.Series:
    """The one column of a frame without its name, by which many methods of a Series find it again, as a pattern."""
    return frame.to_series().alias("")


def from_lazy(name: str, lazy: pl.LazyFrame) -> Source:
    with guarded(f"{name} cannot be read"):
        schema = lazy.collect_schema()
    return Source(
        name,
        schema,
        lambda selection: selection.read(lazy),
        lambda column: unnamed(lazy.select(column).head(10_000).collect()),
        lazy=lazy,
    )


def from_frame(name: str, frame: pl.DataFrame) -> Source:
    """A frame in memory: columns taken as they are share its memory, computed ones stream."""
    lazy = frame.lazy()

    def rows(selection: Selection) -> Frames:
        if selection.where is None and selection.bare is not None:
            yield arranged(frame, selection.bare)
        else:
            yield from streamed(selection.of(lazy))

    head = lambda column: unnamed(frame.head(10_000).select(column))  # noqa: E731
    return Source(name, frame.schema, rows, head, lazy=lazy, height=lambda: frame.height, resident=True)


def is_unfit(dtype: pl.DataType) -> bool:
    """Whether Polars cannot take a column: Python objects, decimals too wide to count with, fields of one name."""
    if isinstance(dtype, pl.Struct):
        return len({field.name for field in dtype.fields}) < len(dtype.fields)
    return dtype == pl.Object or (isinstance(dtype, pl.Decimal) and dtype.precision > WIDEST_DECIMAL)


def from_frames(name: str, schema: pl.Schema, frames: Iterator[pl.DataFrame], **more: Any) -> Source:
    """A stream that is read once, one frame at a time; the first is kept to look at. ``more`` goes to `Source`."""
    ahead: list[pl.DataFrame] = []

    def rows(selection: Selection) -> Frames:
        needed = selection.needs()
        while (frame := ahead.pop() if ahead else next(frames, None)) is not None:
            yield selection.of(fitted(name, frame, schema, needed).lazy()).collect()

    def head(column: pl.Expr) -> pl.Series:
        if not ahead:
            ahead.extend(frame for frame in [next(frames, None)] if frame is not None)
        first = ahead[0] if ahead else pl.DataFrame(schema=schema)
        return unnamed(fitted(name, first, schema, roots(column) or ()).select(column))

    return Source(name, schema, rows, head, **more)


def fitted(name: str, frame: pl.DataFrame, schema: pl.Schema, needed: Iterable[str]) -> pl.DataFrame:
    """A frame of a stream if it is like those before it in the columns that are read; an empty column fits any."""
    for column in needed:
        if column not in frame.schema:
            raise SourceError(f"{name}, a later batch: " + unknown("column", column, frame.schema.names()))
        if frame.schema[column] == pl.Null and schema[column] != pl.Null:
            frame = frame.with_columns(expression(column).cast(schema[column]))
        if frame.schema[column] != schema[column]:
            raise SourceError(
                f"{name}: column {column!r} holds {frame.schema[column]} in a later batch, but {schema[column]} in "
                "the first; cast one of them"
            )
    return frame
