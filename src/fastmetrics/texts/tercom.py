"""What Tercom, the program that defined TER, makes of texts before and after they are split."""

from __future__ import annotations

import re
from functools import cache
from itertools import chain, starmap

from fastmetrics.texts.dropping import Flags, flags
from fastmetrics.texts.entities import OPENINGS, unescape
from fastmetrics.texts.strings import Strings, rewrite

__all__ = ["APART", "normalised", "punctuation", "way"]

POSSESSIVE = re.compile(rb"'s(?=[ -&(-+/:-@[-`{-~]|\Z)")
NORMALISED_PAIRS = (b"\n-", b"'s", *OPENINGS)
PUNCTUATION = (
    *((0x3001, 0x3002), (0x3008, 0x3011), (0x3014, 0x301F), (0xFF61, 0xFF65), (0x30FB, 0x30FB)),
    *((code, code) for code in (0xFF0E, 0xFF0C, 0xFF1F, 0xFF1A, 0xFF1B, 0xFF01, 0xFF02, 0xFF08, 0xFF09)),
)
APART = (
    *((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x31C0, 0x31EF), (0x2E80, 0x2EFF), (0x3300, 0x33FF), (0xF900, 0xFAFF)),
    *((0xFE30, 0xFE4F), (0x3200, 0x3F22), *PUNCTUATION),
)
"""Ranges of characters of East Asia that are a token each, as sacrebleu has them."""


def normalised_text(text: bytes) -> bytes:
    text = unescape(text.decode().rstrip().encode().replace(b"\n-", b"").replace(b"\n", b" "))
    return POSSESSIVE.sub(b" 's", text)


def normalised(texts: Strings) -> Strings:
    """Texts with the lines joined, characters for their entities and the possessive s apart."""
    return rewrite(texts, NORMALISED_PAIRS, normalised_text)


@cache
def punctuation(asian: bool) -> Flags:
    """The characters that are left out without punctuation."""
    inclusive = ((first, last + 1) for first, last in PUNCTUATION) if asian else ()
    return flags(chain(map(ord, '.,?:;!"()'), *starmap(range, inclusive)))


def way(normalized: bool, no_punct: bool, asian: bool) -> str:
    """The name of the tokeniser with these options.

    >>> way(True, False, True)
    'tercom_normalized_asian'
    """
    return "tercom" + "_normalized" * normalized + "_no_punct" * no_punct + "_asian" * asian
