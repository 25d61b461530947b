"""The options of measures of text, under the names of the arguments of `fastmetrics.text`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from fastmetrics.errors import SchemaError, unknown

__all__ = ["Options", "Smooth", "Tokenize"]

Smooth = Literal["exp", "floor", "add-k", "none"]
Tokenize = Literal["13a", "none", "char", "intl", "zh", "tokens"]
CHOICES: Mapping[str, tuple[Any, ...]] = {"tokenize": get_args(Tokenize), "smooth": get_args(Smooth)}
LEAST = {"bleu_order": 1, "char_order": 1, "word_order": 0, "max_length": 1}
MOST_ORDER = 9


@dataclass(frozen=True)
class Options:
    """How texts are measured; `fastmetrics.text` says what each option means.

    Raises
    ------
    SchemaError
        A choice that there is not, an order out of range, a ``beta`` or ``smooth_value`` that is no positive number, or
        ``lowercase`` or ``stemmer`` of tokens that come in lists.
    """

    references: int = 1  # columns of them; where one column has lists, how many is not known before the rows are
    tokenize: Tokenize | None = None
    lowercase: bool = False
    stemmer: bool = False
    bleu_order: int = 4
    smooth: Smooth = "exp"
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

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            given = getattr(self, name)
            if given is not None and given not in choices:
                raise SchemaError(f"{name}=: " + unknown("choice", given, choices))
        for name, least in LEAST.items():
            given, most = getattr(self, name), None if name == "max_length" else MOST_ORDER
            if given is not None and (type(given) is not int or given < least or (most is not None and given > most)):
                upto = "" if most is None else f" and at most {most}"
                raise SchemaError(f"{name}={given!r} is no integer of at least {least}{upto}")
        for name in ("lowercase", "stemmer"):
            if self.tokenize == "tokens" and getattr(self, name):
                raise SchemaError(f"{name}=True changes the characters of texts, which tokenize='tokens' has not")
        for name in ("beta", "smooth_value"):
            given = getattr(self, name)
            if given is not None and (isinstance(given, bool) or not 0 < float(given) < float("inf")):
                raise SchemaError(f"{name}={given!r} is not a positive number")

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Options:
        """Those of some arguments that are options."""
        return cls(**{field.name: given[field.name] for field in fields(cls) if field.name in given})

    def changed(self) -> dict[str, Any]:
        """The options that are not what they are by default, but for the number of columns."""
        return {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if field.name != "references" and getattr(self, field.name) != field.default
        }
