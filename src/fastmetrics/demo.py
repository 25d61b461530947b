"""A month of a language model's verdicts, counted: ``python -m fastmetrics.demo``, or ``make demo``.

Writes a log as a moderation team would have it (is this message harmful?), with one fault hidden in it, counts it
once and reads from the counts who got worse, where and since when. Every line of code shown is the one that ran.
"""

from __future__ import annotations

import argparse
import textwrap
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import polars.selectors as cs
from numpy.typing import NDArray

import fastmetrics as fm

__all__ = ["FAULT", "day_log", "main", "write_log"]

WIDTH = 96
ROWS = 2_000_000
FEWEST = 50_000  # with fewer rows the worst slice may be so by chance
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class Model(NamedTuple):
    """A model under test: its share of the traffic and how it answers; ``skill`` is the d' of its scores."""

    name: str
    share: float
    skill: float
    refusals: float
    latency_ms: float


class Country(NamedTuple):
    """Where messages come from: the share, hours ahead of UTC, and how many are harmful."""

    code: str
    share: float
    utc_offset: int
    harmful: float


@dataclass(frozen=True)
class Fault:
    """From ``start`` on the scores of one model in one country are too low by ``logits``, so it misses harm."""

    model: str
    country: str
    start: datetime
    logits: float


MODELS = (
    Model("atlas-70b-v1", 0.26, 3.0, 0.006, 900),
    Model("atlas-70b-v2", 0.24, 3.2, 0.008, 760),
    Model("atlas-8b", 0.22, 2.85, 0.004, 210),
    Model("birch-32b", 0.16, 2.95, 0.021, 520),
    Model("cedar-mini", 0.12, 2.75, 0.012, 120),
)
COUNTRIES = (
    Country("US", 0.21, -5, 0.14),
    Country("IN", 0.17, 5, 0.17),
    Country("BR", 0.14, -3, 0.19),
    Country("DE", 0.11, 1, 0.12),
    Country("JP", 0.10, 9, 0.11),
    Country("GB", 0.08, 0, 0.13),
    Country("FR", 0.07, 1, 0.13),
    Country("MX", 0.06, -6, 0.18),
    Country("NG", 0.06, 1, 0.16),
)
REMOVED = ("threatens", "insults", "defrauds", "harasses")
KEPT = ("thanks", "teases", "greets", "quotes")
WHOM = ("a child", "a seller", "a stranger", "a whole group", "an old friend", "another user")
WHERE = ("in a comment", "in a group chat", "in a private message", "in a reply", "in a review")
REASONS = tuple(
    f"{decision}: the message {does} {whom} {where}."
    for decision, acts in (("Kept", KEPT), ("Removed", REMOVED))
    for does in acts
    for whom in WHOM
    for where in WHERE
)
DEVICES = {"android": 0.46, "ios": 0.29, "web": 0.21, "tablet": 0.04}
VERSIONS = ("6.0.2", "6.1.0", "6.2.0", "6.2.1", "6.3.0", "7.0.0")
FIRST_DAY, DAYS = date(2026, 3, 1), 31
START_MS = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp()) * 1000
FAULT = Fault("atlas-70b-v2", "BR", datetime(2026, 3, 24, 14, tzinfo=UTC), 6.0)
LABEL_DELAY_H = 20.0
NEVER_LABELLED = 0.08
REASONED = 0.03  # of the labels have a reason in words


def days() -> list[date]:
    return [FIRST_DAY + timedelta(days=day) for day in range(DAYS)]


