"""Occupied group ids in key order, by a sweep over the dense id space: no sort, and no division a group."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.dialect import kernel

__all__ = ["groups_in_order"]


@kernel("int64(in_u8, in_i64, in_i64, in_u32, out_u32, out_u32)")
def groups_in_order(marks: Any, sizes: Any, places: Any, codes: Any, ids: Any, found_codes: Any) -> Any:
    """The ids whose mark is 1 in the order of their keys, and the code of each key; returns how many there are.

    Key k has ``sizes[k]`` codes, which lie in ``codes`` in the order of their values, those of one key after the other;
    an id is the sum of code times ``places[k]``. The codes go to ``found_codes``, key by key. There is room for one
    group more than there are, so that no branch is needed: 2 instead of 5 ns a place.
    """
    last = sizes.size - 1
    starts, at = np.zeros(sizes.size, np.int64), np.zeros(sizes.size, np.int64)
    size, rows = np.int64(1), np.uint64(marks.size)
    for k in range(last):
        starts[k + 1] = starts[k] + sizes[k]
        size *= sizes[k]
    found, place = np.int64(0), np.uint64(places[last])
    lasts = codes[starts[last] :]
    for _ in range(size):
        base = np.uint64(0)
        for k in range(last):
            base += np.uint64(codes[starts[k] + at[k]]) * np.uint64(places[k])
        begin = found
        for i in range(sizes[last]):
            code = lasts[i]
            id_ = base + np.uint64(code) * place
            if id_ < rows:
                ids[found] = id_
                found_codes[last * ids.size + found] = code
                found += np.int64(marks[id_])
        for k in range(last):
            found_codes[k * ids.size + begin : k * ids.size + found] = codes[starts[k] + at[k]]
        for k in range(last - 1, -1, -1):
            at[k] += 1
            if at[k] < sizes[k]:
                break
            at[k] = 0
    return found
