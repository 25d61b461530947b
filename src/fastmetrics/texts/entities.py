"""Entities of XML in texts."""

from __future__ import annotations

__all__ = ["OPENINGS", "unescape"]

ENTITIES = ((b"&quot;", b'"'), (b"&amp;", b"&"), (b"&lt;", b"<"), (b"&gt;", b">"))
OPENINGS = tuple(entity[:2] for entity, _ in ENTITIES)


def unescape(text: bytes) -> bytes:
    """A text with the characters that four entities stand for, one entity after the other.

    >>> unescape(b"&amp;quot; &amp;lt;")
    b'&quot; <'
    """
    for entity, character in ENTITIES:
        text = text.replace(entity, character)
    return text
