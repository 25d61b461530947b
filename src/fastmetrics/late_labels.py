"""Labels that arrive later: the signed difference they make to Counts that were taken without them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import polars as pl

from fastmetrics.api import columns, condition, count
from fastmetrics.contract.cells import columns_of
from fastmetrics.contract.columns import Column, column_name, expression, expressions, rowwise, text_of, unused_name
from fastmetrics.contract.family import Family
from fastmetrics.contract.uses import Uses
from fastmetrics.errors import SchemaError, unknown
from fastmetrics.face import Counts
from fastmetrics.reading.results import numbered
from fastmetrics.report.files import encoded, plain
from fastmetrics.schema import Schema
from fastmetrics.sources import Source, open_source
from fastmetrics.state.provenance import digest
from fastmetrics.state.state import arranged
from fastmetrics.windows import Windows

__all__ = ["label_delta"]

PIECE = 1_000_000  # rows written at a time


def label_delta(
    predictions: Any, labels: Any, *families: Family, on: str | Sequence[str], label: str, **arguments: Any
) -> Counts:
    """What late labels change: Counts that, added to those of the predictions, give those of the joined log.

    Only the rows of ``predictions`` that got a label are read twice, once as they were and once with it; each moves
    from an unlabelled cell to a labelled one. Labels that correct earlier ones move rows likewise.

    What comes back is a difference: it is added, rolled up, filtered and stored like any Counts, and refuses to be read
    alone. It carries an id of the labels that were joined and of the question, and so do Counts it was added to: when
    a job is run again, its delta is refused there. ``counts - delta`` takes it back, and it may be added again.

    Parameters
    ----------
    predictions, labels
        Logs of any kind that `count` reads, but for one-shot streams. ``predictions`` may lack the label column.
    on
        The columns that identify a row in both. Labels without a prediction are ignored, and so are null labels.
    label
        The label column in ``labels``, under the name that the families read.
    families, arguments
        As they were given to `count` for the predictions, ``format`` among them, which says nothing of ``labels``.

    Raises
    ------
    SchemaError
        A column that is missing, or an identity that ``labels`` hold twice.
    MergeError
        Labels that correct earlier ones of a family that keeps extremes, which cannot be taken back; later, a delta
        that is added twice, or one without ``frequency`` that is added to Counts of frequencies.

    >>> import fastmetrics as fm, polars as pl
    >>> log = pl.DataFrame({"id": [1, 2], "pred": [1, 0], "label": [None, None]})
    >>> early = fm.count(log, fm.binary("label", "pred"))
    >>> late = fm.label_delta(log, {"id": [1], "label": [1]}, fm.binary("label", "pred"), on="id", label="label")
    >>> (early + late).frame.select("tp", "unlabelled_pos", "unlabelled_neg").row(0)
    (1, 0, 1)
    """
    on = [on] if isinstance(on, str) else sorted(on)
    check_rowwise(families, arguments)
    uses = uses_of(families, arguments).with_texts(on)
    logs = [
        opened(predictions, "predictions", uses, on, arguments.pop("format", None)),
        opened(labels, "labels", Uses(tuple(on)), [*on, label]),
    ]
    arguments["by"] = [named_text(column, logs[0].texts) for column in columns(arguments.get("by"))]
    if arguments.get("time_format") is not None:
        arguments["time"] = named_text(arguments["time"], logs[0].texts)
    before, after = joinable(logs, on)
    identity = expressions(on)
    known_rows = after.filter(pl.all_horizontal(key.is_not_null() for key in identity))
    twice = known_rows.select(**numbered(on)).group_by(pl.all()).len().filter(pl.col("len") > 1).head(1).collect()
    if len(twice):
        raise SchemaError(
            f"labels hold {dict(zip(on, twice.row(0)[:-1], strict=True))} twice; one label a row is needed"
        )
    known = before.collect_schema().names()
    new_label = unused_name("new label", {*known, *on})
    new = after.select(*identity, expression(label).alias(new_label)).drop_nulls()
    if label not in known:
        dtype = new.collect_schema()[new_label]
        before = before.with_columns(pl.lit(None, dtype=dtype).alias(label))
    joined = before.join(new, on=identity, how="inner")
    parts = [replace(family, notes=None) for family in families]  # of a count, which is judged when they are added
    was = count(joined.drop(new_label), *parts, **arguments)
    now = count(joined.with_columns(pl.col(new_label).alias(label)).drop(new_label), *parts, **arguments)
    delta = now - was
    delta = replace(delta, layout=replace(delta.layout, families=families))
    if not any(map(len, delta.tables.values())):  # it changes nothing, however often it is added
        return delta
    alike = arranged(delta, delta.layout.canonical)
    asked = json.dumps(question(alike, on, label), sort_keys=True, default=str).encode()
    late = labelled_rows(joined.select(*identity, pl.col(new_label)))
    deltas = {digest(chain([asked], late, moved_rows(alike))): 1}
    return replace(delta, how={**delta.how, "deltas": deltas, "labels": was.how["counts"]})


def question(delta: Counts, on: Sequence[str], label: str) -> list[Any]:
    """The question asked of the log, as far as the delta depends on it."""
    layout = delta.layout
    windows = None if layout.windows is None else vars(layout.windows)
    families = [family.identity for family in layout.families]
    return [families, layout.keys, windows, layout.weighted, layout.grouping_sets, list(on), label]


def labelled_rows(late: pl.LazyFrame) -> Iterator[bytes]:
    """The identities that got a label, and the labels, in an order and a form that no engine changes."""
    rows = plain(late.collect())
    for some in rows.sort(expressions(rows.columns)).iter_slices(PIECE):
        yield encoded(some, "ndjson")


def moved_rows(delta: Counts) -> Iterator[bytes]:
    """The rows that move, by group: they tell two logs apart that hold the same identities."""
    for family in delta.layout.families:
        keys = delta.layout.key_columns(family)
        integers = columns_of(family.cells, delta.layout.weighted, pl.Int64())
        yield encoded(delta.tables[family.name].select(expressions([*keys, *integers])), "ndjson")


def check_rowwise(families: Sequence[Family], arguments: Mapping[str, Any]) -> None:
    """Refuse expressions over several rows: only the rows with new labels are counted again."""
    given: list[Any] = [role.column for family in families for role in family.roles]
    for value in arguments.values():
        given += value if isinstance(value, (list, tuple)) else [value]
    for column in given:
        if isinstance(column, pl.Expr) and not rowwise(column):
            raise SchemaError(
                f"expression {column!s} looks at several rows at once, of which only some are counted again"
            )


def uses_of(families: Sequence[Family], arguments: Mapping[str, Any]) -> Uses:
    """What a count with these arguments takes of the columns of a log."""
    time = {name: arguments.get(name) for name in ("time", "time_format")}
    windows = None if time["time"] is None else Windows("1d")  # of any length: it is not asked here
    rows = {name: arguments.get(name) for name in ("weight", "frequency")}
    by, where = columns(arguments.get("by")), condition(arguments.get("where"))
    return Schema(tuple(families), by, **time, windows=windows, where=where, **rows).uses


def named_text(column: Column, texts: Mapping[str, str]) -> Column:
    """A column of a log that is a query by now, whose texts stand under names of their own."""
    found = text_of(column)
    name = None if found is None else texts.get(found.name)
    return column if found is None or name is None else found.read(name).alias(column_name(column))


def opened(data: Any, what: str, uses: Uses, wanted: Sequence[str], named: str | None = None) -> Source:
    """A log that can be read as often as needed and has some columns; ``named`` is the format of its files."""
    source = open_source(data, format=named, uses=uses)
    if source.lazy is None:
        raise SchemaError(f"{what}: {source.name} can be read once only; give a file or a frame")
    for column in wanted:
        if column not in source.schema and column not in source.unfit:
            raise SchemaError(f"{what}: " + unknown("column", column, source.names or source.schema.names()))
    source.check(wanted)
    return source


def joinable(logs: Sequence[Source], on: Sequence[str]) -> list[pl.LazyFrame]:
    """Both logs as queries: identities that are text in a CSV are of the dtype that they have in the other log."""
    queries = []
    for source, other in zip(logs, reversed(logs), strict=True):
        assert source.lazy is not None
        as_typed = [column for column in on if column in source.texts and other.schema[column] != pl.String]
        queries.append(source.lazy.with_columns(expression(name).cast(other.schema[name]) for name in as_typed))
    return queries
