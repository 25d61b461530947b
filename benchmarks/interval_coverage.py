"""Measured coverage of every interval: run as a script, it prints the tables and writes COVERAGE.md."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

import fastmetrics as fm
from benchmarks import interval_means, interval_quantiles, interval_ranks
from benchmarks.covered import DRAWS, FEWEST, MET, Floats, Misses, Section, held
from fastmetrics.families.binary import CELLS, METRICS, fbeta
from fastmetrics.metric import Cells, Metric, find, value
from fastmetrics.reading.intervals import bounds, compare, compare_to_total

SIZES = (30, 100, 1000, 10_000, 100_000)
RATES = (0.001, 0.01, 0.1, 0.5)
MODELS = {"a": (0.5, 0.5), "b": (0.8, 0.9), "c": (0.95, 0.99), "d": (0.3, 0.999)}  # recall, specificity
LABELLED, ANSWERED = 0.9, 0.95
TRIED = [*(metric for metric in METRICS if metric.interval), fbeta(2), fbeta(0.5)]


@dataclass(frozen=True)
class Design:
    """How rows come by their weights: the share of the rows of a cell that is kept, and log weights of given spread."""

    name: str
    text: str
    sizes: tuple[int, ...] = SIZES
    kept: Mapping[str, float] = field(default_factory=dict)
    mean_log: Mapping[str, float] = field(default_factory=dict)
    spread: float = 0.0

    def shares(self) -> Floats:
        return np.array([self.kept.get(name, 1.0) for name in CELLS])

    def logs(self) -> Floats:
        return np.array([self.mean_log.get(name, 0.0) for name in CELLS])


NEGATIVE = ("tn", "fp", "unpredicted_neg")
DESIGNS = (
    Design("unweighted", "every row counts once"),
    Design(
        "down-sampled",
        "a tenth of the negative rows is kept and weighs 10; n is the number of rows kept",
        kept=dict.fromkeys(NEGATIVE, 0.1),
        mean_log=dict.fromkeys(NEGATIVE, math.log(10)),
    ),
    Design(
        "log-normal",
        "weights exp(m + 0.8 N(0, 1)) with m = 0.5 of fp, 1 of fn, 0.7 of tp and 0 of the rest; n up to 10,000",
        sizes=SIZES[:-1],
        mean_log={"fp": 0.5, "fn": 1.0, "tp": 0.7},
        spread=0.8,
    ),
)


class Result(NamedTuple):
    """The coverage of one metric in one scenario; ``smallest`` is the least expected number of rows in its cells."""

    design: str
    metric: str
    n: int
    rate: float
    model: str
    coverage: float
    defined: float
    smallest: float

    @property
    def side(self) -> str:
        return "under" if self.coverage < MET[0] else "over" if self.coverage > MET[1] else "met"


def probabilities(rate: float, recall: float, specificity: float) -> Floats:
    """Of the nine cells, in the order of CELLS: whether a label and a prediction are there depends on nothing."""
    negative, positive = 1 - rate, rate
    answered = {
        "tn": negative * specificity,
        "fp": negative * (1 - specificity),
        "fn": positive * (1 - recall),
        "tp": positive * recall,
    }
    cells = {name: LABELLED * ANSWERED * share for name, share in answered.items()} | {
        "unpredicted_neg": LABELLED * (1 - ANSWERED) * negative,
        "unpredicted_pos": LABELLED * (1 - ANSWERED) * positive,
        "unlabelled_neg": (1 - LABELLED) * ANSWERED * (answered["tn"] + answered["fn"]),
        "unlabelled_pos": (1 - LABELLED) * ANSWERED * (answered["fp"] + answered["tp"]),
        "unlabelled_unpredicted": (1 - LABELLED) * (1 - ANSWERED),
    }
    return np.array([cells[name] for name in CELLS])


def named(cells: Floats) -> dict[str, Floats]:
    return dict(zip(CELLS, cells, strict=True))


def draw(design: Design, n: int, chances: Floats, rng: np.random.Generator, draws: int = DRAWS) -> tuple[Cells, Floats]:
    """Cells of ``draws`` logs of n rows, and the share of rows expected in each cell."""
    seen = chances * design.shares()
    seen = seen / seen.sum()
    counts: NDArray[Any] = rng.multinomial(n, seen, draws).T
    if design.spread:
        sums = [weight_sums(row, mean, design.spread, rng) for row, mean in zip(counts, design.logs(), strict=True)]
        return Cells(*(named(np.array(side, np.float64)) for side in zip(*sums, strict=True))), seen
    weights = np.exp(design.logs())[:, None]
    return Cells(named(counts * weights), named(counts * weights**2) if design.mean_log else None), seen


def weight_sums(counts: NDArray[Any], mean: float, spread: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Σw and Σw² of as many log-normal weights as each count says."""
    ends = np.concatenate([[0], np.cumsum(counts)])
    weights = np.exp(mean + spread * rng.standard_normal(ends[-1]))
    sums = (np.concatenate([[0.0], np.cumsum(x)]) for x in (weights, weights * weights))
    first, second = (np.where(counts > 0, np.diff(total[ends]), 0.0) for total in sums)
    return first, second


