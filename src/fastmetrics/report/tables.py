"""Frames for people: a table that fits a terminal, and says what it left out."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace
from io import StringIO

import polars as pl
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fastmetrics.errors import listed
from fastmetrics.report.keys import key_texts
from fastmetrics.wording import printable, readable

__all__ = ["facts", "table"]

GAP = 2
ELLIPSIS = "…"
SHORTEST = (16, 8)  # what a key is shortened to: before metrics are hidden, and after
LONGEST_CELL = 200
COVERAGE = ("answer_rate", "label_coverage")


@dataclass(frozen=True)
class Shown:
    """A column as it is shown: its header in lines, its cells with and without their bounds, and what it is."""

    name: str
    header: tuple[str, ...]
    cells: tuple[str, ...]
    bare: tuple[str, ...]
    right: bool
    key: bool
    cuttable: bool

    @property
    def width(self) -> int:
        """How wide it is."""
        return max(map(cell_len, (*self.header, *self.cells)))

    def folded(self) -> Shown:
        """The column with a long header broken at its underscores."""
        room = max((*map(cell_len, self.cells), *map(cell_len, parts(self.name))))
        lines = [""]
        for part in parts(self.name):
            if cell_len(lines[-1] + part) > room:
                lines.append("")
            lines[-1] += part
        return replace(self, header=tuple(line for line in lines if line))

    def shortened(self, width: int) -> Shown:
        """The column with cells cut to a width."""
        width = max(width, *map(cell_len, self.header))
        cut = lambda cell: cell if cell_len(cell) <= width else set_cell_size(cell, width - 1) + ELLIPSIS  # noqa: E731
        return replace(self, cells=tuple(map(cut, self.cells)))


def parts(name: str) -> list[str]:
    """``label_``, ``coverage``."""
    pieces = name.split("_")
    return [*(f"{piece}_" for piece in pieces[:-1]), pieces[-1]]


def table(
    frame: pl.DataFrame, keys: Sequence[str] = (), *, width: int | None = None, rows: int | None = None, color: bool
) -> str:
    """A frame as text: numbers to the right with 4 digits, an interval beside its value, ``-`` for null.

    Parameters
    ----------
    keys
        The columns that name a row: they are never hidden, and their numbers are shown as they are.
    width
        Of the terminal: long headers are folded, then keys are shortened and columns hidden until the table fits.
        Without it the table is as wide as it needs to be.
    rows
        Show no more than so many.
    color
        Whether to style the header.

    >>> f1 = pl.DataFrame({"model": ["a", "b"], "n": [12345, 7], "f1": [0.5, None]})
    >>> print(table(f1, ["model"], color=False), end="")
    model       n      f1
    ─────────────────────
    a      12,345  0.5000
    b           7       -
    """
    top = frame if rows is None else frame.head(rows)
    columns, notes = fitted(shown(top, keys), width)
    more = len(frame) - len(top)
    if more:
        notes.insert(0, f"{more:,} more row{'s' if more > 1 else ''}")
    zones = {dtype.time_zone or "UTC" for dtype in frame.schema.values() if isinstance(dtype, pl.Datetime)}
    body = drawn(columns, color)
    if notes:
        note = f"{'; '.join(notes)}: see all with --out FILE, or with --format table | less -S"
        body += f"{textwrap.fill(note, width or 10_000)}\n"
    return body + (f"times in {listed(sorted(zones))}\n" if zones else "")


def drawn(columns: Sequence[Shown], color: bool) -> str:
    """The columns side by side; by hand, as a table for a pipe may have a million rows."""
    rule = "─" * total_width(columns)
    tall = max(len(column.header) for column in columns)
    heads = zip(
        *(padded(column, ("",) * (tall - len(column.header)) + column.header) for column in columns), strict=True
    )
    body = zip(*(padded(column, column.cells) for column in columns), strict=True)
    bold = "\033[1m{}\033[0m" if color else "{}"
    lines = [*(bold.format(line(cells)) for cells in heads), rule, *map(line, body)]
    return "".join(f"{text}\n" for text in lines)


def padded(column: Shown, cells: Sequence[str]) -> list[str]:
    """Cells as wide as their column, in columns of the terminal."""
    width = column.width
    fills = (" " * (width - cell_len(cell)) for cell in cells)
    return [fill + cell if column.right else cell + fill for cell, fill in zip(cells, fills, strict=True)]


def line(cells: Sequence[str]) -> str:
    return (" " * GAP).join(cells).rstrip()


def total_width(columns: Sequence[Shown]) -> int:
    return sum(column.width for column in columns) + GAP * (len(columns) - 1)


def shown(frame: pl.DataFrame, keys: Sequence[str]) -> list[Shown]:
    """Every column but those that stand beside another: bounds beside their value, window_end with its start."""
    columns, values = [], {*frame.columns} - {*keys}
    for name, dtype in frame.schema.items():
        key = name in keys
        if (name == "window_end" and "window_start" in frame.columns) or (not key and beside(name, values)):
            continue
        cells = bare = texts(frame[name], key)
        if not key and beside(f"{name}_low", values):
            low, high = (texts(frame[f"{name}_{side}"]) for side in ("low", "high"))
            cells = [with_bounds(*three) for three in zip(aligned(cells), low, high, strict=True)]
        if not key and f"{name}_error" in values:
            cells = [f"{cell} ± {error}" for cell, error in zip(cells, texts(frame[f"{name}_error"]), strict=True)]
        cuttable = key and not dtype.is_numeric() and not dtype.is_temporal()
        header = readable(name)
        columns.append(Shown(header, (header,), tuple(cells), tuple(bare), dtype.is_numeric(), key, cuttable))
    return columns


def beside(name: str, names: Set[str]) -> bool:
    """Whether a column is shown within another: it is one of both bounds of a value, or its error."""
    value = name.removesuffix("_error").removesuffix("_low").removesuffix("_high")
    return value in names - {name} and (name.endswith("_error") or {f"{value}_low", f"{value}_high"} <= names)


def aligned(cells: Sequence[str]) -> list[str]:
    width = max(map(cell_len, cells), default=0)
    return [cell.rjust(width) for cell in cells]


def with_bounds(cell: str, low: str, high: str) -> str:
    """``0.8123 [0.7712, 0.8432]``; the room is kept where there is no interval, so that values stay in line."""
    bounds = f"[{low}, {high}]"
    return f"{cell} {bounds}" if (low, high) != ("-", "-") else f"{cell} {'':<16}"


def texts(values: pl.Series, key: bool = False) -> list[str]:
    """The cells of a column; the numbers of a key are names."""
    if key or not values.dtype.is_numeric():
        return key_texts(values, LONGEST_CELL, null="-")
    return ["-" if value is None else number(value) for value in values.to_list()]


def number(value: float) -> str:
    """A count whole; four digits after the point, less for large numbers, a power of ten for tiny ones."""
    if isinstance(value, int):
        return f"{value:,}"
    size = abs(value)
    if not math.isfinite(value) or size == 0 or 0.0001 <= size < 1000:
        return f"{value:.4f}"
    return f"{value:,.1f}" if 1000 <= size < 1e15 else f"{value:.1e}"


def fitted(columns: list[Shown], width: int | None) -> tuple[list[Shown], list[str]]:
    """The columns that fit a width, and what was done for it."""
    if width is None or total_width(columns) <= width:
        return columns, []
    columns = [column.folded() for column in columns]
    hidden: list[str] = []

    def hide(may: Callable[[Shown], bool]) -> None:
        while total_width(columns) > width and (spare := [column for column in columns if may(column)]):
            columns.remove(spare[-1])
            hidden.insert(0, spare[-1].name)

    hide(lambda column: column.name in COVERAGE and not column.key)
    columns[:], cut = narrowed(columns, width, SHORTEST[0])
    first = next((column.name for column in columns if not column.key and column.name != "n"), "")
    hide(lambda column: not column.key and column.name not in ("n", first))
    columns[:], more = narrowed(columns, width, SHORTEST[1])
    if total_width(columns) > width and any(column.cells != column.bare for column in columns if not column.key):
        columns = [column if column.key else replace(column, cells=column.bare) for column in columns]
        hidden.append("intervals")
    notes = [f"{listed(hidden)} hidden"] if hidden else []
    return columns, notes + (["long keys shortened"] if cut or more else [])


def narrowed(columns: Sequence[Shown], width: int, least: int) -> tuple[list[Shown], bool]:
    """Keys of text cut, the longest first, down to a least width each."""
    columns = list(columns)
    cut = False
    while (over := total_width(columns) - width) > 0:
        long = max(
            (c for c in columns if c.cuttable and c.shortened(least).width < c.width),
            key=lambda c: c.width,
            default=None,
        )
        if long is None:
            break
        columns[columns.index(long)] = long.shortened(max(long.width - over, least))
        cut = True
    return columns, cut


def facts(lines: Sequence[tuple[str, str]], *, width: int | None = None, color: bool) -> str:
    """Names and what is known of them, one below the other; long texts are wrapped.

    >>> print(facts([("rows", "12,345"), ("model", "2 (a, b)")], color=False), end="")
    rows   12,345
    model  2 (a, b)
    """
    grid = Table(box=None, show_header=False, pad_edge=False, padding=(0, GAP, 0, 0))
    grid.add_column(no_wrap=True, style="bold")
    grid.add_column(overflow="fold")
    for name, value in lines:
        grid.add_row(Text(printable(name)), Text(printable(value)))
    into = StringIO()
    wide = 10_000 if width is None else width
    Console(file=into, width=wide, force_terminal=color, highlight=False, legacy_windows=False).print(grid)
    return "".join(f"{line.rstrip()}\n" for line in into.getvalue().splitlines())
