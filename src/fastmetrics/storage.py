"""Counts to Arrow tables and Parquet files, and back; the format is specified in ARCHITECTURE.md."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from fastmetrics.counts import WINDOW, Counts, Layout, added
from fastmetrics.errors import SourceError, listed
from fastmetrics.families import KINDS
from fastmetrics.notes import from_json, notes_of, to_json
from fastmetrics.schema import Family, repeated
from fastmetrics.windows import Windows

__all__ = ["FORMAT", "from_arrow", "read", "to_arrow", "write"]

FORMAT = 1
KEY = b"fastmetrics"
WIDE = {"Int128": pl.Int128, "UInt128": pl.UInt128}  # which Arrow has no type for: stored as text


def described(counts: Counts, family: Family) -> dict[str, Any]:
    """The metadata of the table of one family."""
    layout, table = counts.layout, counts.tables[family.name]
    windows = layout.windows
    return {
        "format": FORMAT,
        "families": [member.name for member in layout.families],
        "family": {"kind": family.kind, "arguments": dict(family.arguments), "identity": family.identity},
        "keys": list(layout.keys),
        "categories": {
            key: dtype.categories.to_list()
            for key, dtype in table.schema.items()
            if isinstance(dtype, pl.Enum) and key in layout.key_columns(family)
        },
        "wide": {key: str(dtype) for key, dtype in table.schema.items() if str(dtype) in WIDE},
        "windows": None if windows is None else vars(windows),
        "weighted": layout.weighted,
        "grouping_sets": layout.grouping_sets,
        "merges": layout.merges(family),
        "how": {**counts.how, "notes": to_json(notes_of(counts.how))},
    }


def to_arrow(counts: Counts) -> pa.Table | dict[str, pa.Table]:
    """The table of the only family, or a dict of tables by family name; all that is needed to go on is in them."""
    tables = {}
    for family in counts.layout.families:
        frame = counts.tables[family.name]
        text = {
            name: pl.String for name, dtype in frame.schema.items() if isinstance(dtype, pl.Enum) or str(dtype) in WIDE
        }
        table = frame.cast(text).to_arrow()  # type: ignore[arg-type]
        metadata = {KEY: json.dumps(described(counts, family), default=str).encode()}
        tables[family.name] = table.replace_schema_metadata(metadata)
    return tables if len(tables) > 1 else next(iter(tables.values()))


def from_arrow(tables: pa.Table | Mapping[str, pa.Table], families: Iterable[Family] = ()) -> Counts:
    """Counts from the tables that `to_arrow` gave, or another engine merged; rows may come in any order and twice.

    Parameters
    ----------
    tables
        A pyarrow Table, or a mapping of family name to Table.
    families
        Families of your own making that the tables hold.

    Raises
    ------
    SourceError
        A table without our metadata, of a newer format, of an unknown kind of family, or with a column missing.
    """
    given = list(tables.values()) if isinstance(tables, Mapping) else [tables]
    known = {family.name: family for family in families}
    metadata = [metadata_of(table) for table in given]
    if not metadata:
        raise SourceError("no tables were given; Counts hold at least one")
    check_one_counts(metadata)
    missing = set(metadata[0]["families"]) - {about["family"]["identity"]["name"] for about in metadata}
    if missing:
        raise SourceError(
            f"these Counts hold {listed(metadata[0]['families'])}; the table of {listed(missing)} is missing"
        )
    members = tuple(family_of(about, known) for about in metadata)
    layout = layout_of(metadata[0], members)
    frames = {}
    for table, about, family in zip(given, metadata, members, strict=True):
        frames[family.name] = added([frame_of(table, about, layout, family)], layout, family)
    order = sorted(members, key=lambda family: metadata[0]["families"].index(family.name))
    how = {**metadata[0]["how"], "notes": from_json(metadata[0]["how"].get("notes", ()))}
    return Counts(layout_of(metadata[0], tuple(order)), {f.name: frames[f.name] for f in order}, how)


def check_one_counts(metadata: Sequence[Mapping[str, Any]]) -> None:
    """Refuse tables that are not the tables of one Counts."""
    held = [about["family"]["identity"]["name"] for about in metadata]
    twice = repeated(held)
    if twice is not None:
        raise SourceError(f"two tables hold the family {twice!r}: read each Counts apart, and add them")
    for about in metadata[1:]:
        for what in ("families", "keys", "windows", "weighted", "grouping_sets"):
            if about[what] != metadata[0][what]:
                raise SourceError(
                    f"these tables are not of one Counts: their {what} are {metadata[0][what]} and {about[what]}"
                )


def metadata_of(table: pa.Table) -> dict[str, Any]:
    raw = (table.schema.metadata or {}).get(KEY)
    if raw is None:
        raise SourceError("this table holds no Counts: the metadata 'fastmetrics' is missing from its schema")
    about: dict[str, Any] = json.loads(raw)
    if about["format"] > FORMAT:
        raise SourceError(
            f"these Counts have format {about['format']}; this version reads up to {FORMAT}: upgrade fastmetrics"
        )
    return about


def family_of(about: Mapping[str, Any], known: Mapping[str, Family]) -> Family:
    """The family that a table belongs to, made again from its arguments."""
    described = about["family"]
    name, kind = described["identity"]["name"], described["kind"]
    if name in known:
        return known[name]
    if kind not in KINDS:
        raise SourceError(
            f"these Counts hold a family of kind {kind!r}, which is not built in; give it with families=[...]"
        )
    return KINDS[kind](**described["arguments"])


def layout_of(about: Mapping[str, Any], families: tuple[Family, ...]) -> Layout:
    sets = about["grouping_sets"]
    return Layout(
        families=families,
        keys=tuple(about["keys"]),
        windows=None if about["windows"] is None else Windows(**about["windows"]),
        weighted=about["weighted"],
        grouping_sets=None if sets is None else tuple(tuple(wanted) for wanted in sets),
    )


def frame_of(table: pa.Table, about: Mapping[str, Any], layout: Layout, family: Family) -> pl.DataFrame:
    columns = [*layout.key_columns(family), *layout.merges(family)]
    absent = [column for column in columns if column not in table.column_names]
    if absent:
        raise SourceError(f"the table of family {family.name!r} lacks {listed(absent)}")
    enums = {key: pl.Enum(categories) for key, categories in about["categories"].items()}
    wide = {key: WIDE[name] for key, name in about["wide"].items()}
    counts = {column: pl.Int64 if column in family.states else pl.Float64 for column in layout.merges(family)}
    frame = pl.DataFrame(table).select(columns).cast({**enums, **wide, **counts})  # type: ignore[dict-item]
    return frame if layout.windows is None else frame.with_columns(in_zone(frame[WINDOW], layout.windows))


def in_zone(starts: pl.Series, windows: Windows) -> pl.Series:
    """Window starts in the zone of the windows; another engine may have given them in its own, or in none (UTC)."""
    zone = starts.dtype.time_zone if isinstance(starts.dtype, pl.Datetime) else None
    known = starts.dt.replace_time_zone("UTC") if zone is None else starts
    return known.dt.cast_time_unit("us").dt.convert_time_zone(windows.time_zone)


def write(counts: Counts, path: str | Path) -> None:
    """Write Counts to a Parquet file, or to a folder with one file a family where there are several.

    What stands at ``path`` is replaced only once everything is written.

    >>> import fastmetrics as fm, tempfile, pathlib
    >>> counts = fm.count({"label": [1, 0], "pred": [1, 1]}, fm.binary("label", "pred"))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     counts.write(pathlib.Path(folder, "counts.parquet"))
    ...     fm.read_counts(pathlib.Path(folder, "counts.parquet")) == counts
    True
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    tables = to_arrow(counts)
    private = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    draft = private / "draft"  # with the permissions of an ordinary folder
    draft.mkdir()
    try:
        if isinstance(tables, dict):
            for name, table in tables.items():
                pq.write_table(table, draft / f"{name}.parquet", compression="zstd")
            replace_folder(draft, path)
        else:
            pq.write_table(tables, draft / "counts.parquet", compression="zstd")
            if path.is_dir():
                raise SourceError(f"{path} is a folder; one family is written to a file")
            (draft / "counts.parquet").replace(path)
    finally:
        shutil.rmtree(private, ignore_errors=True)


