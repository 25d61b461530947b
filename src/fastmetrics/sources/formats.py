"""The one table of file formats, and of the tables that are folders."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from fastmetrics.contract.columns import expression
from fastmetrics.errors import SchemaError, SourceError, unknown
from fastmetrics.guard import FOREIGN, first_line
from fastmetrics.sources import arrow_files
from fastmetrics.sources.addresses import File, exact, is_local, literal
from fastmetrics.sources.arrow import TWICE
from fastmetrics.sources.lines import check_lines
from fastmetrics.sources.source import failure
from fastmetrics.sources.text import Text

__all__ = [
    "FORMATS",
    "STRANGE",
    "TABLES",
    "Format",
    "Many",
    "Table",
    "format_of",
    "named_format",
    "suffixes",
    "widened",
]

Many = Callable[[list[str], bool, dict[str, pl.DataType] | None], pl.LazyFrame]


def widened(one: pl.DataType, other: pl.DataType) -> pl.DataType | None:
    """What two columns of text are both read as: numbers may be whole in one file and not in the other."""
    try:
        same = one == other
    except RecursionError:  # nested deeper than Python compares, and than anyone reads
        return None
    if same or other == pl.Null:
        return one
    if one == pl.Null:
        return other
    return pl.Float64() if one.is_numeric() and other.is_numeric() else None


# What Polars says of a header with a name twice and with the name that it gives the second.
TAKEN = re.compile("column name ('.*') failed; the name ('.*') also exists", re.DOTALL)


@dataclass(frozen=True)
class Format:
    """A format of files: its names, how one file is opened, and what is known of it before it is read.

    ``schema`` opens a file to see its columns; ``scan`` reads one as columns of these dtypes; ``text`` says that the
    dtypes are a guess from the first rows; ``separator`` that its lines can be too short or too long; ``unfit`` says
    why columns that ``schema`` has as Object cannot be read; ``height`` counts the rows of files where that takes no
    reading; ``many`` scans many files at once, with hive columns of dtypes that may be known.
    """

    name: str
    suffixes: tuple[str, ...]
    schema: Callable[[File], pl.Schema]
    scan: Callable[[File, pl.Schema], pl.LazyFrame]
    text: bool = False
    separator: str | None = None
    unfit: str = "has a type that Polars does not know, or the name of another column; cast or rename it first"
    height: Callable[[Sequence[str]], int | None] = lambda files: None
    many: Many | None = None

    def common(self, one: pl.DataType, other: pl.DataType) -> pl.DataType | None:
        """What the columns of two files are both read as: of text numbers may be wider, and nulls are of any dtype."""
        if self.text:
            return widened(one, other)
        return other if one == pl.Null else one

    def fits(self, got: pl.DataType, expected: pl.DataType) -> bool:
        """Whether a column of a file can be read as those of the other files."""
        return self.common(expected, got) == expected if self.text else got in (expected, pl.Null)

    def read_schema(self, file: File, name: str) -> pl.Schema:
        """The columns of a file.

        Raises
        ------
        SourceError
            It cannot be read.
        """
        try:
            return self.schema(file)
        except SourceError as error:
            if name in str(error):
                raise
            raise SourceError(f"{name} cannot be read as {self.name}: {error}") from None
        except FOREIGN as error:
            if isinstance(file, str) and is_local(file) and Path(file).is_file():
                if not Path(file).stat().st_size:
                    raise SourceError(f"{name} is empty: 0 bytes are no {self.name}") from error
                self.measure(file)
            if (taken := TAKEN.search(str(error))) is not None:
                raise SourceError(
                    f"{name}: the header has the column {taken[1]} twice, and {taken[2]}, as Polars calls the second; "
                    "rename one of them"
                ) from error
            raise SourceError(f"{name} cannot be read as {self.name}: {first_line(error)}") from error

    def measure(self, file: str, stopped: Callable[[], bool] = lambda: False) -> None:
        """Raise SourceError for the first line of a local file with too few or too many fields."""
        if self.separator is not None:
            check_lines(file, self.separator, stopped)

    def misread(self, file: File, schema: pl.Schema, columns: Iterable[str]) -> str | None:
        """The column of a text file whose values are not all of the dtype that the first of them have."""
        for column in columns if self.text else ():
            as_text = pl.Schema({**schema, column: pl.String()})
            if failure(self.scan(file, schema).select(expression(column))) and not failure(
                self.scan(file, as_text).select(expression(column))
            ):
                return column
        return None

    def read_error(self, name: str, schema: pl.Schema, column: str | None, error: BaseException) -> SourceError:
        """The error about a file that broke off, or about the column at fault."""
        if column is None:
            return SourceError(f"{name} cannot be read as {self.name}: {first_line(error)}")
        return SourceError(
            f"{name}: column {column!r} holds {schema[column]} in the first rows, but not in all: {first_line(error)}; "
            f"to read it as another dtype, scan with Polars and schema_overrides={{{column!r}: ...}}, and count that"
        )


# Text


def compressed(*endings: str) -> tuple[str, ...]:
    return tuple(ending + packed for ending in endings for packed in ("", ".gz", ".zst", ".bz2"))


def of_text(name: str, endings: tuple[str, ...], text: Text) -> Format:
    scan = text.schema, text.scan
    return Format(name, compressed(*endings), *scan, text=True, separator=text.separator, unfit=TWICE)


# Binary

# What Polars says of a column of a type that it does not know, and of several columns of one name.
STRANGE = (pl.exceptions.PanicException, pl.exceptions.DuplicateError)


def parquet_schema(file: File) -> pl.Schema:
    try:
        return int96_schema(file) or pl.Schema(pl.read_parquet_schema(exact(file)))
    except STRANGE:
        if is_remote(file):
            raise
        return arrow_files.parquet_schema(file)


def int96_schema(file: File) -> pl.Schema | None:
    """The columns of a local file that has times of 96 bits, those as microseconds; None of another one.

    Unless it is told so Polars takes them for nanoseconds, and gives the nearest instant of 1677 to 2262.
    """
    if is_remote(file):
        return None
    try:
        schema = pl.Schema(pl.read_parquet_schema(exact(file)))
    except FOREIGN:
        return None  # who opens it says what is wrong
    if pl.Datetime("ns") not in schema.values() or not (of_96_bits := arrow_files.int96_columns(file)):
        return None
    return pl.Schema({name: pl.Datetime("us") if name in of_96_bits else dtype for name, dtype in schema.items()})


def scan_parquet(file: File, schema: pl.Schema) -> pl.LazyFrame:
    lazy = pl.scan_parquet(exact(file), schema=int96_schema(file))
    try:
        lazy.collect_schema()
    except STRANGE:
        if is_remote(file):
            raise
        return arrow_files.scan_parquet(file)
    return lazy


def scan_parquets(files: list[str], hive: bool, dtypes: dict[str, pl.DataType] | None) -> pl.LazyFrame:
    return pl.scan_parquet(
        [literal(file) for file in files],
        schema=int96_schema(files[0]),
        hive_partitioning=hive,
        hive_schema=dtypes,
        extra_columns="ignore",
    )


def parquet_height(files: Sequence[str]) -> int | None:
    """The rows of all files by their footers."""
    try:
        return int(
            pl.scan_parquet([literal(file) for file in files], extra_columns="ignore").select(pl.len()).collect().item()
        )
    except FOREIGN:
        return None  # the scan itself will say what is wrong


def arrow_schema(file: File) -> pl.Schema:
    if is_remote(file):
        return pl.scan_ipc(exact(file)).collect_schema()  # pl.read_ipc_schema takes no address of an object store
    return arrow_files.arrow_schema(file)


def scan_arrow(file: File, schema: pl.Schema) -> pl.LazyFrame:
    return pl.scan_ipc(exact(file)) if is_remote(file) else arrow_files.scan_arrow(file)


def is_remote(file: File) -> bool:
    return isinstance(file, str) and not is_local(file)


def arrow_height(files: Sequence[str]) -> int | None:
    """The rows of all files by the headers of their batches; None where one is a stream, or cannot be read."""
    try:
        heights = [arrow_files.arrow_height(file) if is_local(file) else remote_height(file) for file in files]
    except FOREIGN:
        return None
    known = [height for height in heights if height is not None]
    return sum(known) if len(known) == len(heights) else None


def remote_height(file: str) -> int:
    return int(pl.scan_ipc(exact(file)).select(pl.len()).collect().item())


FORMATS = (
    Format("Parquet", (".parquet", ".pq"), parquet_schema, scan_parquet, height=parquet_height, many=scan_parquets),
    of_text("CSV", (".csv",), Text(partial(pl.scan_csv, separator=","), ",")),
    of_text("TSV", (".tsv",), Text(partial(pl.scan_csv, separator="\t"), "\t")),
    of_text("NDJSON", (".ndjson", ".jsonl"), Text(pl.scan_ndjson)),
    Format("Arrow", (".arrow", ".ipc", ".feather"), arrow_schema, scan_arrow, height=arrow_height),
)


def suffixes() -> list[str]:
    """The endings of files that can be read, those of compressed ones aside."""
    return [ending for row in FORMATS for ending in row.suffixes if ending.count(".") == 1]


def named_format(name: object) -> Format:
    """The format that `format=` names, in capitals or not."""
    names = {row.name.lower(): row for row in FORMATS}
    if not isinstance(name, str) or name.lower() not in names:
        raise SchemaError("format=: " + unknown("format", name, [row.name for row in FORMATS]))
    return names[name.lower()]


def format_of(path: str) -> Format | None:
    """The format of a file by its name."""
    name = path.lower().partition("?")[0] if "://" in path else path.lower()
    return next((row for row in FORMATS if name.endswith(row.suffixes)), None)


# Tables in folders


@dataclass(frozen=True)
class Table:
    """A table that keeps a log of its own files: what marks a folder as one, what opens it, its extra."""

    name: str
    marks: str
    scan: Callable[[Any], pl.LazyFrame]
    extra: str

    def at(self, path: str) -> bool:
        """Whether a path leads to such a table."""
        named = path.endswith("metadata.json") and self.marks.endswith("metadata.json")
        return named or (is_local(path) and any(Path(path).glob(self.marks)))


def newest_metadata(folder: Path) -> Path:
    """The metadata file of the last commit: the one that a catalog of files points at, else the highest number."""
    hint = folder / "version-hint.text"
    pointed = folder / f"v{hint.read_text().strip()}.metadata.json" if hint.is_file() else None
    if pointed is not None and pointed.is_file():
        return pointed

    def number(file: Path) -> tuple[int, str]:
        digits = re.match(r"v?(\d+)", file.name)
        return (int(digits[1]) if digits else -1), file.name

    return max(folder.glob("*.metadata.json"), key=number)


def scan_iceberg(table: Any) -> pl.LazyFrame:
    if isinstance(table, str) and not table.endswith(".json"):
        table = str(newest_metadata(Path(table, "metadata")).absolute())
    return pl.scan_iceberg(table)


TABLES = (
    Table("Delta", "_delta_log/*.json", lambda table: pl.scan_delta(table), "delta"),
    Table("Iceberg", "metadata/*.metadata.json", scan_iceberg, "iceberg"),
)
