"""Porter's stemmer on bytes, with the extensions that NLTK makes by default.

M. F. Porter, "An algorithm for suffix stripping", Program 14.3 (1980): 130-137. Most steps are a table of rules, of
which the first whose suffix the word has decides, whether its condition holds or not. Words are of a-z and 0-9; a digit
is a consonant. No word gets longer, so that each is stemmed where it stands.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.dialect import inlined, kernel
from fastmetrics.kernels.memory import load_u64
from fastmetrics.kernels.texts.interning import same_bytes, token_key
from fastmetrics.kernels.texts.words import words_of_block

__all__ = ["stem_tokens"]

Rule = tuple[int, ...]
EIGHT, ALL = np.uint64(8), np.uint64(0xFFFFFFFFFFFFFFFF)
SUFFIX, LENGTH, NEW, NEW_LENGTH, CUT, LEAST = range(6)
SHORTEST = 4  # rouge_score leaves shorter words as they are
SLOT_BITS = 12  # of the memory of words, which stays in the second cache
VOWELS = tuple(map(ord, "aeiou"))
LETTER_E, LETTER_I, LETTER_Y = map(ord, "eiy")
NOT_SHORT, KEPT_DOUBLE = tuple(map(ord, "wxy")), tuple(map(ord, "lsz"))


def packed(letters: str) -> int:
    """Letters as a word in memory, the first lowest."""
    return int.from_bytes(letters.encode(), "little")


def rule(suffix: str, new: str, least: int, cut: int | None = None) -> Rule:
    """``new`` for ``suffix`` if the word without its last ``cut`` letters (the suffix) has a measure of ``least``."""
    return packed(suffix), len(suffix), packed(new), len(new), len(suffix) if cut is None else cut, least


def rules(least: int, *pairs: str) -> list[Rule]:
    """Rules of one least measure, each as ``"suffix>new"``."""
    return [rule(suffix, new, least) for suffix, new in (pair.split(">") for pair in pairs)]


# fmt: off
STEPS = {
    "irregular": rules(
        0, "skies>sky", "sky>sky", "dying>die", "lying>lie", "tying>tie", "news>news", "innings>inning",
        "inning>inning", "outings>outing", "outing>outing", "cannings>canning", "canning>canning", "howe>howe",
        "proceed>proceed", "exceed>exceed", "succeed>succeed",
    ),
    "1a": rules(0, "sses>ss", "ies>i", "ss>ss", "s>"),
    "1b": rules(0, "at>ate", "bl>ble", "iz>ize"),
    "2, before": rules(1, "alli>al"),
    "2": [
        *rules(1, "ational>ate", "tional>tion", "enci>ence", "anci>ance", "izer>ize", "bli>ble", "entli>ent", "eli>e"),
        *rules(1, "ousli>ous", "ization>ize", "ation>ate", "ator>ate", "alism>al", "iveness>ive", "fulness>ful"),
        *rules(1, "ousness>ous", "aliti>al", "iviti>ive", "biliti>ble", "fulli>ful"),
        rule("logi", "log", 1, cut=3),
    ],
    "3": rules(1, "icate>ic", "ative>", "alize>al", "iciti>ic", "ical>ic", "ful>", "ness>"),
    "4": [
        *rules(2, "al>", "ance>", "ence>", "er>", "ic>", "able>", "ible>", "ant>", "ement>", "ment>", "ent>"),
        *(rule("sion", "s", 2, cut=3), rule("tion", "t", 2, cut=3)),
        *rules(2, "ou>", "ism>", "ate>", "iti>", "ous>", "ive>", "ize>"),
    ],
    "5b": [rule("ll", "l", 2, cut=1)],
}
# fmt: on
RULES = np.array([row for step in STEPS.values() for row in step], np.uint64)
BORDERS = np.cumsum([0, *map(len, STEPS.values())])  # the rules of step k are those from BORDERS[k] to before the next
IRREGULAR, STEP_1A, STEP_1B, BEFORE_2, STEP_2, STEP_3, STEP_4, STEP_5B = range(len(STEPS))
IES, IED, EED, ED, ING = (np.uint64(packed(suffix)) for suffix in ("ies", "ied", "eed", "ed", "ing"))


@inlined
def is_vowel(letter: Any) -> Any:
    return letter in VOWELS


@inlined
def is_consonant(word: Any, at: Any) -> Any:
    """Whether a letter is a consonant: a ``y`` is one where the letter before it is none."""
    turns = False
    while at > 0 and word[at] == LETTER_Y:
        turns = not turns
        at -= 1
    return (not is_vowel(word[at])) != turns


@inlined
def measure(word: Any, length: Any) -> Any:
    """How many times vowels are followed by consonants in the first ``length`` letters."""
    times, consonant = 0, False
    for at in range(length):
        before, letter = consonant, word[at]
        consonant = not before if letter == LETTER_Y else not is_vowel(letter)
        times += at > 0 and consonant and not before
    return times


@inlined
def has_vowel(word: Any, length: Any) -> Any:
    """Whether one of the first ``length`` letters is no consonant."""
    for at in range(length):
        if is_vowel(word[at]) or (at > 0 and word[at] == LETTER_Y and is_consonant(word, at - 1)):
            return True
    return False


@inlined
def ends_short(word: Any, length: Any) -> Any:
    """Whether the last letters are consonant, vowel, consonant but w, x, y; or the only ones vowel, consonant."""
    if length == 2:
        return not is_consonant(word, 0) and is_consonant(word, 1)
    last = word[length - 1]
    if length < 3 or last in NOT_SHORT:
        return False
    return is_consonant(word, length - 3) and not is_consonant(word, length - 2) and is_consonant(word, length - 1)


@inlined
def last_letters(word: Any, length: Any) -> Any:
    """The last eight letters, the last one highest; 0 for those that a shorter word has not. Reads eight bytes."""
    address = np.uint64(word.ctypes.data)
    if length >= 8:
        return load_u64(address + np.uint64(length - 8))
    return load_u64(address) << (EIGHT * np.uint64(8 - length))


@inlined
def ends_with(letters: Any, suffix: Any, length: Any) -> Any:
    """Whether the last letters end with a suffix of such a length."""
    return letters >> (EIGHT * (EIGHT - length)) == suffix


@inlined
def find_rule(word: Any, length: Any, step: Any) -> Any:
    """The first rule of a step whose suffix the word has; -1 for none."""
    letters = last_letters(word, length)
    for row in range(BORDERS[step], BORDERS[step + 1]):
        if ends_with(letters, RULES[row, SUFFIX], RULES[row, LENGTH]):
            return row
    return -1


@inlined
def replace(word: Any, length: Any, row: Any) -> Any:
    """Put the new letters of a rule for its suffix; returns the new length."""
    stem, new, letters = length - np.int64(RULES[row, LENGTH]), np.int64(RULES[row, NEW_LENGTH]), RULES[row, NEW]
    for k in range(new):
        word[stem + k] = np.uint8((letters >> np.uint64(8 * k)) & np.uint64(0xFF))
    return stem + new


@inlined
def apply(word: Any, length: Any, step: Any) -> Any:
    """Apply the rule of a step that decides, if its condition holds; returns the new length."""
    row = find_rule(word, length, step)
    if row < 0 or measure(word, length - np.int64(RULES[row, CUT])) < np.int64(RULES[row, LEAST]):
        return length
    return replace(word, length, row)


@inlined
def without_past(word: Any, length: Any) -> Any:
    """Step 1b: without -ed and -ing, and what they had changed."""
    letters = last_letters(word, length)
    if ends_with(letters, IED, np.uint64(3)):
        return length - (1 if length == 4 else 2)
    if ends_with(letters, EED, np.uint64(3)):
        return length - (1 if measure(word, length - 3) > 0 else 0)
    cut = 2 if ends_with(letters, ED, np.uint64(2)) else 3 if ends_with(letters, ING, np.uint64(3)) else 0
    return restored(word, length - cut) if cut and has_vowel(word, length - cut) else length


@inlined
def restored(word: Any, length: Any) -> Any:
    """What a word was before -ed or -ing."""
    row = find_rule(word, length, STEP_1B)
    if row >= 0:
        return replace(word, length, row)
    last = word[length - 1]
    if length >= 2 and last == word[length - 2] and is_consonant(word, length - 1):
        return length if last in KEPT_DOUBLE else length - 1
    if measure(word, length) == 1 and ends_short(word, length):
        word[length] = LETTER_E
        return length + 1
    return length


@inlined
def without_e(word: Any, length: Any) -> Any:
    """Step 5a."""
    if word[length - 1] != LETTER_E:
        return length
    times = measure(word, length - 1)
    return length - (1 if times > 1 or (times == 1 and not ends_short(word, length - 1)) else 0)


@inlined
def stem(word: Any, length: Any) -> Any:
    """Stem a word of more than 3 letters where it stands; returns its new length. Eight bytes may be read."""
    row = find_rule(word, length, IRREGULAR)
    if row >= 0 and length == np.int64(RULES[row, LENGTH]):
        return replace(word, length, row)
    short = length == 4 and ends_with(last_letters(word, length), IES, np.uint64(3))
    length = 3 if short else apply(word, length, STEP_1A)
    length = without_past(word, length)
    if length > 2 and word[length - 1] == LETTER_Y and is_consonant(word, length - 2):
        word[length - 1] = LETTER_I
    for step in range(BEFORE_2, STEP_4 + 1):
        length = apply(word, length, step)
    length = without_e(word, length)
    return apply(word, length, STEP_5B)


@inlined
def is_ascii_word(address: Any, length: Any) -> Any:
    """Whether a token is of ASCII letters and digits alone. Reads up to 63 bytes behind it."""
    for at in range(0, length, 64):
        left = min(length - at, 64)
        if words_of_block(address + np.uint64(at), left) != ALL >> np.uint64(64 - left):
            return False
    return True


@inlined
def same_token(data: Any, starts: Any, ends: Any, one: Any, other: Any) -> Any:
    """Whether two tokens with the same key are equal."""
    length, base = np.int64(ends[one]) - np.int64(starts[one]), np.uint64(data.ctypes.data)
    if np.int64(ends[other]) - np.int64(starts[other]) != length:
        return False
    return length < 8 or same_bytes(base + np.uint64(starts[one]), base + np.uint64(starts[other]), length)


@kernel("void(in_u8, in_i32, in_i32, uint64, out_u8, out_i32, out_i32)")
def stem_tokens(
    data: Any, starts: Any, ends: Any, multiplier: Any, stems: Any, stem_starts: Any, stem_ends: Any
) -> None:
    """The stem of each token of more than 3 letters and digits; others stay what they are.

    ``stems`` comes as a copy of ``data``. A word that came not long ago is not stemmed again: each slot of a memory
    holds the last word of some hash, and its first token.
    """
    keys, firsts = np.zeros(1 << SLOT_BITS, np.uint64), np.full(1 << SLOT_BITS, -1, np.int64)
    base = np.uint64(data.ctypes.data)
    for i in range(len(starts)):
        start, length = starts[i], np.int64(ends[i]) - np.int64(starts[i])
        stem_starts[i], stem_ends[i] = start, ends[i]
        if length < SHORTEST:
            continue
        address = base + np.uint64(start)
        key = token_key(address, length, multiplier)
        slot = np.int64(key * multiplier >> np.uint64(64 - SLOT_BITS))
        first = firsts[slot]
        if first >= 0 and keys[slot] == key and same_token(data, starts, ends, i, first):
            stem_starts[i], stem_ends[i] = stem_starts[first], stem_ends[first]
            continue
        keys[slot], firsts[slot] = key, i
        if is_ascii_word(address, length):
            stem_ends[i] = start + stem(stems[start:], length)