def truth(design: Design, chances: Floats, metric: Metric) -> float:
    """The value of the expected weights."""
    return float(value(metric, Cells(named(chances * design.shares() * np.exp(design.logs())))))


def read_by(metric: Metric) -> list[int]:
    """The cells whose count moves the metric."""
    start = np.arange(2.0, 11.0)
    moved = [float(value(metric, Cells(named(start + np.eye(9)[i])))) for i in range(9)]
    return [i for i in range(9) if moved[i] != float(value(metric, Cells(named(start))))]


def study(design: Design, rng: np.random.Generator) -> Iterator[Result]:
    for n in design.sizes:
        for rate in RATES:
            for model, (recall, specificity) in MODELS.items():
                chances = probabilities(rate, recall, specificity)
                cells, seen = draw(design, n, chances, rng)
                for metric in TRIED:
                    coverage, defined = held(*bounds(metric, cells), truth(design, chances, metric))
                    smallest = n * min(seen[i] for i in read_by(metric))
                    if not math.isnan(coverage):
                        yield Result(design.name, metric.name, n, rate, model, coverage, defined, smallest)


def shares(results: Sequence[Result]) -> str:
    """``cells | met | under | over | lowest | highest`` of some results."""
    if not results:
        return "0 | | | | |"
    tally = [sum(result.side == side for result in results) / len(results) for side in ("met", "under", "over")]
    covered = [result.coverage for result in results]
    return " | ".join(
        [str(len(results)), *(f"{share:.2f}" for share in tally), f"{min(covered):.3f}", f"{max(covered):.3f}"]
    )


def summary(results: Sequence[Result]) -> Iterator[str]:
    columns = "| scenarios | met | under | over | lowest | highest "
    yield f"| metric | interval {columns}{columns.replace('scenarios', '5 rows or more')}|"
    yield "|---" * 14 + "|"
    for metric in [*TRIED, None]:
        mine = [result for result in results if metric is None or result.metric == metric.name]
        fed = [result for result in mine if result.smallest >= 5]
        name = "**all** | " if metric is None else f"{metric.name} | {metric.interval}"
        yield f"| {name} | {shares(mine)} | {shares(fed)} |"


def misses(results: Sequence[Result]) -> Iterator[str]:
    """One line a side and group of metrics that miss alike: rows/positive rate/model coverage."""
    alike: dict[tuple[str, str], list[str]] = {}
    for metric in TRIED:
        for side in ("under", "over"):
            found = [result for result in results if result.metric == metric.name and result.side == side]
            if found:
                alike.setdefault((side, "; ".join(map(told, found))), []).append(metric.name)
    for (side, text), names in alike.items():
        yield f"- {', '.join(names)} {side}: {text}"


def told(r: Result) -> str:
    marks = ("*" if r.smallest >= 5 else "") + ("°" if r.defined < 0.5 else "")
    return f"{r.n}/{r.rate:g}/{r.model} {r.coverage:.3f}{marks}"


FEW_OUTCOMES = "fewer than 5 rows are expected in a cell: few outcomes are possible, and coverage jumps with the rate"
FEW_WEIGHTS = "a few heavy rows decide, and how heavy the unseen ones are is not known from so few"
NOT_IMPORTANCE = "a weight is importance: the rows that it stands for are one row to it"


