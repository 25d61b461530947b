"""Paths, globs, folders and addresses of object stores: which files they mean, and one query over all of them."""

from __future__ import annotations

import glob
import os
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import partial, reduce
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import polars as pl

from fastmetrics.errors import SourceError, listed, unknown
from fastmetrics.sources.batches import Frames
from fastmetrics.sources.formats import TABLES, Format, Many, Table, format_of, suffixes, widened
from fastmetrics.sources.guard import FOREIGN, first_line
from fastmetrics.sources.opened import Parts, Selection, Source, from_lazy

__all__ = ["are_paths", "from_paths", "from_table", "missing"]

SCHEMES = ("s3", "s3a", "gs", "gcs", "az", "azure", "adl", "abfs", "abfss", "hf", "http", "https", "file")


def are_paths(data: Any) -> bool:
    return isinstance(data, (str, Path)) or (
        isinstance(data, (list, tuple)) and all(isinstance(path, (str, Path)) for path in data)
    )


def from_paths(paths: Any, skip_unreadable: bool = False) -> Source:
    """Files, globs and folders of one format, with hive columns where the paths have them; or one table in a folder."""
    given = [str(path) for path in ([paths] if isinstance(paths, (str, Path)) else paths)]
    given = [str(Path(path).expanduser()) if path.startswith("~/") or path == "~" else path for path in given]
    if not given:
        raise SourceError("an empty list of paths was given; name at least one file, folder or glob")
    if "" in given:
        raise SourceError("an empty path was given; the folder at hand is '.'")
    for path in given:
        if (table := next((table for table in TABLES if table.at(path)), None)) is not None:
            if len(given) > 1:
                raise SourceError(
                    f"{path} is a {table.name} table, which is read alone; count it apart and add the Counts"
                )
            return from_table(table, path, path)
    files = [file for path in given for file in expanded(path)]
    name = given[0] if len(given) == 1 else f"{given[0]} and {len(given) - 1} more"
    kind = one_format(files)
    schemas: dict[str, pl.Schema] = {}
    unreadable = {}
    for file in files if skip_unreadable or kind.text else files[:1]:
        try:
            schemas[file] = kind.opened(file, file)
        except SourceError as error:
            if not skip_unreadable:
                raise
            unreadable[file] = str(error)
    left = tuple(file for file in files if file not in unreadable)
    if not left:
        raise SourceError(f"none of {len(unreadable)} files can be read: {next(iter(unreadable.values()))}")
    schema = reduce(joined, schemas.values()) if kind.text else next(iter(schemas.values()))
    source = Files(kind, name, left, schema, schemas).source()
    return replace(source, unreadable=tuple(unreadable.items()))


def joined(schema: pl.Schema, other: pl.Schema) -> pl.Schema:
    """The columns of the first file, of dtypes that hold both; where there is none `Files.check` will object."""
    return pl.Schema(
        {name: (widened(dtype, other[name]) or dtype) if name in other else dtype for name, dtype in schema.items()}
    )


@dataclass(frozen=True)
class Files:
    """Files of one format as one input: ``schema`` is that of all of them, ``schemas`` those known of each."""

    kind: Format
    name: str
    paths: tuple[str, ...]
    schema: pl.Schema
    schemas: Mapping[str, pl.Schema] = field(default_factory=dict)

    def source(self) -> Source:
        source = from_lazy(self.name, self.union() if self.kind.many is None else self.native(self.kind.many))
        whole = replace(self, schema=source.schema)
        source = replace(
            source,
            files=self.paths,
            parts=Parts(whole.alone, whole.check),
            height=lambda: self.kind.height(self.paths),
        )
        return replace(source, batches=partial(whole.explained, source)) if self.kind.text else source

    def alone(self, file: str) -> Source:
        """One of the files; columns that come from the path, or whose dtype is a guess, are as in all files."""
        return replace(self, name=file, paths=(file,)).source()

    def check(self, file: str, columns: Iterable[str]) -> None:
        """Compare one file with all, where the columns do not come from its path."""
        schema, hive = self.schemas.get(file) or self.kind.opened(file, file), hive_values(file)
        for column in columns:
            if column in hive:
                continue
            if column not in schema:
                raise SourceError(f"{file}: " + unknown("column", column, schema.names()))
            if not self.kind.fits(schema[column], self.schema[column]):
                raise SourceError(
                    f"{file}: column {column!r} holds {schema[column]}, but {self.schema[column]} in the files before "
                    "it; cast one of them, or scan the files apart and add the Counts"
                )

    def native(self, many: Many) -> pl.LazyFrame:
        """One scan of all files; hive columns are those of the first path, of the dtypes of all files if known."""
        hive = hive_values(self.paths[0])
        known = {column: self.schema[column] for column in hive if column in self.schema}
        return many(list(self.paths), bool(hive), known or None)

    def union(self) -> pl.LazyFrame:
        """A scan of each file one after the other, with the columns that they share with the first."""
        hive = hive_columns(self.paths, self.schema)
        lazies = []
        for place, file in enumerate(self.paths):
            constants = hive.row(place, named=True) if hive.width else {}
            known = self.schemas.get(file) or self.kind.opened(file, file)
            shared = [
                name for name, dtype in self.schema.items() if name in known and self.kind.fits(known[name], dtype)
            ]
            values = [pl.lit(value, hive.schema[name]).alias(name) for name, value in constants.items()]
            lazies.append(self.kind.scan(file, self.schema).select(shared).with_columns(values))
        return pl.concat(lazies, how="diagonal") if len(lazies) > 1 else lazies[0]

    def explained(self, source: Source, selection: Selection) -> Frames:
        """The batches of text files, whose lines are measured meanwhile; errors with file and column."""
        assert source.lazy is not None
        stop = threading.Event()
        local = [] if self.kind.separator is None else [file for file in self.paths if "://" not in file]
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
            raise self.kind.said(file, self.schema, column, error) from error
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)


