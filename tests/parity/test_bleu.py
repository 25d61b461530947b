"""BLEU against sacrebleu: integers and scores equal to the last bit."""

from __future__ import annotations

import json
import random
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sacrebleu.metrics import BLEU

from fastmetrics.metric import Cells, value
from fastmetrics.texts.measures import MEASURES
from fastmetrics.texts.options import Options
from fastmetrics.texts.rows import Measured, count_rows, row_values
from fastmetrics.texts.strings import Strings
from fastmetrics.texts.tokenisers import TOKENISERS
from hostile_texts import hostile_text, like
from texts import block_of

FOLDER = Path(__file__).parents[2].parent / "shared" / "data" / "text"
real = pytest.mark.skipif(not FOLDER.is_dir(), reason="the folder ../shared/data/text with real texts is absent")
MEASURE = MEASURES["bleu"]
SETTINGS = [
    Options(),
    Options(lowercase=True, tokenize="13a", smooth="floor"),
    Options(tokenize="none", smooth="add-k", bleu_order=2),
    Options(tokenize="char", smooth="none", bleu_order=6, lowercase=True),
    Options(tokenize="intl", effective_order=True, smooth="floor", smooth_value=0.25),
    Options(tokenize="zh", effective_order=True, smooth="add-k", smooth_value=0.5, bleu_order=1),
    Options(tokenize="intl", lowercase=True, bleu_order=3, smooth="none", effective_order=True),
]


def named(options: Options) -> str:
    return "-".join(map(str, options.changed().values()))


def peer_of(options: Options) -> BLEU:
    return BLEU(
        lowercase=options.lowercase,
        tokenize=options.tokenize or "13a",
        smooth_method=options.smooth,
        smooth_value=options.smooth_value,
        max_ngram_order=options.bleu_order,
        effective_order=options.effective_order,
        force=True,
    )


