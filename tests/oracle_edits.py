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


Counts = tuple[int, int, int]


def path_counts(reference: Sequence[Hashable], hypothesis: Sequence[Hashable]) -> Counts:
    """Substitutions, deletions and insertions of the path that rapidfuzz takes through a table it does not split."""
    table, i, j = distance_table(reference, hypothesis), len(reference), len(hypothesis)
    substituted = deleted = inserted = 0
    while i and j:
        if table[i][j] == table[i - 1][j] + 1:
            i, deleted = i - 1, deleted + 1
        elif j > 1 and table[i][j - 1] == table[i - 1][j - 1] - 1:
            j, inserted = j - 1, inserted + 1
        else:
            i, j = i - 1, j - 1
            substituted += reference[i] != hypothesis[j]
    return substituted, deleted + i, inserted + j


def edit_counts(
    reference: Sequence[Hashable], hypothesis: Sequence[Hashable], split_bytes: int = 1 << 20, known: int | None = None
) -> Counts:
    """Substitutions, deletions and insertions of the path that rapidfuzz takes.

    Tables are split at the middle of the hypothesis if two bits of each cell in a band would take so many bytes;
    ``known`` is the distance where it is known.
    """
    most = max(len(reference), len(hypothesis)) if known is None else known
    while reference and hypothesis and reference[0] == hypothesis[0]:
        reference, hypothesis = reference[1:], hypothesis[1:]
    while reference and hypothesis and reference[-1] == hypothesis[-1]:
        reference, hypothesis = reference[:-1], hypothesis[:-1]
    n, m, half = len(reference), len(hypothesis), len(hypothesis) // 2
    band = min(n, 2 * min(most, max(n, m)) + 1)
    if 2 * band * m // 8 < split_bytes or n < 65 or m < 10:
        return path_counts(reference, hypothesis)
    left = [row[-1] for row in distance_table(reference, hypothesis[:half])]
    right = [row[-1] for row in distance_table(reference[::-1], hypothesis[half:][::-1])][::-1]
    cut = min(range(n + 1), key=lambda i: left[i] + right[i])
    halves = (
        edit_counts(reference[:cut], hypothesis[:half], split_bytes, left[cut]),
        edit_counts(reference[cut:], hypothesis[half:], split_bytes, right[cut]),
    )
    substituted, deleted, inserted = (sum(both) for both in zip(*halves, strict=True))
    return substituted, deleted, inserted