def shares(weights: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    total: NDArray[np.float64] = np.divide(weights, np.sum(weights))
    return total


def names(codes: NDArray[np.integer[Any]], values: Sequence[str]) -> pl.Series:
    """The text behind codes, as an Enum."""
    return pl.Series(codes.astype(np.uint32)).cat.to(pl.Enum(values))


def rhythm() -> NDArray[np.float64]:
    """How a day's messages spread over its local hours: few before dawn, most in the evening."""
    hours = np.arange(24)
    return shares(1 - 0.65 * np.cos((hours - 4) * np.pi / 12) + 0.25 * np.cos((hours - 20) * np.pi / 4) * (hours > 15))


def reasons(
    rng: np.random.Generator, skill: NDArray[np.float64], said: NDArray[np.bool_], true: NDArray[np.bool_]
) -> tuple[pl.Series, pl.Series]:
    """Why messages are kept or removed: in the words of models, and as people would write it.

    Each of the three parts that follow the decision is what people would write with a chance of ``skill / 6``, and else
    drawn.
    """
    ours, theirs = said.astype(np.uint8), true.astype(np.uint8)
    for choices in (len(KEPT), len(WHOM), len(WHERE)):
        part, other = (rng.integers(choices, size=len(said), dtype=np.uint8) for _ in range(2))
        meant = rng.random(len(said), dtype=np.float32) < skill / 6
        ours, theirs = choices * ours + np.where(meant, part, other), choices * theirs + part
    return names(ours, REASONS), names(theirs, REASONS)


def day_log(rng: np.random.Generator, day: int, rows: int, fault: Fault = FAULT) -> pl.DataFrame:
    """One day of the log, in the order of time.

    Columns: ts (UTC, milliseconds), model, country, device, app_version, label (is it harmful; null where nobody has
    looked yet), pred (its decision), score and answer (why, in words; the three are null where the model refused),
    reference (why, as people wrote it beside some labels, else null), latency_ms. Scores are calibrated: their log-odds
    are those of the country plus evidence that is normal with variance ``skill ** 2``.
    """
    model = rng.choice(len(MODELS), rows, p=shares([model.share for model in MODELS]))
    country = rng.choice(len(COUNTRIES), rows, p=shares([country.share for country in COUNTRIES]))
    device = rng.choice(len(DEVICES), rows, p=shares(list(DEVICES.values())))
    newest = 2 + day // 8
    version = np.clip(newest + 1 - rng.geometric(0.55, rows), 0, len(VERSIONS) - 1)

    hour = rng.choice(24, rows, p=rhythm()) - np.array([country.utc_offset for country in COUNTRIES])[country]
    of_day = hour % 24 * HOUR_MS + rng.integers(0, HOUR_MS, rows)
    ts = START_MS + day * DAY_MS + of_day

    base = np.array([country.harmful for country in COUNTRIES])[country]
    skill = np.array([model.skill for model in MODELS])[model]
    label = rng.random(rows) < base
    evidence = skill * (rng.standard_normal(rows) + np.where(label, skill, -skill) / 2)
    broken = (names(model, [model.name for model in MODELS]) == fault.model).to_numpy()
    broken &= np.array([country.code == fault.country for country in COUNTRIES])[country]
    broken &= ts >= int(fault.start.timestamp()) * 1000
    score = 1 / (1 + np.exp(np.where(broken, fault.logits, 0) - evidence - np.log(base / (1 - base))))

    seen = ts + rng.exponential(LABEL_DELAY_H * HOUR_MS, rows) < START_MS + DAYS * DAY_MS
    seen &= rng.random(rows) >= NEVER_LABELLED
    answered = rng.random(rows) >= np.array([model.refusals for model in MODELS])[model]
    busy = 1 + 0.5 * rhythm()[hour % 24] / rhythm().max()
    latency = np.array([model.latency_ms for model in MODELS])[model] * busy * rng.lognormal(0, 0.35, rows)
    (words,) = rng.spawn(1)  # its own random numbers, so that texts change no others
    answer, reference = reasons(words, skill, score >= 0.5, label)
    reasoned = seen & (words.random(rows) < REASONED)
    log = pl.DataFrame(
        {
            "ts": pl.Series(ts).cast(pl.Datetime("ms", "UTC")),
            "model": names(model, [model.name for model in MODELS]),
            "country": names(country, [country.code for country in COUNTRIES]),
            "device": names(device, list(DEVICES)),
            "app_version": names(version, VERSIONS),
            "label": label,
            "pred": score >= 0.5,
            "score": score.astype(np.float32),
            "answer": answer,
            "reference": reference,
            "latency_ms": latency.round(1).astype(np.float32),
        }
    )
    log = log.with_columns(
        pl.when(pl.Series(seen)).then("label"),
        pl.when(pl.Series(reasoned)).then("reference"),
        pl.when(pl.Series(answered)).then(pl.col("pred", "score", "answer")),
    )
    return log.sort("ts").with_columns(cs.enum().cast(pl.String))


def write_log(folder: Path, rows: int, seed: int = 0) -> Iterator[Path]:
    """Write ``rows`` predictions to ``folder``, one Parquet file a day, fewer at weekends; gives each file's path."""
    rng = np.random.default_rng(seed)
    sizes = rng.multinomial(rows, shares([0.7 if day.weekday() >= 5 else 1.0 for day in days()]))
    folder.mkdir(parents=True, exist_ok=True)
    for number, (day, size) in enumerate(zip(days(), sizes, strict=True)):
        path = folder / f"{day}.parquet"
        day_log(rng, number, int(size)).write_parquet(path)
        yield path


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


class Tour:
    """Runs lines of code under the names that earlier lines gave, and shows the lines and what they return."""

    def __init__(self) -> None:
        self.scope: dict[str, Any] = {"fm": fm, "pl": pl}

    def run(self, sentence: str, code: str, name: str = "") -> Any:
        """Evaluate an expression and give its value a name; the text shown cannot differ from what ran."""
        code = textwrap.dedent(code).strip()
        first, *more = (f"{name} = {code}" if name else code).splitlines()
        say("\n".join(["", *textwrap.wrap(sentence, WIDTH), "", f">>> {first}", *(f"... {line}" for line in more)]))
        value = eval(f"({code})", self.scope)
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
        f"made in {seconds:.1f} s.\nOne model has a fault in one country from one hour of the month on. Let us find it."
    )
    return files


