"""Paths, globs, folders and addresses of object stores: which files they mean, and one query over all of them."""

from __future__ import annotations

import glob
import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from functools import partial, reduce
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import polars as pl

from fastmetrics.contract.columns import expressions
from fastmetrics.contract.uses import Uses
from fastmetrics.errors import SourceError, install, listed, unknown
from fastmetrics.guard import FOREIGN, first_line
from fastmetrics.slips import meant
from fastmetrics.sources.addresses import is_local
from fastmetrics.sources.batches import Frames
from fastmetrics.sources.changes import check_lengths, file_lengths
from fastmetrics.sources.formats import STRANGE, TABLES, Format, Many, Table, format_of, suffixes
from fastmetrics.sources.frames import Columns
from fastmetrics.sources.selection import Selection
from fastmetrics.sources.sniffing import sniff_file
from fastmetrics.sources.source import Parts, Source, from_lazy
from fastmetrics.sources.verbatim import Verbatim
from fastmetrics.wording import is_encodable

__all__ = ["are_paths", "from_paths", "from_table", "missing"]

MARKERS = ("*.crc", "*_$folder$")  # what Hadoop leaves beside files
SCHEMES = ("s3", "s3a", "gs", "gcs", "az", "azure", "adl", "abfs", "abfss", "hf", "http", "https")


def are_paths(data: Any) -> bool:
    return isinstance(data, (str, Path)) or (
        isinstance(data, (list, tuple)) and all(isinstance(path, (str, Path)) for path in data)
    )


def from_paths(
    paths: Any,
    columns: Columns = None,
    skip_unreadable: bool = False,
    named: Format | None = None,
    uses: Uses | None = None,
) -> Source:
    """Files, globs and folders of one format, with hive columns where the paths have them; or one table in a folder.

    ``columns`` are those that will be read, which decide which files cannot be; ``named`` is the format of all files,
    which their names and contents tell otherwise; ``uses`` is what is taken of the columns of a CSV.
    """
    given = [here(str(path)) for path in ([paths] if isinstance(paths, (str, Path)) else paths)]
    if not given:
        raise SourceError("an empty list of paths was given; name at least one file, folder or glob")
    if "" in given:
        raise SourceError("an empty path was given; use '.' for the current folder")
    for path in given:
        if (table := table_at(path)) is not None:
            if len(given) > 1:
                raise SourceError(
                    f"{path} is a {table.name} table, which is read alone; count it apart and add the Counts"
                )
            if named is not None:
                raise SourceError(
                    f"{path} is a {table.name} table, not files of {named.name}; count it without format="
                )
            return from_table(table, path, path)
    files = [file for path in given for file in expanded(path)]
    for file in files:
        if not is_encodable(file):
            raise SourceError(f"{file!r} is not UTF-8, and no reader opens such a path: rename the file")
    name = given[0] if len(given) == 1 else f"{given[0]} and {len(given) - 1} more"
    kinds, unreadable = formats_of(files, named)
    if unreadable and not (skip_unreadable and kinds):
        raise unknown_format(name, unreadable, len(files))
    kind = one_format(kinds)
    unreadable = {file: f"{file} is of no known format: {why}" for file, why in unreadable.items()}
    schemas: dict[str, pl.Schema] = {}
    for file in kinds if skip_unreadable or kind.text or all(map(is_local, files)) else files[:1]:
        try:
            schema = kind.read_schema(file, file)
            if skip_unreadable:
                check_readable(file, kind, schema, columns)
            schemas[file] = schema
        except SourceError as error:
            if not skip_unreadable:
                raise
            unreadable[file] = str(error)
    left = tuple(file for file in files if file not in unreadable)
    if not left:
        raise SourceError(f"none of {len(unreadable)} files can be read: {next(iter(unreadable.values()))}")
    schema = reduce(partial(joined, kind), schemas.values())
    verbatim = Verbatim()
    if kind.separator is not None:
        verbatim = Verbatim.of(schema, uses or Uses(), hive_columns(left, schema).schema)
    parsed = {file: verbatim.parsed(each) for file, each in schemas.items()}
    source = Files(kind, name, left, verbatim.parsed(schema), parsed, verbatim).source()
    return replace(source, unreadable=tuple(unreadable.items()))


def check_readable(file: str, kind: Format, schema: pl.Schema, columns: Columns) -> None:
    """Raise SourceError where a column that will be read of a file cannot be."""
    for name in schema if columns is None else columns:
        if schema.get(name) == pl.Object:
            raise SourceError(f"{file}: column {name!r} {kind.unfit}")


