"""The rows that are measured: real ones where the folder with them is there, else made ones of the same size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from fastmetrics.contract.blocks import Lists, Texts
from fastmetrics.counting.views import texts
from fastmetrics.sources.series import as_array
from fastmetrics.texts.blocks import Block

__all__ = ["ALL", "SETS", "Columns", "Rows", "block"]

DATA = Path(__file__).parents[3] / "shared" / "data" / "text"
WMT17, XSUM, GSM8K = "wmt17_en_de_systems.parquet", "xsum_systems.parquet", "gsm8k_openai_solutions.parquet"
COLUMNS = ("system", "hypothesis", "reference")
PLAIN = {"system": pl.col("system"), "hypothesis": pl.col("hyp"), "reference": pl.col("ref")}
ALL = 1 << 40  # more rows than there are
BEGUN = 3  # questions from the begin of an answer that is joined to that of the next
Columns = tuple[Texts, Texts]
"""Hypotheses and references."""


@dataclass(frozen=True)
class Rows:
    """Hypotheses of some systems with one reference each.

    Attributes
    ----------
    name
        What tables call them.
    frame
        The columns `COLUMNS`, of text; the rows of a system stand together.
    source
        Where they are from.
    """

    name: str
    frame: pl.DataFrame
    source: str

    def first(self, rows: int) -> Rows:
        """The first rows of the first system, no two of which share a reference that was written once."""
        alone = self.frame.filter(pl.col("system") == self.frame["system"][0])
        return Rows(self.name, alone.head(rows).rechunk(), self.source)

    @property
    def systems(self) -> int:
        return self.frame["system"].n_unique()

    @property
    def hypotheses(self) -> list[str]:
        return self.frame["hypothesis"].to_list()

    @property
    def references(self) -> list[str]:
        return self.frame["reference"].to_list()

    @property
    def bytes(self) -> int:
        """Of both sides, references as often as they are written."""
        return int(self.frame.select(pl.col(COLUMNS[1:]).str.len_bytes().sum()).sum_horizontal().item())

    @property
    def columns(self) -> Columns:
        """Both sides as a scan hands them to a family."""
        hypotheses, references = (texts(as_array(self.frame[side].rechunk())) for side in COLUMNS[1:])
        return hypotheses, references

    def said(self) -> str:
        each = self.frame.select(pl.col(COLUMNS[1:]).str.len_bytes().mean()).row(0)
        return (
            f"{self.name}: {self.frame.height:,} rows of {self.systems} systems, {each[0]:,.0f} bytes a hypothesis and "
            f"{each[1]:,.0f} a reference, {self.frame['reference'].n_unique():,} distinct references; {self.source}"
        )


def block(columns: Columns) -> Block:
    """Columns as measures take them, one reference a row."""
    hypotheses, references = columns
    return Block(hypotheses, [Lists(np.arange(len(references) + 1), references, np.zeros(0, np.uint8))])


def real(file: str, expressions: Mapping[str, pl.Expr]) -> pl.DataFrame:
    return pl.read_parquet(DATA / file).select(**expressions).cast(pl.String)


def joined(solutions: int) -> pl.DataFrame:
    """Answers of so many solutions of a system one after the other, a line each, begun every `BEGUN` questions."""
    rows = []
    for (system,), part in real(GSM8K, PLAIN).partition_by("system", as_dict=True).items():
        sides = [part[side].to_list() for side in COLUMNS[1:]]
        firsts = range(0, part.height - solutions + 1, BEGUN)
        rows += [(system, *("\n".join(side[first : first + solutions]) for side in sides)) for first in firsts]
    return pl.DataFrame(rows, COLUMNS, orient="row")


@dataclass(frozen=True)
class Made:
    """Texts of the size of real ones: the words of a reference, and the share of them that hypotheses keep."""

    systems: int
    rows: int
    words: tuple[int, int]
    share: float
    lines: int = 1

    def frame(self, most: int) -> pl.DataFrame:
        """So many rows of each system, or all."""
        rng = np.random.default_rng(0)
        vocabulary = self.vocabulary(rng)
        chance = 1 / np.arange(3, len(vocabulary) + 3)
        chance /= chance.sum()

        def drawn(size: int) -> list[str]:
            return [vocabulary[k] for k in rng.choice(len(vocabulary), size, p=chance)]

        lengths = np.maximum(rng.normal(*self.words, min(self.rows, most)).astype(np.int64), 3)
        references = [drawn(length) for length in lengths]
        columns: dict[str, list[str]] = {name: [] for name in COLUMNS}
        for system in range(self.systems):
            for reference in references:
                kept, other = rng.random(len(reference)) < self.share, drawn(len(reference))
                hypothesis = [word if keep else new for word, keep, new in zip(reference, kept, other, strict=True)]
                hypothesis = hypothesis[: len(hypothesis) - int(rng.integers(3))]
                columns["system"].append(f"system {system}")
                columns["hypothesis"].append(self.written(hypothesis))
                columns["reference"].append(self.written(reference))
        return pl.DataFrame(columns)

    def vocabulary(self, rng: np.random.Generator) -> list[str]:
        letters = np.array(list("etaoinshrdlcumwfgypbvk"))
        return ["".join(rng.choice(letters, size)) for size in rng.poisson(4.4, 20_000) + 1]

    def written(self, words: list[str]) -> str:
        """Sentences of words, with a comma and a full stop, a line each where there are lines."""
        each = -(-len(words) // self.lines)
        parts = [words[at : at + each] for at in range(0, len(words), each)]
        return "\n".join(f"{' '.join(part[:4])}, {' '.join(part[4:])}.".capitalize() for part in parts)


@dataclass(frozen=True)
class Source:
    """Real rows, of a file of `DATA`, and what is made in their place."""

    file: str
    real: Callable[[], pl.DataFrame]
    made: Made

    def rows(self, name: str, most: int = ALL) -> Rows:
        """The rows, at most so many of each system."""
        if (DATA / self.file).exists():
            kept = self.real().filter(pl.int_range(pl.len()).over("system") < most)
            return Rows(name, kept.rechunk(), f"shared/data/text/{self.file}")
        return Rows(name, self.made.frame(most), "made, as the real ones are absent")


SETS: Mapping[str, Source] = {
    "wmt17": Source(WMT17, lambda: real(WMT17, PLAIN), Made(16, 3004, (19, 9), 0.6)),
    "xsum": Source(XSUM, lambda: real(XSUM, PLAIN), Made(5, 11_334, (21, 6), 0.3)),
    "gsm8k x 12": Source(GSM8K, lambda: joined(12), Made(4, 436, (580, 150), 0.5, lines=60)),
    "gsm8k x 4": Source(GSM8K, lambda: joined(4), Made(4, 439, (190, 50), 0.5, lines=20)),
}
