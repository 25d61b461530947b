"""Hypotheses and references that have equal tokens."""

from __future__ import annotations

from typing import Any

from fastmetrics.kernels.dialect import inlined, kernel

__all__ = ["find_equal"]


@inlined
def equal_tokens(hypotheses: Any, references: Any, said: Any, wanted: Any) -> Any:
    """Whether a token of a hypothesis is one of a reference; a side is its bytes, and the borders of its tokens."""
    data, starts, ends = hypotheses
    other, other_starts, other_ends = references
    size = ends[said] - starts[said]
    if size != other_ends[wanted] - other_starts[wanted]:
        return False
    for k in range(size):
        if data[starts[said] + k] != other[other_starts[wanted] + k]:
            return False
    return True


@kernel("void(in_u8, in_i32, in_i32, in_i64, in_u8, in_i32, in_i32, in_i64, in_i64, in_i64, out_i64)")
def find_equal(
    said_data: Any,
    said_starts: Any,
    said_ends: Any,
    said_offsets: Any,
    wanted_data: Any,
    wanted_starts: Any,
    wanted_ends: Any,
    wanted_offsets: Any,
    pair_rows: Any,
    pair_references: Any,
    equal: Any,
) -> None:
    """1 for each pair whose sides have the same tokens in the same order, else 0."""
    hypotheses, references = (said_data, said_starts, said_ends), (wanted_data, wanted_starts, wanted_ends)
    for pair in range(len(pair_rows)):
        said, wanted = said_offsets[pair_rows[pair]], wanted_offsets[pair_references[pair]]
        tokens = said_offsets[pair_rows[pair] + 1] - said
        same = tokens == wanted_offsets[pair_references[pair] + 1] - wanted
        k = 0
        while same and k < tokens:
            same = equal_tokens(hypotheses, references, said + k, wanted + k)
            k += 1
        equal[pair] = same
