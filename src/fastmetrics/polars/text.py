"""The metrics of texts as expressions, from the rows of `fastmetrics.texts.measures`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import polars as pl

from fastmetrics.api import count
from fastmetrics.contract.columns import Column, LostExpression, column_name, expression, unused_name
from fastmetrics.contract.family import Family
from fastmetrics.errors import SchemaError
from fastmetrics.families.text import shares, text
from fastmetrics.metric import Metric, unknown_metric
from fastmetrics.metric import names as called
from fastmetrics.texts.measures import MEASURES
from fastmetrics.texts.options import Options, check_options

__all__ = ["EXPRESSIONS", "TextMetric", "metrics"]


class TextMetric(Protocol):
    """A metric of texts as an expression.

    Parameters
    ----------
    hypothesis
        Column or expression of text. Null is no answer.
    reference
        Column or expression of reference texts or of lists of them, or a list of such columns; not of measures that
        need none.
    options
        As in `fastmetrics.text`: ``tokenize``, ``lowercase``, ``stemmer``, ...; not ``limits`` or ``name``.

    Returns
    -------
    polars.Expr
        Float64 under the name of the metric, one value a group; null where no row has both texts. The texts of a group
        are gathered before they are measured, in streaming queries too.
    """

    def __call__(
        self, hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any
    ) -> pl.Expr: ...


def metrics(
    names: Sequence[str], hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any
) -> pl.Expr:
    """Several metrics of texts as one struct, called ``metrics``, which share their tokens; see `TextMetric`.

    Each is called as its own expression is.

    >>> log = pl.DataFrame({"answer": ["the cat sat"], "reference": ["the cat is"]})
    >>> log.select(metrics(["rouge1_recall", "wer"], "answer", "reference")).item()
    {'rouge1_recall': 0.6666666666666666, 'wer': 0.3333333333333333}
    """
    if isinstance(names, str) or not isinstance(names, Sequence) or not names:
        raise SchemaError(f"metrics() takes a list of names first, such as ['bleu', 'rougeL'], got {names!r}")
    check_options("metrics", options)
    return gathered(hypothesis, reference, names, options, struct=True).alias("metrics")


def measures_of(metrics: Sequence[str], referenced: bool, options: dict[str, Any]) -> list[str]:
    """The measures that have some metrics, each once.

    Raises
    ------
    SchemaError
        A metric that there is not, one named twice, or one that needs a reference without one.
    """
    chosen = Options.of(options)
    measure_of = {name: row.name for row in MEASURES.values() for name in called(row.metrics(chosen))}
    every_share = called(shares(referenced=True))
    for name in metrics:
        if name not in [*measure_of, *every_share]:
            rows = [row for measure in MEASURES.values() for row in measure.metrics(chosen)]
            raise SchemaError(unknown_metric(name, [*rows, *shares(referenced=True)]))
        if metrics.count(name) > 1:
            raise SchemaError(f"metrics() names {name!r} twice")
        if name in every_share and name not in called(shares(referenced)):
            raise SchemaError(f"metric {name!r} needs reference=")
    return list(dict.fromkeys(measure_of[name] for name in metrics if name in measure_of))


def given_columns(reference: Column | Sequence[Column] | None) -> Sequence[Column]:
    """The columns of references."""
    if reference is None:
        return ()
    if isinstance(reference, (str, pl.Expr, LostExpression)):
        return [reference]
    if not isinstance(reference, Sequence) or not reference:
        raise SchemaError(f"reference={reference!r}; expected a column, or a list of several")
    return reference


def gathered(
    hypothesis: Column,
    reference: Column | Sequence[Column] | None,
    metrics: Sequence[str],
    options: dict[str, Any],
    struct: bool,
) -> pl.Expr:
    """The texts of each group as one list, and what is read of it in one call for all groups."""
    columns = given_columns(reference)
    names: list[str] = []
    for column in (hypothesis, *columns):
        names.append(unused_name(column_name(column), names))
    measures = measures_of(metrics, bool(columns), options)
    measures = measures or ["length_ratio" if columns else "distinct1"]  # a family has one
    family = text(names[0], reference=names[1:] or None, measures=measures, **options)
    fields = zip((hypothesis, *columns), names, strict=True)
    texts = pl.struct(expression(column).alias(name) for column, name in fields)

    def read(lists: pl.Series) -> pl.Series:
        found = values(lists, family, metrics)
        return found.to_struct() if struct else found.to_series()

    dtype = pl.Struct(dict.fromkeys(metrics, pl.Float64)) if struct else pl.Float64()
    return texts.implode().map_batches(read, return_dtype=dtype, is_elementwise=True)


def values(lists: pl.Series, family: Family, metrics: Sequence[str]) -> pl.DataFrame:
    """The metrics of each list of rows."""
    rows = lists.explode(empty_as_null=False, keep_nulls=False).struct.unnest()
    group = unused_name("group", [*rows.columns, *metrics])
    of_rows = np.repeat(np.arange(len(lists)), lists.list.len().fill_null(0).to_numpy())
    if not len(rows):
        return pl.DataFrame({name: np.full(len(lists), np.nan) for name in metrics}).fill_nan(None)
    found = count(rows.with_columns(pl.Series(group, of_rows)), family, by=group).metrics(*metrics)
    every = pl.DataFrame({group: np.arange(len(lists))})
    return every.join(found, on=group, how="left", maintain_order="left").select(metrics)


def of_row(row: Metric, name: str) -> TextMetric:
    """The expression of one metric under one of its names."""

    def made(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
        check_options(name, options)
        return gathered(hypothesis, reference, [name], options, struct=False).alias(name)

    made.__name__ = made.__qualname__ = name
    made.__doc__ = f"``{row.name}`` of texts; see `TextMetric`. {row.source}".strip()
    return made


def named() -> Iterator[tuple[str, Callable[..., pl.Expr]]]:
    """An expression for each name of each metric of each measure, and of those that need no measure."""
    for row in shares(referenced=True):
        yield row.name, of_row(row, row.name)
    for measure in MEASURES.values():
        for row in measure.metrics(Options()):
            for name in (row.name, *row.aliases):
                yield name, of_row(row, name)


EXPRESSIONS = dict(named())
globals().update(EXPRESSIONS)

if TYPE_CHECKING:

    def __getattr__(name: str) -> TextMetric: ...  # the names of EXPRESSIONS
