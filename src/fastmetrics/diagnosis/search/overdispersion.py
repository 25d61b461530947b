"""How much more a slice varies between windows of the baseline than independent rows would.

Rows of one hour, user or campaign go together, and seasons come and go: then counts vary more than the hypergeometric
law says, more in one slice than in another, and a test must expect it. The variance of each slice is estimated between
blocks of baseline windows and moderated by that of all slices together, as is done for thousands of genes with few
samples each (Smyth 2004).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log, log1p

import numpy as np

from fastmetrics.aliases import Floats
from fastmetrics.arithmetic import divide
from fastmetrics.diagnosis.search.lattice import Conjunction, Lattice

__all__ = ["Blocks", "Dispersion", "LEAST_WINDOWS", "dispersion_of", "independent", "normal_square"]

LEAST_WINDOWS = 5
MOST_BLOCKS = 16
MOST_CELLS = 2_000_000  # beyond, a slice's own dispersion is worked out only when it is a candidate


@dataclass(frozen=True)
class Blocks:
    """Counts by leaf and block of consecutive baseline windows, float64 (leaves x blocks)."""

    k: Floats
    n: Floats

    @property
    def deviations(self) -> tuple[Floats, Floats]:
        """Events of each leaf and block beyond those expected from the leaf's own total, and their variance."""
        events, rows = self.k.sum(1, keepdims=True), self.n.sum(1, keepdims=True)
        safe = np.maximum(rows, 2.0)
        spread = self.n * (rows - self.n) * events * (rows - events) / (safe * safe * (safe - 1))
        return self.k - self.n * events / np.maximum(rows, 1.0), spread


@dataclass(frozen=True)
class Dispersion:
    """The variance of slices beside that of independent rows: ``prior`` is of all of them, worth ``degrees``."""

    prior: float
    degrees: float
    blocks: Blocks | None = None
    cube: Floats | None = None

    def of(self, lattice: Lattice, cell: Conjunction) -> float:
        """The moderated dispersion of a slice; never below 1."""
        if self.blocks is None:
            return 1.0
        inside = lattice.inside(cell)
        u, v = Blocks(self.blocks.k[inside], self.blocks.n[inside]).deviations
        return float(self.moderated(pearson(u.sum(0), v.sum(0))))

    def moderated(self, own: Floats | float) -> Floats:
        """What is believed of slices that showed ``own``."""
        if self.blocks is None or self.degrees == inf:
            return np.full_like(np.asarray(own, np.float64), max(self.prior, 1.0))
        degrees = self.blocks.n.shape[1] - 1
        pooled = (self.degrees * self.prior + degrees * np.asarray(own)) / (self.degrees + degrees)
        return np.asarray(np.maximum(pooled, 1.0))

    def nats(self, strength: float) -> float:
        """The nats of as rare an event with a known dispersion."""
        if self.blocks is None or self.degrees == inf or strength <= 0:
            return strength
        return normal_square(2 * strength, self.degrees + self.blocks.n.shape[1] - 1) / 2


def normal_square(squared: float, degrees: float) -> float:
    """The square of a normal variable as rare as the square of a t with some degrees of freedom (Wallace 1959)."""
    return ((8 * degrees + 1) / (8 * degrees + 3)) ** 2 * degrees * log1p(squared / degrees)


def independent() -> Dispersion:
    """Of rows that are taken as independent."""
    return Dispersion(1.0, inf)


def pearson(u: Floats, v: Floats) -> float:
    """Pearson's chi-square of the blocks that can tell, over their number; 1 where none can."""
    telling = v > 0
    return float((u[telling] ** 2 / v[telling]).mean()) if telling.any() else 1.0


def dispersion_of(lattice: Lattice, k: Floats, n: Floats) -> Dispersion:
    """The dispersion of every slice between windows of the baseline; ``k`` and ``n`` are leaves x windows."""
    windows = n.shape[1]
    if windows < LEAST_WINDOWS:
        return independent()
    starts = np.unique(np.linspace(0, windows, min(windows, MOST_BLOCKS), endpoint=False).astype(int))
    blocks = Blocks(np.add.reduceat(k, starts, axis=1), np.add.reduceat(n, starts, axis=1))
    u, v = blocks.deviations
    own = [pearson(u.sum(0), v.sum(0))]
    for codes, values in zip(lattice.codes, lattice.values, strict=True):
        for code in range(1, len(values) + 1):
            inside = codes == code
            slice_u, slice_v = u[inside].sum(0), v[inside].sum(0)
            if slice_v.min() >= 1.0:
                own.append(pearson(slice_u, slice_v))
    prior, degrees = prior_of(np.array(own), len(starts) - 1)
    found = Dispersion(prior, degrees, blocks)
    if lattice.size > MOST_CELLS or degrees == inf:
        return found
    chi, telling = np.zeros(lattice.size), np.zeros(lattice.size)
    for block in range(len(starts)):
        u_cube, v_cube = lattice.roll_up(u[:, block]), lattice.roll_up(v[:, block])
        chi += divide(u_cube**2, v_cube, 0.0)
        telling += v_cube > 0
    return Dispersion(prior, degrees, blocks, found.moderated(divide(chi, telling, 1.0)))


def prior_of(own: Floats, degrees: int) -> tuple[float, float]:
    """The scaled inverse chi-square law that dispersions of several slices come from: its scale and degrees.

    Method of moments on their logarithms (Smyth 2004, section 6.2).
    """
    half = degrees / 2
    logs = np.log(np.maximum(own, 1e-6)) - digamma(half) + log(half)
    spare = (float(logs.var(ddof=1)) if len(own) > 1 else 0.0) - trigamma(half)
    if spare <= 0:
        return max(float(np.exp(logs.mean())), 1.0), inf
    prior_half = trigamma_inverse(spare)
    scale = float(np.exp(logs.mean() + digamma(prior_half) - log(prior_half)))
    return max(scale, 1.0), 2 * prior_half


def digamma(x: float) -> float:
    """The derivative of the logarithm of the gamma function, x > 0, to 1e-10."""
    shift = 0.0
    while x < 10:
        shift -= 1 / x
        x += 1
    y = 1 / (x * x)
    return shift + log(x) - 0.5 / x - y * (1 / 12 - y * (1 / 120 - y * (1 / 252 - y / 240)))


def trigamma(x: float) -> float:
    """The derivative of `digamma`, x > 0, to 1e-10."""
    shift = 0.0
    while x < 10:
        shift += 1 / (x * x)
        x += 1
    y = 1 / (x * x)
    return shift + 1 / x + y / 2 + y / x * (1 / 6 - y * (1 / 30 - y * (1 / 42 - y / 30)))


def trigamma_inverse(value: float) -> float:
    """Where `trigamma` takes a value > 0: it falls from infinity to 0, so bisection of the logarithm finds it."""
    low, high = -20.0, 20.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if trigamma(float(np.exp(middle))) > value else (low, middle)
    return float(np.exp((low + high) / 2))
