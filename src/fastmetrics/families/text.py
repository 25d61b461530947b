"""Texts against references: BLEU, chrF, ROUGE and the like, of answers, summaries and translations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any

import numpy as np
import polars as pl

from fastmetrics.aliases import Integers
from fastmetrics.contract.capabilities import Rate
from fastmetrics.contract.cells import Cell
from fastmetrics.contract.columns import Column, LostExpression
from fastmetrics.contract.family import Family
from fastmetrics.contract.roles import Kind, Role
from fastmetrics.contract.rows import Rows
from fastmetrics.errors import SchemaError, listed, unknown
from fastmetrics.families.labels import check_nulls, null_arguments
from fastmetrics.metric import Formula, Metric
from fastmetrics.notes import Note
from fastmetrics.texts.blocks import Block
from fastmetrics.texts.limits import Limit, parse_limits
from fastmetrics.texts.measure import Measure
from fastmetrics.texts.measures import MEASURES
from fastmetrics.texts.options import Options, Smooth, Tokenize, given_list
from fastmetrics.texts.rows import count_cells, count_rows, row_values, tokenless_cell
from fastmetrics.texts.tokenisers import TOKENISERS

__all__ = ["DEFAULT", "STATES", "chosen_measures", "columns_of", "metrics_of", "shares", "text"]

# Order of the states 2 * (no reference) + (no hypothesis).
STATES = ("judged", "unpredicted", "unlabelled", "unlabelled_unpredicted")
DEFAULT = ("bleu", "chrf", "rouge1", "rouge2", "rougeL", "exact_match")
WITHOUT_REFERENCE = ("distinct1", "distinct2", "repetition")


def text(
    hypothesis: Column,
    *,
    reference: Column | Sequence[str] | None = None,
    measures: Sequence[str] | None = None,
    tokenize: Tokenize | None = None,
    lowercase: bool = False,
    stemmer: bool = False,
    bleu_order: int = 4,
    smooth: Smooth = "exp",
    smooth_value: float | None = None,
    effective_order: bool = False,
    char_order: int = 6,
    word_order: int = 0,
    beta: float = 2.0,
    whitespace: bool = False,
    eps_smoothing: bool = False,
    ter_normalized: bool = False,
    ter_no_punct: bool = False,
    ter_asian: bool = False,
    ter_case_sensitive: bool = False,
    max_length: int | None = None,
    limits: Sequence[str] = (),
    null_values: Sequence[str] | None = None,
    name: str = "text",
) -> Family:
    """The family of texts against references: integers a row that BLEU, chrF, ROUGE, WER and others are read from.

    Parameters
    ----------
    hypothesis
        Column of text: answers, summaries, translations. Null means: no answer. With ``tokenize="tokens"`` a column of
        lists of tokens, text or integers.
    reference
        Column of reference texts, or of lists of them; or the names of several columns. Null means: no reference yet.
    measures
        What to count, by the names of the table in the page "Text". Without any given ``bleu``, ``chrf``, ``rouge1``,
        ``rouge2``, ``rougeL`` and ``exact_match``; without reference ``distinct1``, ``distinct2`` and ``repetition``.
    tokenize
        What splits texts into tokens, for all measures of words but ``exact_match`` and ``ter``. Without it each has
        the rules of its own package: ``13a`` for BLEU, letters and digits of English for ROUGE. ``zh``, ``char`` and
        ``intl`` are for other scripts, ``none`` splits at white space, and ``tokens`` takes columns of lists.
    lowercase
        Compare texts in lower case, where a measure keeps case.
    stemmer
        Compare the stems of English words in ROUGE, by Porter's rules.
    bleu_order
        The longest n-grams of BLEU, in tokens.
    smooth
        What BLEU does where no n-gram of an order matches, as sacrebleu names it.
    smooth_value
        The value of the smoothing ``floor`` (0.1 by default) or ``add-k`` (1).
    effective_order
        Leave out of BLEU the orders that a text is too short for; for values of single rows.
    char_order
        The longest n-grams of chrF, in characters.
    word_order
        The longest n-grams of chrF in words; 2 makes it chrF++.
    beta
        How much more than precision recall weighs in chrF.
    whitespace
        Keep white space in the characters of chrF.
    eps_smoothing
        Smooth chrF by a small number, as chrF++.py and NLTK do.
    ter_normalized
        Separate punctuation in TER.
    ter_no_punct
        Take punctuation away in TER.
    ter_asian
        Split Asian characters in TER.
    ter_case_sensitive
        Tell upper from lower case in TER.
    max_length
        The most tokens or characters of a text that alignments (ROUGE-L, Lsum, TER and all measures of edits) compare;
        what follows is cut off there. Without it pairs of texts that would take too long are an error.
    limits
        Values of measures of a single row beyond which it counts as bad, such as ``["rougeL < 0.2"]``: the share
        ``low_rougeL`` is a metric, and a diagnosis searches for its causes.
    null_values
        Texts that mean null in all columns, such as ``["N/A"]``.
    name
        Tells several families of one scan apart: ``counts.metrics("answers.bleu")``.

    Notes
    -----
    Values are those of the reference packages to the last bit: sacrebleu (BLEU, chrF, TER), rouge_score (ROUGE), jiwer
    (WER, CER), and the script of SQuAD (exact match, token F1). The mean of ratios of
    rows is that of their exact sum. An empty text is an answer, and counted by ``empty_rate``. Measures that need no
    reference look at all answers.

    Raises
    ------
    SchemaError
        A measure or a choice that there is not, a measure that needs a reference without one, one that needs text
        with ``tokenize="tokens"``, or an order or number out of range; while counting: tokens of which one side is text
        and the other integers, or one of UInt64 and the other signed.
    DataError
        While counting: a pair of texts too long to be aligned, without ``max_length``.

    >>> text("answer", reference="reference", measures=["bleu"]).states
    ('judged', 'unpredicted', 'unlabelled', 'unlabelled_unpredicted')
    """
    references = columns_of(reference)
    options = Options.of({**locals(), "references": max(len(references), 1)})
    chosen = chosen_measures(measures, bool(references), options)
    names = [measure.name for measure in chosen]
    nulls, limits = check_nulls(null_values), given_list("limits", limits, "rougeL < 0.2")
    bad, metrics = parse_limits(limits, names), metrics_of(chosen, options)
    judging = (*metrics, *(limit.metric(rows_of(limit, bool(references))) for limit in bad))
    return Family(
        kind="text",
        name=name,
        maker=text,
        roles=roles(hypothesis, references, options.tokenize == "tokens", nulls),
        cells=cells(chosen, options, bad, bool(references)),
        rows=partial(rows, measures=chosen, options=options, limits=bad),
        metrics=(*judging, *shares(bool(references))),
        check=check_tokens if options.tokenize == "tokens" else None,
        arguments={
            "hypothesis": hypothesis,
            **({"reference": references[0] if len(references) == 1 else references} if references else {}),
            "measures": names,
            **options.changed(),
            **({"limits": list(map(str, bad))} if bad else {}),
            "name": name,
            **null_arguments(nulls),
        },
        constants=("measures", *options.changed(), *(["limits"] if bad else []), *null_arguments(nulls)),
        unordered=("measures", *(["limits"] if bad else [])),
        headline=(*names, *(limit.cell for limit in bad)),
        rates=rates(judging, bool(references)),
        notes=notes,
    )


def notes(table: pl.DataFrame, known: Sequence[Note]) -> list[Note]:
    """The notes of texts that a tokeniser makes no token of."""
    found = []
    for name, tokeniser in TOKENISERS.items():
        cell = tokenless_cell(name)
        rows = int(table[cell].sum()) if cell in table.columns else 0
        if rows:
            message = f"some texts have no token: the tokeniser {name!r} drops all but {tokeniser.reads}"
            found.append(Note("tokenless", f"{message}; tokenize='intl', 'zh' or 'char' keeps other scripts", rows))
    return found


def columns_of(reference: Column | Sequence[str] | None) -> list[Column]:
    """The columns of references."""
    if reference is None:
        return []
    if isinstance(reference, (str, pl.Expr, LostExpression)):
        return [reference]
    names: list[Column] = list(reference) if isinstance(reference, Iterable) else []
    if not names or not all(isinstance(name, str) for name in names):
        raise SchemaError(f"reference={reference!r}; expected a column, or the names of several")
    return names


def chosen_measures(names: Sequence[str] | None, referenced: bool, options: Options) -> tuple[Measure, ...]:
    """The rows of measures by their names.

    Raises
    ------
    SchemaError
        A name that there is not, one named twice, or a measure that cannot be counted of what there is.
    """
    given = (DEFAULT if referenced else WITHOUT_REFERENCE) if names is None else names
    names = given_list("measures", given, "bleu")
    if not names or any(names.count(name) > 1 for name in names):
        raise SchemaError(f"measures={names!r} names {'no measure' if not names else 'one twice'}")
    for name in names:
        if not isinstance(name, str) or name not in MEASURES:
            raise SchemaError("measures=: " + unknown("measure", name, MEASURES))
        if MEASURES[name].references and not referenced:
            without = [name for name, measure in MEASURES.items() if not measure.references]
            raise SchemaError(f"measure {name!r} needs reference=; without one there are {listed(without)}")
        if options.tokenize == "tokens" and not MEASURES[name].tokens:
            raise SchemaError(f"measure {name!r} reads characters of texts, which tokenize='tokens' has not")
    return tuple(MEASURES[name] for name in names)


def metrics_of(measures: Sequence[Measure], options: Options) -> tuple[Metric, ...]:
    """The metrics of some measures, each once."""
    rows = {row.name: row for measure in measures for row in measure.metrics(options)}
    return tuple(rows.values())


def roles(
    hypothesis: Column, references: Sequence[Column], tokens: bool, nulls: tuple[Any, ...] | None
) -> tuple[Role, ...]:
    """The columns of texts."""
    first = Role("hypothesis", hypothesis, "tokens" if tokens else "text", null_values=nulls)
    if tokens and len(references) > 1:
        raise SchemaError(f"reference={references!r}; expected one column of lists with tokenize='tokens'")
    kind: Kind = "tokens" if tokens else "texts"
    names = ("reference" if place == 1 else f"reference {place}" for place in range(1, len(references) + 1))
    return first, *(Role(*role, kind, null_values=nulls) for role in zip(names, references, strict=True))


def check_tokens(dtypes: Mapping[str, pl.DataType]) -> None:
    """Refuse columns of tokens of which none of the one can equal one of the other."""
    held = [dtype.inner for dtype in dtypes.values() if isinstance(dtype, (pl.List, pl.Array))]
    held = [item for item in held if item != pl.Null]
    if len(held) < 2:
        return
    whole = len({item.is_integer() for item in held}) == 1
    if not whole or (pl.UInt64 in held and any(item.is_signed_integer() for item in held)):
        holding = " and ".join(f"{role} of {dtype}" for role, dtype in dtypes.items())
        raise SchemaError(f"tokens of {holding} do not compare; cast both to lists of one dtype")


def cells(measures: Sequence[Measure], options: Options, limits: Sequence[Limit], referenced: bool) -> tuple[Cell, ...]:
    """The cells of the family: states, then counts, then exact sums."""
    counts = count_cells(measures, options)
    exacts = dict.fromkeys(name for measure in measures for name in measure.exacts(options))
    return (
        *(Cell(state) for state in (STATES if referenced else STATES[:2])),
        *(Cell(name, "count") for name in ("empty", *counts, *(limit.cell for limit in limits))),
        *(Cell(name, "exact") for name in exacts),
    )


def rows(
    roles: Mapping[str, Any],
    measures: Sequence[Measure],
    options: Options,
    limits: Sequence[Limit],
) -> Rows:
    """The index in STATES of each row, and its values of the other cells."""
    hypotheses, *references = roles.values()
    block = Block(hypotheses, references, options.tokenize == "tokens")
    measured = cache(partial(count_rows, block, measures, options))
    exact = any(measure.exacts(options) for measure in measures)
    metrics = metrics_of(measures, replace(options, effective_order=True))  # as sentence_bleu judges a text

    def counts() -> Integers:
        bad = [
            limit.bad(row_values(measured(), limit.measure, metrics, alone=not MEASURES[limit.measure].references))
            for limit in limits
        ]
        return np.column_stack([block.empty.astype(np.int64), *measured().counts.values(), *bad])

    return Rows(
        states=lambda: (2 * ~block.labelled + ~block.predicted).astype(np.uint8),
        counts=counts,
        exacts=(lambda: np.column_stack(list(measured().exacts.values()))) if exact else None,
    )


def in_states(states: Sequence[str]) -> Formula:
    """How many rows are in one of some states."""
    return lambda c: sum(getattr(c, state) for state in states)


def answered(referenced: bool) -> Formula:
    """How many rows have an answer."""
    return in_states(("judged", "unlabelled") if referenced else ("judged",))


def rows_of(limit: Limit, referenced: bool) -> Formula:
    """How many rows the measure of a limit looks at."""
    return in_states(("judged",)) if MEASURES[limit.measure].references else answered(referenced)


def shares(referenced: bool) -> tuple[Metric, ...]:
    """The metrics of all measures: shares of rows with texts, and of texts that are empty."""
    every_row = in_states(STATES if referenced else STATES[:2])
    # fmt: off
    coverage = Metric("label_coverage", in_states(("judged", "unpredicted")), every_row, "proportion",
                      source="share of rows with a reference")
    return (
        *((coverage,) if referenced else ()),
        Metric("answer_rate", answered(referenced), every_row, "proportion", source="share of rows with an answer"),
        Metric("empty_rate", lambda c: c.empty, answered(referenced), "proportion", better="lower",
               source="share of answers without text", events="empty answers"),
    )
    # fmt: on


def rates(metrics: Sequence[Metric], referenced: bool) -> tuple[Rate, ...]:
    """What a diagnosis searches: shares of judged rows, and texts that are empty or missing."""
    every_row, missing = in_states(STATES if referenced else STATES[:2]), STATES[3:] if referenced else ()
    unlabelled = Rate("unlabelled_rate", in_states(STATES[2:]), every_row, "rows without a reference")
    return (
        *(replace(Rate.of(metric), untold=True) for metric in metrics if metric.kind == "proportion"),
        Rate("empty_rate", lambda c: c.empty, answered(referenced), "empty answers", untold=True),
        *((unlabelled,) if referenced else ()),
        Rate("unpredicted_rate", in_states(("unpredicted", *missing)), every_row, "rows without an answer"),
    )