def counted_rows(rng: np.random.Generator, misses: Misses) -> Iterator[str]:
    """Logs of which equal rows were counted before: read with ``frequency=``, and with ``weight=``, which it is not."""
    draws, names = 2000, ("recall", "precision", "f1", "mcc", "mae", "rmse")
    yield "| rows | | " + " | ".join(names) + " |"
    yield "|---" * (2 + len(names)) + "|"
    shares, error = np.array([0.8, 0.06, 0.02, 0.12]), np.array([1.0, 3.0, -2.0, 0.0])
    true = named(np.array([*shares, *np.zeros(5)]))
    right = [float(value(find(name, METRICS), Cells(true))) for name in names[:4]]
    right += [float(shares @ np.abs(error)), math.sqrt(shares @ error**2)]
    for n in (30, 100, 1000, 10_000):
        log = pl.DataFrame(
            {
                "draw": np.repeat(np.arange(draws), 4), "label": np.tile([0, 0, 1, 1], draws),
                "pred": np.tile([0, 1, 0, 1], draws), "y": 0.0, "guess": np.tile(error, draws),
                "times": rng.multinomial(n, shares, draws).ravel(),
            }
        )  # fmt: skip
        families = fm.binary("label", "pred"), fm.regression("y", "guess", extremes=False)
        counts = {
            "frequency": fm.count(log, *families, by="draw", frequency="times"),
            "weight": fm.count(log, *families, by="draw", weight="times"),
        }
        for way, reason in (("frequency", FEW_OUTCOMES), ("weight", NOT_IMPORTANCE)):
            frame = counts[way].metrics(*names, intervals=True)
            row = []
            for name, value_of in zip(names, right, strict=True):
                low, high = (
                    frame[f"{name}_{end}"].cast(pl.Float64).fill_null(math.nan).to_numpy() for end in ("low", "high")
                )
                coverage = held(low, high, value_of)[0]
                row.append(misses.judged("counted rows", f"{name} of {n} by {way}", coverage, reason))
            yield f"| {n} | `{way}=` | {' | '.join(row)} |"


def tests(rng: np.random.Generator, misses: Misses) -> Iterator[str]:
    """Rejections at alpha .05 of two proportions: this library's p and the pooled score test."""
    metric = find("recall", METRICS)
    yield "| rows a, b | rate a | rate b | p < .05 | score test |"
    yield "|---" * 5 + "|"
    for n, m in ((30, 30), (30, 1000), (100, 100), (1000, 1000), (1000, 100_000)):
        for rate in (0.01, 0.1, 0.5):
            for lift in (0.0, 2.5 * math.sqrt(rate * (1 - rate) * (1 / n + 1 / m))):
                other = min(rate + lift, 1.0)
                x, y = rng.binomial(n, other, 20_000), rng.binomial(m, rate, 20_000)
                sides = [Cells({"tp": k.astype(float), "fn": total - k.astype(float)}) for k, total in ((x, n), (y, m))]
                pooled = (x + y) / (n + m)
                with np.errstate(all="ignore"):
                    score = np.abs(x / n - y / m) / np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
                ours, theirs = np.mean(compare(metric, sides[0], sides[1]).p < 0.05), np.mean(score > 1.959964)
                yield f"| {n}, {m} | {other:.3f} | {rate:g} | {ours:.3f} | {theirs:.3f} |"


def comparisons(rng: np.random.Generator, misses: Misses) -> Iterator[str]:
    """Coverage of differences and ratios of two groups, and of a part against its total."""
    names = ("recall", "f1", "mcc", "kappa", "balanced_accuracy", "markedness", "lr_plus")
    yield "| rows a, b | design | " + " | ".join(names) + " |"
    yield "|---" * (2 + len(names)) + "|"
    for design in DESIGNS[:2]:
        for n, m in ((100, 100), (1000, 1000), (1000, 10_000), (10_000, 1000)):
            both = probabilities(0.1, 0.8, 0.9), probabilities(0.2, 0.7, 0.95)
            a, b = (draw(design, size, chances, rng)[0] for size, chances in zip((n, m), both, strict=True))
            total = added(a, b)
            rows = [size / (chances * design.shares()).sum() for size, chances in zip((n, m), both, strict=True)]
            mixed = both[0] * rows[0] + both[1] * rows[1]
            row = []
            for metric in (find(name, METRICS) for name in names):
                x, y, whole = (float(value(metric, Cells(named(cells)))) for cells in (*both, mixed))
                apart, inside = compare(metric, a, b), compare_to_total(metric, a, total)
                if metric.kind != "other" and metric.den is not None:  # the shares of a and b are taken as they are
                    whole = x - (1 - metric.den(a) / metric.den(total)) * (x - y)
                row.append(
                    ", ".join(
                        misses.judged("comparisons", f"{metric.name} {n}, {m} {design.name}", coverage, FEW_WEIGHTS)
                        for coverage, _ in (
                            held(apart.difference_low, apart.difference_high, x - y),
                            held(apart.ratio_low, apart.ratio_high, x / y),
                            held(inside.difference_low, inside.difference_high, x - whole),
                        )
                    )
                )
            yield f"| {n}, {m} | {design.name} | {' | '.join(row)} |"


