"""Texts of what tokenisers trip over, drawn at random."""

from __future__ import annotations

import random

SPACES = [chr(code) for code in range(0x110000) if chr(code).isspace()]
ENTITIES = ["&quot;", "&amp;", "&lt;", "&gt;", "&amp;lt;", "&", "<skipped>", "<s", "-\n", "-<skipped>\n"]
POINTS = [".", ",", "..", "...", ".,", "5", "07", "1.5", "3,", "-", "5-", "%", "$", "(", "'", "`", "\x7f"]
LETTERS = ["a", "B", "the", "The", "word", "words", "exactly8", "sixteen__letters", "a longer one", "x" * 40]
OTHERS = [
    "é",
    "e\u0301",
    "ß",
    "İ",
    "\u212a",
    "Σ",
    "ς",
    "σ",
    "Ⱥ",
    "\u0301",
    "\0",
    "\u200b",
    "\ufeff",
    "😀",
    "\U0010ffff",
]
SCRIPTS = [
    "東京",
    "。",
    "，",
    "１",
    "ひら",
    "한국",
    "Привет",
    "«",
    "»",
    "„",
    "–",
    "…",
    "€",
    "½",
    "₂",
    "٣",
    "\u2e3b",
    "๏",
]
PIECES = [*SPACES, *ENTITIES * 3, *POINTS * 3, *LETTERS * 3, *OTHERS, *SCRIPTS, *[" "] * 60]


def hostile_text(draw: random.Random) -> str:
    """A text of up to some hundred pieces, mostly of few."""
    return "".join(draw.choices(PIECES, k=draw.randrange(draw.choice([1, 4, 12, 40, 300]))))


def like(draw: random.Random, text: str) -> str:
    """A text that shares words with another."""
    words = text.split(" ")
    kept = [word for word in words if draw.random() < 0.8]
    at = draw.randrange(len(kept) + 1)
    return " ".join([*kept[at:], hostile_text(draw), *kept[:at]])
