"""Roles: the columns that a family reads, and as what."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fastmetrics.contract.columns import Column
from fastmetrics.contract.equality import field_values
from fastmetrics.errors import SchemaError

__all__ = ["Kind", "Role", "check_number", "widened"]

Kind = Literal[
    "binary", "flag", "number", "key", "text", "texts", "tokens", "list of number", "list of key", "list of text"
]


@dataclass(frozen=True, eq=False)
class Role:
    """A column that a family reads, and as what.

    Attributes
    ----------
    name
        What the family calls it.
    column
        The column of the log, or an expression.
    kind
        ``binary``: reaches the family as uint8 states, 0 negative, 1 positive, 2 null. ``flag``: as uint8 states, 0
        false, 1 true, 2 null. ``number``: as float64 (float32 or float16 where the column is) with NaN for null.
        ``text``: as `Texts`. ``texts``, a text or a list of texts: as `Lists` of `Texts` without nulls. ``tokens``, a
        list of texts or of integers: as `Lists` of them without nulls. ``key``: becomes an inner key of any type, and
        does not reach the family. ``list of number`` and ``list of text``: as `Lists` of these. ``list of key``: as
        `Lists` of the codes of an inner key, uint32 with 0 for null, of which the family gives that of each entry. Each
        is a row of `fastmetrics.counting.roles`.
    pos_label
        The positive value of a ``binary`` role; without it True, or 1 against 0 or -1.
    threshold
        The least number of a ``binary`` role that is positive.
    null_values
        Further values that mean null; None leaves that to `fastmetrics.counting.roles.nulls`.
    link
        What makes probabilities of a ``number`` role.
    key
        The inner key that a ``key`` or ``list of key`` role gives values to, where that is not called as the role is.
        Lists may share one: their codes are equal where their values are.
    """

    name: str
    column: Column
    kind: Kind
    pos_label: Any = None
    threshold: float | None = None
    null_values: tuple[Any, ...] | None = None
    link: Literal["logit"] | None = None
    key: str | None = None

    def __post_init__(self) -> None:
        if isinstance(self.pos_label, np.generic):
            object.__setattr__(self, "pos_label", self.pos_label.item())
        if self.pos_label is not None and not isinstance(self.pos_label, (str, bool, int, float)):
            kind = type(self.pos_label).__name__
            raise SchemaError(f"pos_label={self.pos_label!r} is a {kind}; a text, a number or a Boolean is needed")
        if isinstance(self.pos_label, float) and not math.isfinite(self.pos_label):
            raise SchemaError(f"pos_label={self.pos_label!r} is not a finite number")

    @property
    def inner_key(self) -> str:
        """The inner key that it gives values to, if it is of a kind that does."""
        return self.name if self.key is None else self.key

    @property
    def textual(self) -> bool:
        """Whether it reads text, so that a number in its place is one that was written."""
        return self.kind in ("text", "texts")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Role) and field_values(self) == field_values(other)

    def __hash__(self) -> int:
        return hash(field_values(self))


def widened(numbers: NDArray[Any]) -> NDArray[Any]:
    """Numbers of a role as kernels read them: those of half precision, which no kernel knows, as float32."""
    return numbers.astype(np.float32) if numbers.dtype == np.float16 else numbers


def check_number(name: str, given: float) -> float:
    """A finite float, or an error that names the argument."""
    if isinstance(given, bool) or not isinstance(given, (int, float, np.number)) or not math.isfinite(given):
        raise SchemaError(f"{name}={given!r} is not a finite number")
    return float(given)
