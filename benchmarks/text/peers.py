"""The packages that measure the same: what is timed of each, and the values that are compared.

They are imported where they are used, so that a package that is not installed is said and the others run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from math import fsum
from typing import Any, NamedTuple

from benchmarks.text.squad import exact_and_f1

__all__ = ["PEERS", "Peer", "Values", "clear_caches", "packages", "sacrebleu_of"]

ROUGES = ("rouge1", "rouge2", "rougeL")
PARTS = {"": "fmeasure", "_precision": "precision", "_recall": "recall"}
NEAR = 1e-12

Texts = list[str]


class Values(NamedTuple):
    """Metrics by our names: of all rows, and of each row."""

    whole: Mapping[str, float] = {}
    rows: Mapping[str, Sequence[float]] = {}


def averaged(rows: Mapping[str, Sequence[float]]) -> Values:
    """Values of rows, and their means, which no order of rows changes."""
    return Values({name: fsum(values) / len(values) for name, values in rows.items()}, rows)


@dataclass(frozen=True)
class Peer:
    """A package that measures hypotheses against a reference each.

    Attributes
    ----------
    package, module
        What is installed, and what is imported; none for definitions that are ours.
    measure
        What is timed: hypotheses and references to any result.
    values
        What its result says, outside the clock.
    tolerance
        How far its floats may be from ours, relative: 0 for the reference packages.
    """

    package: str
    module: str
    measure: Callable[[Texts, Texts], Any]
    values: Callable[[Any], Values]
    tolerance: float = 0.0

    @property
    def installed(self) -> bool:
        return not self.module or find_spec(self.module) is not None


def packages() -> list[str]:
    """The packages that take part, as they are installed."""
    return [*dict.fromkeys(peer.package for peer in PEERS.values() if peer.package), "nltk"]


def clear_caches() -> None:
    """Forget the texts that sacrebleu's tokenisers remember."""
    if find_spec("sacrebleu"):
        from sacrebleu.tokenizers import tokenizer_13a, tokenizer_re, tokenizer_ter

        tokenizer_13a.Tokenizer13a.__call__.cache_clear()
        tokenizer_re.TokenizerRegexp.__call__.cache_clear()
        tokenizer_ter.TercomTokenizer.__call__.cache_clear()


def sacrebleu(metric: str, hypotheses: Texts, references: Texts) -> Any:
    from sacrebleu import metrics

    return getattr(metrics, metric)().corpus_score(hypotheses, [references])


def sacrebleu_of(metric: str, references: Texts) -> Callable[[Texts, Texts], Any]:
    """A metric of sacrebleu that counts its references once, for all systems."""
    from sacrebleu import metrics

    kept = getattr(metrics, metric)(references=[references])
    return lambda hypotheses, references: kept.corpus_score(hypotheses, None)


def sacrebleu_score(name: str, result: Any) -> Values:
    return Values({name: result.score})


def bleuscore(hypotheses: Texts, references: Texts) -> Any:
    from bleuscore import compute

    return compute([[reference] for reference in references], hypotheses)


def fastchrf(hypotheses: Texts, references: Texts) -> Any:
    from fastchrf import pairwise_chrf

    return pairwise_chrf([[text] for text in hypotheses], [[text] for text in references])


def rouge_score(types: Sequence[str], stemmer: bool, hypotheses: Texts, references: Texts) -> Any:
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(types, use_stemmer=stemmer)
    return [scorer.score(reference, text) for text, reference in zip(hypotheses, references, strict=True)]


def rouge_values(result: Any) -> Values:
    return averaged(
        {
            name + cell: [getattr(row[name], part) for row in result]
            for name in result[0]
            for cell, part in PARTS.items()
        }
    )


def rouge_rust(hypotheses: Texts, references: Texts) -> Any:
    from fast_rouge import score_batch_flat

    return score_batch_flat(references, hypotheses)


def flat_values(result: Any) -> Values:
    return averaged({name + cell: getattr(result, f"{name}_{part}") for name in ROUGES for cell, part in PARTS.items()})


def jiwer(function: str, hypotheses: Texts, references: Texts) -> Any:
    import jiwer

    return getattr(jiwer, function)(references, hypotheses)


def rapidfuzz(hypotheses: Texts, references: Texts) -> Any:
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import cpdist

    return cpdist(references, hypotheses, scorer=Levenshtein.distance, workers=1)


def squad_values(result: list[tuple[int, float]]) -> Values:
    equal, f1 = zip(*result, strict=True)
    return averaged({"exact_match": equal, "token_f1": f1})


def single(name: str, result: Any) -> Values:
    return Values({name: result})


PEERS: Mapping[str, Peer] = {
    "sacrebleu BLEU": Peer("sacrebleu", "sacrebleu", partial(sacrebleu, "BLEU"), partial(sacrebleu_score, "bleu")),
    "bleuscore": Peer("bleuscore", "bleuscore", bleuscore, lambda result: Values({"bleu": 100 * result["bleu"]}), NEAR),
    "rouge_score": Peer("rouge-score", "rouge_score", partial(rouge_score, ROUGES, False), rouge_values),
    "rouge_score, stemmer": Peer("rouge-score", "rouge_score", partial(rouge_score, ROUGES, True), rouge_values),
    "rouge_score, Lsum": Peer("rouge-score", "rouge_score", partial(rouge_score, ["rougeLsum"], False), rouge_values),
    "rouge-rust": Peer("rouge-rust", "fast_rouge", rouge_rust, flat_values, NEAR),
    "sacrebleu chrF": Peer("sacrebleu", "sacrebleu", partial(sacrebleu, "CHRF"), partial(sacrebleu_score, "chrf")),
    "fastchrf": Peer(
        "fastchrf", "fastchrf", fastchrf, lambda result: Values({}, {"chrf": [row[0][0] for row in result]}), NEAR
    ),
    "jiwer WER": Peer("jiwer", "jiwer", partial(jiwer, "wer"), partial(single, "wer")),
    "jiwer CER": Peer("jiwer", "jiwer", partial(jiwer, "cer"), partial(single, "cer")),
    "rapidfuzz cpdist": Peer(
        "rapidfuzz", "rapidfuzz", rapidfuzz, lambda result: Values({}, {"cer_edits": result.tolist()})
    ),
    "SQuAD": Peer("", "", exact_and_f1, squad_values),
    "sacrebleu TER": Peer("sacrebleu", "sacrebleu", partial(sacrebleu, "TER"), partial(sacrebleu_score, "ter")),
}
