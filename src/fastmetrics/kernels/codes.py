"""Values to codes: the distinct values of a column are numbered 1, 2, 3, ... as they appear; 0 is null.

The tables are open-addressing hash tables with linear probing, of twice as many slots as there may be codes. A
kernel stops at the row that needs more room and says which; the caller makes room and goes on from there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.dialect import inlined, kernel
from fastmetrics.kernels.ids import BLOCK, GREATEST, LEAST
from fastmetrics.kernels.memory import load_u8, load_u64, prefetch

__all__ = ["RECENT", "intern_numbers", "intern_text", "look_up", "number_integers", "spread_runs", "window_codes"]

MIX_1 = np.uint64(0x9E3779B97F4A7C15)
MIX_2 = np.uint64(0xC2B2AE3D27D4EB4F)
LENGTH = np.uint64(0xFFFFFFFF)
INLINE = np.uint64(12)
HALF = np.uint64(32)
WORD = np.uint64(8)
ONE = np.uint64(1)
TWO = np.uint64(2)
CHUNK = 32
NO_INTEGER = np.int32(-(2**31))
LARGE = 1 << 14
RECENT = 4096
RECENT_SHIFT = np.uint64(52)


@inlined
def mixed(a: Any, b: Any) -> Any:
    """A hash of two words whose high bits are good."""
    h = (a ^ (a >> HALF)) * MIX_1 ^ b * MIX_2
    return (h ^ (h >> HALF)) * MIX_1


@kernel("int64(in_u64, in_u8, int64, out_u32, out_u64, uint64, out_u64, out_i64, uint64, out_u32)")
def intern_numbers(
    numbers: Any,
    valid: Any,
    start: Any,
    out: Any,
    slots: Any,
    shift: Any,
    values: Any,
    count: Any,
    base: Any,
    near: Any,
) -> Any:
    """Codes of 64-bit values from row ``start`` on; returns the row it stopped at.

    ``valid`` is 0 or 1 a row, or empty where no row is null. ``values[code]`` is the value of a code and
    ``count[0]`` the next free one; it stops when ``values`` is full. A slot, of ``2 ** (64 - shift)``, is a value and
    its code. ``near[number - base]`` remembers the codes of the numbers from ``base`` on, so that small ones, which
    most keys and classes are, are not hashed. Slots of large tables are fetched ahead: 24 instead of 35 ns a row with
    a million values in no order.
    """
    mask = np.uint64(slots.size - 1)
    for at in range(start, numbers.size, CHUNK):
        end = min(at + CHUNK, numbers.size)
        if slots.size > LARGE:
            for i in range(at, end):
                prefetch(slots, np.int64((mixed(numbers[i], ONE) >> shift) << ONE))
        for i in range(at, end):
            if valid.size and not valid[i]:
                out[i] = 0
                continue
            number = numbers[i]
            place = number - base
            if place < near.size and near[place]:
                out[i] = near[place]
                continue
            slot = (mixed(number, ONE) >> shift) << ONE
            while slots[slot + ONE] != 0 and slots[slot] != number:
                slot = (slot + TWO) & mask
            if slots[slot + ONE] == 0:
                if count[0] == values.size:
                    return i
                slots[slot] = number
                slots[slot + ONE] = count[0]
                values[count[0]] = number
                count[0] += 1
            out[i] = slots[slot + ONE]
            if place < near.size:
                near[place] = out[i]
    return numbers.size


@kernel("boolean(in_i32, int64, out_u32, out_i32, out_i64, out_u32)")
def number_integers(integers: Any, least: Any, codes: Any, known: Any, count: Any, out: Any) -> Any:
    """The codes of integers of which few occur; returns whether all of them can.

    ``codes[integer - least]`` is the code of an integer, 0 where it has not occurred yet, ``known[code]`` the integer
    of a code and ``count[0]`` the next free one. The least int32 is null.
    """
    for i in range(out.size):
        place = np.int64(integers[i]) - least
        if place < 0 or place >= codes.size:
            if integers[i] != NO_INTEGER:
                return False
            out[i] = 0
            continue
        if codes[place] == 0:
            codes[place] = count[0]
            known[count[0]] = integers[i]
            count[0] += 1
        out[i] = codes[place]
    return True


@inlined
def hashed_text(address: Any, length: Any) -> Any:
    """A hash of ``length`` bytes."""
    h = length * MIX_2
    at = np.uint64(0)
    while at + WORD <= length:
        h = mixed(h, load_u64(address + at))
        at += WORD
    while at < length:
        h = mixed(h, load_u8(address + at))
        at += ONE
    return h


@inlined
def same_text(address: Any, other: Any, length: Any) -> Any:
    """Whether the ``length`` bytes at two addresses are the same."""
    at = np.uint64(0)
    while at + WORD <= length:
        if load_u64(address + at) != load_u64(other + at):
            return False
        at += WORD
    while at < length:
        if load_u8(address + at) != load_u8(other + at):
            return False
        at += ONE
    return True


@kernel(
    "int64(in_u64, in_u64, in_u8, int64, out_u32, out_u64, out_u32, uint64, out_u64, in_u64, out_u8, out_i64, out_u64)"
)
def intern_text(
    views: Any,
    buffers: Any,
    valid: Any,
    start: Any,
    out: Any,
    slots: Any,
    slot_codes: Any,
    shift: Any,
    values: Any,
    homes: Any,
    arena: Any,
    used: Any,
    recent: Any,
) -> Any:
    """Codes of Arrow string views (two words each) from row ``start`` on; returns the row it stopped at.

    The views of the distinct strings are kept in ``values`` (two words a code), their long bytes in buffers at the
    addresses ``homes``, of which ``arena`` is the last; while it is empty they stay where they are. ``used`` = [next
    free code, bytes used in the arena]. ``slots`` holds hashes, so that a probe seldom compares
    bytes that differ. ``recent`` remembers views and their codes (three words a view, by hash), so that one that comes
    again is compared once: 1 instead of 4 ns a row. It holds views of ``buffers`` and must be clean for others.
    """
    mask = np.uint64(slots.size - 1)
    for i in range(start, out.size):
        if valid.size and not valid[i]:
            out[i] = 0
            continue
        a = views[2 * i]
        b = views[2 * i + 1]
        place = (((a ^ (a >> HALF)) * MIX_1 ^ b * MIX_2) >> RECENT_SHIFT) * np.uint64(3)
        if recent[place + ONE] == b and recent[place] == a and recent[place + ONE + ONE]:
            out[i] = recent[place + ONE + ONE]
            continue
        view = b
        length = a & LENGTH
        if length <= INLINE:
            address = np.uint64(0)
            h = a * MIX_1 ^ b * MIX_2  # the high bits of the products are good enough, and those choose the slot
        else:
            address = buffers[b & LENGTH] + (b >> HALF)
            h = hashed_text(address, length)
        slot = h >> shift
        while slot_codes[slot] != 0:
            if slots[slot] == h:
                at = np.uint64(2) * np.uint64(slot_codes[slot])
                if length <= INLINE:
                    if values[at] == a and values[at + ONE] == b:
                        break
                elif values[at] == a:
                    known = values[at + ONE]
                    if same_text(address, homes[known & LENGTH] + (known >> HALF), length):
                        break
            slot = (slot + ONE) & mask
        if slot_codes[slot] == 0:
            code = used[0]
            if 2 * code == values.size:
                return i
            if length > INLINE and arena.size:
                if np.uint64(used[1]) + length > np.uint64(arena.size):
                    return i
                b = np.uint64(used[1]) << HALF | np.uint64(homes.size - 1)
                for k in range(length):
                    arena[np.uint64(used[1]) + np.uint64(k)] = load_u8(address + np.uint64(k))
                used[1] += np.int64(length)
            slots[slot] = h
            slot_codes[slot] = code
            values[2 * code] = a
            values[2 * code + 1] = b
            used[0] = code + 1
        out[i] = slot_codes[slot]
        recent[place], recent[place + ONE], recent[place + ONE + ONE] = a, view, slot_codes[slot]
    return out.size


WIDTHS = ("u8", "u16", "u32")


@kernel(*(f"int64(in_{code}, in_u8, in_u8, in_{of}, int64, out_{of})" for code in WIDTHS for of in (*WIDTHS, "u64")))
def look_up(codes: Any, valid: Any, known: Any, table: Any, start: Any, out: Any) -> Any:
    """The entry of ``table`` for each code from row ``start`` on; returns the row it stopped at.

    Entry 0 is that of null, entry k + 1 that of code k. ``valid`` is 0 or 1 a row, or empty where no row is null.
    It stops at a code whose entry is not ``known`` yet, or not there.
    """
    for i in range(start, out.size):
        place = np.int64(codes[i]) + 1
        if valid.size and not valid[i]:
            place = np.int64(0)
        if place >= known.size or not known[place]:
            return i
        out[i] = table[place]
    return out.size


@kernel("void(in_i64, in_u32, out_u32, out_u32_2d)")
def spread_runs(ends: Any, codes: Any, out: Any, ranges: Any) -> None:
    """The code of each row from those of runs, of which run k ends before row ``ends[k]``.

    The least and the greatest code of each block go to ``ranges``, and the code of each row to ``out``; but not of a
    block that lies in one run.
    """
    run = 0
    for at in range(0, out.size, BLOCK):
        end = min(at + BLOCK, out.size)
        while ends[run] <= at:
            run += 1
        least = greatest = codes[run]
        row = end if ends[run] >= end else at
        while row < end:
            while ends[run] <= row:
                run += 1
            stop = min(ends[run], end)
            out[row:stop] = codes[run]
            least, greatest = min(least, codes[run]), max(greatest, codes[run])
            row = stop
        ranges[at // BLOCK, LEAST], ranges[at // BLOCK, GREATEST] = least, greatest


@inlined
def window_at(time: Any, edges: Any, density: Any) -> Any:
    """The k with ``edges[k] <= time < edges[k + 1]``: guessed as if windows were equally long, then corrected."""
    k = min(max(np.int64(np.float64(time - edges[0]) * density), 0), edges.size - 2)
    while edges[k] > time:
        k -= 1
    while edges[k + 1] <= time:
        k += 1
    return k


@inlined
def window_code(k: Any, edge_codes: Any, count: Any) -> Any:
    """The code of the k-th window, a new one where it occurs for the first time."""
    if edge_codes[k] == 0:
        edge_codes[k] = count[0]
        count[0] += 1
    return edge_codes[k]


@inlined
def span(time: Any) -> Any:
    """The least and the greatest of some instants; a loop of its own, so that it is vectorised."""
    low = high = time[0]
    for i in range(time.size):
        low = min(low, time[i])
        high = max(high, time[i])
    return low, high


@kernel("int64(in_i64, in_i64, int64, out_u32, out_i64, out_u32, out_u32_2d)")
def window_codes(time: Any, edges: Any, start: Any, edge_codes: Any, count: Any, out: Any, ranges: Any) -> Any:
    """The code of the window of each instant from row ``start`` on, which begins a block; returns where it stopped.

    ``edge_codes[k]`` is the code of the window from ``edges[k]`` to ``edges[k + 1]``, 0 where it has not occurred
    yet; ``count[0]`` is the next free code. It stops at a block that holds an instant outside all of them. The least
    and the greatest code of each block go to ``ranges``, and the code of each row to ``out``; but not where they are
    the same, as most of a log in the order of time lies in one window.
    """
    density = np.float64(edges.size - 1) / np.float64(edges[-1] - edges[0])
    for at in range(start, time.size, BLOCK):
        block, coded, range_ = time[at : at + BLOCK], out[at : at + BLOCK], ranges[at // BLOCK]
        low, high = span(block)
        if low < edges[0] or high >= edges[-1]:
            return at
        k = window_at(low, edges, density)
        if high < edges[k + 1]:
            range_[:] = window_code(k, edge_codes, count)
            continue
        if k + 2 < edges.size and high < edges[k + 2]:
            early = window_code(k, edge_codes, count)
            late, boundary = window_code(k + 1, edge_codes, count), edges[k + 1]
            for i in range(block.size):
                coded[i] = late if block[i] >= boundary else early
            range_[LEAST], range_[GREATEST] = min(early, late), max(early, late)
        else:
            first, top = edges[0], edges.size - 2
            least = greatest = window_code(k, edge_codes, count)
            for i in range(block.size):  # what calls would do: a shuffled log takes 11 instead of 23 ns a row
                t = block[i]
                k = min(np.int64(np.float64(t - first) * density), top)
                while edges[k] > t:
                    k -= 1
                while edges[k + 1] <= t:
                    k += 1
                if edge_codes[k] == 0:
                    edge_codes[k] = count[0]
                    count[0] += 1
                coded[i] = edge_codes[k]
                least, greatest = min(least, coded[i]), max(greatest, coded[i])
            range_[LEAST], range_[GREATEST] = least, greatest
    return time.size
