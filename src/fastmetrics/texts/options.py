"""The options of measures of text, under the names of the arguments of `fastmetrics.text`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from fastmetrics.errors import SchemaError, unknown

__all__ = ["OPTIONS", "Options", "Smooth", "Tokenize", "check_options", "given_list"]

Smooth = Literal["exp", "floor", "add-k", "none"]
Tokenize = Literal["13a", "none", "char", "intl", "zh", "tokens"]
CHOICES: Mapping[str, tuple[Any, ...]] = {"tokenize": get_args(Tokenize), "smooth": get_args(Smooth)}
MOST_ORDER = 9
RANGES: Mapping[str, tuple[int, int | None]] = {
    "references": (1, None),
    "bleu_order": (1, MOST_ORDER),
    "char_order": (1, MOST_ORDER),
    "word_order": (0, MOST_ORDER),
    "max_length": (1, None),
}
POSITIVE = ("beta", "smooth_value")


@dataclass(frozen=True)
class Options:
    """How texts are measured; `fastmetrics.text` says what each option means.

    Raises
    ------
    SchemaError
        A choice that there is not, an order out of range, a ``beta`` or ``smooth_value`` that is no positive number,
        None where that is not the default, what is no Boolean where one is needed, or ``lowercase`` or ``stemmer`` of
        tokens that come in lists.
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
        for field in fields(self):
            given = getattr(self, field.name)
            if given is not None or field.default is not None:
                check_value(field.name, given)
        for name in ("lowercase", "stemmer"):
            if self.tokenize == "tokens" and getattr(self, name):
                raise SchemaError(f"{name}=True changes the characters of texts, which tokenize='tokens' has not")

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


def check_value(name: str, given: Any) -> None:
    """Refuse a value that an option cannot have."""
    if name in CHOICES:
        if not isinstance(given, str) or given not in CHOICES[name]:
            raise SchemaError(f"{name}=: " + unknown("choice", given, CHOICES[name]))
    elif name in RANGES:
        least, most = RANGES[name]
        if type(given) is not int or given < least or (most is not None and given > most):
            upto = "" if most is None else f" and at most {most}"
            raise SchemaError(f"{name}={given!r} is no integer of at least {least}{upto}")
    elif name in POSITIVE:
        if isinstance(given, bool) or not isinstance(given, (int, float)) or not 0 < given < float("inf"):
            raise SchemaError(f"{name}={given!r} is no positive int or float")
    elif type(given) is not bool:
        raise SchemaError(f"{name}={given!r} is neither True nor False")


# What `fastmetrics.text` takes beside columns, measures, limits and a name.
OPTIONS = (*(field.name for field in fields(Options) if field.name != "references"), "null_values")


def check_options(function: str, given: Iterable[str]) -> None:
    """Refuse names of options that a function does not take.

    Raises
    ------
    SchemaError
        Such a name.
    """
    for name in given:
        if name not in OPTIONS:
            raise SchemaError(f"{function}(): " + unknown("option", name, OPTIONS))


def given_list(argument: str, given: Any, example: str) -> list[Any]:
    """What was given as several, as a list.

    Raises
    ------
    SchemaError
        One text, or something else that is not several.
    """
    if isinstance(given, str):
        raise SchemaError(f"{argument}={given!r} is one text; give a list, such as {argument}=[{given!r}]")
    if not isinstance(given, Iterable):
        raise SchemaError(f"{argument}={given!r} is no list; give one, such as {argument}=[{example!r}]")
    return list(given)
