"""Texts against references: the values of sacrebleu, rouge_score, jiwer and the script of SQuAD."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from fastmetrics.aliases import Floats
from fastmetrics.api import count
from fastmetrics.errors import DataError, SchemaError, unknown
from fastmetrics.families.text import text
from fastmetrics.guard import FOREIGN, first_line
from fastmetrics.texts.options import given_list
from fastmetrics.texts.rouge import ROUGE

__all__ = ["bleu", "cer", "chrf", "edit_similarity", "exact_match", "rouge", "ter", "token_f1", "wer"]

ROUGES = tuple(measure.name for measure in ROUGE)

Texts = Any
"""Texts: a list, an array or a Series of str; of references also of lists of str."""


def bleu(
    predictions: Texts = None,
    references: Texts = None,
    *,
    reference: Texts = None,
    per_row: bool = False,
    tokenize: str | None = None,
    lowercase: bool = False,
    bleu_order: int = 4,
    smooth: str = "exp",
    smooth_value: float | None = None,
    effective_order: bool | None = None,
) -> Any:
    """BLEU of a corpus, 0 to 100, as sacrebleu gives it.

    Parameters
    ----------
    predictions
        The texts to judge, none of them null.
    references
        A reference for each text, or a list of references for each: not a list of texts for each reference, as
        sacrebleu takes them. ``reference`` is another name of it.
    per_row
        Give the BLEU of each text, as float64, instead of that of all.
    tokenize, lowercase, bleu_order, smooth, smooth_value, effective_order
        As in `fastmetrics.text`; ``effective_order`` is True where it is not given and rows are judged alone, as in
        sacrebleu.

    Raises
    ------
    DataError
        No rows, sides of different lengths, a null, or a list of references without any.

    >>> round(bleu(["the cat sat on the mat"], ["the cat is on the mat"]), 4)
    37.9918
    """
    alone = per_row if effective_order is None else effective_order
    return judged(
        *sides(predictions, references, reference),
        per_row,
        ["bleu"],
        tokenize=tokenize,
        lowercase=lowercase,
        bleu_order=bleu_order,
        smooth=smooth,
        smooth_value=smooth_value,
        effective_order=alone,
    )["bleu"]


def chrf(
    predictions: Texts = None,
    references: Texts = None,
    *,
    reference: Texts = None,
    per_row: bool = False,
    lowercase: bool = False,
    char_order: int = 6,
    word_order: int = 0,
    beta: float = 2.0,
    whitespace: bool = False,
    eps_smoothing: bool = False,
) -> Any:
    """ChrF of a corpus, 0 to 100, as sacrebleu gives it; chrF++ with ``word_order=2``. Arguments as in `bleu`.

    >>> round(chrf(["the cat sat on the mat"], ["the cat is on the mat"]), 4)
    64.5779
    """
    return judged(
        *sides(predictions, references, reference),
        per_row,
        ["chrf"],
        lowercase=lowercase,
        char_order=char_order,
        word_order=word_order,
        beta=beta,
        whitespace=whitespace,
        eps_smoothing=eps_smoothing,
    )["chrf"]


def ter(
    predictions: Texts = None,
    references: Texts = None,
    *,
    reference: Texts = None,
    per_row: bool = False,
    ter_normalized: bool = False,
    ter_no_punct: bool = False,
    ter_asian: bool = False,
    ter_case_sensitive: bool = False,
    max_length: int | None = None,
) -> Any:
    """Translation edit rate of a corpus, from 0 on, in percent, as sacrebleu gives it. Arguments as in `bleu`.

    >>> round(ter(["the cat sat on the mat"], ["the cat is on the mat"]), 4)
    16.6667
    """
    return judged(
        *sides(predictions, references, reference),
        per_row,
        ["ter"],
        ter_normalized=ter_normalized,
        ter_no_punct=ter_no_punct,
        ter_asian=ter_asian,
        ter_case_sensitive=ter_case_sensitive,
        max_length=max_length,
    )["ter"]


def rouge(
    predictions: Texts = None,
    references: Texts = None,
    *,
    reference: Texts = None,
    measures: Sequence[str] = ("rouge1", "rouge2", "rougeL"),
    per_row: bool = False,
    tokenize: str | None = None,
    stemmer: bool = False,
    max_length: int | None = None,
) -> dict[str, Any]:
    """The mean F of some ROUGE measures by their names, 0 to 1, as rouge_score gives that of each text.

    The mean is that of the exact sum. Arguments as in `bleu`.

    >>> rouge(["the cat sat"], ["the cat is"], measures=["rouge1", "rougeL"])
    {'rouge1': 0.6666666666666666, 'rougeL': 0.6666666666666666}
    """
    measures = given_list("measures", measures, "rougeL")
    for name in measures:
        if name not in ROUGES:
            raise SchemaError("measures=: " + unknown("measure of ROUGE", name, ROUGES))
    return judged(
        *sides(predictions, references, reference),
        per_row,
        measures,
        tokenize=tokenize,
        stemmer=stemmer,
        max_length=max_length,
    )


def wer(
    predictions: Texts = None,
    references: Texts = None,
    *,
    reference: Texts = None,
    per_row: bool = False,
    tokenize: str | None = None,
    lowercase: bool = False,
    max_length: int | None = None,
) -> Any:
    """Word error rate of a corpus, from 0 on, as jiwer gives it: edits / words of the references. As in `bleu`.

    >>> wer(["the cat sat"], ["the cat sat down"])
    0.25
    """
    return edit_rate("wer", predictions, references, reference, per_row, tokenize, lowercase, max_length)


def cer(
    predictions: Texts = None,
    references: Texts = None,
    *,
    reference: Texts = None,
    per_row: bool = False,
    lowercase: bool = False,
    max_length: int | None = None,
) -> Any:
    """Character error rate of a corpus, from 0 on, as jiwer gives it. Arguments as in `bleu`.

    >>> cer(["cut"], ["cat"])
    0.3333333333333333
    """
    return edit_rate("cer", predictions, references, reference, per_row, None, lowercase, max_length)


def edit_similarity(
    predictions: Texts = None,
    references: Texts = None,
    *,
    reference: Texts = None,
    per_row: bool = False,
    lowercase: bool = False,
    max_length: int | None = None,
) -> Any:
    """The mean of 1 - edits / characters of the longer text, 0 to 1, as rapidfuzz gives that of each. As in `bleu`.

    >>> edit_similarity(["cut"], ["cat"])
    0.6666666666666667
    """
    return edit_rate("edit_similarity", predictions, references, reference, per_row, None, lowercase, max_length)


def token_f1(
    predictions: Texts = None,
    references: Texts = None,
    *,
    reference: Texts = None,
    per_row: bool = False,
    tokenize: str | None = None,
) -> Any:
    """The mean F1 of the words of answers, 0 to 1, by the rules of SQuAD. Arguments as in `bleu`.

    >>> token_f1(["the cat sat"], ["A cat sat!"])
    1.0
    """
    return judged(*sides(predictions, references, reference), per_row, ["token_f1"], tokenize=tokenize)["token_f1"]


def exact_match(
    predictions: Texts = None, references: Texts = None, *, reference: Texts = None, per_row: bool = False
) -> Any:
    """The share of answers that equal a reference, 0 to 1, by the rules of SQuAD. Arguments as in `bleu`.

    >>> exact_match(["the cat", "dog"], ["A cat!", "bird"])
    0.5
    """
    return judged(*sides(predictions, references, reference), per_row, ["exact_match"])["exact_match"]


def edit_rate(
    measure: str,
    predictions: Texts,
    references: Texts,
    reference: Texts,
    per_row: bool,
    tokenize: str | None,
    lowercase: bool,
    max_length: int | None,
) -> Any:
    options: dict[str, Any] = {"tokenize": tokenize, "lowercase": lowercase, "max_length": max_length}
    return judged(*sides(predictions, references, reference), per_row, [measure], **options)[measure]


def sides(predictions: Texts, references: Texts, reference: Texts) -> tuple[pl.Series, pl.Series]:
    """Both sides as Series of one length, without nulls.

    Raises
    ------
    DataError
        No rows, sides of different lengths, or a null.
    """
    if reference is not None and references is not None:
        raise SchemaError("reference= and references= are two names of one argument; give one of them")
    told, right = (
        as_texts(predictions, "predictions"),
        as_texts(reference if references is None else references, "references"),
    )
    if len(told) != len(right):
        raise DataError(f"predictions have {len(told):,} rows and references {len(right):,}; expected as many")
    for side in (told, right):
        if side.null_count():
            raise DataError(f"{side.name} hold null in row {side.is_null().arg_true()[0]}; an empty text is ''")
    if not len(told):
        raise DataError("predictions have no rows")
    return told, right


def as_texts(given: Texts, name: str) -> pl.Series:
    """Texts, or lists of them, as a Series."""
    if given is None or isinstance(given, (str, bytes)):
        what = "nothing" if given is None else f"one text, {given!r}"
        raise TypeError(f"{name}= must be a list, an array or a Series of texts, not {what}")
    try:
        series = given if isinstance(given, pl.Series) else pl.Series(name, given)
    except FOREIGN as error:
        raise DataError(f"{name} cannot be read as texts: {first_line(error)}") from error
    return series.rename(name).rechunk()


def judged(
    predictions: pl.Series, references: pl.Series, per_row: bool, measures: Sequence[str], **options: Any
) -> dict[str, Any]:
    """The value of each measure: of all rows, or of each.

    Raises
    ------
    SchemaError
        A ``per_row`` that is no Boolean, or what `fastmetrics.text` refuses.
    DataError
        A row whose list of references has none.
    """
    if type(per_row) is not bool:
        raise SchemaError(f"per_row={per_row!r} is neither True nor False")
    family = text("predictions", reference="references", measures=measures, **options)
    frame = pl.DataFrame([predictions, references])
    counts = count(frame.with_row_index("row"), family, by="row") if per_row else count(frame, family)
    if counts.frame["unlabelled"].sum():
        lists = references.arr.to_list() if isinstance(references.dtype, pl.Array) else references
        row = (lists.list.drop_nulls().list.len() == 0).arg_true()[0]
        raise DataError(f"references hold a list without a reference in row {row}")
    if not per_row:
        return counts.metrics(*measures).select(measures).row(0, named=True)
    rows = counts.metrics(*measures).sort("row")
    return {measure: values_of(rows[measure]) for measure in measures}


def values_of(column: pl.Series) -> Floats:
    """A column as float64; NaN where there is no value."""
    return column.to_numpy()