def here(path: str) -> str:
    """A path as the file system knows it: ``~`` is home, and ``file://`` an address of this machine."""
    if path.startswith("file:///"):
        return unquote(path.removeprefix("file://"))
    return str(Path(path).expanduser()) if path.startswith("~/") or path == "~" else path


def joined(kind: Format, schema: pl.Schema, other: pl.Schema) -> pl.Schema:
    """The columns of the first file, of dtypes that hold both; where there is none `Files.check` will object."""
    return pl.Schema(
        {name: (kind.common(dtype, other[name]) or dtype) if name in other else dtype for name, dtype in schema.items()}
    )


@dataclass(frozen=True)
class Files:
    """Files of one format as one input: ``schema`` is that of all of them, ``schemas`` those known of each.

    ``verbatim`` are columns that are parsed as text; the schemas are those of what is parsed.
    """

    kind: Format
    name: str
    paths: tuple[str, ...]
    schema: pl.Schema
    schemas: Mapping[str, pl.Schema] = field(default_factory=dict)
    verbatim: Verbatim = field(default_factory=Verbatim)

    def source(self) -> Source:
        parsed = self.opened()
        whole = replace(self, schema=parsed.schema)
        strange = {name: self.kind.unfit for name, dtype in self.schema.items() if dtype == pl.Object}
        source = replace(
            self.split(parsed),
            names=(*parsed.schema, *strange),
            unfit=strange,
            files=self.paths,
            parts=Parts(whole.alone, whole.check),
            height=lambda: self.kind.height(self.paths),
        )
        return replace(source, frames=partial(whole.read_unchanged, source))

    def opened(self) -> Source:
        """One scan of all files where Polars opens them all, else one of each."""
        if self.kind.many is None or self.nulls_alone():
            return from_lazy(self.name, self.union())
        try:
            return from_lazy(self.name, self.native(self.kind.many))
        except SourceError as error:
            if not isinstance(error.__cause__, STRANGE):
                raise
        return from_lazy(self.name, self.union())

    def nulls_alone(self) -> bool:
        """Whether a file has a column of nothing but nulls, without a dtype, of which another file has one."""
        typed = [name for name, dtype in self.schema.items() if dtype != pl.Null]
        return any(schema.get(name) == pl.Null for schema in self.schemas.values() for name in typed)

    def split(self, parsed: Source) -> Source:
        """What was parsed, with columns that are read as text and as what was guessed, too."""
        assert parsed.lazy is not None
        both = from_lazy(self.name, self.verbatim.split(parsed.lazy)) if self.verbatim.guessed else parsed
        return replace(both, texts=self.verbatim.names)

    def alone(self, file: str) -> Source:
        """One of the files; columns that come from the path, or whose dtype is a guess, are as in all files."""
        return replace(self, name=file, paths=(file,)).source()

    def check(self, file: str, columns: Iterable[str]) -> None:
        """Compare one file with all, where the columns do not come from its path."""
        schema, hive = self.schemas.get(file) or self.kind.read_schema(file, file), hive_values(file)
        for column in columns:
            if column in hive or column in self.verbatim.beside:
                continue
            if column not in schema:
                raise SourceError(f"{file}: " + unknown("column", column, schema.names()))
            if schema[column] == pl.Object:
                raise SourceError(f"{file}: column {column!r} {self.kind.unfit}")
            if not self.kind.fits(schema[column], self.schema[column]):
                raise SourceError(
                    f"{file}: column {column!r} holds {schema[column]}, but {self.schema[column]} in the files before "
                    "it; cast one of them, or scan the files apart and add the Counts"
                )

    def native(self, many: Many) -> pl.LazyFrame:
        """One scan of all files; hive columns are those of the first path, of the dtypes of all files if known."""
        hive = hive_values(self.paths[0])
        known = dict(hive_columns(self.paths, self.schema).schema) if hive else {}
        return many(list(self.paths), bool(hive), known or None)

    def union(self) -> pl.LazyFrame:
        """A scan of each file one after the other, with the columns that they share with the first."""
        hive = hive_columns(self.paths, self.schema)
        lazies = []
        for place, file in enumerate(self.paths):
            constants = hive.row(place, named=True) if hive.width else {}
            known = self.schemas.get(file) or self.kind.read_schema(file, file)
            shared = [
                name
                for name, dtype in self.schema.items()
                if name in known
                and dtype != pl.Object
                and self.kind.fits(known[name], dtype)
                and (self.kind.text or known[name] == dtype)
            ]
            values = [pl.lit(value, hive.schema[name]).alias(name) for name, value in constants.items()]
            lazies.append(self.kind.scan(file, self.schema).select(expressions(shared)).with_columns(values))
        return pl.concat(lazies, how="diagonal") if len(lazies) > 1 else lazies[0]

    def read_unchanged(self, source: Source, selection: Selection) -> Frames:
        """The batches; SourceError where a file became shorter meanwhile."""
        before = file_lengths(self.paths)
        try:
            yield from self.read_explained(source, selection) if self.kind.text else source.frames(selection)
        except FOREIGN:
            check_lengths(before)
            raise
        check_lengths(before)

    def read_explained(self, source: Source, selection: Selection) -> Frames:
        """The batches of text files, their lines measured meanwhile; errors name file and column."""
        assert source.lazy is not None
        stop = threading.Event()
        local = [] if self.kind.separator is None else [file for file in self.paths if is_local(file)]
        pool = ThreadPoolExecutor(max(1, min(len(local), os.cpu_count() or 1)))
        measured = [pool.submit(self.kind.measure, file, stop.is_set) for file in local]
        try:
            yield from selection.read(source.lazy)
            for each in measured:
                each.result()
        except pl.exceptions.InvalidOperationError:
            raise  # a value that an expression cannot take, which the scan looks for
        except FOREIGN as error:
            for each in measured:
                each.result()  # says the line, where it is one
            file = source.damaged_file(selection) or self.name
            wanted = [column for column in selection.needs() if column not in hive_values(file)]
            column = self.kind.misread(file, self.schema, wanted) if file in self.paths else None
            raise self.kind.read_error(file, self.schema, column, error) from error
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)


