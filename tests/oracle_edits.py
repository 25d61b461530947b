"""Edit distances in plain Python: the whole table, cell by cell."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

Table = list[list[int]]


def words(text: str) -> list[str]:
    """Words between runs of white space; a single one that is no space is part of a word, but at both ends."""
    found, word, gap = [], "", ""
    for character in text.strip():
        if character.isspace():
            gap += character
            continue
        if gap and (len(gap) > 1 or gap == " "):
            found.append(word)
            word = ""
        elif gap:
            word += gap
        word, gap = word + character, ""
    return [*found, word] if word else found


def distance_table(reference: Sequence[Hashable], hypothesis: Sequence[Hashable]) -> Table:
    """The distance of the first i tokens of the reference from the first j of the hypothesis, in row i at place j."""
    table = [list(range(len(hypothesis) + 1))]
    for i, token in enumerate(reference, 1):
        row, above = [i], table[-1]
        for j, other in enumerate(hypothesis, 1):
            row.append(min(above[j - 1] + (token != other), above[j] + 1, row[j - 1] + 1))
        table.append(row)
    return table


def distance(reference: Sequence[Hashable], hypothesis: Sequence[Hashable]) -> int:
    """The least number of insertions, deletions and substitutions."""
    return distance_table(reference, hypothesis)[-1][-1]
