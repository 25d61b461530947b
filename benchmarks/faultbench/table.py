"""Scores of many cases as tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import polars as pl
from scipy.stats import beta

__all__ = ["clopper_pearson", "failures", "figures", "macro_f1", "markdown"]

LARGE = (pl.col("q") >= 0.1) & (pl.col("rows") >= 1000)
SMALL = pl.col("q").is_in([0.1, 0.2]) & pl.col("rows").is_between(200, 1000, closed="left")
NOTHING = "nothing"


def clopper_pearson(k: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """The exact interval of a proportion."""
    tail = (1 - level) / 2
    return (
        float(beta.ppf(tail, k, n - k + 1)) if k else 0.0,
        float(beta.ppf(1 - tail, k + 1, n - k)) if k < n else 1.0,
    )


def macro_f1(truth: Sequence[str], told: Sequence[str]) -> float | None:
    """The mean F1 over the classes that occur among the truths."""
    classes = sorted(set(truth))
    scores = []
    for one in classes:
        both = sum(a == b == one for a, b in zip(truth, told, strict=True))
        scores.append(2 * both / (sum(a == one for a in truth) + sum(b == one for b in told)))
    return sum(scores) / len(scores) if scores else None


def share(frame: pl.DataFrame, column: str) -> str:
    """How many of how many, with its interval."""
    known = frame[column].drop_nulls() if column in frame.columns else pl.Series([], dtype=pl.Boolean)
    k, n = int(known.sum()), len(known)
    if not n:
        return "-"
    low, high = clopper_pearson(k, n)
    return f"{k}/{n} = {k / n:.1%} [{low:.1%}, {high:.1%}]"


def what(frame: pl.DataFrame) -> str:
    """Macro-F1 of the first tags, any right answer counted as the class of the fault."""
    if not frame.height:
        return "-"
    found = macro_f1(frame["tag"].to_list(), frame["told"].to_list())
    return f"{found:.3f} ({frame.height} cases)"


def number(of_column: Any) -> float:
    """A figure of a column, which Polars types as any value that a column may hold."""
    return float(of_column)


def windows(frame: pl.DataFrame, column: str) -> str:
    errors = frame[column].drop_nulls() if column in frame.columns else pl.Series([], dtype=pl.Int64)
    return (
        f"median {number(errors.median()):g}, p90 {errors.quantile(0.9, 'higher'):g} ({len(errors)} cases)"
        if len(errors)
        else "-"
    )


def told(cases: pl.DataFrame) -> pl.DataFrame:
    """The cases with ``told``: the class that the first finding's tag amounts to."""
    from benchmarks.faultbench.faults import KINDS

    answers = {(kind.name, sign): tags for kind in KINDS.values() for sign, tags in kind.tags.items()}
    rows = cases.select("kind", "sign", "first_tag").iter_rows()
    classes = [
        answers[kind, sign][0] if tag in answers.get((kind, sign), ()) else tag or NOTHING for kind, sign, tag in rows
    ]
    truth = pl.when(pl.col("tag") == "").then(pl.lit(NOTHING)).otherwise("tag").alias("tag")
    return cases.with_columns(truth, pl.Series("told", classes, dtype=pl.String))


def figures(faults: pl.DataFrame, nulls: pl.DataFrame) -> Iterator[tuple[str, str, str]]:
    """Each figure with its goal."""
    crashes = sum(int((part["crash"] != "").sum()) for part in (faults, nulls) if part.height)
    yield "crashes", "0", str(crashes)
    if faults.height:
        yield from fault_figures(told(faults), told(nulls) if nulls.height else nulls)
    if nulls.height:
        yield "false alarms, all nulls", "<= 5 %", share(nulls, "alarm")
        for (track,), part in nulls.group_by(["track"], maintain_order=True):
            yield f"false alarms, {track}", "<= 5 %", share(part, "alarm")
        yield "ms a null, median", "", f"{number(nulls['ms'].median()):.0f}"


