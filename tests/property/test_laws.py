"""The laws of counting, on random logs, for every family at once: to the bit, sums of floats to 1e-12 of Σ|x|."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastmetrics as fm
import oracle
import oracle_text
import oracle_values
from families_of_texts_and_lists import multilabel
from fastmetrics.counting import assembly, cell_arrays, groups, scan, worker
from fastmetrics.families import KINDS
from fastmetrics.reading.cells import cells_of
from fastmetrics.state.layout import WINDOW
from strategies import LAWS, cuts, key_names, logs
from toy_families import letters, recalled, versus

pytestmark = pytest.mark.filterwarnings("ignore::fastmetrics.NoteWarning")  # logs that are drawn are often doubtful

LOGARITHMS = (  # minus infinity, where the truth is 0; null where nobody knows the cause, and an empty list of dogs
    pl.when(pl.col("cause") == "cat")
    .then(pl.concat_list(-1 / pl.col("truth").abs(), -pl.col("guess").abs(), -pl.col("score").abs()))
    .when(pl.col("cause") == "dog")
    .then(pl.lit([], pl.List(pl.Float64)))
)
LONG = pl.col("answer").str.contains("longer")
WHOLE = pl.when(pl.col("truth").is_in([0.0, 1.0, math.nan])).then("truth")  # as a number, NaN among them
EDGES = [0.0, 0.25, 0.5, 0.75, 1.0]
SUMS = (
    fm.binary("label", "pred"),
    fm.binary("label", y_score="score", threshold=0.3, name="reached"),
    fm.classes("cause", "answer"),
    fm.scores("label", "score", bins=4),
    fm.regression("truth", "guess", shift=0.5, extremes=False),
    letters("cause", "answer"),
    letters("cause", "answer", fused=True, name="fused"),
    recalled("truth", "guess"),
    versus("label", "pred", "score"),
    multilabel(pl.col("cause").str.split("a"), pl.col("answer").str.split("a")),
    fm.flags(cat=pl.col("cause") == "cat", long=LONG.cast(pl.String), whole=WHOLE),
    fm.likelihood(LOGARITHMS),
    fm.text("answer", reference="cause", measures=["wer", "distinct2", "length_ratio"]),
    fm.values("guess", extremes=False),
)
ALL = (
    *SUMS,
    fm.regression("truth", "guess", name="extremes"),
    recalled("truth", "guess", extremes=True, name="best"),
    fm.values(pl.col("truth") / pl.col("score"), name="quotient"),  # infinite and undefined where the score is 0
)
OWN = [family for family in ALL if family.kind not in KINDS]
ENTRIES: dict[str, Callable[[dict[str, Any]], list[Any]]] = {
    "binary": lambda row: [oracle.binary_row(row["label"], row["pred"])],
    "reached": lambda row: [oracle.binary_row(row["label"], reached(row["score"], 0.3))],
    "classes": lambda row: [oracle.class_row(row["cause"], row["answer"])],
    "scores": lambda row: [oracle.score_row(row["label"], row["score"], EDGES)],
    "regression": lambda row: [oracle.regression_row(row["truth"], row["guess"], 0.5)],
    "extremes": lambda row: [oracle.regression_row(row["truth"], row["guess"])],
    "letters": lambda row: [oracle.letter_row(row["cause"], row["answer"])],
    "fused": lambda row: [oracle.letter_row(row["cause"], row["answer"])],
    "recalled": lambda row: oracle.recalled_entries(row["truth"], row["guess"]),
    "best": lambda row: oracle.recalled_entries(row["truth"], row["guess"]),
    "multilabel": lambda row: oracle.multilabel_entries(*(parted(row[name]) for name in ("cause", "answer"))),
    "text": lambda row: [oracle_text.text_row(row["answer"], row["cause"])],
    "likelihood": lambda row: [oracle.likelihood_row(logarithms(row))],
    "flags": lambda row: [oracle.flags_row(**flags(row))],
    "guess": lambda row: [oracle_values.value_row(row["guess"], extremes=False)],
    "quotient": lambda row: [oracle_values.value_row(divided(row["truth"], row["score"]))],
    "versus": lambda row: [oracle.versus_row(row["label"], row["pred"], row["score"])],
}
DAYS = {"time": "ts", "every": "1d", "time_zone": "UTC"}


def parted(text: str | None) -> list[str] | None:
    return None if text is None else text.split("a")


def logarithms(row: dict[str, Any]) -> list[Any] | None:
    """The list of ``LOGARITHMS``."""
    if row["cause"] != "cat":
        return [] if row["cause"] else None
    truth, guess, score = (oracle.known(row[name]) for name in ("truth", "guess", "score"))
    inverse = None if truth is None else -1 / abs(truth) if truth else -math.inf
    return [inverse, *(None if value is None else -abs(value) for value in (guess, score))]


def flags(row: dict[str, Any]) -> dict[str, Any]:
    """The flags of a row."""
    cause, answer, truth = row["cause"], row["answer"], row["truth"]
    return {
        "cat": None if cause is None else cause == "cat",
        "long": None if answer is None else str("longer" in answer),
        "whole": truth if truth in (0.0, 1.0) else None,
    }


def divided(num: float | None, den: float | None) -> float | None:
    if num is None or den is None or math.isnan(num) or math.isnan(den) or den == 0 == num:
        return None
    return num / den if den else math.copysign(math.inf, num)


def reached(score: float | None, threshold: float) -> bool | None:
    score = oracle.known(score)
    return None if score is None else score >= threshold


def outer(log: pl.DataFrame, keys: Sequence[str], windows: dict[str, str] | None) -> list[tuple[Any, ...]]:
    """The group of each row, its window last."""
    of_keys = oracle.groups_of(log, keys)
    if windows is None:
        return of_keys
    dtype = log["ts"].dtype
    assert isinstance(dtype, pl.Datetime)
    per_second = {"ms": 10**3, "us": 10**6, "ns": 10**9}[dtype.time_unit]
    instants = [None if at is None else at * 10**6 // per_second for at in log["ts"].to_physical().to_list()]
    starts = oracle.window(instants, windows["every"], windows["time_zone"])
    return [(*group, start) for group, start in zip(of_keys, starts, strict=True)]


def table(log: pl.DataFrame, family: str, keys: Sequence[str], windows: Any = None, weighted: bool = False) -> Any:
    rows = [ENTRIES[family](row) for row in log.iter_rows(named=True)]
    return oracle.table(outer(log, keys, windows), rows, log["weight"].to_list() if weighted else None)


def assert_counts(
    counts: fm.Counts, log: pl.DataFrame, keys: Sequence[str], windows: Any = None, scale: pl.DataFrame | None = None
) -> None:
    """Counts are those of a log, row by row; sums to 1e-12 of Σ|x| over the rows of ``scale``."""
    layout = counts.layout
    assert layout.keys == tuple(keys)
    for family in layout.families:
        frame, columns = counts.tables[family.name], layout.key_columns(family)
        assert frame.columns == [*columns, *layout.merges(family)]
        assert frame.equals(frame.sort(columns, nulls_last=True) if columns else frame)
        expected, size = (
            None if rows is None else table(rows, family.name, keys, windows, layout.weighted) for rows in (log, scale)
        )
        assert oracle.differences(frame, columns, expected, layout.merges(family), size) == []


def assert_same(left: fm.Counts, right: fm.Counts) -> None:
    """Equal to the bit, but for the sums of floats, of which `assert_counts` knows more."""
    assert left.layout == right.layout
    for family in left.layout.families:
        frames = left.tables[family.name], right.tables[family.name]
        assert frames[0].schema == frames[1].schema
        floats = [cell for cell, merge in left.layout.merges(family).items() if merge == "sum"]
        kept = [name for name, dtype in frames[0].schema.items() if name not in floats or not dtype.is_float()]
        assert frames[0].select(kept).equals(frames[1].select(kept))


@contextmanager
def threads_take_turns(rows: int, table_bytes: int = 1 << 30) -> Iterator[None]:
    """Pieces and blocks of so many rows, dealt to the threads in turn, whose tables have so many bytes.

    No number of groups is few then.
    """

    def dealt(batches: Any, plan: Any, threads: int) -> list[Any]:
        workers = [worker.Worker(plan, scan.TABLE_BYTES // threads) for _ in range(threads)]
        pool = scan.Pool(plan)
        for number, batch in enumerate(batches):
            workers[number % threads].add(batch)
            pool.relieve(workers[number % threads])
        return [*pool.shares, *(worker.share() for worker in workers)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "TABLE_BYTES", table_bytes)
        patch.setattr(scan, "PIECE_ROWS", rows)
        patch.setattr(worker, "BLOCK_ROWS", max(rows // 2, 1))
        patch.setattr(worker, "WHOLE_ROWS", max(rows // 2, 1))
        patch.setattr(scan, "count_batches", dealt)
        for module in (cell_arrays, assembly):  # what kernels do for many groups
            patch.setattr(module, "FEW_GROUPS", 0)
        yield


@LAWS
@given(logs())
def test_counts_are_those_of_the_oracle(log: pl.DataFrame) -> None:
    keys = key_names(log)
    assert_counts(fm.count(log, *ALL, by=keys), log, keys)


@LAWS
@given(logs())
def test_weighted_counts_are_those_of_the_oracle(log: pl.DataFrame) -> None:
    keys = key_names(log)
    log = log.with_columns(weight=pl.col("weight") / 3)
    assert_counts(fm.count(log, *SUMS, by=keys, weight="weight"), log, keys)


@LAWS
@given(logs(keys_at_most=1), st.sampled_from(["15m", "1h", "1d", "1mo"]), st.sampled_from(["UTC", "America/New_York"]))
def test_windows_are_those_of_the_oracle(log: pl.DataFrame, every: str, zone: str) -> None:
    keys, windows = key_names(log), {"time": "ts", "every": every, "time_zone": zone}
    counts = fm.count(log, *ALL, by=keys, **windows)
    assert_counts(counts, log, keys, windows)
    for family in counts.layout.families:
        assert counts.tables[family.name][WINDOW].dtype == pl.Datetime("us", zone)


@LAWS
@given(logs(keys_at_most=1))
def test_every_row_read_is_in_one_cell(log: pl.DataFrame) -> None:
    counts = fm.count(log, *ALL, by=key_names(log), **DAYS)
    assert counts.rows == counts.how["rows"] == len(log)
    for family in ALL:
        assert sum(counts.tables[family.name].select(family.row_states).sum().row(0)) == len(log)


@LAWS
@given(logs().flatmap(lambda log: st.tuples(st.just(log), cuts(log))))
def test_addition_and_subtraction(drawn: tuple[pl.DataFrame, list[pl.DataFrame]]) -> None:
    log, parts = drawn
    keys = key_names(log)
    whole, zero = fm.count(log, *SUMS, by=keys), fm.count(log.clear(), *SUMS, by=keys)
    a, b, c = (fm.count(part, *SUMS, by=keys) for part in parts)
    assert a + b == b + a
    assert a + zero == a
    assert sum([a]) == a
    assert zero.rows == 0
    for total in ((a + b) + c, a + (b + c), sum([c, a, b]), whole):
        assert_same(total, whole)
        assert_counts(total, log, keys)
    assert_same((a + b) - b, a)
    assert_counts((a + b) - b, parts[0], keys, scale=log)
    assert a - a == zero
    assert zero - (zero - a) == a


@LAWS
@given(logs().flatmap(lambda log: st.tuples(st.just(log), cuts(log))))
def test_extremes_add_up(drawn: tuple[pl.DataFrame, list[pl.DataFrame]]) -> None:
    log, parts = drawn
    keys = key_names(log)
    a, b, c = (fm.count(part, *ALL[-2:], by=keys) for part in parts)
    assert a + b == b + a
    for total in ((a + b) + c, a + (b + c)):
        assert_counts(total, log, keys)


@LAWS
@given(
    logs(), st.integers(1, 9), st.integers(1, 4), st.sampled_from([1, 2000, 1 << 30]), st.randoms(use_true_random=False)
)
def test_chunks_threads_and_the_order_of_rows_do_not_matter(
    log: pl.DataFrame, rows: int, threads: int, table_bytes: int, random: Any
) -> None:
    keys = key_names(log)
    whole = fm.count(log, *ALL, by=keys, **DAYS)
    order = list(range(len(log)))
    random.shuffle(order)
    chunked = pl.concat([log[:rows], log[rows:].rechunk(), log.clear()], rechunk=False)
    assert_same(fm.count(chunked, *ALL, by=keys, **DAYS, threads=threads), whole)
    with threads_take_turns(rows, table_bytes):
        counts = fm.count(log[order], *ALL, by=keys, **DAYS, threads=threads)
    assert_same(counts, whole)
    assert_counts(counts, log, keys, DAYS)


@LAWS
@given(logs(), st.sampled_from([1, 2, 7]), st.integers(1, 2))
def test_dense_and_hashed_plans_agree(log: pl.DataFrame, ids: int, threads: int) -> None:
    keys = key_names(log)
    dense = fm.count(log, *ALL, by=keys, **DAYS)
    assert dense.how["groups"] == "dense"
    with pytest.MonkeyPatch.context() as patch, threads_take_turns(5):
        patch.setattr(groups, "DENSE_IDS", ids)
        patch.setattr(groups, "MORE_IDS", ids)
        hashed = fm.count(log, *ALL, by=keys, **DAYS, threads=threads)
    if keys and len(log) and ids == 1:
        assert "hashed" in hashed.how["groups"]
    assert_same(hashed, dense)
    assert_counts(hashed, log, keys, DAYS)


@LAWS
@given(logs().flatmap(lambda log: st.tuples(st.just(log), cuts(log, 2))), st.data())
def test_rollups(drawn: tuple[pl.DataFrame, list[pl.DataFrame]], data: st.DataObject) -> None:
    log, parts = drawn
    keys = key_names(log)
    a, b = (fm.count(part, *ALL, by=keys, **DAYS) for part in parts)
    fewer = [key for key in keys if data.draw(st.booleans())]
    for kept, windows in (([*fewer, "window"], DAYS), (fewer, None)):
        rolled = (a + b).rollup(*kept)
        assert_same(rolled, a.rollup(*kept) + b.rollup(*kept))
        assert_same(rolled, (a + b).rollup(*reversed(kept)))
        assert_same(rolled, (a + b).rollup(*keys, "window").rollup(*kept))
        assert_same(rolled, fm.count(log, *ALL, by=fewer, **(windows or {})))
        assert_counts(rolled, log, fewer, windows)
    longer = DAYS | {"every": "1w"}
    coarse = (a + b).rollup(*fewer, "window", every="1w")
    assert_same(coarse, fm.count(log, *ALL, by=fewer, **longer))
    assert_counts(coarse, log, fewer, longer)


@LAWS
@given(logs())
def test_a_filter_and_its_opposite_are_the_whole(log: pl.DataFrame) -> None:
    counts = fm.count(log, *SUMS, by=key_names(log), **DAYS)
    for key in [*key_names(log), WINDOW]:
        some = counts.filter(pl.col(key).is_null())
        rest = counts.filter(pl.col(key).is_not_null())
        assert some + rest == counts
        assert counts - rest == some
        assert counts.filter(**{key: None}) == some


@LAWS
@given(logs(keys_at_most=1))
def test_a_weight_of_w_is_the_row_w_times(log: pl.DataFrame) -> None:
    keys = key_names(log)
    weighted = fm.count(log, *SUMS, by=keys, weight="weight")
    repeated = fm.count(log[np.repeat(np.arange(len(log)), log["weight"].to_numpy())], *SUMS, by=keys)
    for family in SUMS:
        left = weighted.tables[family.name].filter(pl.sum_horizontal(f"w_{cell}" for cell in family.states) > 0)
        columns = weighted.layout.key_columns(family)
        right = repeated.tables[family.name]
        assert left.select(columns).equals(right.select(columns))
        once, again = (
            cells_of(*of).values for of in ((left, family, weighted.layout), (right, family, repeated.layout))
        )
        for cell in family.cells:
            if cell.kind in ("state", "count"):
                assert once[cell.name].tolist() == again[cell.name].tolist()
            else:
                np.testing.assert_allclose(once[cell.name], again[cell.name], rtol=1e-9, atol=1e-6)


def spelled_out(log: pl.DataFrame) -> pl.DataFrame:
    """Each row of a log as many times as ``weight`` says."""
    return log[np.repeat(np.arange(len(log)), log["weight"].to_numpy())]


@LAWS
@given(logs(), st.sampled_from([pl.Int64, pl.UInt64, pl.Int8, pl.Float64, pl.Float32]), st.integers(1, 9))
def test_a_frequency_of_f_is_the_row_f_times(log: pl.DataFrame, dtype: Any, rows: int) -> None:
    keys, repeated = key_names(log), spelled_out(log)
    expected = fm.count(repeated, *ALL, by=keys, **DAYS)
    given = log.with_columns(pl.col("weight").cast(dtype))
    for chunked, threads in ((given, 1), (pl.concat([given[:rows], given[rows:].rechunk()], rechunk=False), 2)):
        counts = fm.count(chunked, *ALL, by=keys, **DAYS, frequency="weight", threads=threads)
        assert_same(counts, expected)
        assert_counts(counts, repeated, keys, DAYS)
        assert counts.rows == counts.how["rows"] == len(repeated)
    with threads_take_turns(rows, 2000):
        assert_same(fm.count(given, *ALL, by=keys, **DAYS, frequency="weight", threads=3), expected)


@settings(LAWS, max_examples=10)
@given(logs(), st.booleans())
def test_frequencies_compose_with_a_filter_grouping_sets_and_expressions(log: pl.DataFrame, timed: bool) -> None:
    keys, repeated = key_names(log), spelled_out(log)
    sets = [[], *([key] for key in keys)]
    more: dict[str, Any] = {"by": keys, "where": pl.col("score") > 0.3, **(DAYS if timed else {})}
    counts = fm.count(log, *ALL, frequency=pl.col("weight") * 1.0, grouping_sets=sets, **more)
    assert_same(counts, fm.count(repeated, *ALL, grouping_sets=sets, **more))


@settings(LAWS, max_examples=10)
@given(logs(keys_at_most=1))
def test_frequencies_beyond_what_a_log_could_spell_out(log: pl.DataFrame) -> None:
    keys, many = key_names(log), 2**28
    log = log.with_columns(pl.col("guess", "score").clip(upper_bound=7))  # or exact sums would be too large
    few = fm.count(log, *ALL, by=keys, frequency="weight")
    counts = fm.count(log, *ALL, by=keys, frequency=pl.col("weight") * many)
    assert counts.rows == few.rows * many
    for family in ALL:
        left, right = counts.tables[family.name], few.tables[family.name]
        for name, merge in counts.layout.merges(family).items():
            times = 1 if merge != "sum" else many
            if left[name].dtype == pl.Int64:
                assert (left[name] == right[name] * times).all()
        sums = [name for name in counts.layout.merges(family) if f"{name}_error" in left.columns]
        for name in sums:
            once = right[name] + right[f"{name}_error"]
            np.testing.assert_allclose(left[name] + left[f"{name}_error"], once * many, rtol=1e-9, atol=1e-6)


@settings(LAWS, max_examples=10)
@given(logs())
def test_a_weight_beside_a_frequency_is_that_of_each_row_spelled_out(log: pl.DataFrame) -> None:
    keys = key_names(log)
    log = log.with_columns(importance=pl.col("truth").fill_nan(None).fill_null(1).abs() / 3)
    repeated = spelled_out(log)
    counts = fm.count(log, *SUMS, by=keys, frequency="weight", weight="importance")
    assert_same(counts, fm.count(repeated, *SUMS, by=keys, weight="importance"))
    assert_counts(counts, repeated.with_columns(weight="importance"), keys)


@LAWS
@given(logs())
def test_swapping_the_classes_swaps_the_cells(log: pl.DataFrame) -> None:
    keys = key_names(log)
    other = [(pl.col(name).cast(pl.Float64).fill_nan(None) != 1).alias(name) for name in ("label", "pred")]
    counts, swapped = (fm.count(log, fm.binary(*roles), by=keys) for roles in (("label", "pred"), other))
    renamed = swapped.frame.rename(oracle.SWAPPED).select(counts.frame.columns)
    assert renamed.equals(counts.frame)


@LAWS
@given(logs(), st.booleans())
def test_grouping_sets(log: pl.DataFrame, timed: bool) -> None:
    keys, windows = key_names(log), DAYS if timed else None
    sets = [[], *([key] for key in keys), *([keys[::-1]] if len(keys) > 1 else [])]
    counts = fm.count(log, *SUMS, by=keys, grouping_sets=sets, **(windows or {}))
    assert counts.rows == len(log)
    for wanted in sets:
        picked = counts.grouping(*wanted)
        assert picked.rows == len(log)
        assert_counts(picked, log, wanted, windows) if len(wanted) < 2 else None
        assert_same(picked.rollup(*sorted(wanted), *(["window"] if timed else [])), picked)


@LAWS
@given(logs().flatmap(lambda log: st.tuples(st.just(log), cuts(log))), st.booleans(), st.booleans())
def test_the_order_of_keys_families_and_sets_does_not_matter(drawn: Any, timed: bool, sets: bool) -> None:
    log, parts = drawn
    keys, families = key_names(log), (SUMS[0], SUMS[1], SUMS[2])
    one: dict[str, Any] = {"by": keys, **(DAYS if timed else {})}
    other: dict[str, Any] = {"by": keys[::-1], **(DAYS | {"time_zone": "Etc/UTC", "every": "24h"} if timed else {})}
    if sets:
        one["grouping_sets"], other["grouping_sets"] = [[], keys], [keys[::-1], []]
    if not keys:
        return
    a, b = fm.count(parts[0], *families, **one), fm.count(parts[1], *families[::-1], **other)
    whole = fm.count(pl.concat(parts[:2]), *families, **one)
    assert a + b == b + a == whole
    assert (a + b) - b == a
    assert (b + a) - a == b


PLAIN = ("String", "Boolean", "Int64", "Float64", "Binary")
SOURCES: dict[str, Callable[[pl.DataFrame, Path], Any]] = {
    "LazyFrame": lambda log, _: log.lazy(),
    "computed": lambda log, _: log.lazy().with_columns(pl.all().name.keep()),
    "dict": lambda log, _: log.to_dict(),
    "pyarrow Table": lambda log, _: log.to_arrow(),
    "pyarrow reader": lambda log, _: log.to_arrow().to_reader(max_chunksize=7),
    "pandas": lambda log, _: log.to_pandas(use_pyarrow_extension_array=True),
    "Parquet": lambda log, folder: written(log, folder / "log.parquet"),
    "files": lambda log, folder: [written(log[:9], folder / "1.parquet"), written(log[9:], folder / "2.parquet")],
}


def written(log: pl.DataFrame, path: Path) -> Path:
    log.write_parquet(path, row_group_size=5)
    return path


@LAWS
@given(logs(keys_at_most=1, kinds=PLAIN))
def test_every_source_gives_the_same_counts(log: pl.DataFrame) -> None:
    keys = [*key_names(log), "ts"]
    log = log.with_columns(pl.col("label", "pred").cast(pl.Float64))
    expected = fm.count(log, *ALL, by=keys)
    with tempfile.TemporaryDirectory() as folder:
        for name, source in SOURCES.items():
            counts = fm.count(source(log, Path(folder)), *ALL, by=keys)
            assert_same(counts, expected)
            assert counts.rows == len(log), name


@LAWS
@given(logs())
def test_counts_survive_arrow_and_files(log: pl.DataFrame) -> None:
    counts = fm.count(log, *ALL, by=key_names(log), **DAYS)
    assert fm.Counts.from_arrow(counts.to_arrow(), families=OWN) == counts
    with tempfile.TemporaryDirectory() as folder:
        counts.write(Path(folder) / "counts")
        assert fm.read_counts(Path(folder) / "counts", families=OWN) == counts


@pytest.mark.parametrize("kind", ["scores", "classes"])
def test_inner_keys_that_a_merge_leaves_little_room(kind: str) -> None:
    """Threads that saw other keys are put under one plan, whose inner keys have no more room than codes that occur."""
    log = pl.DataFrame({"key": [f"k{number}" for number in range(80)], "other": "a", "label": 0, "score": None})
    log = log.with_columns(pl.col("score").cast(pl.Float64))
    family = fm.scores("label", "score", bins=3) if kind == "scores" else fm.classes("label", "score")
    expected = fm.count(log, family, by=["other", "key"], threads=1)
    with threads_take_turns(40):
        assert fm.count(log, family, by=["other", "key"], threads=2) == expected
