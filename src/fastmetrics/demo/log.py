"""The log of the demo: a month of verdicts of language models on messages, with two faults in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import polars.selectors as cs
from numpy.typing import NDArray

__all__ = ["FAULT", "SLOWDOWN", "day_log", "days", "write_log"]

ROWS = 2_000_000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class Model(NamedTuple):
    """A model under test: its share of the traffic and how it answers.

    ``skill`` is the d' of its scores, ``silent`` the share of messages on which it gives no verdict, ``latency_ms``
    what an answer of ``thinking`` tokens takes while nobody else asks; prices are US dollars a million tokens.
    """

    name: str
    share: float
    skill: float
    silent: float
    latency_ms: float
    thinking: float
    input_price: float
    output_price: float


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


@dataclass(frozen=True)
class Slowdown:
    """From ``start`` on one model takes ``times`` as long to answer in one country; its answers are what they were."""

    model: str
    country: str
    start: datetime
    times: float


MODELS = (
    Model("atlas-70b-v1", 0.26, 3.0, 0.006, 900, 230, 0.9, 2.7),
    Model("atlas-70b-v2", 0.24, 3.2, 0.008, 760, 280, 0.9, 2.7),
    Model("atlas-8b", 0.22, 2.85, 0.004, 210, 150, 0.2, 0.4),
    Model("birch-32b", 0.16, 2.95, 0.021, 520, 210, 0.5, 1.5),
    Model("cedar-mini", 0.12, 2.75, 0.012, 120, 90, 0.1, 0.3),
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
REFUSALS = (
    "I'm sorry, but I can't help with that.",
    "I\u2019m sorry, but I can\u2019t assist with that request.",
    "I cannot help with this message.",
    "Sorry, I am unable to judge this content.",
    "As an AI language model, I cannot assist with that.",
    "I won't be able to help with that.",
)
LOCAL_REFUSALS = {  # half of the refusals in these countries
    "DE": "Es tut mir leid, aber dabei kann ich nicht helfen.",
    "MX": "Lo siento, pero no puedo ayudar con eso.",
}
ANSWERS = (*REASONS, *REFUSALS, *LOCAL_REFUSALS.values(), "")
DEVICES = {"android": 0.46, "ios": 0.29, "web": 0.21, "tablet": 0.04}
VERSIONS = ("6.0.2", "6.1.0", "6.2.0", "6.2.1", "6.3.0", "7.0.0")
FINISHES = ("stop", "length", "content_filter")
# How a request ends: with a verdict, or of those without one, the shares that are:
VERDICT, REFUSED, FILTERED, EMPTY, TIMED_OUT = range(5)
SILENT = {REFUSED: 0.86, FILTERED: 0.06, EMPTY: 0.03, TIMED_OUT: 0.05}
PROMPT, MESSAGE = 180, 60  # tokens of the instructions, and of a median message
MAX_TOKENS = 1024  # answers are cut off there,
CUT_AT = (9, 40)  # after as many characters, which no reason ends before
STUCK = 0.01  # of the requests wait, some of them long
FIRST_DAY, DAYS = date(2026, 3, 1), 31
START_MS = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp()) * 1000
FAULT = Fault("atlas-70b-v2", "BR", datetime(2026, 3, 24, 14, tzinfo=UTC), 6.0)
SLOWDOWN = Slowdown("birch-32b", "JP", datetime(2026, 3, 17, 9, tzinfo=UTC), 2.5)
LABEL_DELAY_H = 20.0
NEVER_LABELLED = 0.08
REASONED = 0.03  # of the labels have a reason in words


def days() -> list[date]:
    return [FIRST_DAY + timedelta(days=day) for day in range(DAYS)]


def shares(weights: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    total: NDArray[np.float64] = np.divide(weights, np.sum(weights))
    return total


def of_model(field: str, model: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """A field of the models behind codes."""
    values: NDArray[np.float64] = np.array([getattr(one, field) for one in MODELS])[model]
    return values


def names(codes: NDArray[np.integer[Any]], values: Sequence[str]) -> pl.Series:
    """The text behind codes, as an Enum."""
    return pl.Series(codes.astype(np.uint32)).cat.to(pl.Enum(values))


def rhythm() -> NDArray[np.float64]:
    """How a day's messages spread over its local hours: few before dawn, most in the evening."""
    hours = np.arange(24)
    return shares(1 - 0.65 * np.cos((hours - 4) * np.pi / 12) + 0.25 * np.cos((hours - 20) * np.pi / 4) * (hours > 15))


