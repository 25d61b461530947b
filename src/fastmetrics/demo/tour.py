"""The tour of the demo: the log is written, counted once, and read."""

from __future__ import annotations

import argparse
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

import fastmetrics as fm
from fastmetrics.demo.log import FAULT, LABEL_DELAY_H, MODELS, NEVER_LABELLED, ROWS, SLOWDOWN, days, write_log

__all__ = ["main"]

WIDTH = 96
FEWEST = 50_000  # with fewer rows the worst slice may be so by chance


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


class Tour:
    """Runs lines of code under the names that earlier lines gave, and shows the lines and what they return."""

    def __init__(self) -> None:
        self.scope: dict[str, Any] = {"fm": fm, "pl": pl}

    def value(self, code: str) -> Any:
        """The value of an expression, shown to nobody."""
        return eval(f"({code})", self.scope)

    def run(self, sentence: str, code: str, name: str = "") -> Any:
        """Evaluate an expression and give its value a name; the text shown cannot differ from what ran."""
        code = textwrap.dedent(code).strip()
        first, *more = (f"{name} = {code}" if name else code).splitlines()
        say("\n".join(["", *textwrap.wrap(sentence, WIDTH), "", f">>> {first}", *(f"... {line}" for line in more)]))
        value = self.value(code)
        if name:
            self.scope[name] = value
        return value

    def show(self, sentence: str, code: str, name: str = "") -> pl.DataFrame:
        """Run a step whose result is a table, and print it."""
        table: pl.DataFrame = self.run(sentence, code, name)
        say(str(table))
        return table


def tables() -> pl.Config:
    """Polars prints tables whole, with four digits, and without lines."""
    return pl.Config(
        tbl_formatting="NOTHING",
        tbl_hide_dataframe_shape=True,
        tbl_hide_column_data_types=True,
        tbl_cell_numeric_alignment="RIGHT",
        tbl_rows=-1,
        tbl_cols=-1,
        tbl_width_chars=2 * WIDTH,  # else cells wrap before the table is full
        fmt_str_lengths=WIDTH,
        float_precision=4,
        thousands_separator=True,
    )


def write(folder: Path, rows: int) -> list[Path]:
    """Write the log and say so."""
    started = time.perf_counter()
    files = list(write_log(folder, rows))
    seconds, size = time.perf_counter() - started, sum(file.stat().st_size for file in files) / 1e6
    say(
        f"{rows:,} predictions of {len(MODELS)} models are in {folder}: {len(files)} Parquet files, {size:.0f} MB, "
        f"made in {seconds:.1f} s.\nOne model gets worse in one country, and another gets slow. Let us find both."
    )
    return files


def count(tour: Tour, files: Sequence[Path]) -> None:
    """Count the log under the name ``counts`` and say how long it took."""
    code = f"""
        fm.count("{files[0].parent.as_posix()}/*.parquet",
            fm.binary("label", "pred"), fm.scores("label", "score", bins=20),
            fm.values("latency_ms"),
            fm.flags(refused=fm.signals.refusal("answer", language=["en", "de", "es"]),
                     truncated=fm.signals.truncated("finish_reason")),
            by=["model", "country"], time="ts", every="1h")
        """
    started = time.perf_counter()
    tour.value(code.replace("*.parquet", files[0].name))
    ready = time.perf_counter() - started
    started = time.perf_counter()
    counts = tour.run(
        "Count it once, by model, country and hour: decisions, scores, latency, refusals and cut answers in one pass.",
        code,
        "counts",
    )
    seconds = time.perf_counter() - started
    say(
        f"{counts.rows:,} rows in {seconds:.2f} s, {counts.rows / seconds / 1e6:.1f} million rows a second; "
        f"the kernels were made ready in {ready:.1f} s before."
    )
    say(str(tour.run("What there is now are tables of cells. They are small, and they add up.", "counts")))


def compare_models(tour: Tour) -> None:
    """How good each model is, at this and another threshold."""
    tour.show(
        "How good is each model? This and all that follows is read from the counts, not from the log.",
        """
        counts.rollup("model").metrics(
            "accuracy", "precision", "recall", "f1", intervals=True
        ).select("model", "n", "label_coverage", "accuracy", "precision", "recall", "^f1.*$")
        """,
    )
    tour.show(
        "Scores were counted too, so any other threshold can be tried, again exactly:",
        """
        counts.at_threshold(0.3).rollup("model").metrics("accuracy", "precision", "recall", "f1")
        """,
    )
    tour.show(
        "Does version 2 find more harm than version 1, and what of the other models?",
        """
        counts.compare("recall", by="model", to="atlas-70b-v1").select(
            "model", "recall", "reference", "^difference.*$", "p", "p_adjusted")
        """,
    )


def look_at_requests(tour: Tour, files: Sequence[Path]) -> None:
    """What needs no label: latency, refusals, answers cut off and cost."""
    tour.show(
        "What needs no label was counted too. How long do one answer in twenty and one in a hundred take, in ms?",
        """
        counts.rollup("model").metrics("latency_ms.p95", "latency_ms.p99", intervals=True).rename(
            lambda name: name.removeprefix("latency_ms.")).select("model", "n", "^p9[59](_low|_high)?$")
        """,
    )
    tour.show(
        "How many messages are refused, and how many answers are cut off at the limit of tokens?",
        """
        counts.rollup("model").metrics("refused_rate", "truncated_rate", intervals=True).rename(
            lambda name: name.replace("_rate", "")).select("model", "^refused.*$", "^truncated.*$")
        """,
    )
    tour.show(
        "Version 2 thinks longer. Is it slower than version 1, and is it cut off more often?",
        """
        pl.concat([
            counts.compare(metric, by="model", to="atlas-70b-v1").filter(model="atlas-70b-v2").select(
                pl.lit(metric).alias("metric"), pl.col(metric).alias("version 2"),
                pl.col("reference").alias("version 1"), "^ratio.*$", "p")
            for metric in ("latency_ms.p95", "truncated_rate")
        ])
        """,
    )
    tour.show(
        "What was not counted takes another pass. What do answers cost, in US dollars?",
        f"""
        fm.count("{files[0].parent.as_posix()}/*.parquet", fm.values("cost_usd"), by="model").metrics(
            "mean", "sum").select("model", "n", a_thousand=1000 * pl.col("mean"), all=pl.col("sum"))
        """,
    )