def rows(seed: int | random.Random, count: int) -> tuple[list[str], list[list[str]]]:
    draw = seed if isinstance(seed, random.Random) else random.Random(seed)
    shared = [[hostile_text(draw) for _ in range(draw.choice([1, 1, 2, 3]))] for _ in range(count // 3)]
    references = [draw.choice(shared) for _ in range(count)]
    return [draw.choice([hostile_text(draw), like(draw, draw.choice(of))]) for of in references], references


def corpus(measured: Measured, options: Options, chosen: Any = slice(None)) -> dict[str, float]:
    """The metrics of some rows together."""
    cells = {name: np.array([float(values[chosen].sum())]) for name, values in measured.counts.items()}
    cells["judged"] = np.array([float(measured.judged[chosen].sum())])
    return {row.name: float(value(row, Cells(cells))[0]) for row in MEASURE.metrics(options)}


def check(hypotheses: list[str], references: list[list[str]], options: Options) -> None:
    """Compare the integers and the score of each row, and of all, and the signature."""
    measured, peer = count_rows(block_of(hypotheses, references), [MEASURE], options), peer_of(options)
    streams = list(zip_longest(*references))
    expected = peer._extract_corpus_statistics(hypotheses, streams)
    got = np.column_stack(list(measured.counts.values())).tolist()
    for hypothesis, texts, ours, theirs in zip(hypotheses, references, got, expected, strict=True):
        assert ours == theirs, (hypothesis, texts)
    score = peer.corpus_score(hypotheses, streams)
    ours = corpus(measured, options)
    orders = range(1, options.bleu_order + 1)
    assert ours["bleu"] == score.score
    assert ours["bleu_brevity_penalty"] == score.bp
    assert ours["bleu_length_ratio"] == score.ratio or not score.ref_len  # 0/0 is null
    assert [ours[f"bleu_precision_{order}"] for order in orders] == score.precisions
    values = row_values(measured, "bleu", MEASURE.metrics(options)).tolist()
    assert values == [peer._compute_score_from_stats(list(stats)).score for stats in expected]


@pytest.mark.parametrize("options", SETTINGS, ids=named)
def test_integers_and_scores_are_those_of_sacrebleu(options: Options) -> None:
    check(*rows(1, 300), options)


def test_a_row_alone_is_the_sentence_score() -> None:
    options = Options(effective_order=True)
    hypotheses, references = rows(2, 60)
    measured, peer = count_rows(block_of(hypotheses, references), [MEASURE], options), peer_of(options)
    expected = [peer.sentence_score(*row).score for row in zip(hypotheses, references, strict=True)]
    assert row_values(measured, "bleu", MEASURE.metrics(options)).tolist() == expected


@pytest.mark.parametrize("smooth", ["exp", "floor", "add-k", "none"])
def test_texts_without_a_token_are_scored_as_sacrebleu_does(smooth: Any) -> None:
    for hypothesis, reference in [("", ""), ("", "a b c"), ("a b c d", ""), (" ", "a"), ("a", "b"), ("a b", "a b c")]:
        check([hypothesis], [[reference]], Options(smooth=smooth))
        check([hypothesis], [[reference]], Options(smooth=smooth, effective_order=True))


def test_a_missing_reference_is_none_of_sacrebleu() -> None:
    check(["a b c d e", "x y"], [["a b c d", "a b c d e f"], ["x y z"]], Options())


def test_a_difference_of_counts_with_fewer_than_no_matches_has_no_score() -> None:
    cells = {name: np.array([9.0]) for name in MEASURE.counts(Options())} | {"bleu_matches_3": np.array([-1.0])}
    row, *_ = MEASURE.metrics(Options())
    assert np.isnan(value(row, Cells({**cells, "judged": np.array([2.0])}))).all()


@pytest.mark.parametrize("options", SETTINGS, ids=named)
def test_signatures_are_those_of_sacrebleu(options: Options) -> None:
    peer = peer_of(options)
    peer.corpus_score(["a"], [["b"]])
    theirs = str(peer.get_signature()).rpartition("|version:")[0]
    assert MEASURE.metrics(options)[0].signature.rpartition("|version:")[0] == theirs


@pytest.mark.slow
@pytest.mark.parametrize("tokeniser", ["13a", "none", "char", "intl", "zh"])
def test_every_character_in_every_place_has_the_tokens_of_sacrebleu(tokeniser: Any) -> None:
    """Alone, between letters, between digits, and between one and the other."""
    forms = [f"{c} a{c}b 1{c}2 a{c}2 1{c}b" for c in map(chr, range(0x110000)) if not "\ud800" <= c < "\ue000"]
    texts = [" ".join(forms[at : at + 64]) for at in range(0, len(forms), 64)]
    peer = peer_of(Options(tokenize=tokeniser))
    for text, found in zip(texts, TOKENISERS[tokeniser].split(Strings.of(texts)).to_list(), strict=True):
        assert [token.decode() for token in found] == peer._preprocess_segment(text).split(), ascii(text)


@real
def test_translations_have_the_values_that_sacrebleu_gives() -> None:
    expected = json.loads((FOLDER / "reference_values_wmt17.json").read_text())
    frame = pl.read_parquet(FOLDER / "wmt17_en_de_systems.parquet").select(
        pl.col("system", "hyp", "ref").cast(pl.String)
    )
    measured = count_rows(block_of(frame["hyp"].to_list(), [[ref] for ref in frame["ref"]]), [MEASURE], Options())
    assert len(expected) == 16
    for system, said in expected.items():
        chosen = (frame["system"] == system).to_numpy()
        counts = [int(values[chosen].sum()) for values in measured.counts.values()]
        assert counts == [said["sys_len"], said["ref_len"], *said["counts"], *said["totals"]]
        assert corpus(measured, Options(), chosen)["bleu"] == said["bleu"]


TED = {
    "13a": Options(),
    "intl": Options(tokenize="intl"),
    "none": Options(tokenize="none"),
    "char": Options(tokenize="char"),
    **{f"smooth_{smooth}": Options(smooth=smooth) for smooth in ("none", "floor", "add-k", "exp")},
}


@real
@pytest.mark.parametrize("name", TED)
def test_talks_have_the_values_that_sacrebleu_gives(name: str) -> None:
    expected = json.loads((FOLDER / "reference_values.json").read_text())["ted"]
    frame = pl.read_parquet(FOLDER / "ted_slk_eng.parquet")
    block = block_of(frame["hyp"].to_list(), [[reference] for reference in frame["ref"]])
    measured = count_rows(block, [MEASURE], TED[name])
    for system, said in expected.items():
        assert corpus(measured, TED[name], (frame["system"] == system).to_numpy())["bleu"] == said[f"bleu_{name}"]
