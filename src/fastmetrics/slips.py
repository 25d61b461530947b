"""Which name was meant: one that is a slip of the hand away, where no other name is as near."""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["SHORTEST", "meant"]

SHORTEST = 5  # letters of a name of which one may be missing, added or another; shorter ones are often other words
WORD = 4  # letters of the word that the slip lies in: fp_rate is no fn_rate, y_pred no x_pred
SWAPPED = 2  # letters less are enough where two neighbours are swapped


def meant(got: str, meanings: Mapping[str, object], shortest: int = SHORTEST) -> str | None:
    """The name that somebody meant, or None where it is not clear.

    A name was meant that differs in nothing but case and separators, or else by one letter that is missing, added or
    another, or by two neighbours that are swapped. It is not clear where several names are as near and do not mean
    one thing. Names of few letters differ by a letter from names of another meaning (mae, mape, mase), and so do names
    by their digits (rouge1, rouge2): those are taken for what they are.

    Parameters
    ----------
    meanings
        What each known name means.
    shortest
        Letters of a name in which a letter may be wrong.

    >>> known = {"precision": "precision", "ppv": "precision", "npv": "npv", "f1_macro": "f1_macro"}
    >>> meant("F1-Macro", known), meant("precison", known), meant("ppr", known)
    ('f1_macro', 'precision', None)
    """
    given = words(got)
    near = [name for name in meanings if given and "".join(words(name)) == "".join(given)]
    near = near or [name for name in meanings if slipped(given, words(name), shortest)]
    clear = len({meanings[name] for name in near}) == 1 and digits(near[0]) == digits(got)
    return near[0] if clear else None


def words(name: str) -> list[str]:
    return re.findall(r"[^\W_]+", name.casefold())


def digits(name: str) -> list[str]:
    return re.findall(r"\d", name)


def slipped(given: list[str], wanted: list[str], shortest: int) -> bool:
    """Whether the words are those wanted but for one slip in one of them."""
    pairs = [(one, other) for one, other in zip(given, wanted, strict=False) if one != other]
    if len(given) != len(wanted) or len(pairs) != 1:
        return False
    (one, other), letters = pairs[0], len("".join(wanted))
    start = shared(one, other)
    end = shared(one[start:][::-1], other[start:][::-1])
    left, right = one[start : len(one) - end], other[start : len(other) - end]
    if len(left) == 2 and left == right[::-1]:
        return letters >= shortest - SWAPPED and len(pairs[0][1]) >= WORD - 1
    return max(len(left), len(right)) == 1 and letters >= shortest and len(pairs[0][1]) >= WORD


def shared(one: str, other: str) -> int:
    """How many letters two words begin with alike."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
