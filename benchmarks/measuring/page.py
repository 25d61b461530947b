"""RESULTS.md: a page of sections, each of which one program writes."""

from __future__ import annotations

import re
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

__all__ = ["RESULTS", "markdown", "now", "put_section", "wrapped"]

RESULTS = Path(__file__).parents[1] / "RESULTS.md"


def markdown(table: pl.DataFrame) -> str:
    with pl.Config(
        tbl_formatting="MARKDOWN",
        tbl_hide_column_data_types=True,
        tbl_hide_dataframe_shape=True,
        tbl_cell_numeric_alignment="RIGHT",
        tbl_rows=-1,
        tbl_cols=-1,
        tbl_width_chars=200,
        fmt_str_lengths=100,
        thousands_separator=True,
    ):
        return str(table)


def now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"


def wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(text, 120, subsequent_indent=indent, break_on_hyphens=False)


def put_section(text: str, path: Path = RESULTS) -> None:
    """Put a section into a page in the place of the one with the same heading, or at the end."""
    heading = text.partition("\n")[0]
    level = len(heading) - len(heading.lstrip("#"))
    page = path.read_text() if path.exists() else ""
    old = re.compile(rf"^{re.escape(heading)}\n.*?(?=^#{{1,{level}}} |\Z)", re.DOTALL | re.MULTILINE)
    new = text.rstrip() + "\n\n"
    found = old.search(page)
    whole = page[: found.start()] + new + page[found.end() :] if found else page.rstrip() + "\n\n" + new
    path.write_text(whole.lstrip().rstrip() + "\n")
