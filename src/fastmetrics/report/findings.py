"""What findings of any diagnosis share: their severities, and how they are told in paragraphs."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from fastmetrics.wording import printable

__all__ = ["SEVERITIES", "paragraphs"]

SEVERITIES = ("major", "minor", "info")  # the most important first


def paragraphs(findings: Iterable[tuple[str, str]], notes: Iterable[str], width: int | None) -> str:
    """Each sentence with its advice, then the notes, in lines of ``width`` characters; of any length where it is None.

    >>> print(paragraphs([("[minor] fn_surge: it misses more", "Look at the slice.")], ["rows are independent"], 30))
    [minor] fn_surge: it misses
       more
       Look at the slice.
    note: rows are independent
    """
    lines = [line for sentence, advice in findings for line in (sentence, "   " + advice)]
    lines = [*(lines or ["nothing happened"]), *(f"note: {note}" for note in notes)]
    return "\n".join(wrapped(line, width) for line in lines)


def wrapped(line: str, width: int | None) -> str:
    """A line of printable text broken at blanks, what follows the first line indented."""
    line = printable(line)
    if width is None:
        return line
    return textwrap.fill(line, width, subsequent_indent="   ", break_long_words=False, break_on_hyphens=False)
