"""Keys to codes and back, tuples of codes to ids and back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import oracle
from fastmetrics.contract.cells import InnerKey
from fastmetrics.counting import groups
from fastmetrics.counting.cell_arrays import of_states
from fastmetrics.counting.coders import strings
from fastmetrics.counting.coders.instants import WindowCoder
from fastmetrics.counting.coders.keys import Coder, check_key_dtype, coder, key_carrier, key_dtype
from fastmetrics.counting.coders.strings import TextCoder
from fastmetrics.counting.coders.times import time_column
from fastmetrics.counting.groups import Codes, Grouper, Ids
from fastmetrics.counting.tally import given_codes
from fastmetrics.errors import DataError, SchemaError
from fastmetrics.families.binary import binary
from fastmetrics.sources.chunks import record_batches
from fastmetrics.windows import Windows
from strategies import KEYS, LAWS, columns, cuts

TIMES = time_column(pl.col("ts"), "ts", pl.Datetime("us"), None, None)


def composed(columns: Sequence[Codes], grouper: Grouper) -> Any:
    """The ids of rows by the codes of their keys."""
    return grouper.ids(Ids(len(columns[0].array)).then(columns[0], columns[0].size), columns[1:]).array()


def coded(key_coder: Coder, column: pl.Series) -> tuple[list[int], Codes | None]:
    """The codes of a column and what the coder said last."""
    frame = pl.DataFrame({"key": column}).select(key_carrier(pl.col("key"), column.dtype))
    last, found = None, []
    for batch in record_batches(frame):
        last = key_coder.codes(batch.column(0))
        assert last.array.dtype in (np.uint8, np.uint16, np.uint32)
        found += last.of_rows().tolist()
    return found, last


@pytest.mark.parametrize("kind", list(KEYS))
@LAWS
@given(st.data())
def test_codes_and_values_are_inverse(kind: str, data: st.DataObject) -> None:
    """Equal values have one code, others another, null has 0; the value of each code is the value."""
    dtype, values = KEYS[kind]
    column = data.draw(columns(30, dtype, values, distinct=8))
    key_coder = coder(column.dtype)
    found: list[int] = []
    for part in data.draw(cuts(column.to_frame("key"))):
        codes, said = coded(key_coder, part["key"])
        found += codes
        size = key_coder.values().len()
        assert said is None or (max(codes, default=0) < said.size == size)
    wanted = oracle.values_of(column)
    back = key_coder.values().cast(key_dtype(column.dtype))
    assert oracle.interned(found_or_null(found)) == oracle.interned(wanted)
    assert [code == 0 for code in found] == [value is None for value in wanted]
    assert oracle.values_of(back.gather(found)) == wanted
    assert back.n_unique() == len(back)
    assert back[0] is None


def found_or_null(codes: Sequence[int]) -> list[int | None]:
    return [code or None for code in codes]


@pytest.mark.parametrize(
    ("dtype", "kept"),
    [
        (pl.Categorical(), pl.String()),
        (pl.Categorical(pl.Categories("other")), pl.String()),
        (pl.Enum(["a"]), pl.Enum(["a"])),
        (pl.Decimal(10, 2), pl.Decimal(10, 2)),
        (pl.Datetime("ns", "UTC"), pl.Datetime("ns", "UTC")),
        (pl.UInt8(), pl.UInt8()),
        (pl.Null(), pl.Null()),
    ],
    ids=str,
)
def test_the_dtype_of_a_key_is_kept_but_for_categories(dtype: Any, kept: Any) -> None:
    assert key_dtype(dtype) == kept


@pytest.mark.parametrize(
    "dtype", [pl.List(pl.Int8), pl.Struct({"a": pl.Int8}), pl.Object(), pl.Array(pl.Int8, 2)], ids=str
)
def test_what_cannot_be_a_key(dtype: Any) -> None:
    with pytest.raises(SchemaError, match=re.escape(f"key 'k' holds {dtype}, which cannot be a key")):
        check_key_dtype("k", "k", dtype)


def test_categories_of_two_numberings_are_two_columns() -> None:
    """The codes of named Categories mean nothing in the global numbering."""
    pl.Series(["p", "q", "r"], dtype=pl.Categorical)
    named = pl.Series(["x", "y", None, "x"], dtype=pl.Categorical(pl.Categories("two numberings")))
    key_coder = coder(named.dtype)
    codes, _ = coded(key_coder, named)
    assert key_coder.values().gather(codes).to_list() == ["x", "y", None, "x"]


def test_an_enum_of_many_categories() -> None:
    for size, physical in ((255, pl.UInt8), (256, pl.UInt16), (70_000, pl.UInt32)):
        dtype = pl.Enum([f"c{number}" for number in range(size)])
        column = pl.Series(["c0", f"c{size - 1}", None, "c1"], dtype=dtype)
        assert size == 256 or column.to_physical().dtype == physical
        codes, said = coded(coder(dtype), column)
        assert codes == [1, size, 0, 2]
        assert said is not None
        assert said.final
        assert said.size == size + 1


@pytest.mark.parametrize("text", [True, False], ids=["text", "numbers"])
def test_200_000_distinct_values(text: bool) -> None:
    """Tables grow many times over, and no code changes on the way."""
    numbers = np.random.default_rng(0).permutation(np.repeat(np.arange(200_000), 2))
    column = pl.Series(numbers * 0x1E3779B97F4A)
    column = "a prefix of some length " + column.cast(pl.String) if text else column
    key_coder, codes, said = coder(column.dtype), [], None
    for start in range(0, 400_000, 30_000):
        more, said = coded(key_coder, column[start : start + 30_000])
        codes += more
    first = pl.DataFrame({"number": numbers}).unique(maintain_order=True).with_row_index("code", 1)
    expected = pl.DataFrame({"number": numbers}).join(first, on="number", how="left", maintain_order="left")["code"]
    assert codes == expected.to_list()
    assert said is not None
    assert said.size == 200_001
    assert key_coder.values().gather(codes).equals(column, check_names=False)


CLOSE: tuple[Any, ...] = (pl.Int8, pl.UInt8, pl.Int16, pl.UInt16, pl.Int32, pl.UInt32, pl.Int64, pl.UInt64, pl.Date)


@pytest.mark.parametrize("beyond", [0, 39, 120])
@pytest.mark.parametrize("least", [0, 40])
@pytest.mark.parametrize("dtype", CLOSE, ids=str)
def test_numbers_that_lie_close_together(dtype: Any, least: int, beyond: int) -> None:
    """Each is its own code, in as few bytes as it has, until one lies out of reach; no code changes then."""
    close = np.random.default_rng(least).permutation(np.arange(400) % 40) + least
    parts = [pl.Series(numbers).cast(pl.Int32).cast(dtype) for numbers in (close, close, [least + 60], [beyond], close)]
    parts[1] = pl.select(pl.when(close % 3 > 0).then(parts[1])).to_series()
    key_coder, found, itemsizes = coder(parts[0].dtype), list[int](), list[int]()
    for part in parts:
        codes, said = coded(key_coder, part)
        assert said is not None
        found += codes
        itemsizes.append(said.array.itemsize)
    column = pl.concat(parts)
    own = parts[0].to_physical().to_numpy().itemsize
    assert itemsizes[0] == (own if own < 8 else 2)
    assert found[:400] == (close - least + 1).tolist()
    assert key_coder.values().gather(found).equals(column, check_names=False)
    out = beyond < least or beyond >= least + 80
    assert (itemsizes[-1] == 4) == (out or itemsizes[0] == 4)


@pytest.mark.parametrize("dtype", [pl.Int32, pl.Int64], ids=str)
def test_many_numbers_that_lie_close_together(dtype: Any) -> None:
    """Three in seven of 300,000 numbers, null among them, and later one that lies far away."""
    numbers = np.random.default_rng(0).permutation(np.arange(0, 300_000, 2)) - 1000
    first = pl.select(pl.when(numbers % 7 > 0).then(pl.lit(pl.Series(numbers, dtype=dtype)))).to_series()
    key_coder = coder(dtype())
    codes, said = coded(key_coder, first)
    assert said is not None
    assert said.array.itemsize == 4
    assert codes == [0 if number is None else number + 1001 for number in first.to_list()]
    more, _ = coded(key_coder, pl.Series([2**31 - 1, *first[:10]], dtype=dtype))
    assert more[1:] == codes[:10]
    assert key_coder.values().gather([*codes, *more[:1]]).equals(first.append(pl.Series([2**31 - 1], dtype=dtype)))


@pytest.mark.parametrize("dtype", CLOSE[:-1], ids=str)
def test_close_together_does_not_go_round(dtype: Any) -> None:
    """The least number does not come after the greatest."""
    low, high = pl.select(pl.lit(0, dtype).lower_bound(), high=pl.lit(0, dtype).upper_bound()).row(0)
    key_coder = coder(dtype())
    codes = [code for number in (high, low, high) for code in coded(key_coder, pl.Series([number], dtype=dtype))[0]]
    assert codes == [1, 2, 1]
    assert key_coder.values().to_list() == [None, high, low]


@pytest.mark.parametrize("numbers", [[-5, -4, 2**63 - 1], [-(2**63), 2**63 - 1], [0, 70_000, *range(100)]])
def test_numbers_that_do_not(numbers: list[int]) -> None:
    key_coder = coder(pl.Int64())
    assert coded(key_coder, pl.Series(numbers, dtype=pl.Int64))[0] == oracle.interned(numbers)
    assert key_coder.values().to_list() == [None, *dict.fromkeys(numbers)]


@pytest.mark.parametrize("length", [0, 11, 12, 13, 14, 4095, 4096, 4097, 1_000_000])
def test_texts_of_any_length(length: int) -> None:
    """Those that end or begin alike too; a text longer than all that was seen makes room for itself."""
    texts = ["x" * length, "x" * (length + 1), "y" + "x" * length, "x" * length + "y", "x" * length]
    key_coder = TextCoder(pl.String())
    assert coded(key_coder, pl.Series(texts))[0] == oracle.interned(texts)
    assert key_coder.values().to_list() == [None, *dict.fromkeys(texts)]


def test_values_read_early_stay_as_they_were() -> None:
    """Reading the values between two batches neither changes them nor is changed by what comes after."""
    key_coder = TextCoder(pl.String())
    seen = []
    for start in range(0, 3000, 500):
        texts = [f"a text of more than twelve bytes {number}" for number in range(start, start + 500)]
        coded(key_coder, pl.Series(texts))
        seen.append((key_coder.values(), start + 500))
    for values, size in seen:
        assert values.to_list() == [None, *(f"a text of more than twelve bytes {number}" for number in range(size))]


def test_a_key_of_too_much_text_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strings, "ARENA_LIMIT", 10_000)
    with pytest.raises(DataError, match="distinct strings of a key fill more than 2 GiB"):
        coded(TextCoder(pl.String()), pl.Series(["x" * 9000, "y" * 2000]))


def test_text_from_many_buffers() -> None:
    """Strings of one column may lie in any number of buffers, and in other ones in each batch."""
    parts = [pl.Series([f"a long text in a part of its own {number}", None, "short"]) for number in range(50)]
    column = pl.concat(parts).rechunk()
    key_coder = TextCoder(pl.String())
    assert coded(key_coder, column)[0] + coded(key_coder, pl.concat(parts, rechunk=False))[0] == oracle.interned(
        column.to_list() * 2
    )


# Ids


def codes_of(rows: Sequence[tuple[int, ...]], sizes: Sequence[int], shift: int = 0, final: bool = False) -> list[Codes]:
    table = np.array(rows, np.uint32).reshape(len(rows), len(sizes))
    return [Codes(table[:, key] - np.uint32(shift), shift, size, final) for key, size in enumerate(sizes)]


@pytest.mark.parametrize("dense_ids", [1, 40, 10**6])
@pytest.mark.parametrize("keys", [1, 2, 3, 4])
@pytest.mark.parametrize(("shift", "final"), [(0, False), (1, True)])
def test_ids_are_one_to_one_and_stay_until_the_next_plan(
    monkeypatch: pytest.MonkeyPatch, shift: int, final: bool, keys: int, dense_ids: int
) -> None:
    """Codes appear over time: ids of what is known stay for as long as `fits` says so, whatever is new."""
    for name in ("DENSE_IDS", "MORE_IDS"):
        monkeypatch.setattr(groups, name, dense_ids)
    rng = np.random.default_rng(keys)
    grouper, seen, plans = Grouper(), {}, 0
    for step in range(1, 15):
        sizes = [2 + step * (key + 1) // 2 for key in range(keys)]
        rows = [tuple(rng.integers(shift, sizes).tolist()) for _ in range(50)]
        columns = codes_of(rows, sizes, shift, final)
        if not grouper.fits(columns[0].size, columns[1:], 50):
            assert not grouper.hashed
            grouper.plan(columns[0].size, columns[1:], 50)
            seen, plans = {}, plans + 1
        ids = composed(columns, grouper)
        for row, number in zip(rows, ids.tolist(), strict=True):
            assert seen.setdefault(row, number) == number
        assert len(set(seen.values())) == len(seen)
        assert max(seen.values()) < grouper.size
        decoded = grouper.decode(np.array(list(seen.values())))
        assert list(zip(*(codes.tolist() for codes in decoded), strict=True)) == list(seen)
    assert grouper.hashed == (keys > 1 and dense_ids < 10**6)
    assert plans <= (0 if keys == 1 else 14 if final else 8)


def test_no_keys_are_one_group() -> None:
    grouper = Grouper()
    assert grouper.fits(1, [], 3)
    assert grouper.ids(Ids(3), []).array().tolist() == [0, 0, 0]
    assert grouper.size == 1


def test_a_first_key_grows_without_a_plan() -> None:
    grouper = Grouper()
    for size in (3, 300, 3_000_000):
        columns = codes_of([(size - 1,), (0,)], [size])
        assert grouper.fits(size, [], 2)
        assert composed(columns, grouper).tolist() == [size - 1, 0]
        assert grouper.size == size


def test_more_cells_than_ids_are_refused() -> None:
    """Before a row is added to a cell that is not its own."""
    assert of_states(Ids(1, 2**30), None, 4).size == 2**32
    with pytest.raises(DataError, match="more than 477,218,588 groups"):
        of_states(Ids(1, 2**29), None, 9)


# Windows as a key


def test_windows_near_and_far() -> None:
    """The codes of windows stay when instants centuries apart end the listing of windows."""
    hour = 3_600_000_000
    batches = [[0, hour - 1, None, hour], [5 * hour, 0], [-(2**55), hour, None, 2**55], [None], [0, 5 * hour], []]
    key_coder = WindowCoder(Windows("1h"), TIMES)
    found = [key_coder.codes(pa.array(batch, pa.timestamp("us"))) for batch in batches]
    assert key_coder.table is not None
    values = key_coder.values()
    assert values[0] is None
    for batch, codes in zip(batches, found, strict=True):
        starts = values.gather(codes.of_rows()).to_physical().to_list()
        assert starts == [None if time is None else time // hour * hour for time in batch]
        assert max(codes.of_rows(), default=0) < codes.size
    assert len(values) == 1 + 5 == key_coder.size


def test_windows_that_cannot_be_listed_are_asked_for_one_by_one() -> None:
    """45 minutes in New York when the clock goes back: a window is left and entered again."""
    start = 1_730_602_800_000_000  # midnight of 3 November 2024
    times = [start + minute * 60_000_000 for minute in range(0, 600, 5)]
    key_coder = WindowCoder(Windows("45m", time_zone="America/New_York"), TIMES)
    codes = key_coder.codes(pa.array(times, pa.timestamp("us"))).of_rows()
    starts = key_coder.values().gather(codes).to_physical().to_list()
    assert starts == oracle.window(times, "45m", "America/New_York")


def test_a_window_whose_start_the_clock_skips_begins_when_it_is_set() -> None:
    jumped = pl.Series(["2024-03-31T01:10"]).str.to_datetime(time_zone="UTC", time_unit="us")
    key_coder = WindowCoder(Windows("45m", time_zone="Europe/Dublin"), TIMES)
    key_coder.codes(jumped.to_arrow())
    assert key_coder.values().dt.to_string("%H:%M%z").to_list() == [None, "02:00+0100"]


def test_codes_that_a_family_gives_are_as_many_as_their_key_has_or_as_there_were_so_far() -> None:
    codes = np.array([0, 6, 3], np.uint32)
    assert given_codes(binary("label", "pred"), InnerKey("bin", 9), codes)[2:4] == (10, True)
    assert given_codes(binary("label", "pred"), InnerKey("class"), codes)[2:4] == (7, False)
    assert given_codes(binary("label", "pred"), InnerKey("class"), codes[:0]).size == 1