def fault_figures(cases: pl.DataFrame, nulls: pl.DataFrame) -> Iterator[tuple[str, str, str]]:
    placed = cases.filter(pl.col("kind") != "mix_only")
    large, small = placed.filter(LARGE), placed.filter(SMALL)
    yield "WHERE: rows found (Jaccard >= .9), q >= .1, >= 1,000 rows", ">= 97 %", share(large, "hit")
    lasting = large.filter(pl.col("profile") != "pulse")
    yield "  the same without pulses of 3 windows", "", share(lasting, "hit")
    yield "  the same with one root", "", share(lasting.filter(pl.col("roots") == 1), "hit")
    yield "  of those that the oracle sees", "", share(large.filter(pl.col("oracle")), "hit")
    yield "WHERE: the exact predicate", ">= 80 %", share(large, "exact")
    yield "  without pulses", "", share(lasting, "exact")
    yield "small faults: detected", "oracle - 5", share(small, "detected")
    yield "small faults: oracle", "", share(small, "oracle")
    yield "all faults: detected", "", share(placed, "detected")
    yield "all faults: oracle", "", share(placed, "oracle")
    columns = ["tag", "told"]
    nothing = nulls.filter(pl.col("kind") == "none").select(columns) if nulls.height else cases.select(columns).clear()
    clear = cases.filter(LARGE)
    yield (
        "WHAT: macro-F1, q >= .1, >= 1,000 rows, and nulls",
        ">= .90",
        what(pl.concat([clear.select(columns), nothing])),
    )
    yield "  without pulses", "", what(pl.concat([clear.filter(pl.col("profile") != "pulse").select(columns), nothing]))
    yield "WHAT: macro-F1, what the oracle sees", "", what(placed.filter(pl.col("oracle")))
    yield "WHAT: macro-F1, detected", "", what(cases.filter(pl.col("detected")))
    yield "WHAT: macro-F1, all and nulls", "", what(pl.concat([cases.select(columns), nothing]))
    yield "coverage of the effect's interval, detected", ">= .93", share(placed.filter(pl.col("detected")), "covered")
    yield "findings elsewhere than at a root, a case", "", f"{number(placed['stray'].mean()):.2f}"
    steps = placed.filter(pl.col("profile") == "step").with_columns(
        oracle_error=(pl.col("oracle_since") - pl.col("tau")).abs(),
        a_window=pl.col("rows") / (90 - pl.col("tau")),
    )
    busy = steps.filter((pl.col("a_window") >= 100) & (pl.col("q") >= 0.1))
    yield "WHEN: windows off, steps, >= 100 rows a window, q >= .1", "1, 3", windows(busy, "since_error")
    yield "WHEN: oracle, the same", "", windows(busy, "oracle_error")
    yield "WHEN: windows off, other steps", "", windows(steps.filter(pl.col("a_window") < 100), "since_error")
    yield "WHEN: oracle, the same ones", "", windows(steps.filter(pl.col("a_window") < 100), "oracle_error")
    seen = steps.filter(pl.col("detected")).with_columns(dated=pl.col("since_error").is_not_null())
    yield "WHEN: detected steps that are dated without a baseline", "", share(seen, "dated")
    error = cases["decomposition_error"].drop_nulls() if "decomposition_error" in cases.columns else pl.Series([])
    yield "decomposition misses the total by at most", "1e-12", f"{number(error.max()):.1e}" if len(error) else "-"
    yield "ms a fault, median", "", f"{number(cases['ms'].median()):.0f}"


def by_kind(faults: pl.DataFrame) -> pl.DataFrame:
    """What came of each kind of fault."""
    cases = told(faults)
    seen = pl.col("oracle").fill_null(value=False) if "oracle" in cases.columns else pl.lit(False)
    return (
        cases.group_by("kind", maintain_order=True)
        .agg(
            cases=pl.len(),
            large=LARGE.sum(),
            oracle=seen.sum(),
            detected=pl.col("detected").sum(),
            hit=pl.col("hit").sum(),
            hit_large=(pl.col("hit") & LARGE).sum(),
            exact=pl.col("exact").sum(),
            tag_right=(pl.col("tag") == pl.col("told")).sum(),
            told=pl.col("told").value_counts(sort=True),
        )
        .with_columns(
            pl.col("told")
            .list.eval(pl.element().struct.field("told") + " " + pl.element().struct.field("count").cast(pl.String))
            .list.join(", ")
        )
    )


def failures(faults: pl.DataFrame, nulls: pl.DataFrame) -> Iterator[str]:
    """A line for each case that was found wrong although it is large or the oracle sees it, and each false alarm."""
    for cases in (faults, nulls):
        for row in cases.filter(pl.col("crash") != "").iter_rows(named=True):
            yield f"CRASH {row['what']} {row['seed']} {row['kind']} {row['track']}: {row['crash']}"
    if faults.height:
        cases = told(faults)
        wrong = (pl.col("tag") != pl.col("told")) | ~pl.col("hit").fill_null(value=True)
        clear = LARGE | pl.col("oracle").fill_null(value=False)
        for row in cases.filter(wrong & clear).sort("kind", "seed").iter_rows(named=True):
            yield failure(row)
    if nulls.height:
        for row in nulls.filter("alarm").iter_rows(named=True):
            yield f"null {row['seed']} {row['track']} {row['slices']} q={row['q']:g}: {row['tags']}; first " + first(
                row
            )


def failure(row: dict[str, Any]) -> str:
    margin = "-" if row["oracle_margin"] is None else f"{row['oracle_margin']:.1f}"
    flaw = "tag" if row["tag"] != row["told"] else ""
    flaw += "+where" if row["hit"] is False else ""
    return (
        f"{row['kind']} seed {row['seed']} [{flaw.strip('+')}] {row['track']} q={row['q']:g} {row['profile']} "
        f"tau={row['tau']} rows={row['rows']:.0f} oracle={margin}: truth {row['tag']} at {row['slices']}; "
        f"first {first(row)}, J={row['jaccard'] or 0:.2f}; all: {row['tags'] or NOTHING}"
    )


def first(row: dict[str, Any]) -> str:
    if not row["first_tag"]:
        return NOTHING
    p = "-" if row["first_p"] is None else f"{row['first_p']:.1e}"
    return (
        f"{row['first_tag']} at {row['first_slice']} ({row['first_metric']} {row['first_difference'] or 0:+.3f}, p {p})"
    )


def markdown(header: Sequence[str], rows: Sequence[Sequence[Any]], shown: Callable[[Any], str] = str) -> str:
    lines = [header, ["-" * 3] * len(header), *rows]
    return "\n".join("| " + " | ".join(shown(value) for value in line) + " |" for line in lines)
