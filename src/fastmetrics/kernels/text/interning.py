"""Tokens to ids: the distinct tokens of a set of references are numbered, and those of its hypotheses looked up.

A token is told by its bytes, and never by a hash of them alone. The table is an open-addressing one with linear
probing, of at least twice as many slots as tokens; its hash has a multiplier that is drawn anew in each process, so
that no text can be written that makes probing slow. No id depends on it.
"""

from __future__ import annotations

import secrets
from typing import Any

import numpy as np

from fastmetrics.kernels.dialect import inlined, kernel
from fastmetrics.kernels.memory import load_u64

__all__ = ["MULTIPLIER", "intern_tokens"]

MULTIPLIER = np.uint64(secrets.randbits(64) | 1)
MIX = np.uint64(0x9E3779B97F4A7C15)
ONE = np.uint64(1)
WORD = np.int64(8)
LEAST_BITS = 6


@inlined
def token_key(address: Any, length: Any) -> Any:
    """A word that tells tokens of a length apart: their bytes up to 8 of them, else a hash. Reads 8 bytes at least."""
    first = load_u64(address)
    if length < WORD:
        return first & ((ONE << np.uint64(8 * length)) - ONE)
    if length == WORD:
        return first
    key = first
    at = np.int64(8)
    while at + WORD <= length:
        key = (key ^ (key >> np.uint64(29))) * MIX ^ load_u64(address + np.uint64(at))
        at += WORD
    return (key ^ (key >> np.uint64(29))) * MIX ^ load_u64(address + np.uint64(length - WORD))


@inlined
def same_bytes(address: Any, other: Any, length: Any) -> Any:
    """Whether two tokens of more than 8 bytes are equal."""
    at = np.int64(0)
    while at + WORD <= length:
        if load_u64(address + np.uint64(at)) != load_u64(other + np.uint64(at)):
            return False
        at += WORD
    return load_u64(address + np.uint64(length - WORD)) == load_u64(other + np.uint64(length - WORD))


@inlined
def most_tokens(token_offsets: Any, set_offsets: Any) -> Any:
    """The greatest number of tokens that the texts of a set have together."""
    most = np.int64(0)
    for of in range(len(set_offsets) - 1):
        tokens = token_offsets[set_offsets[of + 1]] - token_offsets[set_offsets[of]]
        most = max(most, tokens)
    return most


@inlined
def table_bits(tokens: Any) -> Any:
    """The bits of a slot of a table that holds so many tokens."""
    bits = np.int64(LEAST_BITS)
    while (np.int64(1) << bits) < 2 * tokens:
        bits += 1
    return bits


@inlined
def find_slot(slots: Any, stamps: Any, owners: Any, stamp: Any, bits: Any, multiplier: Any, token: Any) -> Any:
    """The slot of a token: its own, or the free one where it would go.

    ``token`` is its address, length and key; ``slots`` holds keys, ``owners`` the address and length of each key.
    """
    address, length, key = token
    mask = (np.int64(1) << bits) - 1
    hashed = (key ^ (key >> np.uint64(32)) ^ np.uint64(length)) * multiplier
    slot = np.int64(hashed >> np.uint64(64 - bits))
    while stamps[slot] == stamp:
        same = slots[slot] == key and owners[2 * slot + 1] == np.uint64(length)
        if same and (length <= WORD or same_bytes(address, owners[2 * slot], length)):
            break
        slot = (slot + 1) & mask
    return slot


@kernel(
    "void(in_u8, in_i32, in_i32, in_i64, in_i64, in_u8, in_i32, in_i32, in_i64, in_i64, uint64, out_i32, out_i32, "
    "out_i32)"
)
def intern_tokens(
    data: Any,
    starts: Any,
    ends: Any,
    token_offsets: Any,
    set_offsets: Any,
    hypothesis_data: Any,
    hypothesis_starts: Any,
    hypothesis_ends: Any,
    hypothesis_offsets: Any,
    row_offsets: Any,
    multiplier: Any,
    ids: Any,
    hypothesis_ids: Any,
    types: Any,
) -> None:
    """Number the distinct tokens of each set of references from 0 on, and look up those of its hypotheses.

    The first five arrays are tokens of references, and which texts are of which set; the next five those of the
    hypotheses, and which rows are of which set. A hypothesis token that no reference of its set has gets -1;
    ``types`` gets how many distinct tokens each set has.
    """
    room = np.int64(1) << table_bits(most_tokens(token_offsets, set_offsets))
    slots, owners = np.empty(room, np.uint64), np.empty(2 * room, np.uint64)
    slot_ids, stamps = np.empty(room, np.int32), np.zeros(room, np.int64)
    base, hypothesis_base = np.uint64(data.ctypes.data), np.uint64(hypothesis_data.ctypes.data)
    for of in range(len(set_offsets) - 1):
        first, last = token_offsets[set_offsets[of]], token_offsets[set_offsets[of + 1]]
        bits, stamp, distinct = table_bits(last - first), np.int64(of + 1), 0
        for i in range(first, last):
            length = np.int64(ends[i]) - np.int64(starts[i])
            address = base + np.uint64(starts[i])
            key = token_key(address, length)
            slot = find_slot(slots, stamps, owners, stamp, bits, multiplier, (address, length, key))
            if stamps[slot] != stamp:
                stamps[slot], slots[slot], slot_ids[slot] = stamp, key, distinct
                owners[2 * slot], owners[2 * slot + 1] = address, np.uint64(length)
                distinct += 1
            ids[i] = slot_ids[slot]
        types[of] = distinct
        for i in range(hypothesis_offsets[row_offsets[of]], hypothesis_offsets[row_offsets[of + 1]]):
            length = np.int64(hypothesis_ends[i]) - np.int64(hypothesis_starts[i])
            address = hypothesis_base + np.uint64(hypothesis_starts[i])
            key = token_key(address, length)
            slot = find_slot(slots, stamps, owners, stamp, bits, multiplier, (address, length, key))
            hypothesis_ids[i] = slot_ids[slot] if stamps[slot] == stamp else np.int32(-1)