def replace_folder(draft: Path, path: Path) -> None:
    """Put a finished folder in the place of another one of Counts, or where there was none."""
    if path.exists():
        strangers = [file for file in path.iterdir() if not holds_counts(file)] if path.is_dir() else [path]
        if strangers:
            raise SourceError(f"{strangers[0]} is in the way: several families are written to a folder of their own")
        old = draft.with_name("old")
        path.rename(old)
        try:
            draft.rename(path)
        except OSError:
            old.rename(path)
            raise
    else:
        draft.rename(path)


def holds_counts(file: Path) -> bool:
    """Whether a file is one that `write` wrote."""
    try:
        return KEY in (pq.read_schema(file).metadata or {})
    except (pa.ArrowException, OSError):
        return False


def read(path: str | Path, families: Iterable[Family] = ()) -> Counts:
    """Counts that `write` wrote; see `fastmetrics.read_counts`."""
    path = Path(path)
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not files or not files[0].exists():
        raise SourceError(f"no Counts at {path}")
    tables = {}
    for file in files:
        try:
            tables[file.stem] = pq.read_table(file)
            metadata_of(tables[file.stem])
        except (pa.ArrowException, OSError, SourceError) as error:
            raise SourceError(f"{file} cannot be read: {str(error).splitlines()[0]}") from error
    return from_arrow(tables, families)
