"""How many different n-grams a text has."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.dialect import kernel
from fastmetrics.kernels.texts.interning import table_bits

__all__ = ["count_distinct"]

HALF = np.uint64(32)


@kernel("void(in_i32, in_i64, int64, uint64, out_i64)")
def count_distinct(ids: Any, offsets: Any, order: Any, multiplier: Any, distinct: Any) -> None:
    """The number of distinct n-grams of one order in each text, of ids that are equal where tokens are.

    An n-gram is its first n - 1 tokens, by the number that they got, and its last: a key that no other n-gram has.
    """
    longest = np.int64(0)
    for text in range(len(offsets) - 1):
        longest = max(longest, offsets[text + 1] - offsets[text])
    room = np.int64(1) << table_bits(longest)
    keys, numbers, stamps = np.empty(room, np.uint64), np.empty(room, np.int32), np.zeros(room, np.int64)
    prefixes, stamp = np.empty(longest, np.int32), np.int64(0)
    for text in range(len(offsets) - 1):
        first, length = offsets[text], offsets[text + 1] - offsets[text]
        bits, found = table_bits(length), 0
        mask = (np.int64(1) << bits) - 1
        prefixes[:length] = 0
        for n in range(order):
            stamp += 1
            found = 0
            for i in range(length - n):
                key = np.uint64(prefixes[i]) << HALF | np.uint64(ids[first + i + n])
                slot = np.int64((key * multiplier) >> np.uint64(64 - bits))
                while stamps[slot] == stamp and keys[slot] != key:
                    slot = (slot + 1) & mask
                if stamps[slot] != stamp:
                    stamps[slot], keys[slot], numbers[slot] = stamp, key, found
                    found += 1
                prefixes[i] = numbers[slot]
        distinct[text] = found
