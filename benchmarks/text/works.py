"""The works that are timed, a row each: what is measured, of which texts, and how many times faster it should be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.text.peers import PEERS, Peer
from benchmarks.text.rows import ALL

__all__ = ["REASONS", "WORKS", "Rival", "Work"]


@dataclass(frozen=True)
class Rival:
    """A peer, on how many rows it is timed, how often at most, and its CPU time as a multiple of ours that is asked."""

    name: str
    rows: int
    goal: float
    rounds: int | None = None

    @property
    def peer(self) -> Peer:
        return PEERS[self.name]


@dataclass(frozen=True, eq=False)
class Work:
    """A row: measures with their options, of a set of rows; all systems are counted up to ``most`` rows each."""

    name: str
    rows: str
    measures: Sequence[str]
    rivals: Sequence[Rival]
    options: Mapping[str, Any] = field(default_factory=dict)
    most: int = ALL


ROUGE = ("rouge1", "rouge2", "rougeL")
SQUAD = ("exact_match", "token_f1")
STEMMED = {"stemmer": True}
SHORT, LONG = "wmt17", "gsm8k x 12"

# Slow peers have fewer rows: rouge_score takes 0.1 s for a pair of long texts, and sacrebleu's TER seconds to minutes,
# so that its long texts are a third as long.
WORKS = (
    Work("BLEU 13a", SHORT, ["bleu"], [Rival("sacrebleu BLEU", 3000, 120), Rival("bleuscore", 3000, 20)]),
    Work("BLEU 13a", LONG, ["bleu"], [Rival("sacrebleu BLEU", 110, 120), Rival("bleuscore", 110, 18)]),
    Work("ROUGE-1/2/L", "xsum", ROUGE, [Rival("rouge_score", 3000, 250), Rival("rouge-rust", 3000, 6)]),
    Work("ROUGE-1/2/L", LONG, ROUGE, [Rival("rouge_score", 40, 1200, 2), Rival("rouge-rust", 110, 12)]),
    Work("ROUGE, stemmer", "xsum", ROUGE, [Rival("rouge_score, stemmer", 3000, 200)], STEMMED),
    Work("ROUGE, stemmer", LONG, ROUGE, [Rival("rouge_score, stemmer", 40, 600, 2)], STEMMED),
    Work("ROUGE-Lsum", "xsum", ["rougeLsum"], [Rival("rouge_score, Lsum", 3000, 150)]),
    Work("ROUGE-Lsum", LONG, ["rougeLsum"], [Rival("rouge_score, Lsum", 40, 800, 2)]),
    Work("chrF", SHORT, ["chrf"], [Rival("sacrebleu chrF", 3000, 120), Rival("fastchrf", 3000, 40)]),
    Work("chrF", LONG, ["chrf"], [Rival("sacrebleu chrF", 110, 80), Rival("fastchrf", 110, 30)]),
    Work("WER", SHORT, ["wer"], [Rival("jiwer WER", 3000, 50)]),
    Work("WER", LONG, ["wer"], [Rival("jiwer WER", 110, 35)]),
    Work("CER", SHORT, ["cer"], [Rival("jiwer CER", 3000, 55), Rival("rapidfuzz cpdist", 3000, 1.5)]),
    Work("CER", LONG, ["cer"], [Rival("jiwer CER", 110, 23), Rival("rapidfuzz cpdist", 110, 1.5)]),
    Work("token F1, exact match", SHORT, SQUAD, [Rival("SQuAD", 3000, 80)]),
    Work("token F1, exact match", LONG, SQUAD, [Rival("SQuAD", 110, 80)]),
    Work("TER", SHORT, ["ter"], [Rival("sacrebleu TER", 600, 50)], most=300),
    Work("TER", "gsm8k x 4", ["ter"], [Rival("sacrebleu TER", 3, 50, 1)], most=20),
)

# Why a goal is missed, found by profiling, by work and rows.
REASONS: Mapping[tuple[str, str], str] = {
    ("ROUGE-1/2/L", "xsum"): (
        "three quarters of rouge_score's time are its table of ROUGE-L, which grows with the product of two lengths; "
        "the goal was set with rows of 271 bytes, for which it takes 229 us, and these have 244."
    ),
}
