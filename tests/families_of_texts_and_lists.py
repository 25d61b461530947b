"""Families of no use but to tests, whose roles are texts and lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

import fastmetrics as fm
from fastmetrics.contract.blocks import Lists, Texts
from fastmetrics.contract.cells import Cell, InnerKey
from fastmetrics.contract.family import Family
from fastmetrics.contract.roles import Role
from fastmetrics.contract.rows import Rows
from toy_families import without_items


def exact_match(
    answer: str | pl.Expr, reference: str | pl.Expr, null_values: list[str] | None = None, name: str = "exact_match"
) -> Family:
    """How many answers equal their reference, and the bytes of the longest answer."""
    nulls = None if null_values is None else tuple(null_values)
    return Family(
        kind="exact_match",
        name=name,
        maker=exact_match,
        roles=(
            Role("answer", answer, "text", null_values=nulls),
            Role("reference", reference, "text", null_values=nulls),
        ),
        cells=(Cell("wrong"), Cell("right"), Cell("unknown"), Cell("longest", "max")),
        rows=match_rows,
        metrics=(fm.Metric("exact", lambda c: c.right, lambda c: c.right + c.wrong, "proportion"),),
        arguments={"answer": answer, "reference": reference, "null_values": null_values, "name": name},
        constants=("null_values",),
    )


def match_rows(roles: Mapping[str, Texts]) -> Rows:
    answers, references = roles["answer"], roles["reference"]
    pairs = zip(answers.to_list(), references.to_list(), strict=True)
    states = [2 if None in pair else int(pair[0] == pair[1]) for pair in pairs]
    lengths = (answers.views[::2] & np.uint64(0xFFFFFFFF)).astype(np.float64)
    if len(answers.valid):
        lengths[answers.valid == 0] = np.nan
    return Rows(states=lambda: np.array(states, np.uint8), extremes=lambda: lengths[:, None])


def any_match(answer: str | pl.Expr, references: str | pl.Expr, scores: str | pl.Expr) -> Family:
    """How many answers are one of their references, and the highest and the lowest of all scores."""
    return Family(
        kind="any_match",
        name="any_match",
        maker=any_match,
        roles=(
            Role("answer", answer, "text"),
            Role("references", references, "list of text"),
            Role("scores", scores, "list of number"),
        ),
        cells=(*map(Cell, ("wrong", "right", "no_references", "unknown")), Cell("lowest", "min"), Cell("best", "max")),
        rows=any_rows,
        metrics=(fm.Metric("found", lambda c: c.right, lambda c: c.right + c.wrong, "proportion"),),
        arguments={"answer": answer, "references": references, "scores": scores},
    )


def any_rows(roles: Mapping[str, Any]) -> Rows:
    pairs = zip(roles["answer"].to_list(), roles["references"].to_list(), strict=True)
    states = [3 if None in (answer, given) else int(answer in given) if given else 2 for answer, given in pairs]
    scores = roles["scores"]
    ends = [np.full(len(scores), np.nan) for _ in range(2)]
    np.fmin.at(ends[0], scores.rows, scores.values)
    np.fmax.at(ends[1], scores.rows, scores.values)
    return Rows(states=lambda: np.array(states, np.uint8), extremes=lambda: np.column_stack(ends))


def multilabel(labels: str | pl.Expr, predictions: str | pl.Expr) -> Family:
    """In how many rows each class is a label, a prediction, or both; and all rows under a null class."""
    return Family(
        kind="multilabel",
        name="multilabel",
        maker=multilabel,
        roles=(
            Role("labels", labels, "list of key", key="class"),
            Role("predictions", predictions, "list of key", key="class"),
        ),
        cells=tuple(map(Cell, ("fp", "fn", "tp", "judged", "unjudged"))),
        row_states=("judged", "unjudged"),
        rows=class_rows,
        inner=(InnerKey("class"),),
        read=without_items,
        metrics=(fm.Metric("entries", lambda c: c.tp + c.fp + c.fn),),
        arguments={"labels": labels, "predictions": predictions},
    )


def class_rows(roles: Mapping[str, Lists]) -> Rows:
    labels, predictions = roles["labels"].to_list(), roles["predictions"].to_list()
    entries = []
    for row, (label, prediction) in enumerate(zip(labels, predictions, strict=True)):
        entries.append((row, 4 if None in (label, prediction) else 3, 0))
        if label is not None and prediction is not None:
            both = (set(label), set(prediction))
            entries += [
                (row, 2 if code in both[0] & both[1] else int(code in both[0]), code) for code in set.union(*both)
            ]
    of, states, codes = np.array(entries, np.int64).reshape(-1, 3).T
    return Rows(states=lambda: states.astype(np.uint8), inner=(lambda: codes.astype(np.uint32),), of=of)