def count(tour: Tour, files: Sequence[Path]) -> None:
    """Count the log under the name ``counts`` and say how long it took."""
    started = time.perf_counter()
    fm.count(files[0], fm.binary("label", "pred"), fm.scores("label", "score"), by="model", time="ts", every="1h")
    ready = time.perf_counter() - started
    started = time.perf_counter()
    counts = tour.run(
        "Count it once, by model, country and hour: decisions and scores in one pass.",
        f"""
        fm.count("{files[0].parent.as_posix()}/*.parquet",
            fm.binary("label", "pred"), fm.scores("label", "score", bins=20),
            by=["model", "country"], time="ts", every="1h")
        """,
        "counts",
    )
    seconds = time.perf_counter() - started
    say(
        f"{counts.rows:,} rows in {seconds:.2f} s, {counts.rows / seconds / 1e6:.1f} million rows a second; "
        f"the kernels were made ready in {ready:.1f} s before."
    )
    say(str(tour.run("What there is now are tables of cells. They are small, and they add up.", "counts")))


def explore(tour: Tour, min_n: int) -> pl.DataFrame:
    """Find who got worse, where and since when; returns the worst slices."""
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
    found = tour.run(
        "And if nobody had looked? One question finds what went wrong, where, since when and how much of it:",
        "fm.diagnose(counts)",
    )
    say(str(found))
    return worst


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
    """A paragraph on the fault and the delay of labels in the log."""
    fault, start = FAULT, f"{FAULT.start:%Y-%m-%d %H:%M}"
    said = (
        f"What was planted: from {start} UTC on the scores of {fault.model} in {fault.country} are too low by "
        f"{fault.logits:g} in log-odds, so that it misses harm. Labels come {LABEL_DELAY_H:g} hours late on average, "
        f"and {NEVER_LABELLED:.0%} of them never."
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
        worst = explore(tour, min_n=max(chosen.rows // 10_000, 20))
        read_texts(tour, files)
    say(f"\n{planted()}")
    return worst


if __name__ == "__main__":
    main()
