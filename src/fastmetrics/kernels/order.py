"""Groups in the order of their keys, by a place for each that there could be: no sorting, and no division a group."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.dialect import kernel

__all__ = ["groups_in_order", "mark_places"]


@kernel("void(in_u32, in_i64, in_i64, in_u32, out_u8)")
def mark_places(ids: Any, capacities: Any, weights: Any, ranks: Any, marks: Any) -> None:
    """``marks[place] = 1`` for the place of each id; ids ascend.

    An id is a number in the mixed base of ``capacities`` (the first is not needed). The place of a code of key k is
    ``weights[k]`` times its rank; the ranks of the codes of all keys lie in ``ranks``, ``capacities[k]`` of key k.
    """
    last = capacities.size - 1
    starts = np.zeros(capacities.size, np.int64)
    for k in range(last):
        starts[k + 1] = starts[k] + capacities[k]
    base, partial, run = np.int64(0), np.int64(0), np.int64(0)
    for i in range(ids.size):
        code = np.int64(ids[i]) - base
        if code >= run:  # the keys but the last have other codes than before
            rest = np.int64(ids[i]) // capacities[last] if last else np.int64(0)
            base = rest * capacities[last]
            partial, run = np.int64(0), capacities[last]
            for k in range(last - 1, -1, -1):
                next_rest = rest // capacities[k] if k else np.int64(0)
                partial += weights[k] * ranks[starts[k] + rest - next_rest * capacities[k]]
                rest = next_rest
            code = np.int64(ids[i]) - base
        marks[partial + weights[last] * np.int64(ranks[starts[last] + code])] = 1


@kernel("int64(in_u8, in_i64, in_i64, in_u32, out_u32, out_u32)")
def groups_in_order(marks: Any, sizes: Any, places: Any, codes: Any, ids: Any, found_codes: Any) -> Any:
    """The ids of marked places in their order, and the code of each key; returns how many there are.

    Key k has ``sizes[k]`` codes, which lie in ``codes`` in the order of their values, those of one key after the other;
    an id is the sum of code times ``places[k]``. The codes go to ``found_codes``, key by key.
    """
    last = sizes.size - 1
    starts, at = np.zeros(sizes.size, np.int64), np.zeros(sizes.size, np.int64)
    for k in range(last):
        starts[k + 1] = starts[k] + sizes[k]
    found = 0
    for first in range(0, marks.size, sizes[last]):
        base = np.int64(0)
        for k in range(last):
            base += np.int64(codes[starts[k] + at[k]]) * places[k]
        begin = found
        for i in range(sizes[last]):
            if marks[first + i]:
                code = codes[starts[last] + i]
                ids[found] = base + np.int64(code) * places[last]
                found_codes[last * ids.size + found] = code
                found += 1
        for k in range(last):
            found_codes[k * ids.size + begin : k * ids.size + found] = codes[starts[k] + at[k]]
        for k in range(last - 1, -1, -1):
            at[k] += 1
            if at[k] < sizes[k]:
                break
            at[k] = 0
    return found
