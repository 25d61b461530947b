"""Every kernel, compiled and as plain Python, against the oracle."""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

import oracle
from fastmetrics.contract.blocks import Bitmap
from fastmetrics.counting import groups
from fastmetrics.counting.coders import strings
from fastmetrics.counting.coders.strings import TextCoder
from fastmetrics.counting.groups import Codes, Grouper, Ids, NumberTable
from fastmetrics.counting.views import NOTHING, short_view, text_views
from fastmetrics.families.binary import from_bits
from fastmetrics.families.edges import Binner, default_edges
from fastmetrics.families.regression import SUMS
from fastmetrics.kernels import bins, bits, cells, codes, flags, ids, likelihood, memory, order, states
from fastmetrics.kernels import regression as errors
from oracle_scores import bin_of

SIZES = (0, 1, 63, 64, 65, 1000)
MODULES = (bins, bits, cells, codes, errors, flags, ids, likelihood, order, states)
Run = Callable[[Any], Callable[..., Any]]


@pytest.fixture(params=["compiled", "python"])
def run(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Kernels as they are, or as plain Python wherever they are called. Hashes wrap around, which numpy warns of."""
    if request.param == "compiled":
        yield lambda kernel: kernel
        return
    for module, kernel in ((groups, codes.intern_numbers), (groups, ids.write_ids), (strings, codes.intern_text)):
        monkeypatch.setattr(module, kernel.__name__, kernel.py_func)
    for kernel in (bins.bin_scores, bins.bin_evenly):
        monkeypatch.setattr(bins, kernel.__name__, kernel.py_func)
    with np.errstate(over="ignore"):
        yield lambda kernel: kernel.py_func


def rng(size: int) -> np.random.Generator:
    return np.random.default_rng(size)


def sliced(column: pa.Array) -> pa.Array:
    """A column that begins three rows into a longer one."""
    return pa.concat_arrays([column[:3], column, column[:5]]).slice(min(3, len(column)), len(column))


def chunks(column: pa.Array) -> list[pa.Array]:
    return [column[:0], column[:7], sliced(column)[7:]]


def as_is(column: pa.Array) -> list[pa.Array]:
    return [column]


CUTS = [as_is, lambda column: [sliced(column)], chunks]


def test_every_kernel_is_tested_here() -> None:
    """A kernel that is added is added here too."""
    known = {name for module in MODULES for name in vars(module) if hasattr(getattr(module, name), "py_func")}
    assert known == {
        "add_counts",
        "add_errors",
        "add_exacts",
        "add_flags",
        "add_frequencies",
        "add_losses",
        "add_values",
        "add_weights",
        "bin_evenly",
        "bin_scores",
        "binary_states",
        "count_far_rows",
        "count_near_rows",
        "count_ones",
        "groups_in_order",
        "intern_numbers",
        "intern_text",
        "keep_largest",
        "known_states",
        "look_up",
        "number_integers",
        "occupied_rows",
        "reached_states",
        "sign_states",
        "spread_bits",
        "spread_runs",
        "spread_states",
        "sum_tokens",
        "take_columns",
        "text_states",
        "window_codes",
        "write_ids",
    }


# States and cells


@pytest.mark.parametrize("dtype", [*"bhilBHIL", np.float32, np.float64])
@pytest.mark.parametrize("size", SIZES)
def test_sign_states(run: Run, size: int, dtype: Any) -> None:
    kind = np.dtype(dtype).kind
    pool = {"i": [0, 1, -1], "u": [0, 1], "f": [0.0, -0.0, 1, -1, math.nan]}[kind]
    numbers, out = rng(size).choice(np.array(pool, dtype), size), np.empty(size, np.uint8)
    marks = {0: states.ZERO, -1: states.MINUS_ONE}
    assert run(states.sign_states)(numbers, out) == sum(mark for kind, mark in marks.items() if kind in numbers)
    assert out.tolist() == [2 if (state := oracle.state(x)) is None else state for x in numbers.tolist()]
    for strange in {"i": [2, -2], "u": [2, np.iinfo(dtype).max if kind == "u" else 2], "f": [0.5, 2, math.inf]}[kind]:
        if size:
            numbers[size // 2] = strange
            assert run(states.sign_states)(numbers, out) & states.STRANGE
            assert out[size // 2] == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", SIZES)
def test_reached_states(run: Run, size: int, dtype: Any) -> None:
    threshold = float(dtype(0.3))
    pool = np.array([0.3, 0.2999, 0.31, -0.0, math.inf, -math.inf, math.nan], dtype)
    score, out = rng(size).choice(pool, size), np.empty(size, np.uint8)
    run(states.reached_states)(score, threshold, out)
    assert out.tolist() == [2 if math.isnan(s) else int(s >= threshold) for s in score.tolist()]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("positive", "null"), [("yes", "NA"), ("", "x"), ("twelve bytes", "é"), ("NA\0", "NA")])
def test_text_states(run: Run, size: int, positive: str, null: str) -> None:
    pool = [positive, null, "yes", "no", "", "NA", positive + "more than twelve", "twelve bytez", None]
    text = rng(size).choice(np.array(pool, object), size).tolist()
    column = pa.array(text, pa.string_view())
    valid, out = [value is not None for value in text], np.empty(size, np.uint8)
    run(states.text_states)(text_views(column)[0], *short_view(positive), *short_view(null), out)
    want = [1 if value == positive else 2 if value == null else 0 for value in text]
    assert out[valid].tolist() == [state for state, known in zip(want, valid, strict=True) if known]


@pytest.mark.parametrize("size", SIZES)
def test_binary_states(run: Run, size: int) -> None:
    label, prediction = rng(size).integers(0, 3, (2, size)).astype(np.uint8)
    out = np.empty(size, np.uint8)
    run(states.binary_states)(label, prediction, out)
    value = (False, True, None)
    rows = [oracle.binary_row(value[y], value[p])[1] for y, p in zip(label, prediction, strict=True)]
    assert [{list(oracle.BINARY.values())[state]: 1} for state in in_family_order(out)] == rows


def in_family_order(out: Any) -> list[int]:
    """Places in the list of the oracle of places in that of the family."""
    from fastmetrics.families.binary import CELLS

    return [list(oracle.BINARY.values()).index(CELLS[state]) for state in out]


def ids_below(number: int, size: int) -> tuple[Ids, Any]:
    """Ids of one field, and what they are."""
    chosen = rng(size).integers(0, number, size).astype(np.uint32)
    return Ids(size).then(Codes(chosen, 0, number), number), chosen


# What ids are made of: how many codes each field has, its dtype and its shift.
FIELDS = {
    "none": [],
    "one": [(4, np.uint8, 0)],
    "few": [(3, np.uint8, 0), (4, np.uint16, 0)],
    "narrow": [(5, np.uint32, 1), (60, np.uint8, 1), (9, np.uint8, 0)],
    "wide": [(300, np.uint16, 0), (300, np.uint32, 1), (4, np.uint8, 0)],
}


def some_ids(kind: str, size: int, run_length: int = 0) -> tuple[Ids, list[int]]:
    """Ids, and what they are by the definition; in runs of a length the first field changes seldom."""
    made, expected = Ids(size), np.zeros(size, np.int64)
    for number, (codes_, dtype, shift) in enumerate(FIELDS[kind]):
        array = rng(size + number).integers(0, codes_ - shift, size)
        ranges = None
        if number == 0 and run_length:
            array = np.sort(array) if run_length == 1 else np.repeat(array[::run_length], run_length)[:size]
            blocks = [array[at : at + ids.BLOCK] for at in range(0, size, ids.BLOCK)]
            ranges = np.array([[block.min(), block.max()] for block in blocks], np.uint32).reshape(-1, 2)
            shift = 0
        made = made.then(Codes(array.astype(dtype), shift, codes_, False, ranges), codes_)
        expected = expected * codes_ + array + shift
    return made, expected.tolist()


LENGTHS = [*SIZES, ids.BLOCK, 2 * ids.BLOCK + 1]


@pytest.mark.parametrize("run_length", [0, 1, ids.BLOCK])
@pytest.mark.parametrize("kind", list(FIELDS))
@pytest.mark.parametrize("size", LENGTHS)
def test_write_ids(run: Run, size: int, kind: str, run_length: int) -> None:
    made, expected = some_ids(kind, size, run_length)
    out = np.full(size, 99, np.uint32)
    run(ids.write_ids)(made.fields(), made.ranges, out)
    assert out.tolist() == expected


@pytest.mark.parametrize("dtype", [np.uint32, np.int64])
@pytest.mark.parametrize("run_length", [0, 1, ids.BLOCK])
@pytest.mark.parametrize("kind", list(FIELDS))
@pytest.mark.parametrize("size", LENGTHS)
def test_count_rows(run: Run, size: int, kind: str, run_length: int, dtype: Any) -> None:
    made, expected = some_ids(kind, size, run_length)
    counts = np.full(made.size, 5, dtype)
    left = run(cells.count_near_rows)(made.fields(), made.ranges, size, made.room, counts)
    assert counts.sum() == 5 * made.size + size - left
    run(cells.count_far_rows)(made.fields(), made.ranges, size, made.room, counts)
    assert counts.tolist() == (5 + np.bincount(np.array(expected, np.int64), minlength=made.size)).tolist()


@pytest.mark.parametrize("size", SIZES)
def test_add_counts(run: Run, size: int) -> None:
    made, group_of = ids_below(3, size)
    values = rng(size).integers(-(2**40), 2**40, (size, 2))
    counts, reach = np.full(3 * 2, 2**61), np.ones(2)
    run(cells.add_counts)(made.fields(), made.ranges, values, counts, reach)
    for group in range(3):
        expected = values[group_of == group].sum(axis=0) + 2**61
        assert counts.reshape(3, 2)[group].tolist() == expected.tolist()
    assert reach.tolist() == (1.0 + np.abs(values).sum(axis=0)).tolist()


@pytest.mark.parametrize("size", SIZES)
def test_add_exacts(run: Run, size: int) -> None:
    """Each number is rounded once, ties to even, and limbs are sums that no order changes."""
    made, group_of = ids_below(3, size)
    values = rng(size).normal(size=(size, 2)) * 10.0 ** rng(size).integers(-24, 13, (size, 2))
    values[::7, 1] = rng(size).integers(-9, 9, len(values[::7])) * 2.0**-73  # halfway between two multiples
    values[::5, 0] = np.nan
    exacts, reach = np.zeros(3 * 2 * 3, np.int64), np.ones(2)
    run(cells.add_exacts)(made.fields(), made.ranges, values, exacts, reach)
    for group in range(3):
        for column in range(2):
            terms = [x for x in values[group_of == group, column].tolist() if not math.isnan(x)]
            high, middle, low = exacts.reshape(3, 2, 3)[group, column].tolist()
            assert high * 2**56 + middle * 2**28 + low == sum(round(Fraction(x) * 2**72) for x in terms)
            assert max(abs(middle), abs(low)) <= len(terms) * 2**27
    assert reach == pytest.approx(1.0 + np.nansum(np.abs(values), axis=0), rel=1e-12)


@pytest.mark.parametrize("far", [math.inf, -math.inf, 2.0**46, -1e300])
def test_what_an_exact_sum_does_not_hold_is_in_its_reach_alone(run: Run, far: float) -> None:
    exacts, reach = np.zeros(3, np.int64), np.zeros(1)
    run(cells.add_exacts)(Ids(2).fields(), Ids(2).ranges, np.array([[far], [2.0**-72]]), exacts, reach)
    assert (exacts.tolist(), reach.tolist()) == ([0, 0, 1], [abs(far)])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", SIZES)
def test_sum_tokens(run: Run, size: int, dtype: Any) -> None:
    draw = rng(size)
    offsets = np.concatenate([[0], np.cumsum(draw.integers(0, 5, size))])
    items = (-draw.exponential(size=offsets[-1]) * 10.0 ** draw.integers(-9, 9, offsets[-1])).astype(dtype)
    items[::5], items[::7], items[::11] = np.nan, -np.inf, 0
    counts, limbs, reach = np.full(2 * size, 9), np.full(3 * size, 9), np.ones(1)
    unit = math.log(2)
    largest = run(likelihood.sum_tokens)(offsets, items, unit, counts, limbs, reach)
    total = 1.0
    for row, (start, end) in enumerate(itertools.pairwise(offsets)):
        known = [x for x in items[start:end].tolist() if not math.isnan(x)]
        terms = [x * -unit for x in known if x > -math.inf]
        high, middle, low = limbs[3 * row : 3 * row + 3].tolist()
        assert counts[2 * row : 2 * row + 2].tolist() == [len(known), len(known) - len(terms)]
        assert high * 2**56 + middle * 2**28 + low == sum(round(Fraction(x) * 2**72) for x in terms)
        assert max(abs(middle), abs(low)) <= 2**27
        total += sum(terms)
    assert reach.tolist() == [pytest.approx(total)]
    assert largest == max((x for x in items.tolist() if not math.isnan(x)), default=-math.inf)


@pytest.mark.parametrize("size", SIZES)
def test_add_values(run: Run, size: int) -> None:
    made, group_of = ids_below(3, size)
    values = rng(size).normal(size=(size, 2)) * 10.0 ** rng(size).integers(-16, 17, (size, 2))
    values[::5, 0] = np.nan
    values[1::2, 1] = -values[:-1:2, 1]
    sums = np.zeros(3 * 2 * 2)
    run(cells.add_values)(made.fields(), made.ranges, values, sums)
    for group in range(3):
        for column in range(2):
            terms = [x for x in values[group_of == group, column].tolist() if not math.isnan(x)]
            total, error = sums.reshape(3, 2, 2)[group, :, column]
            left = abs(Fraction(total) + Fraction(error) - sum(map(Fraction, terms)))
            assert left <= Fraction(2) ** -100 * max(size, 1) ** 2 * sum(abs(Fraction(x)) for x in terms)
            assert total + error == pytest.approx(math.fsum(terms), rel=1e-15, abs=1e-300)


@pytest.mark.parametrize("size", SIZES)
def test_add_frequencies(run: Run, size: int) -> None:
    made, group_of = ids_below(3, size)
    frequencies, counts = rng(size).integers(0, 2**50, size), np.zeros(3, np.int64)
    run(cells.add_frequencies)(made.fields(), made.ranges, frequencies, counts)
    assert counts.tolist() == [frequencies[group_of == group].sum() for group in range(3)]


@pytest.mark.parametrize("run_length", [0, 1, ids.BLOCK])
@pytest.mark.parametrize("kind", ["none", "few", "narrow"])
@pytest.mark.parametrize("size", LENGTHS)
def test_add_flags(run: Run, size: int, kind: str, run_length: int) -> None:
    made, expected = some_ids(kind, size, run_length)
    told = rng(size).integers(0, 3, (3, size)).astype(np.uint8)
    told[1] &= 1
    told[2, : ids.BLOCK] &= 1  # known in some blocks
    counts = np.full(made.size * 6, 7)
    run(flags.add_flags)(made.fields(), made.ranges, told.reshape(-1), 3, counts)
    wanted = np.full((made.size, 3, 2), 7)
    for flag in range(3):
        for row, group in enumerate(expected):
            wanted[group, flag] += [told[flag, row] == 1, told[flag, row] == 2]
    assert counts.tolist() == wanted.reshape(-1).tolist()


@pytest.mark.parametrize("size", SIZES)
def test_add_weights(run: Run, size: int) -> None:
    made, group_of = ids_below(3, size)
    weights = rng(size).exponential(size=size) * 10.0 ** rng(size).integers(-8, 9, size)
    sums = np.zeros(3 * 4)
    run(cells.add_weights)(made.fields(), made.ranges, weights, sums)
    for group in range(3):
        of_group = weights[group_of == group]
        for place, terms in enumerate((of_group, of_group * of_group)):
            total, error = sums.reshape(3, 2, 2)[group, :, place]
            assert total + error == pytest.approx(math.fsum(terms), rel=1e-15, abs=0)


@pytest.mark.parametrize("scale", [1.0, 2.0**-1000, 2.0**600])
def test_sums_that_cancel_keep_what_is_left(run: Run, scale: float) -> None:
    """1 + 1e100 + 1 - 1e100 is 2, where plain addition says 0."""
    values = np.array([[1.0], [1e100], [1.0], [-1e100]]) * scale
    sums = np.zeros(2)
    run(cells.add_values)(Ids(4).fields(), Ids(4).ranges, values, sums)
    assert sums.sum() == 2 * scale


@pytest.mark.parametrize("size", SIZES)
def test_keep_largest(run: Run, size: int) -> None:
    made, group_of = ids_below(4, size)
    values = rng(size).integers(-9, 9, (size, 2)).astype(float)
    values[rng(size).random((size, 2)) < 0.3] = np.nan
    values[group_of == 3, 1] = np.nan
    best = np.full(8, np.nan)
    best[0] = 4.0
    run(cells.keep_largest)(made.fields(), made.ranges, values, best)
    for group in range(4):
        for column in range(2):
            seen = values[group_of == group, column].tolist() + ([4.0] if group == column == 0 else [])
            expected = max((x for x in seen if not math.isnan(x)), default=math.nan)
            assert best.reshape(4, 2)[group, column] == pytest.approx(expected, abs=0, nan_ok=True)


# Bits


@pytest.mark.parametrize("size", SIZES)
def test_count_ones(run: Run, size: int) -> None:
    some, others = rng(size).integers(0, 2**64, (2, size), np.uint64)
    expected = sum((x & y).bit_count() for x, y in zip(some.tolist(), others.tolist(), strict=True))
    assert run(bits.count_ones)(some, others) == expected


@pytest.mark.parametrize("offset", [0, 1, 7, 8, 13])
@pytest.mark.parametrize("size", SIZES)
def test_spread_bits(run: Run, size: int, offset: int) -> None:
    flags = rng(size).integers(0, 2, size + offset, np.uint8)
    words = np.empty((size + 7) >> 3, np.uint64)
    run(bits.spread_bits)(np.packbits(flags, bitorder="little"), offset, words)
    assert words.view(np.uint8)[:size].tolist() == flags[offset:].tolist()


@pytest.mark.parametrize("nulls", [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize("offsets", [(0, 0), (8, 16), (3, 3), (0, 5), (13, 8)])
@pytest.mark.parametrize("size", SIZES)
def test_spread_states(run: Run, size: int, offsets: tuple[int, int], nulls: tuple[bool, bool]) -> None:
    bitmaps, rows = [], []
    for number, (offset, some) in enumerate(zip(offsets, nulls, strict=True)):
        flags = rng(size + number).integers(0, 2, (2, size + offset), np.uint8)
        value, known = (np.packbits(row, bitorder="little") for row in flags)
        bitmaps += [value, known if some else NOTHING, offset]
        rows.append([y if k or not some else None for y, k in zip(*flags[:, offset:].tolist(), strict=True)])
    words = np.empty((size + 7) >> 3, np.uint64)
    run(bits.spread_states)(*bitmaps, words)
    cells_of = [oracle.binary_row(y, p)[1] for y, p in zip(*rows, strict=True)]
    found = in_family_order(words.view(np.uint8)[:size])
    assert [{list(oracle.BINARY.values())[state]: 1} for state in found] == cells_of
    label, prediction = (Bitmap(*three, size) for three in (bitmaps[:3], bitmaps[3:]))
    rows = from_bits({"label": label, "prediction": prediction})
    assert rows.totals().tolist() == np.bincount(words.view(np.uint8)[:size], minlength=9).tolist()


@pytest.mark.parametrize("dtype", [np.uint32, np.int64])
@pytest.mark.parametrize("size", SIZES)
def test_occupied_rows(run: Run, size: int, dtype: Any) -> None:
    counts = rng(size).integers(0, 2, (size, 3)).astype(dtype) * rng(size).integers(0, 2, (size, 1)).astype(dtype)
    counts[:, 1] = 0
    counts[::7] *= dtype(2**31 if dtype == np.uint32 else -(2**62))
    marks, columns = np.zeros(size, np.uint8), np.zeros(3, np.uint8)
    found = run(cells.occupied_rows)(counts.reshape(-1), 3, marks, columns)
    assert marks.tolist() == [any(row) for row in counts.tolist()]
    assert found == sum(marks.tolist())
    assert (columns != 0).tolist() == [any(counts[:, column].tolist()) for column in range(3)]


@pytest.mark.parametrize("sizes", [(1,), (5,), (3, 4), (4, 1, 6), (2, 3, 2, 3)])
def test_groups_in_order(run: Run, sizes: tuple[int, ...]) -> None:
    """The keys of an id come in another order, with more room than they have codes; some groups are not there."""
    orders = [rng(size + at).permutation(size).astype(np.uint32) for at, size in enumerate(sizes)]
    by_id = list(reversed(range(len(sizes))))
    capacities = [sizes[k] + (2 if at else 0) for at, k in enumerate(by_id)]
    places = {k: math.prod(capacities[at + 1 :]) for at, k in enumerate(by_id)}
    all_codes = itertools.product(*(order.tolist() for order in orders))
    groups_ = [(sum(code * places[k] for k, code in enumerate(row)), *row) for row in all_codes]
    expected = [row for row in groups_ if rng(row[0]).random() < 0.7]
    marks = np.zeros(max((row[0] for row in expected), default=-1) + 1, np.uint8)  # no more than is needed
    marks[[row[0] for row in expected]] = 1
    ids_, found = np.empty(len(expected) + 1, np.uint32), np.empty((len(sizes), len(expected) + 1), np.uint32)
    arguments = (np.array(sizes), np.array([places[k] for k in range(len(sizes))]), np.concatenate(orders))
    assert run(order.groups_in_order)(marks, *arguments, ids_, found.reshape(-1)) == len(expected)
    assert list(zip(ids_.tolist(), *found.tolist(), strict=True))[:-1] == expected


@pytest.mark.parametrize(("dtype", "result"), [(np.uint32, np.int64), (np.int64, np.int64), (np.float64, np.float64)])
@pytest.mark.parametrize("size", SIZES)
def test_take_columns(run: Run, size: int, dtype: Any, result: Any) -> None:
    table = rng(size).integers(0, 2**32, (size, 4)).astype(dtype)
    rows = rng(size).permutation(size)[: size // 2].astype(np.uint32)
    columns = np.array([3, 0, 1])
    out = np.empty((3, len(rows)), result)
    run(cells.take_columns)(table.reshape(-1), 4, columns, rows, out.reshape(-1))
    assert out.tolist() == [[table[row, column] for row in rows] for column in columns]


# Codes


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize("distinct", [1, 5, 10**9])
@pytest.mark.parametrize("nulls", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_intern_numbers(size: int, nulls: bool, distinct: int) -> None:
    numbers = rng(size).integers(0, distinct, size).astype(np.uint64) * np.uint64(2**32)
    numbers[::11] = 2**64 - 1
    valid = (rng(size + 1).random(size) < 0.7).astype(np.uint8) if nulls else np.ones(size, np.uint8)
    values = [number if ok else None for number, ok in zip(numbers.tolist(), valid, strict=True)]
    table = NumberTable()
    halves = slice(0, size // 2), slice(size // 2, None)
    parts = [table.codes(numbers[half], valid[half] if nulls else None) for half in halves]
    assert np.concatenate(parts).tolist() == oracle.interned(values)
    known = list(dict.fromkeys(value for value in values if value is not None))
    assert table.known[1 : table.size].tolist() == known


@pytest.mark.parametrize("size", SIZES)
def test_number_integers(run: Run, size: int) -> None:
    drawn = rng(size).choice([-(2**31), -3, 0, 4, 5], size).astype(np.int32)
    given_codes, known, count = np.zeros(10, np.uint32), np.zeros(11, np.int32), np.ones(1, np.int64)
    out = np.full(size, 99, np.uint32)
    assert run(codes.number_integers)(drawn, -4, given_codes, known, count, out)
    seen = dict.fromkeys(value for value in drawn.tolist() if value != -(2**31))
    code = {-(2**31): 0} | {value: place for place, value in enumerate(seen, 1)}
    assert out.tolist() == [code[value] for value in drawn.tolist()]
    assert known[1 : count[0]].tolist() == list(seen)
    for outside in (-5, 6):
        beyond = np.array([0, outside], np.int32)
        assert not run(codes.number_integers)(beyond, -4, given_codes, known, count, np.zeros(2, np.uint32))


def test_a_full_table_stops_where_it_needs_room_and_goes_on_from_there(run: Run) -> None:
    numbers = np.array([7, 7, 8, 9, 7, 10], np.uint64)
    out = np.full(6, 99, np.uint32)
    slots = np.zeros(32, np.uint64)
    values, count = np.zeros(4, np.uint64), np.ones(1, np.int64)
    near = np.zeros(3, np.uint32)  # of 8, 9 and 10
    arguments = (slots, np.uint64(60), values, count, np.uint64(8), near)
    assert run(codes.intern_numbers)(numbers, NOTHING, 0, out, *arguments) == 5
    assert out.tolist() == [1, 1, 2, 3, 1, 99]
    assert run(codes.intern_numbers)(numbers, NOTHING, 5, out, *arguments) == 5
    assert run(codes.intern_numbers)(numbers[:5], NOTHING, 2, out, *arguments) == 5
    assert values.tolist() == [0, 7, 8, 9]
    assert near.tolist() == [2, 3, 0]


TEXTS = ["", "\x00", "a", "a\x00", "twelve bytes", "thirteen byte", "🙂" * 9]


def texts(kind: str, size: int) -> list[Any]:
    number = rng(size).integers(0, max(size // 2, 1), size).tolist()
    return {
        "short": [str(n) for n in number],
        "long": [f"a prefix that all of them share {n:09}" for n in number],
        "same first and last bytes": [f"abcd{n:09}efgh" for n in number],
        "mixed": [TEXTS[n % len(TEXTS)] if n % 2 else f"{n}" * (n % 30) for n in number],
        "nulls": [None if n % 3 == 0 else TEXTS[n % len(TEXTS)] for n in number],
        "null only": [None] * size,
    }[kind]


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize("cut", CUTS, ids=["whole", "sliced", "chunked"])
@pytest.mark.parametrize("kind", ["short", "long", "same first and last bytes", "mixed", "nulls", "null only"])
@pytest.mark.parametrize("size", SIZES)
def test_intern_text(size: int, kind: str, cut: Callable[[pa.Array], list[pa.Array]]) -> None:
    values = texts(kind, size)
    for arrow, dtype in ((pa.string_view(), pl.String()), (pa.binary_view(), pl.Binary())):
        given = values if dtype == pl.String else [None if text is None else text.encode() for text in values]
        coder = TextCoder(dtype)
        got = [coder.codes(part).array for part in cut(pa.array(given, arrow))]
        assert np.concatenate(got).tolist() == oracle.interned(given)
        assert coder.values().to_list() == [None, *dict.fromkeys(text for text in given if text is not None)]


def test_values_with_one_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only plain Python can be given such a bad hash."""
    monkeypatch.setattr(groups, "intern_numbers", codes.intern_numbers.py_func)
    monkeypatch.setattr(strings, "intern_text", codes.intern_text.py_func)
    for name in ("MIX_1", "MIX_2"):
        monkeypatch.setattr(codes, name, np.uint64(0))
    numbers = [5, 6, 5, 7, 0, 6]
    with np.errstate(over="ignore"):
        assert NumberTable().codes(np.array(numbers, np.uint64), None).tolist() == oracle.interned(numbers)
    values = [*texts("same first and last bytes", 65), *texts("mixed", 65), *texts("long", 65)]
    with np.errstate(over="ignore"):
        coded = TextCoder(pl.String()).codes(pa.array(values, pa.string_view()))
    assert coded.array.tolist() == oracle.interned(values)


@pytest.mark.parametrize("length", [*range(20), 100])
def test_loading_from_an_address(length: int) -> None:
    text = bytes(range(3, 3 + length))
    address = np.frombuffer(text, np.uint8).ctypes.data
    for at in range(length):
        assert memory.load_u8(np.uint64(address + at)) == text[at]
    for at in range(length - 7):
        assert memory.load_u64(np.uint64(address + at)) == int.from_bytes(text[at : at + 8], "little")


# Windows

EDGES = np.cumsum([-1000, *np.tile([60, 59, 61, 30, 90, 1], 500)]).astype(np.int64)


def instants(kind: str, size: int) -> Any:
    spread = {
        "in one window": (EDGES[10], EDGES[11]),
        "straddling two": (EDGES[10], EDGES[12]),
        "straddling three": (EDGES[10], EDGES[13]),
        "everywhere": (EDGES[0], EDGES[-1]),
        "in the last window": (EDGES[-2], EDGES[-1]),
        "in the last two": (EDGES[-3], EDGES[-1]),
    }
    if kind == "on the edges":
        return np.resize(np.stack([EDGES[1:-1] - 1, EDGES[1:-1]], axis=1).reshape(-1), size)
    low, high = spread[kind.removeprefix("sorted ")]
    times = rng(size).integers(low, high, size)
    return np.sort(times) if kind.startswith("sorted ") else times


@pytest.mark.parametrize(
    "kind",
    [
        "in one window",
        "straddling two",
        "straddling three",
        "everywhere",
        "sorted everywhere",
        "in the last window",
        "in the last two",
        "on the edges",
    ],
)
@pytest.mark.parametrize("size", LENGTHS)
def test_window_codes(run: Run, size: int, kind: str) -> None:
    coded = Windowed(run, instants(kind, size))
    assert coded.go_on(0) == size
    edges = EDGES.tolist()
    expected = [bisect.bisect_right(edges, time) - 1 for time in coded.times.tolist()]
    windows = dict(zip(coded.codes(), expected, strict=True))
    assert [windows[code] for code in coded.codes()] == expected
    assert sorted(windows) == list(range(1, coded.count[0]))
    assert {int(coded.edge_codes[window]): window for window in windows.values()} == windows
    blocks = [coded.codes()[at : at + ids.BLOCK] for at in range(0, size, ids.BLOCK)]
    assert coded.ranges.tolist() == [[min(block), max(block)] for block in blocks]


class Windowed:
    """The arguments of `window_codes` for some instants."""

    def __init__(self, run: Run, times: Any) -> None:
        self.run, self.times = run, times.astype(np.int64)
        self.edge_codes, self.count = np.zeros(len(EDGES) - 1, np.uint32), np.ones(1, np.int64)
        self.out = np.zeros(len(times), np.uint32)
        self.ranges = np.zeros((-(-len(times) // ids.BLOCK), 2), np.uint32)

    def go_on(self, start: int) -> int:
        arguments = (self.edge_codes, self.count, self.out, self.ranges)
        return int(self.run(codes.window_codes)(self.times, EDGES, start, *arguments))

    def codes(self) -> list[int]:
        """The code of each row: that of its block, or its own."""
        least, greatest = np.repeat(self.ranges, ids.BLOCK, axis=0)[: len(self.out)].T
        return np.where(least == greatest, least, self.out).tolist()


@pytest.mark.parametrize("nulls", [False, True])
@pytest.mark.parametrize("of", [np.uint8, np.uint16, np.uint32, np.uint64])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32])
@pytest.mark.parametrize("size", SIZES)
def test_look_up(run: Run, size: int, dtype: Any, of: Any, nulls: bool) -> None:
    given = rng(size).integers(0, 5, size).astype(dtype)
    valid = rng(size).integers(0, 2, size).astype(np.uint8) if nulls else np.empty(0, np.uint8)
    given[valid[:size] == 0 if nulls else []] = 99  # whatever stands under a null
    table, known, out = rng(size).integers(0, 200, 6).astype(of), np.ones(6, np.uint8), np.zeros(size, of)
    places = [int(code) + 1 if not nulls or valid[row] else 0 for row, code in enumerate(given)]
    assert run(codes.look_up)(given, valid, known, table, 0, out) == size
    assert out.tolist() == [int(table[place]) for place in places]
    for place in set(places):
        known[:] = 1
        known[place] = 0
        assert run(codes.look_up)(given, valid, known, table, 0, out) == places.index(place)
        assert run(codes.look_up)(given, valid, known[:place], table, 0, out) <= places.index(place)
    known[:] = 1
    out[:] = 0
    assert run(codes.look_up)(given, valid, known, table, size // 2, out) == size
    assert out.tolist() == [int(table[place]) if row >= size // 2 else 0 for row, place in enumerate(places)]


@pytest.mark.parametrize("longest", [1, 3, ids.BLOCK, 5 * ids.BLOCK])
@pytest.mark.parametrize("size", LENGTHS)
def test_spread_runs(run: Run, size: int, longest: int) -> None:
    lengths = rng(size).integers(0, longest + 1, 2 + 2 * size // longest)
    ends = np.append(np.minimum(np.cumsum(lengths), size), size)
    of_runs = rng(size).integers(0, 4, len(ends)).astype(np.uint32)
    out, ranges = np.zeros(size, np.uint32), np.zeros((-(-size // ids.BLOCK), 2), np.uint32)
    run(codes.spread_runs)(ends, of_runs, out, ranges)
    expected = np.repeat(of_runs, np.diff(ends, prepend=0))
    blocks = [expected[at : at + ids.BLOCK].tolist() for at in range(0, size, ids.BLOCK)]
    assert ranges.tolist() == [[min(block), max(block)] for block in blocks]
    least, greatest = np.repeat(ranges, ids.BLOCK, axis=0)[:size].T
    assert np.where(least == greatest, least, out).tolist() == expected.tolist()


@pytest.mark.parametrize("outside", [EDGES[0] - 1, EDGES[-1], -(2**62), 2**62])
@pytest.mark.parametrize("place", [0, 1, ids.BLOCK - 1, ids.BLOCK, 2 * ids.BLOCK + 5])
def test_window_codes_stop_at_the_block_of_an_instant_outside(run: Run, place: int, outside: int) -> None:
    coded = Windowed(run, instants("everywhere", 2 * ids.BLOCK + 9))
    coded.times[place] = outside
    stopped = coded.go_on(0)
    assert stopped == place // ids.BLOCK * ids.BLOCK
    assert (coded.out[:stopped] > 0).all()
    assert not coded.out[stopped:].any()
    assert coded.go_on(stopped) == stopped


def test_window_codes_go_on_from_a_block(run: Run) -> None:
    coded = Windowed(run, instants("everywhere", ids.BLOCK + 100))
    coded.count[0] = 7
    assert coded.go_on(ids.BLOCK) == ids.BLOCK + 100
    assert not coded.out[: ids.BLOCK].any()
    assert set(coded.out[ids.BLOCK :].tolist()) == set(range(7, int(coded.count[0])))


# Scores


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "edges",
    [
        [0.5],
        [0.0, 1.0],
        [-3.0, -1.0, 0.25, 1e6],
        default_edges().tolist(),
        (np.arange(257) / 256).tolist(),
        (np.arange(256) / 255).tolist(),
        (np.arange(-127, 129) / 32).tolist(),
        np.linspace(-3, 7, 41).tolist(),
    ],
    ids=len,
)
@pytest.mark.parametrize("size", SIZES)
def test_bin_scores(size: int, edges: list[float], dtype: Any) -> None:
    on = np.array(edges, dtype)
    odd = np.array([np.nan, -np.inf, np.inf, -0.0, np.finfo(dtype).tiny, np.finfo(dtype).max], dtype)
    pool = np.concatenate([on, np.nextafter(on, dtype(-np.inf)), odd, rng(size).random(50).astype(dtype)])
    scores = rng(size).choice(pool, size)
    expected = [bin_of(score, edges, dtype) for score in scores.tolist()]
    assert Binner(np.array(edges))(scores).tolist() == [0 if place is None else place + 1 for place in expected]


@pytest.mark.parametrize("x", [5e-8, 0.1, 0.5, 0.5**0.5, 0.75, 1 - 2.0**-24, 1 - 2.0**-53, 1.0, 1.5, 2.0, 1e300])
def test_natural_log(x: float) -> None:
    near = x * (1 + 1e-3 * rng(0).standard_normal(2000))
    for number in [x, np.nextafter(x, 0), np.nextafter(x, 2 * x), *near]:
        expected = math.log(number)
        with np.errstate(over="ignore"):
            assert abs(bins.natural_log(np.float64(number)) - expected) <= 1.5 * math.ulp(expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", SIZES)
def test_add_losses(run: Run, size: int, dtype: Any) -> None:
    made, group_of = ids_below(3, size)
    label = rng(size).integers(0, 3, size).astype(np.uint8)
    score = rng(size).choice(np.array([0, 1, 0.3, 0.999, -0.1, 1.5, np.nan], dtype), size)
    sums, epsilon = np.zeros(3 * 6), float(np.finfo(dtype).eps)
    run(bins.add_losses)(made.fields(), made.ranges, label, score, epsilon, sums)
    for group in range(3):
        terms = [
            (s, (s - y) ** 2, -math.log(min(max(s if y else 1 - s, epsilon), 1 - epsilon)))
            for y, s, of in zip(label.tolist(), score.tolist(), group_of.tolist(), strict=True)
            if of == group and y < 2 and 0 <= s <= 1
        ]
        expected = [math.fsum(column) for column in zip(*terms, strict=True)] or [0.0] * 3
        assert sums.reshape(3, 2, 3)[group].sum(axis=0).tolist() == pytest.approx(expected, rel=1e-14)


# Errors


@pytest.mark.parametrize("extremes", [True, False])
@pytest.mark.parametrize("size", SIZES)
def test_add_errors(run: Run, size: int, extremes: bool) -> None:
    made, group_of = ids_below(3, size)
    pool = np.array([0.0, -0.0, 1e-300, 1.5, -2.25, 1e200, 1e10, np.nan])
    label, prediction = rng(size).choice(pool, (2, size))
    sums, kept = np.zeros(3 * 16), np.full(3 * 4 if extremes else 0, np.nan)
    with np.errstate(over="ignore", invalid="ignore"):
        run(errors.add_errors)(made.fields(), made.ranges, label, prediction, 0.5, 2.0**-52, sums, kept)
    for group in range(3):
        rows = [
            oracle.regression_row(y, p, 0.5)[1]
            for y, p, of in zip(label.tolist(), prediction.tolist(), group_of.tolist(), strict=True)
            if of == group
        ]
        judged = [row for row in rows if "signed_error" in row]
        for place, cell in enumerate(SUMS):
            terms = [row[cell] for row in judged]
            found = sums.reshape(3, 2, 8)[group, :, place].sum()
            assert found == pytest.approx(math.fsum(terms), rel=1e-12) or not math.isfinite(sum(terms))
        if extremes and judged:
            assert kept.reshape(3, 4)[group].tolist() == [
                -min(row["lowest_label"] for row in judged),
                max(row["highest_label"] for row in judged),
                -min(row["lowest_error"] for row in judged),
                max(row["highest_error"] for row in judged),
            ]


@pytest.mark.parametrize("size", SIZES)
def test_known_states(run: Run, size: int) -> None:
    label, prediction = rng(size).choice(np.array([0.5, np.nan]), (2, size))
    out = np.empty(size, np.uint8)
    assert not run(errors.known_states)(label, prediction, out)
    assert out.tolist() == [p + 2 * y for y, p in zip(np.isnan(label), np.isnan(prediction), strict=True)]
    if size:
        for numbers in (label, prediction):
            numbers[-1] = -np.inf
            assert run(errors.known_states)(label, prediction, out)
            numbers[-1] = 0


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize("size", SIZES)
def test_group_ids_by_arithmetic_and_by_hash(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = [Codes(rng(k).integers(0, 9, size).astype(np.uint32), 0, 10) for k in range(3)]
    rows = list(zip(*(codes.array.tolist() for codes in columns), strict=True))
    for dense_ids in (10**6, 1):
        for name in ("DENSE_IDS", "MORE_IDS"):
            monkeypatch.setattr(groups, name, dense_ids)
        grouper = Grouper()
        grouper.plan(10, columns[1:], size)
        numbers = grouper.ids(Ids(size).then(columns[0], 10), columns[1:]).array()
        assert grouper.hashed == (dense_ids == 1)
        assert numbers.dtype == np.uint32
        assert len(set(numbers.tolist())) == len(set(rows))
        assert list(zip(*(codes.tolist() for codes in grouper.decode(numbers)), strict=True)) == rows
        assert not size or numbers.max() < grouper.size
