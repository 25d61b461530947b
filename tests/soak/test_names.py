"""Names in large: texts of random characters, as values, columns and classes, through what people and programs read."""

from __future__ import annotations

import json
import random
from typing import Any

import polars as pl

import fastmetrics as fm
from fastmetrics.report.files import encoded
from fastmetrics.report.tables import table
from fastmetrics.wording import printable, readable

TEXTS, COLUMNS = 200_000, 2_000
# Where characters that do something are: controls, marks of direction, blanks, surrogates, tags, private use, the rest.
RANGES = ((0, 0x100), (0x2000, 0x2070), (0xFE00, 0xFE10), (0xFFF0, 0x10000), (0xE0000, 0xE0200), (0x20, 0x110000))


def text(drawn: random.Random, most: int = 12) -> str:
    codes = (drawn.randrange(*drawn.choice(RANGES)) for _ in range(drawn.randrange(most)))
    return "".join(chr(code) for code in codes if not 0xD800 <= code < 0xE000)


def test_what_is_said_is_printable_and_said_the_same_again(drawn: random.Random) -> None:
    for _ in range(TEXTS):
        one = text(drawn)
        for shown in (printable(one), readable(one), str(fm.SchemaError(one))):
            assert shown.isprintable(), ascii(one)
            assert printable(shown) == shown, ascii(one)
        assert readable(one), ascii(one)


def test_random_values_pass_through_every_table_and_file(drawn: random.Random) -> None:
    values = sorted({text(drawn) for _ in range(COLUMNS)})
    log = pl.DataFrame({"k": values}).with_columns(label=True, pred=pl.int_range(pl.len()) % 2 == 0)
    counts = fm.count(log, fm.binary("label", "pred"), by="k")
    assert sorted(counts.frame["k"]) == values
    assert fm.Counts.from_arrow(counts.to_arrow()) == counts
    frame = counts.metrics("recall")
    lines = table(frame, ["k"], width=80, color=False).splitlines()
    assert len(lines) >= 2 + len(values)
    assert all(line.isprintable() for line in lines)
    assert [row["k"] for row in json.loads(encoded(frame, "json"))] == frame["k"].to_list()


def test_random_columns_are_counted_and_said(drawn: random.Random) -> None:
    for _ in range(COLUMNS):
        name = "?" + text(drawn).replace("\0", "")  # no name of a cell or metric begins so
        log: dict[str, Any] = {name: ["a", "b"], "the label": [1, 0], "the prediction": [1, 1]}
        counts = fm.count(log, fm.binary("the label", "the prediction"), by=name)
        assert counts.frame.columns[0] == name
        assert all(line.isprintable() for line in repr(counts).splitlines()), ascii(name)
