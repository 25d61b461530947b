"""Tables from files and other engines, checked column by column and made tables of cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import polars as pl
import pyarrow as pa

from fastmetrics.contract.family import Family
from fastmetrics.errors import SourceError, listed
from fastmetrics.guard import guarded
from fastmetrics.state.layout import GROUPING, WINDOW, Layout, grouping_name
from fastmetrics.state.merging import merge_tables
from fastmetrics.state.metadata import Description
from fastmetrics.windows import Windows

__all__ = ["as_polars", "canonical_table"]


def canonical_table(frame: pl.DataFrame, about: Description, layout: Layout, family: Family) -> pl.DataFrame:
    """The canonical table of a family from rows of another origin, which may come in any order and twice.

    Raises
    ------
    SourceError
        Cells that are null, or not whole where they count rows, keys that hold something else than was written, groups
        that cannot be.
    """
    names = about.names_of(family)
    frame = pl.DataFrame({column: frame[name] for column, name in names.items()})
    dtypes = {column: about.dtypes.get(name) for column, name in names.items()}
    if layout.windows is not None:
        dtypes[WINDOW] = layout.windows.dtype
    keys = [key_of(frame[key], dtypes[key], family) for key in layout.key_columns(family)]
    cells = [
        integers(frame[column], family)
        if dtype == pl.Int64
        else floats(frame[column], cell.merge, family, overflow_is_null=about.format == 1)
        for cell in family.cells
        for column, dtype in cell.columns(layout.weighted).items()
    ]
    ready = pl.DataFrame({column.name: column for column in (*keys, *cells)})
    check_groups(ready, layout, family)
    return merge_tables([ready], layout, family)


def as_polars(table: pa.Table, wanted: Sequence[str], of: str) -> pl.DataFrame:
    """Some columns of an Arrow table as a frame; SourceError where they are absent, twice there or damaged.

    Buffers are validated first, as Polars reads them unchecked and would end the process.
    """
    with guarded(f"the table of {of} cannot be read"):
        present = Counter(table.column_names)
        absent = [column for column in wanted if column not in present]
        if absent:
            raise SourceError(f"the table of {of} lacks {listed(absent)}")
        twice = [column for column in wanted if present[column] > 1]
        if twice:
            raise SourceError(f"the table of {of} has {listed(map(repr, twice))} twice")
        chosen = pa.table([table[column] for column in wanted], names=list(wanted))
        chosen.validate(full=True)
        frame = pl.DataFrame(chosen)
        frame.columns = list(wanted)  # Polars gives a column without a name another
        return frame


def integers(column: pl.Series, family: Family) -> pl.Series:
    """A column of cells that count: whole numbers, none of them null."""
    name, dtype = column.name, column.dtype
    if not (dtype.is_integer() or dtype.is_float() or isinstance(dtype, pl.Decimal)):
        raise SourceError(f"cell {name!r} of family {family.name!r} holds {dtype}; whole numbers are needed")
    check_no_null(column, family)
    whole = column.cast(pl.Int64, strict=False)
    if dtype != pl.Int64 and (whole.is_null() | (whole.cast(dtype, strict=False) != column)).any():
        raise SourceError(f"cell {name!r} of family {family.name!r} holds {dtype} that are no whole numbers of 64 bits")
    return whole


def floats(column: pl.Series, merge: str, family: Family, overflow_is_null: bool) -> pl.Series:
    """A column of sums of floats or of extremes: NaN is a sum that overflowed, null an extreme of no value."""
    if not (column.dtype.is_numeric() or column.dtype == pl.Null):
        raise SourceError(f"cell {column.name!r} of family {family.name!r} holds {column.dtype}; numbers are needed")
    values = column.cast(pl.Float64)
    if merge == "sum" and overflow_is_null:
        return values.fill_null(float("nan"))
    if merge == "sum":
        check_no_null(column, family)
    elif values.is_nan().any():
        raise SourceError(f"cell {column.name!r} of family {family.name!r} is NaN; the {merge} of no value is null")
    return values


def check_no_null(column: pl.Series, family: Family) -> None:
    if column.null_count():
        raise SourceError(
            f"cell {column.name!r} of family {family.name!r} is null in {column.null_count():,} of {len(column):,} "
            "rows; where there is nothing to add up the cell is 0"
        )


def key_of(column: pl.Series, dtype: pl.DataType | None, family: Family) -> pl.Series:
    """A key as Counts hold it: of the dtype that was written, or of a wider one that its engine merged it into."""
    if column.dtype.is_nested() or column.dtype == pl.Object:
        raise SourceError(f"key {column.name!r} of family {family.name!r} holds {column.dtype}, which cannot be a key")
    if isinstance(column.dtype, pl.Categorical):
        column = column.cast(pl.String)
    if dtype is not None and not keeps_dtype(column, dtype):
        column = restore_dtype(column, dtype, family)
    return column.fill_nan(None) + 0.0 if column.dtype.is_float() else column  # NaN is null, and -0.0 is 0.0


def keeps_dtype(column: pl.Series, dtype: pl.DataType) -> bool:
    """Whether a key may keep its dtype: other widths of a number do, and values where all were null."""
    have = column.dtype
    if dtype == pl.Null:
        return column.null_count() < len(column)
    return have == dtype or (have.is_integer() and dtype.is_integer()) or (have.is_float() and dtype.is_float())


def restore_dtype(column: pl.Series, dtype: pl.DataType, family: Family) -> pl.Series:
    """Cast a key back to the dtype that was written; SourceError where that would change a value."""
    try:
        if isinstance(dtype, pl.Datetime) and isinstance(column.dtype, pl.Datetime):
            return in_zone(column, dtype)
        if may_be_restored(column, dtype):
            cast = column.cast(dtype)
            if (cast.cast(column.dtype) == column).all():
                return cast
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        pass
    raise SourceError(
        f"key {column.name!r} of family {family.name!r} holds {column.dtype} with values that the metadata's "
        f"{dtype} does not have; merge such Counts with + instead"
    )


def may_be_restored(column: pl.Series, dtype: pl.DataType) -> bool:
    """Whether a key of this dtype was another: text that had no type of its own in Arrow, and what engines make of
    durations and of nothing.
    """
    have = column.dtype
    text = have == pl.String and (isinstance(dtype, pl.Enum) or dtype in (pl.Int128, pl.UInt128))
    return (
        text
        or have.base_type() == dtype.base_type()
        or (have.is_integer() and isinstance(dtype, pl.Duration))
        or column.null_count() == len(column)
    )


def in_zone(times: pl.Series, dtype: pl.Datetime) -> pl.Series:
    """Times in their zone; another engine may have given them in its own, or in none (UTC)."""
    zone = times.dtype.time_zone if isinstance(times.dtype, pl.Datetime) else None
    known = times.dt.replace_time_zone("UTC") if zone is None else times
    known = known.dt.cast_time_unit(dtype.time_unit)
    return known.dt.convert_time_zone(dtype.time_zone) if dtype.time_zone else known.dt.replace_time_zone(None)


def check_groups(frame: pl.DataFrame, layout: Layout, family: Family) -> None:
    """Refuse groups that cannot exist: unknown bins or grouping sets, and starts of no window."""
    for key in family.inner:
        if key.range is not None and not frame[key.name].dtype.is_integer():
            raise SourceError(f"key {key.name!r} of family {family.name!r} holds {frame[key.name].dtype}, not numbers")
        if key.range is not None and not frame[key.name].is_between(*key.range).all():
            low, high = key.range
            raise SourceError(f"key {key.name!r} of family {family.name!r} is not within {low} and {high}")
    if layout.grouping_sets is not None:
        names = [grouping_name(wanted) for wanted in layout.grouping_sets]
        strange = frame.filter(~pl.col(GROUPING).is_in(names).fill_null(False))
        if len(strange):
            raise SourceError(f"{GROUPING} {strange[GROUPING][0]!r} is none of the grouping sets of these Counts")
    if layout.windows is not None:
        check_windows(frame[WINDOW], layout.windows)


def check_windows(starts: pl.Series, windows: Windows) -> None:
    """Refuse instants at which no window starts."""
    distinct = starts.drop_nulls().unique()
    at = distinct.to_physical().to_numpy()
    strange = distinct.filter(windows.start_of(at) != at)
    if len(strange):
        raise SourceError(f"{WINDOW} {strange[0]} is the start of no window of {windows.every} in {windows.time_zone}")