def struck(
    by: Fault | Slowdown, model: NDArray[np.integer[Any]], country: NDArray[np.integer[Any]], ts: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """The rows that a fault is in."""
    here = np.array([one.name == by.model for one in MODELS])[model]
    here &= np.array([one.code == by.country for one in COUNTRIES])[country]
    rows: NDArray[np.bool_] = here & (ts >= int(by.start.timestamp()) * 1000)
    return rows


def reasons(
    rng: np.random.Generator, skill: NDArray[np.float64], said: NDArray[np.bool_], true: NDArray[np.bool_]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Why messages are kept or removed, as codes: in the words of models, and as people would write it.

    Each of the three parts that follow the decision is what people would write with a chance of ``skill / 6``, and else
    drawn.
    """
    ours, theirs = said.astype(np.uint8), true.astype(np.uint8)
    for choices in (len(KEPT), len(WHOM), len(WHERE)):
        part, other = (rng.integers(choices, size=len(said), dtype=np.uint8) for _ in range(2))
        meant = rng.random(len(said), dtype=np.float32) < skill / 6
        ours, theirs = choices * ours + np.where(meant, part, other), choices * theirs + part
    return ours, theirs


def endings(rng: np.random.Generator, decided: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """How each request ends, as a code; ``decided`` where there is a verdict."""
    ended = np.full(len(decided), VERDICT, np.uint8)
    silent = np.flatnonzero(~decided)
    ended[silent] = rng.choice(list(SILENT), len(silent), p=list(SILENT.values()))
    return ended


def refusals(rng: np.random.Generator, country: NDArray[np.integer[Any]]) -> NDArray[np.uint8]:
    """Refusals in words as codes of ``ANSWERS``, some in the language of the country."""
    said = len(REASONS) + rng.integers(len(REFUSALS), size=len(country), dtype=np.uint8)
    for number, code in enumerate(LOCAL_REFUSALS):
        local = np.array([one.code == code for one in COUNTRIES])[country] & (rng.random(len(country)) < 0.5)
        said[local] = len(REASONS) + len(REFUSALS) + number
    return said


def tokens(
    rng: np.random.Generator, model: NDArray[np.integer[Any]], ended: NDArray[np.uint8]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Tokens read and written; models think in tokens before they give a verdict, and refuse without."""
    spread = rng.standard_normal((2, len(model)), dtype=np.float32)
    read = PROMPT + MESSAGE * np.exp(0.7 * spread[0])
    thought = np.where(ended == VERDICT, of_model("thinking", model) * np.exp(0.6 * spread[1]), 0)
    written = thought + rng.integers(8, 20, len(model), dtype=np.uint8)
    return read.astype(np.int32), np.minimum(written, MAX_TOKENS).astype(np.int32)


def requests(
    rng: np.random.Generator,
    model: NDArray[np.integer[Any]],
    country: NDArray[np.integer[Any]],
    answer: NDArray[np.uint8],
    decided: NDArray[np.bool_],
    delays: NDArray[np.float64],
) -> pl.DataFrame:
    """What is logged of requests beside their verdicts: the columns of ``day_log`` from ``answer`` on.

    ``answer`` has the codes of reasons; ``delays`` says how many times as long as alone each request takes.
    """
    ended = endings(rng, decided)
    read, written = tokens(rng, model, ended)
    cut = written == MAX_TOKENS
    finish = np.select([cut, ended == FILTERED], [1, 2], 0)
    said = np.where(ended == VERDICT, answer, len(ANSWERS) - 1)
    said[ended == REFUSED] = refusals(rng, country[ended == REFUSED])
    stuck = np.flatnonzero(rng.random(len(model), dtype=np.float32) < STUCK)
    waits = np.ones(len(model))
    waits[stuck] += rng.pareto(2.5, len(stuck))
    length = 0.2 + 0.8 * written / of_model("thinking", model)  # the first token takes a fifth of the time
    paid = read * of_model("input_price", model) + written * of_model("output_price", model)
    logged = pl.DataFrame(
        {
            "answer": names(said, ANSWERS),
            "finish_reason": names(finish, FINISHES),
            "input_tokens": read,
            "output_tokens": written,
            "cost_usd": (paid / 1e6).round(7),  # prices have one decimal place
            "latency_ms": (of_model("latency_ms", model) * delays * waits * length).round(1).astype(np.float32),
        }
    )
    kept = np.where(cut, rng.integers(*CUT_AT, len(model)), len(max(ANSWERS, key=len)))
    logged = logged.with_columns(pl.col("answer", "finish_reason").cast(pl.String))
    logged = logged.with_columns(pl.col("answer").str.head(pl.Series(kept)))
    return logged.select(pl.when(pl.Series(ended != TIMED_OUT)).then(pl.all()))


def day_log(
    rng: np.random.Generator, day: int, rows: int, fault: Fault = FAULT, slowdown: Slowdown = SLOWDOWN
) -> pl.DataFrame:
    """One day of the log, in the order of time.

    Columns:

    - ts: UTC, milliseconds;
    - model, country, device, app_version;
    - label: is it harmful? Null where nobody has looked yet;
    - pred, score: the decision of the model and how sure it is; null where it gave none;
    - reference: why, as people wrote it beside some labels, else null;
    - answer: the decision and why, in words; a refusal, or empty, where there is none; cut off where it was too long;
    - finish_reason (stop, length or content_filter), input_tokens, output_tokens (those of thinking among them),
      cost_usd and latency_ms: null, as answer is, where the request timed out.

    Scores are calibrated: their log-odds are those of the country plus evidence that is normal with variance
    ``skill ** 2``.
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
    skill = of_model("skill", model)
    label = rng.random(rows) < base
    evidence = skill * (rng.standard_normal(rows) + np.where(label, skill, -skill) / 2)
    broken = struck(fault, model, country, ts)
    score = 1 / (1 + np.exp(np.where(broken, fault.logits, 0) - evidence - np.log(base / (1 - base))))

    seen = ts + rng.exponential(LABEL_DELAY_H * HOUR_MS, rows) < START_MS + DAYS * DAY_MS
    seen &= rng.random(rows) >= NEVER_LABELLED
    decided = rng.random(rows) >= of_model("silent", model)
    delays = (1 + 0.5 * rhythm()[hour % 24] / rhythm().max()) * rng.lognormal(0, 0.35, rows)
    delays *= np.where(struck(slowdown, model, country, ts), slowdown.times, 1)

    (words,) = rng.spawn(1)  # random numbers of their own, so that what one part draws changes no other
    (life,) = words.spawn(1)
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
            "reference": names(reference, REASONS),
        }
    )
    log = log.with_columns(
        pl.when(pl.Series(seen)).then("label"),
        pl.when(pl.Series(reasoned)).then("reference"),
        pl.when(pl.Series(decided)).then(pl.col("pred", "score")),
        *requests(life, model, country, answer, decided, delays),
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
