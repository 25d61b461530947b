"""Binary labels and scores: counts of each class in narrow bins of the score, and every metric read from them."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastmetrics import kernels
from fastmetrics.aliases import Floats
from fastmetrics.contract.capabilities import Resummed
from fastmetrics.contract.cells import Cell, CellTable, InnerKey
from fastmetrics.contract.columns import Column, column_name
from fastmetrics.contract.family import Family
from fastmetrics.contract.roles import Role, widened
from fastmetrics.contract.rows import Accumulators, Rows
from fastmetrics.errors import SchemaError
from fastmetrics.families import score_rates
from fastmetrics.families.binary import OUTCOMES, binary
from fastmetrics.families.calibration import calibration_metrics
from fastmetrics.families.curves import CURVES
from fastmetrics.families.edges import Binner, chosen_edges, edge_at
from fastmetrics.families.labels import absent_note, check_nulls, null_arguments
from fastmetrics.families.ranking import RANKING
from fastmetrics.metric import Cells, Metric
from fastmetrics.notes import Note

__all__ = ["METRICS", "STATES", "SUMS", "scores", "threshold_cells"]

STATES = ("negative", "positive", "unlabelled")
STATE_OF = dict(zip((False, True, None), STATES, strict=True))  # of a label
OUTSIDE = 0.1  # of the scores, from which their bins tell too little
LOST = 0.005  # of roc_auc, that the order of scores outside may move: about what the default bins do
SUMS = ("score_sum", "brier_sum", "log_loss_sum")


def scores(
    y_true: Column,
    y_score: Column,
    *,
    edges: Iterable[float] | None = None,
    bins: int | None = None,
    thresholds: Iterable[float] = (),
    losses: bool = True,
    link: Literal["logit"] | None = None,
    pos_label: Any = None,
    null_values: Sequence[Any] | None = None,
    name: str = "scores",
) -> Family:
    """The family of binned scores: rows ``negative``, ``positive`` and ``unlabelled`` in each bin of the score.

    ROC AUC, average precision and KS are read from the bins, with an ``_error`` that bounds what binning can have
    changed: 0.002 to 0.006 of AUC with the default edges, for models of ordinary and of rare events (1 in 10,000),
    while the AUC of a million rows itself was off by less than 0.0002.
    Where the edges lie in [0, 1] the scores are probabilities: 0 and 1 become edges too, and each bin sums scores,
    squared errors and log losses, so brier and log_loss are exact. A labelled score outside [0, 1] then makes those
    metrics null for its group, and is noted, as its bin does not tell it from others. For any other edges (margins)
    those metrics do not exist, and scores outside are noted where they are a tenth or more of all, or so many of both
    classes that their lost order could move roc_auc by more than 0.005.

    Parameters
    ----------
    y_true
        Column of labels, as in `binary`. Null and NaN mean: not labelled yet.
    y_score
        Column of numbers, higher is more positive. Null and NaN mean: no answer; such rows lie in the bin null.
        Infinite scores lie below or above all edges.
    edges
        Edges of the bins of scores: increasing finite numbers. Bin 0 lies below the first, bin i from edge i - 1 up to
        below edge i, then come the bin of the last edge alone and the bin above it. By default 467 decimal numbers at
        about even steps of log-odds, every hundredth among them, as far as 1e-7 and 1 - 1e-7: fine enough for scores
        of rare events.
    bins
        Number of bins of equal width on [0, 1], instead of ``edges``.
    thresholds
        Further edges, for thresholds that are asked for later. See `fastmetrics.Counts.at_threshold`.
    losses
        Sum scores, squared errors and log losses of probabilities. Without them counting takes an eighth of
        the time, and there is no brier, log_loss or calibration.
    link
        ``"logit"`` for scores that are log-odds. Each is read as the probability 1 / (1 + exp(-score)), and edges and
        thresholds are probabilities.
    pos_label, null_values
        The positive value of the label, and values of the label that mean null, as in `binary`.
    name
        Tells several families of one scan apart: ``counts.metrics("shadow.roc_auc")``.

    Raises
    ------
    SchemaError
        Both ``edges`` and ``bins``; edges that do not rise or are not finite; thresholds outside [0, 1] without
        ``edges``; edges outside [0, 1] with ``link``.

    >>> family = scores("label", "score", bins=4, thresholds=[0.3])
    >>> family.arguments["edges"], family.states
    ([0.0, 0.25, 0.3, 0.5, 0.75, 1.0], ('negative', 'positive', 'unlabelled'))
    """
    at = chosen_edges(edges, bins, thresholds)
    if link not in (None, "logit"):
        raise SchemaError(f"link={link!r} is not 'logit'; leave it out for probabilities and for margins")
    if link is not None and (at[0] < 0 or at[-1] > 1):
        raise SchemaError(f"with link={link!r} edges are probabilities in [0, 1], got {at[0]:g} to {at[-1]:g}")
    nulls = check_nulls(null_values, [1 if pos_label is None else pos_label])
    label = Role("label", y_true, "binary", pos_label=pos_label, null_values=nulls)
    probabilities = losses and bool(at[0] == 0 and at[-1] == 1)
    further = null_arguments(nulls) | ({} if link is None else {"link": link})
    return Family(
        kind="scores",
        name=name,
        maker=scores,
        roles=(label, Role("score", y_score, "number", link=link)),
        cells=(
            *(Cell(state) for state in STATES),
            *(Cell(value, "sum") for value in (SUMS if probabilities else ())),
        ),
        rows=partial(rows, binner=Binner(at), probabilities=probabilities),
        metrics=(*METRICS, *(calibration_metrics(at) if probabilities else ())),
        arguments={
            "y_true": y_true,
            "y_score": y_score,
            "edges": at.tolist(),
            "losses": losses,
            "pos_label": label.pos_label,
            "name": name,
            **further,
        },
        constants=("pos_label", "edges", *further),
        inner=(InnerKey("bin", len(at) + 2),),
        read=partial(view, size=len(at) + 2),
        headline=("roc_auc", "average_precision", *(("log_loss", "brier", "ece") if probabilities else ("ks",))),
        width=len(at) + 3,
        notes=partial(notes, columns=(column_name(y_true), column_name(y_score)), pos_label=label.pos_label, edges=at),
        curves=CURVES,
        at_threshold=at_threshold,
        rates=score_rates.RATES,
        prepare=score_rates.prepare,
        probability_edges=tuple(at.tolist()) if at[0] >= 0 and at[-1] <= 1 else (),
    )


def notes(
    table: pl.DataFrame, known: Sequence[Note], columns: tuple[str, str], pos_label: Any, edges: Floats
) -> list[Note]:
    """The notes of a positive value that never occurs, and of scores outside the edges."""
    negative, positive, _ = (int(table.get_column(state).sum()) for state in STATES)
    return [*absent_note(pos_label, columns[0], negative, positive), *outside_notes(table, columns[1], edges)]


def outside_notes(table: pl.DataFrame, column: str, edges: Floats) -> list[Note]:
    """The note of scores below the first edge or above the last: of any, where the edges are those of probabilities."""
    by_bin = table.group_by("bin").agg(pl.col(STATES).sum()).drop_nulls("bin")
    open_bins = by_bin.filter(pl.col("bin").is_in([0, len(edges) + 1])).select(STATES)
    beyond, scored = (sum(rows.sum().row(0)) for rows in (open_bins, by_bin.select(STATES)))
    if len(edges) == 1 or not beyond:
        return []
    mend = "name edges= as wide as they are"
    if edges[0] >= 0 and edges[-1] <= 1:
        mend = f"of log-odds say link='logit', divide percentages by 100, clip what is rounding, or {mend}"
    elif beyond < OUTSIDE * scored and lost_order(open_bins, by_bin) <= LOST:
        return []
    span = f"{edges[0]:g} to {edges[-1]:g}"
    message = f"scores in column {column!r} lie outside the edges, {span}, where bins do not tell their order: {mend}"
    return [Note("scores_outside", message, beyond)]


def lost_order(open_bins: pl.DataFrame, by_bin: pl.DataFrame) -> float:
    """By how much the order of scores that share a bin without an end can move roc_auc."""
    pairs = int(by_bin["negative"].sum()) * int(by_bin["positive"].sum())
    return sum(negative * positive for negative, positive, _ in open_bins.iter_rows()) / 2 / pairs if pairs else 0.0


def rows(roles: Mapping[str, NDArray[Any]], binner: Binner, probabilities: bool) -> Rows:
    """The label of each row as state, the bin of its score as inner key, and what it adds to the sums."""
    label, score = roles["label"], roles["score"]
    bins = partial(binner, score)
    if not probabilities:
        return Rows(lambda: label, inner=(bins,))
    epsilon = float(np.finfo(score.dtype).eps)
    wide = widened(score)

    def add(to: Accumulators) -> None:
        kernels.bins.add_losses(to.fields, to.ranges, label, wide, epsilon, to.sums)

    return Rows(lambda: label, sums=partial(losses_of, label, wide, epsilon), add=add, inner=(bins,))


def losses_of(label: NDArray[np.uint8], score: NDArray[Any], epsilon: float) -> Floats:
    """Score, squared error and log loss of each labelled row whose score is a probability, NaN of the others.

    The probability of what happened is clipped at the epsilon of the score's dtype, as scikit-learn does.
    """
    known = (label < 2) & (score >= 0) & (score <= 1)
    p = np.where(known, score.astype(np.float64), np.nan)
    happened = np.where(label == 1, p, 1 - p)
    return np.column_stack([p, (p - label) ** 2, -np.log(np.clip(happened, epsilon, 1 - epsilon))])


def view(table: CellTable, size: int) -> Cells:
    """The cells as formulas read them.

    Every cell is an array [groups, bins] of ``size`` bins under its own name, without the bin null. The six kinds
    of rows, ``scored_positive``, ``unscored_positive`` and so on, are arrays [groups].
    """
    width = size + 1
    bins = table.keys["bin"].fill_null(-1).cast(pl.Int64).to_numpy()
    at = table.group * width + bins + 1

    def spread(columns: Mapping[str, Any]) -> dict[str, Floats]:
        dense = {
            name: np.bincount(at, column, table.size * width).reshape(table.size, width)
            for name, column in columns.items()
        }
        return (
            {name: array[:, 1:] for name, array in dense.items()}
            | {f"scored_{state}": dense[state][:, 1:].sum(axis=1) for state in STATES}
            | {f"unscored_{state}": dense[state][:, 0] for state in STATES}
        )

    squares = table.cells.squares
    return Cells(spread(table.cells.values), None if squares is None else spread(squares))


def labelled(c: Any) -> Any:
    return c.scored_negative + c.scored_positive + c.unscored_negative + c.unscored_positive


def scored(c: Any) -> Any:
    return c.scored_negative + c.scored_positive + c.scored_unlabelled


def every_row(c: Any) -> Any:
    return labelled(c) + c.scored_unlabelled + c.unscored_unlabelled


# fmt: off
METRICS: tuple[Metric, ...] = (
    *RANKING,
    Metric("prevalence", lambda c: c.scored_positive + c.unscored_positive, labelled, "proportion", better=None,
           aliases=("base_rate", "mean_label"), source="over every labelled row, scored or not"),
    Metric("label_coverage", labelled, every_row, "proportion", source="share of rows with a label"),
    Metric("answer_rate", scored, every_row, "proportion", source="share of rows with a score"),
)
# fmt: on


def at_threshold(family: Family, threshold: float, nearest: bool) -> Resummed:
    """The family of binary cells at a threshold, which is an edge, or with ``nearest`` at the nearest edge."""
    arguments = family.arguments
    edge = edge_at(arguments["edges"], threshold, nearest)
    made = binary(
        arguments["y_true"],
        y_score=arguments["y_score"],
        threshold=in_score_units(float(arguments["edges"][edge]), arguments.get("link")),
        pos_label=arguments["pos_label"],
        null_values=arguments.get("null_values"),
    )
    return Resummed(made, partial(threshold_cells, edge))


def in_score_units(edge: float, link: str | None) -> float:
    """A threshold in the units of the scores, as far as floats reach."""
    if link is None:
        return edge
    return math.log(edge) - math.log1p(-edge) if 0 < edge < 1 else math.copysign(sys.float_info.max, edge - 0.5)


def threshold_cells(edge: int, prefix: str = "", suffix: str = "") -> dict[str, pl.Expr]:
    """The nine cells of `binary` at ``score >= edges[edge]``, as sums over rows of the long table of scores.

    Parameters
    ----------
    edge
        An index from `edge_at`.
    prefix, suffix
        Around the cell, in the columns to sum and in the names of the sums: ``"w_"`` and ``"_error"``, say.

    >>> table = pl.DataFrame({"bin": [0, 1, None], "negative": [5, 2, 0], "positive": [1, 3, 1], "unlabelled": 0})
    >>> table.select(**threshold_cells(0)).row(0)
    (5, 2, 1, 3, 0, 1, 0, 0, 0)
    """
    place = pl.col("bin").fill_null(-1)
    rows = {False: place.is_between(0, edge), True: place > edge, None: place < 0}
    return {
        f"{prefix}{cell}{suffix}": pl.col(f"{prefix}{STATE_OF[label]}{suffix}").filter(rows[prediction]).sum()
        for cell, label, prediction in OUTCOMES
    }
