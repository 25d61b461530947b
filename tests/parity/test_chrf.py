"""chrF against sacrebleu: integers and scores equal to the last bit."""

from __future__ import annotations

import json
import random
from itertools import zip_longest
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sacrebleu import metrics as peers

from fastmetrics.metric import Cells, value
from fastmetrics.texts.chrf import CHRF
from fastmetrics.texts.options import Options
from fastmetrics.texts.rows import Measured, count_rows, row_values
from texts import block_of

FOLDER = Path(__file__).parents[2].parent / "shared" / "data" / "text"
real = pytest.mark.skipif(not FOLDER.is_dir(), reason="the folder ../shared/data/text with real texts is absent")

SPACES = [chr(code) for code in range(0x110000) if chr(code).isspace()]
ODD = ["\0", "é", "e\u0301", "İ", "\u212a", "ς", "Σ", "東", "京", "😀", "\U0010ffff", "-\n", "&amp;", "<skipped>"]
MARKS = ["...", "(hi)", "!", "\u200b", "1,000.5", "''", "«", "»"]
WORDS = ["the", "cat", "Sat", "on", "mats", " ", " ", " ", " "]
ALPHABETS = [["a", "b", " "], [*"aaaab "], SPACES, [*ODD, *MARKS, *WORDS * 3], [*"ab", *ODD, *SPACES], WORDS]


def text(draw: random.Random) -> str:
    pieces = draw.choice([*ALPHABETS, [chr(draw.randrange(0x4E00, 0x9FFF)) for _ in range(200)]])
    return "".join(draw.choices(pieces, k=draw.choice([0, 1, 2, 3, 8, 13, 40, 200])))


def like(draw: random.Random, text: str) -> str:
    letters = list(text)
    for at in draw.sample(range(len(letters)), k=min(len(letters), draw.randrange(4))):
        letters[at] = draw.choice(["", "x", " ", letters[0]])
    return "".join(letters)


def rows(draw: random.Random, count: int) -> tuple[list[str], list[list[str]]]:
    shared = [[text(draw) for _ in range(draw.choice([1, 1, 2, 3]))] for _ in range(count // 3)]
    references = [draw.choice(shared) for _ in range(count)]
    return [draw.choice([text(draw), like(draw, draw.choice(of)), of[0]]) for of in references], references


def some_options(draw: random.Random) -> Options:
    return Options(
        char_order=draw.randrange(1, 9),
        word_order=draw.randrange(3),
        beta=draw.choice([1, 2, 3, 0.5]),
        whitespace=draw.random() < 0.5,
        lowercase=draw.random() < 0.5,
        eps_smoothing=draw.random() < 0.5,
    )


def peer_of(options: Options) -> peers.CHRF:
    return peers.CHRF(
        char_order=options.char_order,
        word_order=options.word_order,
        beta=options.beta,
        whitespace=options.whitespace,
        lowercase=options.lowercase,
        eps_smoothing=options.eps_smoothing,
    )


def corpus(measured: Measured, options: Options) -> float:
    """The score of all rows together."""
    cells = {name: np.array([float(values.sum())]) for name, values in measured.counts.items()}
    (row,) = CHRF.metrics(options)
    return float(value(row, Cells(cells | {"judged": np.array([float(measured.judged.sum())])}))[0])


def check(hypotheses: list[str], references: list[list[str]], options: Options) -> None:
    """Compare the integers and the score of each row, and the score of all."""
    measured, peer = count_rows(block_of(hypotheses, references), [CHRF], options), peer_of(options)
    streams = list(zip_longest(*references))
    got = np.column_stack(list(measured.counts.values())).tolist()
    assert got == peer._extract_corpus_statistics(hypotheses, streams), options
    assert corpus(measured, options) == peer.corpus_score(hypotheses, streams).score, options
    scores = row_values(measured, "chrf", CHRF.metrics(options)).tolist()
    pairs = zip(hypotheses, references, strict=True)
    assert scores == [peer.sentence_score(said, of).score for said, of in pairs], options


@pytest.mark.parametrize("seed", range(60))
def test_hostile_texts_have_the_integers_and_scores_of_sacrebleu(seed: int) -> None:
    draw = random.Random(seed)
    check(*rows(draw, 12), some_options(draw))


def test_the_signature_is_that_of_sacrebleu() -> None:
    for options in (Options(), Options(references=2, char_order=4, word_order=2, lowercase=True, whitespace=True)):
        peer = peer_of(options)
        peer.corpus_score(["a"], [["a"]] * options.references)
        (row,) = CHRF.metrics(options)
        version = str(peer.get_signature().info["version"])
        assert row.signature == str(peer.get_signature()).replace(version, "2.6.0")


@real
def test_talks_have_the_scores_that_sacrebleu_gives() -> None:
    frame = pl.read_parquet(FOLDER / "ted_slk_eng.parquet")
    known = json.loads((FOLDER / "reference_values.json").read_text())["ted"]
    for system, values in known.items():
        of = frame.filter(pl.col("system") == system)
        texts = of["hyp"].to_list(), [[text] for text in of["ref"].to_list()]
        for name, options in (("chrf", Options()), ("chrfpp", Options(word_order=2))):
            assert corpus(count_rows(block_of(*texts), [CHRF], options), options) == values[name], (system, name)


@real
def test_translations_have_the_integers_of_sacrebleu() -> None:
    frame = pl.read_parquet(FOLDER / "wmt17_en_de_systems.parquet").gather_every(97)
    texts = frame["hyp"].cast(pl.String).to_list(), [[text] for text in frame["ref"].cast(pl.String).to_list()]
    check(*texts, Options(word_order=2))
