"""The options of measures of text, under the names of the arguments of `fastmetrics.text`."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Options"]


@dataclass(frozen=True)
class Options:
    """How texts are measured; `fastmetrics.text` says what each option means, and checks them."""

    measures: tuple[str, ...]
    references: int = 1  # columns of references; several in one list column are not told before the scan
    tokenize: str | None = None
    lowercase: bool = False
    stemmer: bool = False
    bleu_order: int = 4
    smooth: str = "exp"
    smooth_value: float | None = None
    effective_order: bool = False
    char_order: int = 6
    word_order: int = 0
    beta: float = 2.0
    whitespace: bool = False
    eps_smoothing: bool = False
    ter_normalized: bool = False
    ter_no_punct: bool = False
    ter_asian: bool = False
    ter_case_sensitive: bool = False
    max_length: int | None = None
