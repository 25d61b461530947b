"""The shape of a loss curve: its level and noise in blocks, what it fell and rose, and when it stopped.

A curve of any length becomes at most some 80 blocks, each with a median and that median's standard error. Noise is
taken from differences of neighbours, so a trend is no noise, and widened by what a falling-then-rising curve leaves
over, so slow swings are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fastmetrics.aliases import Floats, Integers

__all__ = ["END", "STOPPED_BY", "Shape", "Stop", "noise_of", "shape_of", "step_contrast"]

BLOCKS = 64
MAD = 1.4826  # of a normal: its standard deviation over its median absolute deviation
MEDIAN_COST = 1.2533  # of a normal: the standard error of a median over that of a mean
FEWEST = 8  # points of a curve that is judged by its shape
LONG = 60
WINDOWS = 16  # along a run, of which the noise is taken
REACH = 24  # differences on each side that say how noisy a point is
PRIOR = 8.0  # differences that the noise of the whole curve counts for where that of a part is estimated
FIRST = 3  # blocks before a fall: one high value at the start is no level to fall from
END = 0.1  # share of the run that its end level is taken from
REMAINING = 0.05  # of the improvement: what is left of a fall that is over
SMALLEST = 1e-100  # level of a loss that is told from 0
STOPPED_BY = 0.5  # of the run
TAUS = np.geomspace(0.01, 4.0, 60)


@dataclass(frozen=True)
class Stop:
    """Where the best-fitting course of a loss has made all but 5 % of its fall, as a share of the run; the chi square
    by which courses with a knee fit better than those that level off by themselves; and the one by which courses that
    stop in the first half fit better than those that go on.
    """

    at: float
    sharpness: float
    early: float


@dataclass(frozen=True)
class Shape:
    """Blocks of a curve: where they lie in the run (0 to 1), their first steps, levels and standard errors."""

    x: Floats
    steps: Floats
    y: Floats
    error: Floats
    points: int

    @cached_property
    def weight(self) -> Floats:
        return 1.0 / (self.error * self.error)

    @cached_property
    def course(self) -> Floats:
        """The closest curve that only falls and then only rises."""
        return unimodal(self.y, self.weight)

    @property
    def start(self) -> float:
        return float(self.course[0])

    @property
    def best(self) -> float:
        return float(self.course.min())

    @property
    def improvement(self) -> float:
        return self.start - self.best

    @cached_property
    def best_block(self) -> int:
        return int(self.course.argmin())

    def mean(self, low: int, high: int) -> tuple[float, float]:
        """Level of blocks [low, high) and its standard error."""
        weight = self.weight[low:high]
        total = float(weight.sum())
        return float((weight * self.y[low:high]).sum() / total), total**-0.5

    @cached_property
    def end_block(self) -> int:
        """First block of the end of the run: a tenth of it, at least three blocks."""
        return max(min(int(np.searchsorted(self.x, 1 - END)), len(self.x) - 3), 0)

    @property
    def end(self) -> tuple[float, float]:
        return self.mean(self.end_block, len(self.y))

    @cached_property
    def fall(self) -> tuple[float, int]:
        """The z of the clearest step down over all places, and its block."""
        return step_contrast(-self.y, self.weight, FIRST)

    def fall_within(self, block: int) -> tuple[float, float]:
        """From a block to the end: z of the clearest step down, and how far the level fell between the two thirds."""
        y, weight = self.y[block:], self.weight[block:]
        if len(y) < 4:
            return 0.0, 0.0
        third = max(len(y) // 3, 2)
        before, _ = self.mean(block, block + third)
        after, _ = self.mean(len(self.y) - third, len(self.y))
        return step_contrast(-y, weight)[0], before - after

    @cached_property
    def rise(self) -> tuple[float, float]:
        """The z and size of the rise from the best moving mean to the end."""
        width = len(self.y) - self.end_block
        level, error = self.end
        if len(self.y) < 2 * width:
            return 0.0, 0.0
        totals = np.concatenate([[0.0], np.cumsum(self.weight)])
        sums = np.concatenate([[0.0], np.cumsum(self.weight * self.y)])
        weights = totals[width:] - totals[:-width]
        means = (sums[width:] - sums[:-width]) / weights
        best = int(means[: len(means) - width].argmin())
        size = level - float(means[best])
        return size / float(np.hypot(error, weights[best] ** -0.5)), size

    @cached_property
    def slope_up(self) -> float:
        """The z of a straight rise after the best block."""
        low = self.best_block
        if len(self.y) - low < 4:
            return 0.0
        x, y, weight = self.x[low:], self.y[low:], self.weight[low:]
        centred = x - (weight * x).sum() / weight.sum()
        return float((weight * centred * y).sum() / np.sqrt((weight * centred * centred).sum()))

    @cached_property
    def stop(self) -> Stop:
        return stopping(self)

    def block_at(self, share: float) -> int:
        return min(int(np.searchsorted(self.x, share)), len(self.x) - 1)


def shape_of(steps: Floats, values: Floats) -> Shape | None:
    """The shape of a curve of finite values; None where it has too few points."""
    if len(values) < FEWEST:
        return None
    edges = block_edges(len(values))
    sizes = np.diff(edges)
    y = medians(values, edges[:-1], sizes)
    centres = (steps[edges[:-1]] + steps[edges[1:] - 1]) / 2
    x = (centres - steps[0]) / (steps[-1] - steps[0])
    cost = np.where(sizes > 2, MEDIAN_COST, 1.0)
    least = 1e-9 * max(float(np.abs(y).max()), SMALLEST)
    error = np.hypot(cost * noise(values, edges) / np.sqrt(sizes), least)
    shape = Shape(x, steps[edges[:-1]], y, error, len(values))
    return Shape(x, shape.steps, y, error * inflation(shape), len(values))


def block_edges(points: int) -> Integers:
    """Equal blocks, the first two of them cut finer: most of a fall may lie in one of them."""
    if points <= BLOCKS:
        return np.arange(points + 1)
    edges = np.linspace(0, points, BLOCKS + 1).astype(np.int64)
    early = np.geomspace(1, edges[2], 12).astype(np.int64)
    return np.unique(np.concatenate([edges, early]))


def noise(values: Floats, edges: Integers) -> Floats:
    """Standard deviation of single points about their trend, in each block.

    A logger that averages the last batches ties neighbours, so points three apart are asked too; where a curve is too
    short for that, its bends would be taken for noise.
    """
    found = spreads(values, edges, 1)
    return np.maximum(found, np.minimum(spreads(values, edges, 3), 2 * found)) if len(values) >= LONG else found


def spreads(values: Floats, edges: Integers, lag: int) -> Floats:
    """The noise by differences of points `lag` apart, one number a window along the run, drawn towards the whole."""
    bends = np.abs(values[lag:-lag] - (values[: -2 * lag] + values[2 * lag :]) / 2)  # of variance 3/2 of the points'
    width = min(max(2 * REACH, len(bends) // WINDOWS), len(bends))
    starts = np.unique(np.linspace(0, len(bends) - width, WINDOWS).astype(np.int64))
    local = medians(bends, starts, np.full(len(starts), width))
    squares = (width * local**2 + PRIOR * float(np.median(bends)) ** 2) / (width + PRIOR)
    middles = (edges[:-1] + edges[1:]) / 2 - lag
    between: Floats = np.interp(middles, starts + width / 2, MAD * np.sqrt(squares / 1.5))
    return between


def medians(values: Floats, starts: Integers, sizes: Integers) -> Floats:
    """The median of each stretch of values; stretches of a size at once."""
    found = np.empty(len(starts))
    for size in np.unique(sizes):
        some = sizes == size
        found[some] = np.median(values[starts[some, None] + np.arange(size)], axis=1)
    return found


def noise_of(values: Floats) -> float:
    """Standard deviation of points about their trend."""
    if len(values) < 3:
        return 0.0
    return MAD * float(np.median(np.abs(values[1:-1] - (values[:-2] + values[2:]) / 2))) / float(np.sqrt(1.5))


def inflation(shape: Shape) -> float:
    """How much larger the scatter about the course is than its neighbours say, and longer-lived."""
    left = (shape.y - shape.course) / shape.error
    scale = MAD * float(np.median(np.abs(left)))
    tied = float(np.clip(np.median(np.sign(left[1:] * left[:-1])) if len(left) < 3 else correlation(left), 0.0, 0.8))
    return max(scale, 1.0) * float(np.sqrt((1 + tied) / (1 - tied)))


def correlation(left: Floats) -> float:
    """Correlation of neighbours, with outliers clipped."""
    bound = 3 * max(MAD * float(np.median(np.abs(left))), 1e-12)
    left = np.clip(left, -bound, bound)
    total = float((left * left).sum())
    return float((left[1:] * left[:-1]).sum()) / total if total > 0 else 0.0


def step_contrast(y: Floats, weight: Floats, first: int = 1) -> tuple[float, int]:
    """The z and place of the largest step up, from block `first` on: exact, by prefix sums of both sides."""
    before, total = np.cumsum(weight)[:-1], weight.sum()
    sums = np.cumsum(weight * y)[:-1]
    whole = (weight * y).sum()
    z = ((whole - sums) / (total - before) - sums / before) / np.sqrt(1 / before + 1 / (total - before))
    place = int(z[first - 1 :].argmax()) + first - 1
    return float(z[place]), place + 1


def pooled(y: Floats, weight: Floats) -> tuple[list[tuple[float, float, int]], Floats]:
    """The closest curve that only falls, as (level, weight, blocks), and the squared error of each of its prefixes
    (pool adjacent violators, Ayer et al. 1955).
    """
    pools: list[tuple[float, float, int]] = []
    errors = np.zeros(len(y) + 1)
    squares: list[float] = []  # error within each pool
    total = 0.0
    for place in range(len(y)):
        level, heavy, many, inside = float(y[place]), float(weight[place]), 1, 0.0
        while pools and pools[-1][0] <= level:
            other, other_heavy, other_many = pools.pop()
            within = squares.pop()
            total -= within
            joint = heavy + other_heavy
            inside += within + heavy * other_heavy / joint * (level - other) ** 2
            level, heavy, many = (level * heavy + other * other_heavy) / joint, joint, many + other_many
        pools.append((level, heavy, many))
        squares.append(inside)
        total += inside
        errors[place + 1] = total
    return pools, errors


def unimodal(y: Floats, weight: Floats) -> Floats:
    """The closest curve that falls and then rises: of all places to turn, the one with the least squared error."""
    ahead = pooled(y, weight)[1]
    behind = pooled(y[::-1], weight[::-1])[1][::-1]
    turn = int((ahead + behind).argmin())
    parts = [spread(pooled(y[:turn], weight[:turn])[0]), spread(pooled(y[turn:][::-1], weight[turn:][::-1])[0])[::-1]]
    return np.concatenate(parts)


def spread(pools: list[tuple[float, float, int]]) -> Floats:
    return np.repeat([level for level, _, _ in pools], [many for _, _, many in pools]).astype(np.float64)


def levelling(u: Floats) -> list[Floats]:
    """Courses that level off by themselves."""
    return [
        np.exp(-u),
        (1 + u) ** -0.5,
        1 / (1 + u),
        (1 + u) ** -2.0,
        np.exp(-u * u),
        0.5 + 0.5 * np.cos(np.pi * np.minimum(u, 1)),
    ]


def broken(u: Floats) -> list[Floats]:
    """Courses that fall until u = 1 and then stop, with a knee."""
    inside = np.minimum(u, 1)
    cut = [(np.exp(-k * inside) - np.exp(-k)) / (1 - np.exp(-k)) for k in (1.0, 2.0, 3.0)]
    return [1 - inside, *cut, (1 / (1 + 6 * inside) - 1 / 7) * 7 / 6]


def stopping(shape: Shape) -> Stop:
    """Least squares of level and size for each course and each of its time scales."""
    first = crest(shape)
    x = (shape.x[first:] - shape.x[first]) / max(1 - float(shape.x[first]), 1e-9)
    weight, error, course = shape.weight[first:], shape.error[first:], shape.course[first:]
    y = np.clip(shape.y[first:], course - 3 * error, course + 3 * error)
    u = x[None, :] / TAUS[:, None]
    smooth, sharp = np.concatenate(levelling(u)), np.concatenate(broken(u))
    curves = np.concatenate([smooth, sharp])
    chi = chi_squares(curves, y, weight)
    left = (curves - curves[:, -1:]) / np.maximum(curves[:, :1] - curves[:, -1:], 1e-300)
    over = x[(left <= REMAINING).argmax(axis=1)]
    over = shape.x[first] + over * (1 - shape.x[first])
    early = over <= STOPPED_BY
    return Stop(
        at=float(over[chi.argmin()]),
        sharpness=float(chi[: len(smooth)].min() - chi[len(smooth) :].min()),
        early=float(chi[~early].min() - chi[early].min()) if early.any() and not early.all() else 0.0,
    )


def crest(shape: Shape) -> int:
    """The block that a fall begins with: the highest of the first fifth where that stands out, as after a warm-up."""
    early = max(shape.block_at(0.2), 1)
    top = int(shape.y[:early].argmax())
    return top if shape.y[top] - shape.y[0] > 4 * float(np.hypot(shape.error[top], shape.error[0])) else 0


def chi_squares(curves: Floats, y: Floats, weight: Floats) -> Floats:
    """The least chi square of y = level + size * curve, size not below 0, for each row of `curves`."""
    total = weight.sum()
    centred = curves - (curves @ weight / total)[:, None]
    rest = y - (weight * y).sum() / total
    squares = np.maximum((centred * centred) @ weight, 1e-300)
    product = np.maximum((centred * rest) @ weight, 0.0)
    chi: Floats = (weight * rest * rest).sum() - product * product / squares
    return chi
