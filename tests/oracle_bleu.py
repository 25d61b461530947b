"""What BLEU counts, in plain Python: tokens by substitutions on the whole text, n-grams as tuples."""

from __future__ import annotations

import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

DIGITS, POINTS = set(string.digits), set(".,")
SYMBOLS = set(string.punctuation) - set("'-.,")
CHINESE = (
    "3400-4db5 4e00-9fa5 9fa6-9fbb f900-fa2d fa30-fa6a fa70-fad9 2001-2a6d 2f81-2fa1 ff00-ffef 2e80-2eff "
    + ("3000-303f 31c0-31ef 2f00-2fdf 2ff0-2fff 3100-312f 31a0-31bf fe10-fe1f fe30-fe4f 2600-26ff 2700-27bf 3200-32ff ")
    + "3300-33ff"
)
CHINESE_RANGES = [tuple(int(end, 16) for end in pair.split("-")) for pair in CHINESE.split()]
Test = Callable[[str], bool]


def substituted(text: str, left: Test, right: Test, form: str) -> str:
    """The text with each pair of characters that pass the tests in another form, from left to right."""
    parts, at = [], 0
    while at < len(text):
        if left(text[at]) and right(text[at + 1 : at + 2] or "\0") and at + 1 < len(text):
            parts.append(form.replace("L", "\ue000").replace("R", "\ue001"))
            parts[-1] = parts[-1].replace("\ue000", text[at]).replace("\ue001", text[at + 1])
            at += 2
        else:
            parts.append(text[at])
            at += 1
    return "".join(parts)


def western(text: str) -> str:
    text = "".join(f" {letter} " if letter in SYMBOLS else letter for letter in text)
    text = substituted(text, lambda c: c not in DIGITS, lambda c: c in POINTS, "L R ")
    text = substituted(text, lambda c: c in POINTS, lambda c: c not in DIGITS, " L R")
    return substituted(text, lambda c: c in DIGITS, lambda c: c == "-", "L R ")


def wmt(text: str) -> str:
    text = text.replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    for entity, letter in {"&quot;": '"', "&amp;": "&", "&lt;": "<", "&gt;": ">"}.items():
        text = text.replace(entity, letter)
    return western(f" {text} ")


def chinese(text: str) -> str:
    own = {letter for letter in set(text) if any(low <= ord(letter) <= high for low, high in CHINESE_RANGES)}
    return western("".join(f" {letter} " if letter in own else letter for letter in text.strip()))


def international(text: str) -> str:
    def of(major: str) -> Test:
        return lambda c: unicodedata.category(c)[0] == major

    number, point, symbol = of("N"), of("P"), of("S")
    text = substituted(text, lambda c: not number(c), point, "L R ")
    text = substituted(text, point, lambda c: not number(c), " L R")
    return "".join(f" {letter} " if symbol(letter) else letter for letter in text)


TOKENISERS: dict[str, Callable[[str], str]] = {
    "none": lambda text: text,
    "13a": wmt,
    "intl": international,
    "zh": chinese,
    "char": " ".join,
}


def tokens(text: str, tokeniser: str, lowercase: bool = False) -> list[str]:
    return TOKENISERS[tokeniser]((text.lower() if lowercase else text).rstrip()).split()


def ngrams(words: Sequence[object], order: int) -> Counter[tuple[object, ...]]:
    return Counter(tuple(words[at : at + order]) for at in range(len(words) - order + 1))


def clipped(hypothesis: Sequence[object], references: Sequence[Sequence[object]], order: int) -> int:
    """How many n-grams match, each at most as often as the reference has it that has it most often."""
    most: Counter[tuple[object, ...]] = Counter()
    for reference in references:
        most |= ngrams(reference, order)
    return sum((ngrams(hypothesis, order) & most).values())


def bleu_counts(hypothesis: Sequence[object], references: Sequence[Sequence[object]], orders: int) -> list[int]:
    """Two lengths, matches of each order, totals of each order."""
    length = len(hypothesis)
    closest = min(map(len, references), key=lambda reference: (abs(reference - length), reference))
    matches = [clipped(hypothesis, references, order) for order in range(1, orders + 1)]
    return [length, closest, *matches, *(max(length - order + 1, 0) for order in range(1, orders + 1))]