def hive_values(file: str) -> dict[str, str | None]:
    """The columns that the folders of a path name: ``day=2024-01-01``."""
    pairs = (part.partition("=") for part in Path(file).parts[:-1] if "=" in part)
    return {name: None if value == "__HIVE_DEFAULT_PARTITION__" else unquote(value) for name, _, value in pairs}


def hive_columns(files: Iterable[str], schema: pl.Schema) -> pl.DataFrame:
    """The columns that come from paths, a row a file, of the dtypes in ``schema`` or whole numbers, dates or text."""
    values = [hive_values(file) for file in files]
    names = [name for name in values[0] if all(name in others for others in values)]
    if not names:
        return pl.DataFrame()
    text = pl.DataFrame({name: pl.Series([each[name] for each in values], dtype=pl.String) for name in names})
    known = {name: schema[name] for name in names if name in schema}
    raw = StringIO(text.write_csv(quote_style="non_numeric"))
    return pl.read_csv(raw, schema_overrides=known, try_parse_dates=True, infer_schema_length=None)


def from_table(table: Table, name: str, path: Any) -> Source:
    """A Delta or Iceberg table, of its last version."""
    try:
        lazy = table.scan(path)
        lazy.collect_schema()
    except ImportError as error:
        raise SourceError(
            f"{name} is a {table.name} table; to read it, run: pip install 'fastmetrics[{table.extra}]'"
        ) from error
    except Exception as error:  # each library has errors of its own
        raise SourceError(f"{name} cannot be read as a {table.name} table: {first_line(error)}") from error
    return from_lazy(name, lazy)


def one_format(files: Iterable[str]) -> Format:
    """The format of all files."""
    first: dict[str, str] = {}
    kinds = {}
    for file in files:
        kind = format_of(file)
        if kind is None:
            raise SourceError(f"{file} is not of a known format; it should end in {listed(suffixes())}{hint(file)}")
        kinds[kind.name] = kind
        first.setdefault(kind.name, file)
    if len(kinds) > 1:
        found = listed(f"{name} ({Path(file).name})" for name, file in first.items())
        raise SourceError(f"files of several formats were given: {found}; count each format apart and add the Counts")
    return next(iter(kinds.values()))


def hint(path: str) -> str:
    """What to give instead of a folder in an object store, which is not looked into."""
    if "://" not in path or Path(path).suffix:
        return ""
    return f"; name the files ({path.rstrip('/')}/**/*.parquet), or pass pl.scan_delta(...) or pl.scan_iceberg(...)"


def missing(path: str) -> SourceError:
    """The error about a path that leads nowhere, with the nearest name beside it; endings alike say nothing."""
    if Path(path).is_symlink():
        return SourceError(f"{path} is a link that leads nowhere")
    name, beside = Path(path).name, [file.name for file in Path(path).parent.glob("*")]
    near = [other for other in get_close_matches(name, beside) if get_close_matches(stem(name), [stem(other)])]
    return SourceError(f"no such file or folder: {path}" + "".join(f"; did you mean {other!r}?" for other in near[:1]))


def stem(name: str) -> str:
    return name.partition(".")[0]


def expanded(path: str) -> list[str]:
    """The files behind one path, in order."""
    if "://" in path:
        scheme = path.partition("://")[0]
        if scheme not in SCHEMES:
            raise SourceError(f"{path}: " + unknown("scheme", scheme, SCHEMES))
        return [path]
    if Path(path).is_dir():
        return in_folder(path)
    if glob.has_magic(path) and not Path(path).exists():
        found = sorted(glob.glob(path, recursive=True))
        files = [file for one in found for file in (in_folder(one) if Path(one).is_dir() else [one])]
        if not files:
            raise SourceError(f"no file matches {path}")
        return files
    if not Path(path).exists():
        raise missing(path)
    return [path]


def in_folder(folder: str) -> list[str]:
    """The files of a known format in a folder and those below it; what begins with a dot or _ is not data."""
    inside = sorted(Path(folder).rglob("*"))
    for path in inside:
        if (table := next((table for table in TABLES if path.match(table.marks)), None)) is not None:
            raise SourceError(
                f"folder {folder} holds a {table.name} table, which is read alone: {path.parent.parent}; "
                "count it by that path"
            )
    data = [path for path in inside if not any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)]
    for path in (Path(folder), *data):
        if path.is_dir() and not os.access(path, os.R_OK | os.X_OK):
            raise SourceError(f"you may not read the folder {path}")  # which looks empty to a walk through it
    files = [str(path) for path in data if format_of(path.name) is not None]
    if not files:
        raise SourceError(f"folder {folder} holds no file that ends in {listed(suffixes())}")
    return files
