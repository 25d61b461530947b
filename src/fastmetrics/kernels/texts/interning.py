"""Tokens to ids: the distinct tokens of a set of references are numbered, and those of its hypotheses looked up.

A token is told by its bytes, and never by a hash of them alone. The table is an open-addressing one with linear
probing, of at least four times as many slots as tokens; its hashes are made with a multiplier that is drawn anew in
each process, so that no text can be written that makes probing slow. No id depends on it.
"""

from __future__ import annotations

import secrets
from typing import Any

import numpy as np

from fastmetrics.kernels.bits import fold_product
from fastmetrics.kernels.dialect import inlined, kernel
from fastmetrics.kernels.memory import load_u64

__all__ = ["MULTIPLIER", "intern_tokens", "most_tokens", "most_types", "same_bytes", "table_bits", "token_key"]

MULTIPLIER = np.uint64(secrets.randbits(64) | 1)
NO_KEY, ONE = np.uint64(0), np.uint64(1)
WORD = np.int64(8)
TOP = np.uint64(56)
LONG = np.uint64(0xFF) << TOP
LEAST_BITS = 6


@inlined(forceinline=True)  # a call for each token would make the look-up slower
def token_key(address: Any, length: Any, multiplier: Any) -> Any:
    """A word that is not 0: of up to 7 bytes these and their number, which no other token has; of more a hash.

    Reads 8 bytes at least.
    """
    key = load_u64(address)
    if length < WORD:
        return key & ((ONE << np.uint64(8 * length)) - ONE) | np.uint64(length + 1) << TOP
    at = WORD
    while at + WORD <= length:
        key = fold_product(key, multiplier) ^ load_u64(address + np.uint64(at))
        at += WORD
    return fold_product(key, multiplier) ^ load_u64(address + np.uint64(length - WORD)) | LONG


@inlined
def same_bytes(address: Any, other: Any, length: Any) -> Any:
    """Whether two tokens of at least 8 bytes are equal."""
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
def most_types(types: Any) -> Any:
    """The greatest of the numbers of tokens of each set."""
    most = np.int64(0)
    for some in types:
        most = max(most, np.int64(some))
    return most


@inlined
def table_bits(tokens: Any) -> Any:
    """The bits of a slot of a table that holds so many tokens."""
    bits = np.int64(LEAST_BITS)
    while (np.int64(1) << bits) < 2 * tokens:
        bits += 1
    return bits


@inlined
def token_slot(keys: Any, owners: Any, shift: Any, multiplier: Any, key: Any, address: Any, length: Any) -> Any:
    """The slot of a token, its own or the free one where it would go.

    ``keys`` and ``owners`` hold the key of each slot, and the address and the length of the token that has it.
    """
    slot, mask = key * multiplier >> shift, (ONE << (np.uint64(64) - shift)) - ONE
    while True:
        while (keys[slot] != key) & (keys[slot] != NO_KEY):
            slot = (slot + ONE) & mask
        if length < WORD or keys[slot] == NO_KEY:
            return slot
        owner = owners[2 * slot]
        if owners[2 * slot + 1] == np.uint64(length) and same_bytes(address, owner, length):
            return slot
        slot = (slot + ONE) & mask


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
    room = np.int64(1) << table_bits(2 * most_tokens(token_offsets, set_offsets))
    keys, slot_ids, owners = np.empty(room, np.uint64), np.empty(room, np.int32), np.empty(2 * room, np.uint64)
    base, hypothesis_base = np.uint64(data.ctypes.data), np.uint64(hypothesis_data.ctypes.data)
    for of in range(len(set_offsets) - 1):
        first, last, distinct = token_offsets[set_offsets[of]], token_offsets[set_offsets[of + 1]], np.int32(0)
        bits = table_bits(2 * (last - first))
        shift = np.uint64(64 - bits)
        for slot in range(np.int64(1) << bits):
            keys[slot], slot_ids[slot] = NO_KEY, -1
        for i in range(np.uint64(first), np.uint64(last)):
            address, length = base + np.uint64(starts[i]), np.int64(ends[i]) - np.int64(starts[i])
            key = token_key(address, length, multiplier)
            slot = token_slot(keys, owners, shift, multiplier, key, address, length)
            if keys[slot] == NO_KEY:
                keys[slot], slot_ids[slot] = key, distinct
                owners[2 * slot], owners[2 * slot + 1] = address, np.uint64(length)
                distinct += np.int32(1)
            ids[i] = slot_ids[slot]
        types[of] = distinct
        first, last = hypothesis_offsets[row_offsets[of]], hypothesis_offsets[row_offsets[of + 1]]
        for i in range(np.uint64(first), np.uint64(last)):
            length = np.int64(hypothesis_ends[i]) - np.int64(hypothesis_starts[i])
            address = hypothesis_base + np.uint64(hypothesis_starts[i])
            key = token_key(address, length, multiplier)
            slot = token_slot(keys, owners, shift, multiplier, key, address, length)
            hypothesis_ids[i] = slot_ids[slot]
