"""Edit distances beside the whole table, cell by cell."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import oracle_edits as oracle
from fastmetrics.contract.blocks import Lists
from fastmetrics.errors import DataError
from fastmetrics.kernels.texts import edit_paths, levenshtein, spaced_words, symbols
from fastmetrics.texts import bounds, edits
from fastmetrics.texts.blocks import Block
from fastmetrics.texts.chunks import Chunk, Ids
from fastmetrics.texts.measures import MEASURES
from fastmetrics.texts.options import Options
from fastmetrics.texts.rows import count_rows, row_values
from fastmetrics.texts.strings import Strings
from fastmetrics.texts.tokenisers import TOKENISERS
from texts import block_of

SPACES = [chr(code) for code in range(0x110000) if chr(code).isspace()]
KERNELS = (
    (levenshtein, "edit_distances"),
    (edit_paths, "count_edits"),
    (spaced_words, "split_spaced_words"),
    (symbols, "number_symbols"),
)
BORDERS = [0, 1, 2, 63, 64, 65, 127, 128, 129, 193, 255, 256, 257]


@pytest.fixture(params=["compiled", "python"])
def compiled(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[bool]:
    """Kernels as they are, or as plain Python, whose sums wrap around, of which numpy warns."""
    if request.param == "python":
        for module, name in KERNELS:
            monkeypatch.setattr(module, name, getattr(module, name).py_func)
    with np.errstate(over="ignore"):
        yield request.param == "compiled"


def numbers(draw: random.Random, length: int, kinds: int) -> list[int]:
    return [draw.randrange(kinds) for _ in range(length)]


def edited(draw: random.Random, tokens: Sequence[int], share: float, kinds: int) -> list[int]:
    """Tokens of which a share is deleted, replaced, or has another one beside it."""
    changes: list[Callable[[int], list[int]]] = [
        lambda token: [],
        lambda token: [draw.randrange(kinds)],
        lambda token: [token, draw.randrange(-1, kinds)],
    ]
    changed = (draw.choice(changes)(token) if draw.random() < share else [token] for token in tokens)
    return [token for found in changed for token in found]


def flat(texts: Sequence[Sequence[int]]) -> tuple[Any, Any]:
    return np.array([n for text in texts for n in text], np.int32), np.cumsum([0, *map(len, texts)])


Sets = Sequence[tuple[list[list[int]], list[list[int]]]]


def chunk_of(sets: Sets) -> tuple[Chunk, Ids]:
    """Hypotheses and references of some sets as a chunk, and their tokens."""
    hypotheses, references = (flat([text for pair in sets for text in pair[side]]) for side in (0, 1))
    kinds = np.full(len(sets), int(references[0].max(initial=-1)) + 1, np.int32)
    nothing = [Strings.of([""] * (len(texts[1]) - 1)) for texts in (hypotheses, references)]
    borders = [np.cumsum([0, *(len(pair[side]) for pair in sets)]) for side in (1, 0)]
    return Chunk(*nothing, *borders), Ids(*references, *hypotheses, kinds)


def distances(sets: Sets, options: Options) -> list[int]:
    """The distances of the pairs of some sets of hypotheses and references."""
    return edits.pair_distances(*chunk_of(sets), options).tolist()


def edit_counts(sets: Sets) -> list[tuple[int, ...]]:
    """Substitutions, deletions and insertions of each row of sets of one reference."""
    chunk, ids = chunk_of(sets)
    chunk.made["ids", "words", False] = ids
    return [tuple(row) for row in edits.count_edits(chunk, Options(), "mer")[:, 1:].tolist()]


def test_the_distance_is_that_of_the_whole_table_at_every_border(compiled: bool) -> None:
    draw = random.Random(3)
    lengths = BORDERS if compiled else [0, 1, 64, 65, 257]
    for kinds in (1, 3, 500):
        references = [numbers(draw, length, kinds) for length in lengths]
        sets = [
            ([edited(draw, reference, share, kinds) for share in (0, 0.03, 0.3, 1)], [reference])
            for reference in references
        ]
        expected = [oracle.distance(references[0], said) for hypotheses, references in sets for said in hypotheses]
        assert distances(sets, Options()) == expected


def test_a_narrow_reach_finds_the_distance_of_long_texts(compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    draw, length = random.Random(5), 900 if compiled else 400
    monkeypatch.setattr(levenshtein, "FEW_STRIPES", 0)  # of the Python twin, which need not be as long
    monkeypatch.setattr(levenshtein, "LEAST_REACH", 10)
    reference = numbers(draw, length, 40)
    moved = [*reference[length // 3 :], *reference[: length // 3]]
    late = reference[: length // 2] + numbers(draw, length // 2, 40)
    hypotheses = [*(edited(draw, reference, share, 40) for share in (0.02, 0.3, 1)), moved, late, late[:350]]
    expected = [oracle.distance(reference, said) for said in hypotheses]
    assert distances([(hypotheses, [reference])], Options()) == expected


def test_each_row_is_compared_with_each_of_its_references(compiled: bool) -> None:
    draw = random.Random(7)
    sets = [
        tuple([numbers(draw, draw.randrange(12), 4) for _ in range(draw.randrange(1, 4))] for _ in range(2))
        for _ in range(20)
    ]
    for most in (None, 1, 5):
        expected = [
            oracle.distance(reference[:most], said[:most])
            for hypotheses, references in sets
            for said in hypotheses
            for reference in references
        ]
        assert distances(sets, Options(max_length=most)) == expected


def test_masks_of_many_tokens_are_set_stripe_by_stripe() -> None:
    draw = random.Random(9)
    reference = numbers(draw, 900, 30_000)
    sets = [([edited(draw, reference, share, 30_000) for share in (0.2, 0.6)], [reference])]
    assert distances(sets, Options()) == [oracle.distance(reference, said) for said in sets[0][0]]


def test_edits_are_those_of_the_path_from_the_end_at_every_border(compiled: bool) -> None:
    draw = random.Random(13)
    for kinds in (1, 2, 5, 500):
        references = [numbers(draw, length, kinds) for length in (BORDERS if compiled else [0, 1, 64, 65, 257])]
        sets = [([edited(draw, one, share, kinds) for share in (0, 0.03, 0.3, 1)], [one]) for one in references]
        expected = [oracle.path_counts(*ends(one[0], said)) for said_all, one in sets for said in said_all]
        assert edit_counts(sets) == expected


def ends(reference: list[int], hypothesis: list[int]) -> tuple[list[int], list[int]]:
    """Two texts without what they begin with alike, and then end with."""
    both = min(len(reference), len(hypothesis))
    first = next((k for k in range(both) if reference[k] != hypothesis[k]), both)
    reference, hypothesis = reference[first:], hypothesis[first:]
    both -= first
    last = next((k for k in range(both) if reference[-1 - k] != hypothesis[-1 - k]), both)
    return reference[: len(reference) - last], hypothesis[: len(hypothesis) - last]


def test_large_tables_are_split_as_rapidfuzz_splits_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edit_paths, "count_edits", edit_paths.count_edits.py_func)
    monkeypatch.setattr(edit_paths, "SPLIT_BYTES", 1 << 9)
    draw = random.Random(17)
    junk = list(range(100, 180))
    for kinds in (2, 30):
        one = numbers(draw, 120, kinds)
        said = [*(edited(draw, one, share, kinds) for share in (0.05, 0.5)), numbers(draw, 150, kinds), junk + one[1:]]
        with np.errstate(over="ignore"):
            found = edit_counts([(said, [one])])
        assert found == [oracle.edit_counts(one, other, 1 << 9) for other in said]


def test_words_are_those_of_runs_of_white_space(compiled: bool) -> None:
    around = [("a", "b"), ("", "b"), ("a", ""), ("a ", "b"), ("", ""), ("x" * 62, "b"), ("x" * 61 + "é", "b")]
    spaces = SPACES if compiled else SPACES[::4]
    values = [f"{a}{space}{b}" for space in spaces for a, b in around]
    values += [f"a{one}{other}b" for one, other in zip(spaces, spaces[::-1], strict=True)]
    values += ["", " a  b c ", "\0 é\u2003x\t\u3000\u200b", "x" * 64, "x" * 63 + " ", " " * 64 + "x", "\u3000" * 43]
    draw = random.Random(11)
    values += [
        "".join(draw.choices(["a", "é", " ", "\n", "\u2003", "\u00a0"], k=draw.randrange(200))) for _ in range(30)
    ]
    found = TOKENISERS["words"].split(Strings.of(values)).to_list()
    assert found == [[word.encode() for word in oracle.words(value)] for value in values]


@pytest.mark.parametrize("strip", [True, False])
def test_characters_have_the_same_number_exactly_where_they_are_the_same(compiled: bool, strip: bool) -> None:
    draw = random.Random(19)
    odd = ["é", "e\u0301", "東", "😀", "\U0010ffff", "\0", "\x7f", "\x80", *SPACES]
    texts = ["".join(draw.choices(["abcdefgh12345678", "x", *odd], k=draw.randrange(9))) for _ in range(300)]
    borders = np.arange(151)
    ids = edits.symbols(Chunk(Strings.of(texts[:150]), Strings.of(texts[150:]), borders, borders), Options(), strip)
    sides = (ids.hypotheses, ids.hypothesis_offsets), (ids.references, ids.reference_offsets)
    found = [side[start:end].tolist() for side, at in sides for start, end in pairwise(at)]
    known = {
        character: number
        for text, of in zip(texts, found, strict=True)
        for character, number in zip(text.strip() if strip else text, of, strict=True)
    }
    assert len(set(known.values())) == len(known)
    assert max(known.values()) < ids.types[0]
    assert found == [[known[character] for character in (text.strip() if strip else text)] for text in texts]


def counted(measure: str, rows: Block, **options: Any) -> dict[str, list[int]]:
    counts = count_rows(rows, [MEASURES[measure]], Options(**options)).counts
    return {name: values.tolist() for name, values in counts.items()}


def test_of_several_references_the_one_with_the_lowest_rate_counts() -> None:
    rows = block_of(
        ["a b c d", "x", "", None], [["a", "a b x y z", "a b c d e f g h", "a b"], ["", "x y"], ["p q", ""], ["a"]]
    )
    assert counted("wer", rows) == {
        "wer_edits": [4, 1, 0, 0],
        "wer_reference": [8, 2, 0, 0],
        "wer_hypothesis": [4, 1, 0, 0],
    }


def test_options_of_words_and_case() -> None:
    rows = block_of(["A b, c"], [["a B c"]])
    assert counted("wer", rows)["wer_edits"] == [2]
    assert counted("wer", rows, lowercase=True)["wer_edits"] == [1]
    assert counted("wer", rows, lowercase=True, max_length=1)["wer_reference"] == [1]
    assert counted("cer", block_of([" a\tB"], [["\u2003a b"]]))["cer_edits"] == [2]


def test_tokens_in_lists_are_words() -> None:
    tokens = Lists(np.array([0, 2, 5]), np.array([7, 8, 1, 2, 3]), np.zeros(0, np.uint8))
    others = Lists(np.array([0, 1, 4]), np.array([8, 1, 9, 3]), np.zeros(0, np.uint8))
    assert counted("wer", Block(tokens, [others], tokens=True))["wer_edits"] == [1, 1]


def test_a_reference_without_words_costs_the_words_of_the_hypothesis() -> None:
    rows = block_of(["a b", "", None], [["\t"], [" "], ["a"]])
    measure = MEASURES["wer"]
    values = row_values(count_rows(rows, [measure], Options()), "wer", measure.metrics(Options()))
    assert values[:2].tolist() == [2, 0]
    assert np.isnan(values[2])


def test_rates_of_words_without_a_word_are_those_of_jiwer() -> None:
    rows = block_of(["", "a b", "", "a b"], [[""], [""], ["a"], ["a c"]])
    for measure, expected in (("mer", [0, 1, 1, 1 / 2]), ("wil", [0, 1, 1, 3 / 4]), ("hits", [0, 0, 0, 1])):
        found = count_rows(rows, [MEASURES[measure]], Options())
        assert row_values(found, measure, MEASURES[measure].metrics(Options())).tolist() == expected


def test_measures_of_words_share_their_path(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    run = edit_paths.count_edits
    monkeypatch.setattr(edit_paths, "count_edits", lambda *arguments: calls.append(run(*arguments)))
    count_rows(block_of(["a b"], [["a c"]]), [MEASURES[name] for name in ("wer", "mer", "wil", "hits")], Options())
    assert len(calls) == 1


def test_similarity_takes_the_most_similar_reference() -> None:
    rows = block_of(["ab", "", " a"], [["abcd", "ax"], [""], ["a"]])
    measure = MEASURES["edit_similarity"]
    found = count_rows(rows, [measure], Options()).exacts["edit_similarity_sum"]
    assert found.tolist() == [0.5, 1.0, 0.5]


def test_a_pair_too_long_to_be_aligned_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MOST_CELLS", 12)
    rows = block_of(["a b c d", "a " * 12], [["a b c"], ["a"]])
    assert counted("wer", rows)["wer_edits"] == [1, 11]
    long = block_of(["a", "a b c d"], [["a b c d"], ["a b c d"]])
    with pytest.raises(DataError, match=r"wer aligns a hypothesis of 4 tokens with a reference of 4.*max_length="):
        counted("wer", long)
    assert counted("wer", long, max_length=3)["wer_edits"] == [2, 0]