def hive_values(file: str) -> dict[str, str | None]:
    """The columns that the folders of a path name: ``day=2024-01-01``."""
    pairs = (part.partition("=") for part in Path(file).parts[:-1] if "=" in part)
    return {name: None if value == "__HIVE_DEFAULT_PARTITION__" else unquote(value) for name, _, value in pairs}


def hive_columns(files: Iterable[str], schema: pl.Schema) -> pl.DataFrame:
    """The columns that come from paths, a row a file, of the dtypes in ``schema`` or as `guessed`."""
    values = [hive_values(file) for file in files]
    names = [name for name in values[0] if all(name in others for others in values)]
    return pl.DataFrame(
        [guessed(pl.Series(name, [each[name] for each in values], pl.String), schema.get(name)) for name in names]
    )


def guessed(text: pl.Series, known: pl.DataType | None) -> pl.Series:
    """The values of a column in paths: numbers, Booleans, dates or times where all of them are written so, else text.

    As a number 007 would be 7, and 01-02-2024 would be a day in February.
    """
    raw = StringIO(text.to_frame().write_csv(quote_style="non_numeric"))
    overrides = None if known is None else {text.name: known}
    try:
        read = pl.read_csv(raw, schema_overrides=overrides, try_parse_dates=True, infer_schema_length=None).to_series()
    except pl.exceptions.ComputeError:
        if known is not None:
            raise
        return text  # of more digits than any dtype has
    return read if known is not None or written_so(read, text) else text


def written_so(read: pl.Series, text: pl.Series) -> bool:
    """Whether values are written as their dtype is; a time may have a T before its hour."""
    if read.dtype == pl.Time:
        return False  # of which Polars makes none of a path
    if read.dtype == pl.Datetime:
        return bool(read.dt.to_string("%Y-%m-%d %H:%M:%S").eq_missing(text.str.replace("T", " ", literal=True)).all())
    return bool(read.cast(pl.String).eq_missing(text).all())


def from_table(table: Table, name: str, path: Any) -> Source:
    """A Delta or Iceberg table, of its last version."""
    try:
        lazy = table.scan(path)
        lazy.collect_schema()
    except ImportError as error:
        raise SourceError(f"{name} is a {table.name} table, whose reader is missing: {install(table.extra)}") from error
    except FOREIGN as error:
        raise SourceError(f"{name} cannot be read as a {table.name} table: {first_line(error)}") from error
    return from_lazy(name, lazy)


def formats_of(files: Sequence[str], named: Format | None) -> tuple[dict[str, Format], dict[str, str]]:
    """The format of each file, and the contents of those of no known format."""
    kinds, unknown_files = {}, {}
    for file in files:
        try:
            kinds[file] = format_in(file) if named is None else named
        except SourceError as error:
            unknown_files[file] = str(error)
    return kinds, unknown_files


def format_in(file: str) -> Format:
    """The format of a file by its name, else by how it begins.

    Raises
    ------
    SourceError
        With what is in it instead.
    """
    if is_local(file) and not Path(file).is_file():
        raise SourceError("it is no regular file")
    if (kind := format_of(file)) is not None:
        return kind
    if not is_local(file):
        raise SourceError(f"its name does not tell, and remote files are not opened to find out{hint(file)}")
    return sniff_file(file)


