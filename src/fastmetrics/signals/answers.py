"""Signals that answers show alone, and beside a reference."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Literal, get_args

import polars as pl

from fastmetrics.contract.columns import Column
from fastmetrics.errors import SchemaError, unknown
from fastmetrics.guard import FOREIGN, first_line
from fastmetrics.signals.columns import text
from fastmetrics.signals.refusals import REFUSALS, refusals

__all__ = ["empty", "exact_match", "format_error", "length", "refusal", "repetition"]

Unit = Literal["characters", "words", "bytes"]
# What Python takes for white space and regular expressions of Polars do not.
SPACE = r"[\s\x1c-\x1f]"
PUNCTUATION = r"[!-/:-@\[-`{-~]"
ARTICLE = r"(^|[^\p{L}\p{N}])(?:an?|the)($|[^\p{L}\p{N}])"


def empty(answer: Column) -> pl.Expr:
    r"""Whether an answer has nothing but white space.

    Null where the answer is null: a call that failed gave no answer, not an empty one.

    >>> log = pl.DataFrame({"answer": ["", " \n", "Paris.", None]})
    >>> log.select(empty("answer"))["empty"].to_list()
    [True, True, False, None]
    """
    return (text(answer).str.strip_chars() == "").alias("empty")


def refusal(answer: Column, *, language: str | Sequence[str] = "en") -> pl.Expr:
    """Whether an answer begins as refusals begin: a heuristic over lists of phrases.

    It looks at the start alone, behind white space, quotes, marks of Markdown and a block ``<think>``; a refusal after
    an answer has begun is not seen, and neither is a polite evasion. Null where the answer is null.

    Parameters
    ----------
    language
        The languages of which refusals are known: ``de``, ``en``, ``es``, ``fr``, ``it``, ``nl`` and ``pt``; one, or a
        list.

    Raises
    ------
    SchemaError
        Another language.

    >>> log = pl.DataFrame({"answer": ["**Sorry, I can't help with that.**", "I can't wait to see it!", "", None]})
    >>> log.select(refusal("answer"))["refusal"].to_list()
    [True, False, False, None]
    """
    languages = [language] if isinstance(language, str) else list(language)
    for one in languages:
        if one not in REFUSALS:
            raise SchemaError(unknown("language of refusals", one, REFUSALS))
    if not languages:
        raise SchemaError(f"language= names no language; known are {', '.join(REFUSALS)}")
    shown = text(answer)
    return reduce(or_, (shown.str.contains(refusals(one)) for one in languages)).alias("refusal")


def format_error(answer: Column, pattern: str) -> pl.Expr:
    r"""Whether an answer is anything but what a regular expression says, from its first character to its last.

    The expressions are those of Polars, that is of Rust, which have no look-around and no back-references. A line
    break at the end is a character as others are. Null where the answer is null.

    Raises
    ------
    SchemaError
        A pattern that is not a regular expression.

    >>> log = pl.DataFrame({"answer": ["yes", "no", "yes, because", None]})
    >>> log.select(format_error("answer", "yes|no"))["format_error"].to_list()
    [False, False, True, None]
    """
    whole = rf"\A(?:{pattern})\z"
    for tried in (pattern, whole):  # alone first, as "a)(b" is one only within brackets
        check_pattern(pattern, tried)
    return (~text(answer).str.contains(whole)).alias("format_error")


def check_pattern(pattern: str, tried: str) -> None:
    if not isinstance(pattern, str):
        raise SchemaError(f"format_error takes a regular expression in quotes, such as '[A-D]', got {pattern!r}")
    try:
        pl.Series([""]).str.contains(tried)
    except FOREIGN as error:
        lines = str(error).splitlines()
        said = next((line.removeprefix("error: ") for line in lines if line.startswith("error: ")), first_line(error))
        raise SchemaError(f"format_error: {pattern!r} is not a regular expression of Polars: {said}") from error


def repetition(answer: Column, *, last: int = 32, times: int = 4) -> pl.Expr:
    """Whether an answer ends in a loop: its last characters stand in it again and again.

    True where the last ``last`` characters occur ``times`` times or more, without overlaps; a line break at the very
    end is left out of it. A loop is seen whatever is repeated, a letter or a paragraph, once it is four times as long
    as the longer of the two. One that ended before the answer did is not seen, nor one that counts on. The last rows of
    a table may repeat, too. Null where the answer is null.

    Parameters
    ----------
    last
        Characters at the end that are looked for.
    times
        How often they must occur, the end itself among them.

    >>> log = pl.DataFrame({"answer": ["It is what it is. " + "I do not know. " * 20, "It is what it is.", None]})
    >>> log.select(repetition("answer"))["repetition"].to_list()
    [True, False, None]
    """
    for name, given, least in (("last", last, 1), ("times", times, 2)):
        if not isinstance(given, int) or isinstance(given, bool) or given < least:
            raise SchemaError(f"repetition: {name}={given!r}; expected a whole number, {least} or more")
    shown = text(answer).str.strip_suffix("\n")
    return (shown.str.count_matches(shown.str.tail(last), literal=True) >= times).alias("repetition")


def length(answer: Column, *, unit: Unit = "characters") -> pl.Expr:
    """How long an answer is, in characters, in words between white space, or in bytes of UTF-8; 0 where it is empty.

    Null where the answer is null.

    Raises
    ------
    SchemaError
        Another unit.

    >>> log = pl.DataFrame({"answer": ["café noir", "", None]})
    >>> log.select(length("answer"), length("answer", unit="words").alias("words")).rows()
    [(9, 2), (0, 0), (None, None)]
    """
    shown = text(answer).str
    if unit not in get_args(Unit):
        raise SchemaError(unknown("unit of length", unit, get_args(Unit)))
    if unit == "words":
        return shown.count_matches(r"[^\s\x1c-\x1f]+").alias("length")
    return (shown.len_chars() if unit == "characters" else shown.len_bytes()).alias("length")


def exact_match(answer: Column, reference: Column, *, normalise: bool = False) -> pl.Expr:
    """Whether an answer is its reference, character by character; null where either is null.

    Parameters
    ----------
    normalise
        Leave out case, the punctuation of ASCII, the articles of English and how much white space there is, as the
        script of SQuAD and `fastmetrics.exact_match` do.

    >>> log = pl.DataFrame({"answer": ["Paris", "the  paris!", None], "reference": ["Paris", "Paris", "Paris"]})
    >>> log.select(exact_match("answer", "reference"))["exact_match"].to_list()
    [True, False, None]
    >>> log.select(exact_match("answer", "reference", normalise=True))["exact_match"].to_list()
    [True, True, None]
    """
    said, wanted = text(answer), text(reference)
    if normalise:
        said, wanted = normal(said), normal(wanted)
    return (said == wanted).alias("exact_match")


def normal(answer: pl.Expr) -> pl.Expr:
    plain = answer.str.to_lowercase().str.replace_all(PUNCTUATION, "")
    for _ in range(2):  # of two articles in a row the first takes the space that the second needs
        plain = plain.str.replace_all(ARTICLE, "$1 $2")
    return plain.str.replace_all(f"{SPACE}+", " ").str.strip_chars(" ")
