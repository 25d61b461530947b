"""Frames for machines: CSV, JSON and Parquet, as bytes or as a file that appears whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import polars as pl

from fastmetrics.atomic import check_place, replace_file
from fastmetrics.contract.columns import expression
from fastmetrics.errors import SourceError, unknown

__all__ = ["FORMATS", "SUFFIXES", "checked_target", "encoded", "format_of", "plain", "write"]

# What a spreadsheet would run as a formula at the start of a cell (OWASP, "CSV Injection"), full-width forms included.
FORMULA = r"^([=+\-@\t\r\n＝＋－＠])"


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with dtypes that every text format can hold: times as ISO 8601 text, bytes as hexadecimal."""
    return frame.with_columns(plain_column(name, dtype) for name, dtype in frame.schema.items())


def plain_column(name: str, dtype: pl.DataType) -> pl.Expr:
    column = expression(name)
    if isinstance(dtype, pl.Datetime):
        return column.dt.to_string("%Y-%m-%dT%H:%M:%S%.f" + ("%:z" if dtype.time_zone else ""))
    if dtype.is_temporal():
        return column.dt.to_string("iso")
    if isinstance(dtype, (pl.Categorical, pl.Enum)):
        return column.cast(pl.String)
    if dtype == pl.Binary:
        return column.bin.encode("hex")
    return column


def escape_formulas(text: pl.Expr) -> pl.Expr:
    """Text that no spreadsheet takes for a formula: an apostrophe goes before what looks like the start of one."""
    return text.str.replace(FORMULA, "'${1}")


def csv(frame: pl.DataFrame) -> bytes:
    """CSV with a header; text cells and names that would start a formula get a leading apostrophe, numbers do not."""
    safe = plain(frame)
    safe = safe.with_columns(escape_formulas(pl.col(pl.String)))
    names = pl.DataFrame({"name": safe.columns}, schema={"name": pl.String}).select(escape_formulas(pl.col("name")))
    header = names.transpose().write_csv(include_header=False)  # on its own, as two names may be disarmed to one
    return (header + safe.write_csv(include_header=False)).encode()


def ndjson(frame: pl.DataFrame) -> bytes:
    """One JSON object a line; what is not a finite number is null."""
    finite = plain(frame).with_columns(
        pl.when(pl.col(pl.Float32, pl.Float64).is_finite()).then(pl.col(pl.Float32, pl.Float64))
    )
    return finite.write_ndjson().encode()


def json(frame: pl.DataFrame) -> bytes:
    """A JSON array of the objects of `ndjson`, one a line."""
    return b"[" + b",\n".join(ndjson(frame).splitlines()) + b"]\n"


def parquet(frame: pl.DataFrame) -> bytes:
    """A Parquet file."""
    into = BytesIO()
    frame.write_parquet(into)
    return into.getvalue()


FORMATS: dict[str, Callable[[pl.DataFrame], bytes]] = {"csv": csv, "json": json, "ndjson": ndjson, "parquet": parquet}
SUFFIXES = {
    ".csv": "csv",
    ".json": "json",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".parquet": "parquet",
    ".pq": "parquet",
}


def format_of(path: str | Path) -> str:
    """The format that a suffix stands for.

    >>> format_of("metrics.csv")
    'csv'
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise SourceError(f"{path}: " + unknown("suffix", suffix, SUFFIXES))
    return SUFFIXES[suffix]


def encoded(frame: pl.DataFrame, form: str) -> bytes:
    r"""A frame in a format of `FORMATS`.

    >>> encoded(pl.DataFrame({"model": ["=1+1"], "f1": [0.5]}), "csv")
    b"model,f1\n'=1+1,0.5\n"
    """
    return FORMATS[form](frame)


def checked_target(path: str | Path) -> Path:
    """The file that a result may be moved to.

    Raises
    ------
    SourceError
        A folder that does not exist or may not be written to, something else than a file in the way, or a link that
        leads in a circle.
    """
    check_place(Path(path))
    target = Path(os.path.realpath(path))  # a link stays one: what it points to is replaced
    if target.is_symlink():
        raise SourceError(f"cannot write {path}: it is a broken symlink")
    if not target.parent.is_dir():
        raise SourceError(f"cannot write {path}: there is no folder {Path(path).parent}; make it first")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise SourceError(f"cannot write {path}: you may not write to the folder {target.parent}")
    return target


def write(frame: pl.DataFrame, path: str | Path, form: str | None = None) -> None:
    r"""Write a frame to a file, in the format of its suffix unless another is named.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(pl.DataFrame({"f1": [0.5]}), Path(folder, "metrics.json"))
    ...     Path(folder, "metrics.json").read_text()
    '[{"f1":0.5}]\n'
    """
    target = checked_target(path)
    replace_file(target, encoded(frame, form or format_of(path)))
