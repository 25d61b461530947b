"""What charts of Altair hold: their data, marks and encodings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import polars as pl
import polars.testing


def tables(chart: Any) -> list[list[dict[str, Any]]]:
    return [json.loads(text) for text in chart.to_dict()["datasets"].values()]


def table(chart: Any, *columns: str) -> pl.DataFrame:
    """The only data of a chart that have these columns."""
    found = [rows for rows in tables(chart) if set(columns) <= set(rows[0])]
    assert len(found) == 1
    return pl.DataFrame(found[0], infer_schema_length=None).select(columns)


def subtitle(chart: Any) -> str:
    return "\n".join(chart.to_dict()["title"]["subtitle"])


def nodes(spec: Any) -> Iterator[dict[str, Any]]:
    if isinstance(spec, dict):
        yield spec
    for part in spec.values() if isinstance(spec, dict) else spec if isinstance(spec, list) else []:
        yield from nodes(part)


def marks(chart: Any) -> list[str]:
    return [node["mark"]["type"] for node in nodes(chart.to_dict()) if "mark" in node]


def channel(chart: Any, name: str, field: str) -> dict[str, Any]:
    """The first encoding of a field by a channel."""
    found = [node["encoding"].get(name, {}) for node in nodes(chart.to_dict()) if "encoding" in node]
    return next(encoding for encoding in found if encoding.get("field") == field)


def close(got: pl.DataFrame, wanted: pl.DataFrame) -> None:
    """Equal up to the six digits that pictures are given."""
    pl.testing.assert_frame_equal(got, wanted, check_dtypes=False, rel_tol=1e-5, abs_tol=1e-12)