def added(a: Cells, b: Cells) -> Cells:
    values, squares = (
        None if x is None or y is None else {name: x[name] + y[name] for name in CELLS}
        for x, y in ((a.values, b.values), (a.squares, b.squares))
    )
    assert values is not None
    return Cells(values, squares)


INTRODUCTION = f"""\
Made by `make intervals`. Confusion cells are drawn from known probabilities; an interval of level .95 should hold the
value that these give in 95 % of the draws in which the metric is defined. *Met* is .93 to .97, *under* less, *over*
more. {DRAWS:,} draws a scenario, fixed seed: a true .95 is seen within .007.

Scenarios: rows {", ".join(f"{n:,}" for n in SIZES)}; share of positive labels {", ".join(map(str, RATES))}; recall and
specificity {", ".join(f"{name} = {recall}, {specificity}" for name, (recall, specificity) in MODELS.items())};
{LABELLED:.0%} of the rows have a label, {ANSWERED:.0%} a prediction. A scenario is judged where {FEWEST} draws or more
define the metric. *5 rows or more* are the scenarios that expect so many in every cell that the metric reads. Elsewhere
few outcomes are possible, and no interval of a count can be near .95 at every rate: the misses are listed. A value that
is undefined in most draws (lr_plus without a false positive) is seen only when chance has moved it, so its coverage
among those draws can be low with any interval: ° marks fewer than half of the draws defined, * 5 rows or more.
"""

SECTIONS = (
    *interval_ranks.SECTIONS,
    *interval_means.SECTIONS,
    Section(
        "Counted rows",
        "Logs in which a column says how many equal rows there were. The bounds of `frequency=` are those of the rows "
        "spelled out; `weight=` takes the same column for the importance of four rows.",
        counted_rows,
    ),
    Section("Tests of two proportions", "Rejections at alpha .05; of equal rates, errors of the first kind.", tests),
    Section(
        "Comparisons",
        "Group a: 10 % positive, recall .8, specificity .9; group b: 20 %, .7, .95; total: both. Each entry holds the "
        "coverage of the difference a - b, the ratio a / b, and the difference a - total.",
        comparisons,
    ),
    *interval_quantiles.SECTIONS,
)


def report() -> Iterator[str]:
    yield f"# Measured coverage of the intervals\n\n{INTRODUCTION}"
    rng, found = np.random.default_rng(1), Misses()
    for design in DESIGNS:
        results = list(study(design, rng))
        yield f"\n## {design.name[0].upper()}{design.name[1:]}\n\n{design.text[0].upper()}{design.text[1:]}.\n"
        yield from summary(results)
        yield "\nMisses, as rows/share of positives/model coverage:\n"
        yield from misses(results)
        for result in results:
            if result.side == "under" and result.smallest >= 5:
                scenario = f"{result.metric} {result.n}/{result.rate:g}/{result.model}"
                found.judged(design.name, scenario, result.coverage, FEW_WEIGHTS)
    for section in SECTIONS:
        yield f"\n## {section.title}\n\n{section.text}\n"
        yield from section.lines(rng, found)
    yield f"\n## Below .93, and why\n\nScenarios of confusion cells without * are listed above: {FEW_OUTCOMES}.\n"
    yield from found.lines()


def main() -> None:
    started = time.perf_counter()
    lines = []
    for line in report():
        print(line, flush=True)
        lines.append(line)
    Path(__file__).with_name("COVERAGE.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{time.perf_counter() - started:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