def unknown_format(name: str, files: Mapping[str, str], number: int) -> SourceError:
    """The error about files that are of no known format, out of so many."""
    what = [f"{Path(file).name} ({why})" for file, why in files.items()]
    held = f"{name} is of no known format: {next(iter(files.values()))}"
    if number > 1:
        held = f"{name}: {len(files)} of {number} files are of no known format: {listed(what, limit=6)}"
    return SourceError(
        f"{held}; files that end in {listed(suffixes())} are known by name, for others say what all files are with "
        "format='CSV' or the like, or name the files to read"
    )


def one_format(kinds: Mapping[str, Format]) -> Format:
    """The format of all files."""
    first: dict[str, str] = {}
    for file, kind in kinds.items():
        first.setdefault(kind.name, file)
    if len(first) > 1:
        found = listed(f"{name} ({Path(file).name})" for name, file in first.items())
        raise SourceError(f"files of several formats were given: {found}; count each format apart and add the Counts")
    return next(iter(kinds.values()))


def hint(path: str) -> str:
    """What to give instead of a folder in an object store, which is not looked into."""
    if Path(path).suffix:
        return ""
    return f"; name the files ({path.rstrip('/')}/**/*.parquet), or pass pl.scan_delta(...) or pl.scan_iceberg(...)"


def missing(path: str) -> SourceError:
    """The error about a path that does not exist, with the name beside it that was meant, if that is clear."""
    if Path(path).is_symlink():
        return SourceError(f"{path} is a broken symlink")
    near = meant(Path(path).name, {file.name: file.name for file in Path(path).parent.glob("*")})
    return SourceError(f"no such file or folder: {path}" + ("" if near is None else f"; did you mean {near!r}?"))


def expanded(path: str) -> list[str]:
    """The files behind one path, in order."""
    if not is_local(path):
        scheme = path.partition("://")[0]
        if scheme not in SCHEMES:
            raise SourceError(f"{path}: " + unknown("scheme", scheme, SCHEMES))
        return [path]
    if Path(path).is_dir():
        return in_folder(path)
    if glob.has_magic(path) and not Path(path).exists():
        found = [one for one in sorted(glob.glob(path, recursive=True)) if not hidden_from(path, one)]
        folders = [one for one in found if Path(one).is_dir()]
        inside = {file for folder in folders for file in map(str, walked(Path(folder)))}  # ** matches both
        files = sorted(inside | {str(Path(one)) for one in found if one not in folders})
        if not files:
            raise SourceError(f"no file matches {path}")
        return files
    if not Path(path).exists():
        raise missing(path)
    return [path]


def hidden(name: str) -> bool:
    """Whether a file or folder of such a name is no data: hidden, or a marker of Hadoop."""
    return name.startswith((".", "_")) or any(fnmatch(name, marker) for marker in MARKERS)


def hidden_from(pattern: str, path: str) -> bool:
    """Whether a path is not data though a pattern matches it; names that the pattern spells out are."""
    asked = Path(pattern).parts
    spelled = {part[0] for part in asked if part.startswith((".", "_"))}
    fixed = next((place for place, part in enumerate(asked) if glob.has_magic(part)), len(asked))
    return any(hidden(name) and name[0] not in spelled for name in Path(path).parts[fixed:])


def in_folder(folder: str) -> list[str]:
    """The files of data in a folder and those below it."""
    files = [str(path) for path in walked(Path(folder))]
    if not files:
        raise SourceError(f"folder {folder} holds no file of data; one ends in {listed(suffixes())}")
    return files


def walked(folder: Path, above: frozenset[Path] = frozenset()) -> Iterator[Path]:
    """The files of data in a folder and those below it, in order; links are followed, but not back into a folder above.

    Raises
    ------
    SourceError
        For a folder that may not be read, which looks empty, and for a table below.
    """
    if not os.access(folder, os.R_OK | os.X_OK):
        raise SourceError(f"permission denied: cannot read the folder {folder}")
    if (table := table_at(str(folder))) is not None:
        raise SourceError(f"folder {folder} is a {table.name} table, which is read alone; count it by that path")
    above |= {folder.resolve()}
    for path in sorted(folder.iterdir()):
        if hidden(path.name):
            continue
        if not path.is_dir():
            yield path
        elif path.resolve() not in above:
            yield from walked(path, above)


def table_at(path: str) -> Table | None:
    """The kind of table that a path leads to."""
    return next((table for table in TABLES if table.at(path)), None)
