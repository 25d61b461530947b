"""How Counts show themselves: a few lines in a terminal, the same above a table in a notebook."""

from __future__ import annotations

from html import escape

import polars as pl

from fastmetrics.errors import listed
from fastmetrics.notes import notes_of
from fastmetrics.report.keys import clock_text, key_texts
from fastmetrics.state.layout import WINDOW
from fastmetrics.state.provenance import is_difference
from fastmetrics.state.state import State
from fastmetrics.wording import printable, readable

__all__ = ["html", "summary"]

FEW = 5  # values of a key that are shown


def lines(counts: State) -> list[tuple[str, str]]:
    """What a reader wants to know first, as (name, text)."""
    layout = counts.layout
    facts = [("rows", f"{counts.rows:,}")]
    for family in layout.families:
        inner = f" by {listed(family.inner_names)}" if family.inner else ""
        height = len(counts.tables[family.name])
        facts.append((readable(family.name), f"{height:,} table rows{inner}, {len(family.cells)} cells"))
    first = counts.tables[layout.families[0].name]
    facts.extend((readable(key), distinct(first, key)) for key in layout.keys)
    if layout.windows is not None:
        facts.append(("window", windows(counts)))
    if layout.grouping_sets is not None:
        facts.append(("grouping sets", listed([f"({', '.join(wanted)})" for wanted in layout.grouping_sets])))
    if layout.weighted:
        facts.append(("weighted", "yes"))
    if is_difference(counts.how):
        facts.append(("difference", "yes: to be added to other Counts, not to be read alone"))
    facts.extend(("note", str(note)) for note in notes_of(counts.how))
    return facts


def distinct(table: pl.DataFrame, key: str) -> str:
    values = table[key].alias("").unique().sort(nulls_last=True)
    shown = key_texts(values.head(FEW), null="None")
    more = [f"... and {len(values) - FEW:,} more"] if len(values) > FEW else []
    return f"{len(values):,} ({', '.join(shown + more)})"


def windows(counts: State) -> str:
    layout = counts.layout
    assert layout.windows is not None
    starts = counts.tables[layout.families[0].name][WINDOW]
    known = clock_text(starts.drop_nulls().sort(), "%Y-%m-%d %H:%M")
    span = f", {known[0]} to {known[-1]}" if len(known) else ""
    offset = f" + {layout.windows.offset}" if layout.windows.offset else ""
    return f"{starts.n_unique():,} of {layout.windows.every}{offset} in {layout.windows.time_zone}{span}"


def summary(counts: State) -> str:
    """The facts, one a line."""
    facts = lines(counts)
    width = max(len(name) for name, _ in facts)
    return "\n".join(["Counts", *(f"  {name:<{width}}  {text}" for name, text in facts)])


def html(counts: State) -> str:
    """The facts and the first table, for a notebook."""
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in lines(counts))
    table: str = next(iter(counts.tables.values()))._repr_html_()
    return f"<table>{rows}</table>" + "\n".join(map(printable, table.split("\n")))