def find_worst(tour: Tour, min_n: int) -> pl.DataFrame:
    """Find who got worse, where and since when; returns the worst slices."""
    worst = tour.show(
        "Averages hide things. The worst days of any model in any country, by the upper bound of recall:",
        f"""
        counts.rollup("model", "country", "window", every="1d").worst("recall", 8, min_n={min_n}).select(
            "model", "country", "window_start", "n", "^recall.*$")
        """,
    )
    model, country = worst.row(0)[:2]
    day = worst.filter(model=model, country=country)["window_start"].dt.date().sort()[0]
    tour.show(
        f"It is {model} in {country}, and the first of those days is {day}. Hour by hour:",
        f"""
        counts.filter(model="{model}", country="{country}").metrics("recall", intervals=True).filter(
            pl.col("window_start").dt.date() == pl.date({day.year}, {day.month}, {day.day})
        ).select("window_start", "n", "label_coverage", "^recall.*$")
        """,
    )
    tour.show(
        "And elsewhere? Version 2 against version 1 in each country:",
        """
        counts.compare("recall", by=["model", "country"], to="atlas-70b-v1").filter(
            model="atlas-70b-v2"
        ).select("country", "recall", "reference", "^difference.*$", "p", "p_adjusted")
        """,
    )
    return worst


def diagnose(tour: Tour) -> None:
    """Ask what went wrong, and look at what became slow."""
    tour.run(
        "And if nobody had looked? Latency follows the hours of the day, so the baseline is whole days, the first 14:",
        'pl.col("window_start") >= pl.datetime(2026, 3, 15, time_zone="UTC")',
        "late",
    )
    found = tour.run(
        "One question finds what went wrong, where, since when and how much of it:",
        "fm.diagnose(counts.filter(late), baseline=counts.filter(~late), per=None)",
        "found",
    )
    say(str(found))
    slow = next((finding for finding in found if finding.metric.startswith("latency_ms") and finding.since), None)
    if slow is not None:
        where = ", ".join(f'{key}="{value}"' for key, value in slow.slice.items())
        tour.show(
            "What became slow, by day:",
            f"""
            counts.filter({where}).rollup("window", every="1d").metrics(
                "latency_ms.p50", intervals=True
            ).filter(pl.col("window_start").dt.day().is_between({slow.since.day - 2}, {slow.since.day + 2})).rename(
                lambda name: name.removeprefix("latency_ms.")
            ).select("window_start", "n", "^p50(_low|_high)?$")
            """,
        )


def read_texts(tour: Tour, files: Sequence[Path]) -> None:
    """Compare the reasons of models with those of people."""
    tour.show(
        "Models also say why, and people wrote why beside some labels. How close do the models come to them?",
        f"""
        fm.count("{files[0].parent.as_posix()}/*.parquet",
            fm.text("answer", reference="reference", measures=["bleu", "rougeL"]), by="model"
        ).metrics("bleu", "rougeL")
        """,
    )


def planted() -> str:
    """A paragraph on the faults and the delay of labels in the log."""
    said = (
        f"What was planted: from {FAULT.start:%Y-%m-%d %H:%M} UTC on the scores of {FAULT.model} in {FAULT.country} "
        f"are too low by {FAULT.logits:g} in log-odds, so that it misses harm. From {SLOWDOWN.start:%Y-%m-%d %H:%M} "
        f"UTC on {SLOWDOWN.model} takes {SLOWDOWN.times:g} times as long to answer in {SLOWDOWN.country}. Labels come "
        f"{LABEL_DELAY_H:g} hours late on average, and {NEVER_LABELLED:.0%} of them never."
    )
    return textwrap.fill(said, WIDTH)


def main(arguments: Sequence[str] | None = None) -> pl.DataFrame:
    """The command line of the demo; returns the worst slices that it showed."""
    parser = argparse.ArgumentParser(
        prog="python -m fastmetrics.demo", description="Write a log, count it, look at it."
    )
    parser.add_argument("--rows", type=int, default=ROWS, help="predictions to write (%(default)s)")
    parser.add_argument("--out", type=Path, default=Path("demo-log"), help="the folder to write to (%(default)s)")
    chosen = parser.parse_args(arguments)
    if chosen.rows < FEWEST:
        parser.error(f"--rows {chosen.rows} is too few to tell a fault from chance; take {FEWEST:,} or more")
    strangers = {file.name for file in chosen.out.glob("*.parquet")} - {f"{day}.parquet" for day in days()}
    if strangers:
        parser.error(
            f"--out {chosen.out} holds other Parquet files, such as {min(strangers)}; take a folder of its own"
        )
    tour = Tour()
    with tables():
        files = write(chosen.out, chosen.rows)
        count(tour, files)
        compare_models(tour)
        look_at_requests(tour, files)
        worst = find_worst(tour, min_n=max(chosen.rows // 10_000, 20))
        diagnose(tour)
        read_texts(tour, files)
    say(f"\n{planted()}")
    return worst
