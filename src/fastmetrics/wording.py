"""Names and values from outside as text for people: one line that moves no cursor and hides or reorders nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["LONGEST", "group_name", "printable", "readable", "shortened", "is_encodable"]

LONGEST = 80
"""Characters of a value in a sentence: more tell nobody more."""
# Blank or without any width, although Python takes them for printable: fillers, selectors, tags.
UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\U000e0100-\U000e01ef]")


def printable(text: str) -> str:
    r"""Text with every character that a terminal obeys, or that cannot be seen, written as its code.

    Those are control characters, line breaks, marks that reverse the direction of text, characters without width,
    blanks other than the space, and halves of characters that stand alone, as file names may hold. What was made
    printable stays as it is, so it may be done twice.

    >>> print(printable("red\x1b[31m\u202e\n"))
    red\x1b[31m\u202e\n
    """
    if text.isprintable() and UNSEEN.search(text) is None:
        return text
    return "".join(c if c.isprintable() and UNSEEN.match(c) is None else code(c) for c in text)


def is_encodable(text: str) -> bool:
    r"""Whether UTF-8 can hold a text: no surrogate stands alone in it, as in a path that is not UTF-8.

    >>> is_encodable("café"), is_encodable("caf\udce9")
    (True, False)
    """
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def code(character: str) -> str:
    r"""``\x1b``, ``\n``, ``\u202e``."""
    return character.encode("unicode_escape").decode()


def shortened(text: str, longest: int = LONGEST) -> str:
    """Text with the middle left out where it is longer than so many characters.

    >>> shortened("abcdefghij", 5)
    'ab…ij'
    """
    if len(text) <= longest:
        return text
    kept = longest - 1
    return f"{text[: kept - kept // 2]}…{text[len(text) - kept // 2 :]}"


def readable(value: object, longest: int = LONGEST, null: str = "null") -> str:
    """A value as people read it: printable, short, and in quotes where it would be taken for nothing or for null.

    >>> readable("BR"), readable(None), readable("null"), readable(""), readable(" a")
    ('BR', 'null', "'null'", "''", "' a'")
    """
    if value is None:
        return null
    if isinstance(value, bytes):
        return shortened(value[:longest].hex(), longest) or "''"
    text = value if isinstance(value, str) else str(value)
    if len(text) > longest:  # before it is made printable, as a text may fill the memory
        text = shortened(text, longest)
    quoted = isinstance(value, str) and (text != text.strip(" ") or text in ("", null))
    return f"'{printable(text)}'" if quoted else printable(text)


def group_name(group: Mapping[str, Any]) -> str:
    """A group by its keys: ``model='a', country=None``."""
    return ", ".join(
        f"{readable(key)}={shortened(repr(value)) if isinstance(value, str) else value}" for key, value in group.items()
    )
