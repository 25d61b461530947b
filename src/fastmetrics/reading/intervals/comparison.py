"""Two groups side by side, a part and its total, and the p-values of many such comparisons."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from fastmetrics.aliases import Floats
from fastmetrics.arithmetic import divide
from fastmetrics.errors import SchemaError, unknown
from fastmetrics.families.binary import CONFUSION
from fastmetrics.metric import Cells, Metric, value
from fastmetrics.reading.intervals import student
from fastmetrics.reading.intervals.areas import histograms, influence
from fastmetrics.reading.intervals.limits import Limits, Pair, added_variance, left_over, sides
from fastmetrics.reading.intervals.methods import limits, moved, quantile
from fastmetrics.reading.intervals.proportions import read_by
from fastmetrics.reading.intervals.varied import PARTS, combined, moves

__all__ = ["Comparison", "adjust", "compare", "compare_to_total"]

STOPS = tuple(2.0**k for k in range(-4, 6))
FARTHEST = 38.0  # the p of a larger z is 0 in float64
FAR_STOPS = (*STOPS, *(2.0**k for k in range(6, 41)))
FARTHEST_T = 2.0**41  # the p of a larger t is below 1e-12, of two degrees of freedom or more below 1e-24
HALVINGS = 36  # leave z known to 1e-10
erfc = np.vectorize(math.erfc, otypes=[np.float64])


@dataclass(frozen=True, eq=False)
class Comparison:
    """Differences a - b and ratios a / b with their bounds, and p-values: one entry a group."""

    difference: Floats
    difference_low: Floats
    difference_high: Floats
    ratio: Floats
    ratio_low: Floats
    ratio_high: Floats
    p: Floats


@np.errstate(all="ignore")
def compare(metric: Metric, a: Cells, b: Cells, level: float = 0.95) -> Comparison:
    """The metric in groups a against the same metric in groups b that share no rows with them, entry by entry.

    The difference has the bounds of Zou and Donner 2008, which combine those of both sides (of two proportions:
    Newcombe 1998, method 10; of two means: Welch 1947), the ratio those of Donner and Zou 2012. Both hold what binning
    can have changed. ``p`` is the smallest alpha at which the bounds of the difference leave out 0, so p < 1 - level
    exactly where they do, and the ratio's leave out 1.

    NaN: everything where a side is undefined, bounds and p of a metric without interval method, the ratio and its
    bounds where b is 0, the bounds of a ratio of values that may be negative. Raises as `bounds` does.

    >>> recall = Metric("recall", lambda c: c.tp, lambda c: c.tp + c.fn, "proportion")
    >>> a, b = (Cells({"tp": np.array([hits]), "fn": np.array([100 - hits])}) for hits in (91, 80))
    >>> found = compare(recall, a, b)
    >>> found.difference.round(3), found.difference_low.round(3), found.difference_high.round(3), found.p.round(3)
    (array([0.11]), array([0.012]), array([0.208]), array([0.029]))
    """
    x, y, of_a, of_b = value(metric, a), value(metric, b), limits(metric, a), limits(metric, b)
    freedom = freedom_of_both(metric, x, y, of_a, of_b)
    z = quantile(level, freedom)
    low, high, p = tested(x, y, of_a, of_b, level, freedom)
    ratio = divide(x, y)
    ratio_low, ratio_high = (
        np.where(np.isnan(ratio), math.nan, end) for end in ratio_bounds(metric, x, y, of_a, of_b, z)
    )
    return Comparison(x - y, low, high, ratio, ratio_low, ratio_high, p)


@np.errstate(all="ignore")
def compare_to_total(metric: Metric, part: Cells, total: Cells, level: float = 0.95) -> Comparison:
    """The metric in parts against the same metric in the totals that contain them, entry by entry.

    ``p`` tests the part against the rest of its total, which share no rows. A proportion or ratio of the total is
    the mean of part and rest by their shares s and 1 - s of the denominator, taken as they are: the difference is
    1 - s times part - rest, and its bounds never contradict p. Any other metric of a total may differ from both (two
    groups of one mcc can make a total of another), so its bounds are those of part - total as part and rest vary,
    which may leave out 0 where p sees no difference; its ratio has no bounds.

    NaN as in `compare`, and bounds and p where nothing is left beside the part. Raises as `bounds` does.

    >>> recall = Metric("recall", lambda c: c.tp, lambda c: c.tp + c.fn, "proportion")
    >>> part, total = (Cells({"tp": np.array([tp]), "fn": np.array([fn])}) for tp, fn in ((9, 1), (60, 40)))
    >>> found = compare_to_total(recall, part, total)
    >>> found.difference.round(3), found.difference_low.round(3), found.difference_high.round(3)
    (array([0.3]), array([0.013]), array([0.419]))
    """
    x, whole = value(metric, part), value(metric, total)
    ratio = divide(x, whole)
    if not metric.interval:
        none = np.full_like(ratio, math.nan)
        return Comparison(x - whole, none, none, ratio, none, none, none)
    rest = without(metric, part, total)
    y, of_part, of_rest = value(metric, rest), limits(metric, part), limits(metric, rest)
    freedom = freedom_of_both(metric, x, y, of_part, of_rest)
    z = quantile(level, freedom)
    low, high, p = tested(x, y, of_part, of_rest, level, freedom)
    if metric.kind == "other":
        low, high = nested_bounds(metric, part, rest, z)
        low, high = widened(metric, low, high, moved(metric, part) + moved(metric, total))
        ratio_low = ratio_high = np.full_like(low, math.nan)
    else:
        share = sides(metric, part)[1] / sides(metric, total)[1]
        low, high = (1 - share) * low, (1 - share) * high
        ends = ratio_bounds(metric, x, y, of_part, of_rest, z)
        ratio_low, ratio_high = (1 / (share + (1 - share) / end) for end in ends)
    alone = np.isnan(y)
    low, high = (np.where(alone, math.nan, end) for end in (low, high))
    ratio_low, ratio_high = (np.where(alone | np.isnan(ratio), math.nan, end) for end in (ratio_low, ratio_high))
    return Comparison(x - whole, low, high, ratio, ratio_low, ratio_high, p)


def adjust(p: Floats, method: Literal["holm", "bh"] | None) -> Floats:
    """The p-values of many tests, raised so that together they promise what each of them promises alone.

    ``holm`` bounds the chance of any false finding (Holm 1979), ``bh`` the expected share of false findings among
    the findings (Benjamini and Hochberg 1995); None leaves them as they are. NaN stays NaN and is no test.

    Raises
    ------
    SchemaError
        Any other method.

    >>> adjust(np.array([0.01, np.nan, 0.04, 0.03]), "holm")
    array([0.03,  nan, 0.06, 0.06])
    """
    if method not in ("holm", "bh", None):
        raise SchemaError(unknown("adjustment", method, ["holm", "bh"]))
    adjusted = np.array(p, np.float64)
    tested = np.flatnonzero(~np.isnan(adjusted))
    if method is None:
        return adjusted
    order = tested[np.argsort(adjusted[tested], kind="stable")]
    rank, tests = np.arange(1, len(order) + 1), len(order)
    if method == "holm":
        raised = np.maximum.accumulate(adjusted[order] * (tests - rank + 1))
    else:
        raised = np.minimum.accumulate((adjusted[order] * tests / rank)[::-1])[::-1]
    adjusted[order] = np.minimum(raised, 1)
    return adjusted


def freedom_of_both(metric: Metric, x: Floats, y: Floats, of_x: Limits, of_y: Limits) -> Floats | None:
    """The degrees of freedom of x - y and, where it has bounds, of x / y, whichever has fewer: Welch 1947.

    None where no deviation is estimated.
    """
    if of_x.deviation is None or of_y.deviation is None or of_x.freedom is None or of_y.freedom is None:
        return None
    each = of_x.freedom, of_y.freedom
    freedom = added_variance((of_x.deviation**2, of_y.deviation**2), each)[1]
    if metric.range[0] >= 0:
        relative = ((deviation / of) ** 2 for deviation, of in ((of_x.deviation, x), (of_y.deviation, y)))
        freedom = np.fmin(freedom, added_variance((next(relative), next(relative)), each)[1])
    return student.few(freedom)


def difference_bounds(x: Floats, y: Floats, of_x: Limits, of_y: Limits, z: Any) -> Pair:
    """Bounds of x - y from the limits of independent x and y, Zou and Donner 2008, and what binning can have moved."""
    (x_low, x_high), (y_low, y_high), error = of_x.at(z), of_y.at(z), of_x.error + of_y.error
    gone = np.isnan(x_low) | np.isnan(y_low)  # hypot of NaN and infinity is infinity
    low, high = x - y - np.hypot(x - x_low, y_high - y) - error, x - y + np.hypot(x_high - x, y - y_low) + error
    return np.where(gone, math.nan, low), np.where(gone, math.nan, high)


def widened(metric: Metric, low: Floats, high: Floats, error: Floats | float) -> Pair:
    """Bounds of a difference of two values of the metric, wider by an error, as far as such a difference can be."""
    reach = metric.range[1] - metric.range[0]
    return np.maximum(low - error, -reach), np.minimum(high + error, reach)


def ratio_bounds(metric: Metric, x: Floats, y: Floats, of_x: Limits, of_y: Limits, z: Any) -> Pair:
    """Bounds of x / y, the r for which those of x - r y end at 0: Donner and Zou 2012.

    NaN of what may be negative, but for quantiles whose limits are not.

    What binning can have moved makes the lower one that of the least x and the largest y there can be, the upper one
    that of the largest x and the least y.
    """
    signed = metric.range[0] < 0
    if signed and metric.share is None:
        return np.full_like(x - y, math.nan), np.full_like(x - y, math.nan)
    (x_low, x_high), (y_low, y_high), e, d = of_x.at(z), of_y.at(z), of_x.error, of_y.error
    low = least_ratio(x - e, x_low - e, y + d, y_high + d)
    high = 1 / least_ratio(y - d, y_low - d, x + e, x_high + e)
    gone = np.isnan(x_low) | np.isnan(y_low) | (signed & ((x_low - e <= 0) | (y_low - d <= 0)))
    return np.where(gone, math.nan, low), np.where(gone, math.nan, high)


def least_ratio(x: Floats, x_low: Floats, y: Floats, y_high: Floats) -> Floats:
    """The least r at which x_low is as far below x as r (y_high - y) reaches: 0 where x may be 0."""
    below, under = x_low * (2 * x - x_low), y_high * (2 * y - y_high)
    low = below / (x * y + np.sqrt(np.maximum((x * y) ** 2 - below * under, 0)))
    return np.where(x_low <= 0, 0.0, low)


def tested(
    x: Floats, y: Floats, of_x: Limits, of_y: Limits, level: float, freedom: Floats | None
) -> tuple[Floats, Floats, Floats]:
    """Bounds of x - y, and the smallest alpha at which they leave out 0.

    Its z is the first at which they reach 0, found by doubling and halving. Limits that turn back at a larger z (kappa
    of a table in which nothing agrees) do not make 0 left out again.
    """
    low, high = difference_bounds(x, y, of_x, of_y, quantile(level, freedom))
    stops, farthest = (STOPS, FARTHEST) if freedom is None else (FAR_STOPS, FARTHEST_T)
    out, into, walking = np.zeros_like(low), np.full_like(low, farthest), np.ones(np.shape(low), bool)

    def leave_out(z: Any) -> Any:
        below, above = difference_bounds(x, y, of_x, of_y, z)
        return (below > 0) | (above < 0)

    for stop in stops:
        left_out = leave_out(stop)
        into = np.where(walking & ~left_out, stop, into)
        walking = walking & left_out
        out = np.where(walking, stop, out)
    for _ in range(HALVINGS):
        z = (out + into) / 2
        left_out = leave_out(z)
        out, into = np.where(left_out, z, out), np.where(left_out, into, z)
    p = erfc(out / math.sqrt(2)) if freedom is None else 2 * student.tail(out, freedom)
    p = np.where(np.isnan(low + high), math.nan, p)
    return np.where(p > 1 - level, np.minimum(low, 0), low), np.where(p > 1 - level, np.maximum(high, 0), high), p


def without(metric: Metric, part: Cells, total: Cells) -> Cells:
    """The cells of the rest of the total that the metric needs."""
    names = [name for name in dict.fromkeys((*read_by(metric, total), *CONFUSION)) if name in total.values]

    def rest(whole: Any, taken: Any) -> dict[str, Floats]:
        return {name: left_over(whole[name], taken[name]) for name in names if name in whole}

    weighted = total.squares is not None
    return Cells(rest(total.values, part.values), rest(total.squares, part.squares) if weighted else None)


def nested_bounds(metric: Metric, part: Cells, rest: Cells, z: Any) -> Pair:
    """Bounds of part - total as the rows of part and of rest vary on their own; NaN of a method without a rule here."""
    if metric.interval == "auc":
        return nested_area_bounds(metric, part, rest, z)
    x = value(metric, part)
    if metric.interval not in PARTS:
        return np.full_like(x, math.nan), np.full_like(x, math.nan)
    center = x - value(metric, together(part, rest))
    vary_part, vary_rest = moves(metric, part), moves(metric, rest)
    of_part = combined(lambda c: value(metric, c) - value(metric, together(c, rest)), part, vary_part)(z)
    of_rest = combined(lambda c: x - value(metric, together(part, c)), rest, vary_rest)(z)
    low, high = (np.hypot(center - end, center - other) for end, other in zip(of_part, of_rest, strict=True))
    return center - low, center + high


def together(part: Cells, rest: Cells) -> Cells:
    """The cells that both have, added up."""
    return Cells({name: part.values[name] + rest.values[name] for name in rest.values})


def nested_area_bounds(metric: Metric, part: Cells, rest: Cells, z: Any) -> Pair:
    """Bounds of part - total of the area under the ROC curve, from what each row adds to both."""
    total = together(part, rest)
    pos, neg, *own = histograms(part)
    _, *to_part = influence(pos, neg)
    _, *to_total = influence(pos + rest.positive, neg + rest.negative)
    squares = rest if rest.squares is None else Cells(rest.squares)
    variance = sum(
        (w2 * (mine - alike) ** 2 + others * alike**2).sum(-1)
        for w2, mine, alike, others in zip(own, to_part, to_total, (squares.positive, squares.negative), strict=True)
    )
    center, reach = value(metric, part) - value(metric, total), z * np.sqrt(variance)
    return center - reach, center + reach
