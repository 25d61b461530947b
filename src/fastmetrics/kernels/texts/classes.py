"""Tokens by classes of characters, 64 bytes at a time.

A token is a run of word characters, or one character that stands on its own. White space belongs to none. A point
(in '13a' a full stop or comma) stands on its own too, but the last of a run of points is a word character where

- a digit follows it, and
- the run has an even number of points after anything but a digit, or an odd number after a digit.

That is what the regular expressions of the reference tokenisers come to: one that takes a point and what is before it
unless that is a digit, then one that takes a point and what follows unless that is a digit. A dash is a token of its
own only behind a digit.

Each class of ASCII characters is a few ranges of bytes. Other characters are looked up one by one, and only those
whose first byte some character of another class than the usual one has.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.bits import lowest_bit
from fastmetrics.kernels.dialect import inlined, kernel
from fastmetrics.kernels.texts.byte_masks import bytes_between
from fastmetrics.kernels.texts.code_points import read_code_point
from fastmetrics.kernels.texts.runs import write_places

__all__ = ["DASH", "DIGIT", "OWN", "POINT", "TAIL", "UNUSUAL", "WHITE", "WORD", "split_by_class"]

WORD, WHITE, OWN, POINT, DIGIT, DASH = 0, 1, 2, 3, 4, 5
TAIL, UNUSUAL = 6, 7  # bytes that continue a character; first bytes of characters that must be looked up
ZERO, ONE, ALL = np.uint64(0), np.uint64(1), np.uint64(0xFFFFFFFFFFFFFFFF)
HIGH, BEYOND = np.uint8(0x80), np.uint8(0x7F)  # the first byte beyond ASCII, and how many follow it


@inlined
def mask_of(address: Any, ranges: Any, kind: Any) -> Any:
    """Which of 64 bytes are of a class by the ranges of bytes."""
    lows, spans, borders = ranges
    mask = ZERO
    for i in range(np.uint64(borders[kind]), np.uint64(borders[kind + 1])):
        mask |= bytes_between(address, lows[i], spans[i])
    return mask


@inlined
def kind_of(code: Any, kinds: Any) -> Any:
    """The class of a character; all beyond the table are of the class of its last."""
    return kinds[min(code, len(kinds) - 1)]


@inlined
def bytes_of_kind(data: Any, at: Any, unusual: Any, kinds: Any, kind: Any) -> Any:
    """The bytes of those characters of a class that begin at the bits of ``unusual``."""
    mask = ZERO
    while unusual:
        place = lowest_bit(unusual)
        code, size = read_code_point(data, at + np.int64(place))
        if kind_of(code, kinds) == kind:
            mask |= ((ONE << np.uint64(size)) - ONE) << place
        unusual &= unusual - ONE
    return mask


@inlined
def add_unusual(data: Any, at: Any, unusual: Any, kinds: Any, masks: Any) -> Any:
    """The masks of white space, own, point and digit with the characters that begin at the bits of ``unusual``."""
    white, own, point, digit = masks
    white |= bytes_of_kind(data, at, unusual, kinds, WHITE)
    own |= bytes_of_kind(data, at, unusual, kinds, OWN)
    point |= bytes_of_kind(data, at, unusual, kinds, POINT)
    digit |= bytes_of_kind(data, at, unusual, kinds, DIGIT)
    return white, own, point, digit


@inlined
def before(data: Any, at: Any) -> Any:
    """Where the character before a place begins."""
    at -= 1
    while data[at] & 0xC0 == 0x80:
        at -= 1
    return at


@inlined
def joined_point(data: Any, begin: Any, end: Any, kinds: Any, edges: Any) -> Any:
    """Where the last of a run of points begins if it is a word character, a digit being behind it; else -1.

    ``end`` is where it ends.
    """
    place, points, at = before(data, end), 0, end
    digit_before = edges > 0
    while at > begin:
        at = before(data, at)
        kind = kind_of(read_code_point(data, at)[0], kinds)
        if kind != POINT:
            digit_before = kind == DIGIT
            break
        points += 1
    return place if (points & 1 == 1) == digit_before else -1


@inlined
def block_size(data: Any, at: Any, end: Any) -> Any:
    """How many of the next 64 bytes are whole characters of the text."""
    if at + 64 >= end:
        return end - at
    size = 64
    while data[at + size] & 0xC0 == 0x80:
        size -= 1
    return size


@inlined
def joined_points(data: Any, text: Any, block: Any, masks: Any, priors: Any, kinds: Any, edges: Any) -> Any:
    """The bytes of the points of a block that are word characters."""
    begin, end = text
    at, size = block
    point, digit = masks
    prior_point, prior_digit = priors
    top = np.uint64(size - 1)
    after_point, after_digit = point >> ONE, digit >> ONE
    if point >> top:
        following = kind_of(read_code_point(data, at + size)[0], kinds) if at + size < end else WHITE
        digit_follows = following == DIGIT or (at + size == end and edges > 0)
        after_point |= np.uint64(following == POINT) << top
        after_digit |= np.uint64(digit_follows) << top
    candidates = point & ~after_point & after_digit
    many = candidates & (point << ONE | prior_point)
    digit_before = digit << ONE | prior_digit | np.uint64(edges > 0 and at == begin)
    joined = candidates & ~many & digit_before
    while many:
        last = at + np.int64(lowest_bit(many)) + 1
        place = joined_point(data, begin, last, kinds, edges)
        if place >= 0:
            joined |= ((ONE << np.uint64(last - place)) - ONE) << np.uint64(place - at)
        many &= many - ONE
    return joined


@inlined
def stripped(data: Any, begin: Any, end: Any, kinds: Any, edges: Any) -> Any:
    """Where a text begins and ends without the white space that a tokeniser strips before it looks at edges."""
    while edges and end > begin:
        last = before(data, end)
        if kind_of(read_code_point(data, last)[0], kinds) != WHITE:
            break
        end = last
    while edges > 1 and begin < end:
        code, size = read_code_point(data, begin)
        if kind_of(code, kinds) != WHITE:
            break
        begin += size
    return begin, end


@kernel("int64(in_u8, in_i64, in_u8, in_u8, in_u8, in_i64, int64, out_i32, out_i32, out_i64)")
def split_by_class(
    data: Any,
    offsets: Any,
    kinds: Any,
    lows: Any,
    spans: Any,
    borders: Any,
    edges: Any,
    starts: Any,
    ends: Any,
    token_offsets: Any,
) -> int:
    """The tokens of each text; returns how many there are.

    ``kinds`` holds the class of each code point; the ranges ``lows[i]`` to ``lows[i] + spans[i]`` of bytes are of the
    class k for i from ``borders[k]`` to before ``borders[k + 1]``. ``edges`` says what is beyond a text: 0 for white
    space, 1 for what counts as a digit to a point, 2 likewise with white space at the beginning of a text stripped as
    it is at the end. ``starts`` and ``ends`` have room for a token a byte, and seven more. Reads
    64 bytes behind the last text.
    """
    address, ranges = np.uint64(data.ctypes.data), (lows, spans, borders)
    opened, closed = ZERO, ZERO
    for text in range(len(offsets) - 1):
        token_offsets[text] = opened
        begin, end = stripped(data, offsets[text], offsets[text + 1], kinds, edges)
        at, last_word, last_own, last_point, last_digit = begin, ZERO, ZERO, ZERO, ZERO
        while at < end:
            size, here = block_size(data, at, end), address + np.uint64(at)
            inside, tail = ALL >> np.uint64(64 - size), ZERO
            white, own = mask_of(here, ranges, WHITE), mask_of(here, ranges, OWN)
            point, digit = mask_of(here, ranges, POINT), mask_of(here, ranges, DIGIT)
            if bytes_between(here, HIGH, BEYOND) & inside:
                tail, unusual = mask_of(here, ranges, TAIL) & inside, mask_of(here, ranges, UNUSUAL) & inside
                white, own, point, digit = add_unusual(data, at, unusual, kinds, (white, own, point, digit))
            white, own, point, digit = white & inside, own & inside, point & inside, digit & inside
            dash, priors = mask_of(here, ranges, DASH) & inside, (last_point, last_digit)
            joined = joined_points(data, (begin, end), (at, size), (point, digit), priors, kinds, edges)
            own = (own | point & ~joined | dash & (digit << ONE | last_digit)) & ~white
            word = inside & ~(white | own)
            before_word, own_end = word << ONE | last_word, own & ~(tail >> ONE)
            opened = write_places(own & ~tail | word & ~before_word, np.int32(at), starts, opened)
            closes = (before_word & ~word | own_end << ONE | last_own) & inside
            closed = write_places(closes, np.int32(at), ends, closed)
            top = np.uint64(size - 1)
            last_word, last_own = word >> top & ONE, own_end >> top & ONE
            last_point, last_digit = point >> top & ONE, digit >> top & ONE
            at += size
        if last_word | last_own:
            ends[closed] = end
            closed += ONE
    token_offsets[len(offsets) - 1] = opened
    return int(opened)
