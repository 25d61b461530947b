"""Differences of Counts: they add up, remember what they are, and refuse to be read; late labels are added once."""

from __future__ import annotations

import json
import operator
import pickle
import random
import subprocess
import sys
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import fastmetrics as fm
from arrivals import check_arrivals
from fastmetrics.cli import main

FAMILY = fm.binary("label", "pred")
LOG = pl.DataFrame({"id": range(8), "m": ["a", "b"] * 4, "c": ["x", "x", "y", "y"] * 2, "pred": [1, 0, 1, 1] * 2})
LABELS = pl.DataFrame({"id": [0, 1, 2, 5], "label": [1, 1, 0, 0]})
ASKED: dict[str, Any] = {"on": "id", "label": "label", "by": ["m", "c"]}
SCORED = pl.DataFrame(
    {
        "m": ["a", "a", "b", "b"],
        "label": [1, 0, 1, 0],
        "pred": [1, 1, 0, 0],
        "score": [0.9, 0.8, 0.2, 0.1],
        "day": [0, 86_400, 0, 86_400],
    }
)
ALL = (FAMILY, fm.scores("label", "score", edges=[0.5]), fm.classes("label", "pred"))
TIMED: dict[str, Any] = {"by": "m", "time": "day", "every": "1d", "time_unit": "s"}


def early() -> fm.Counts:
    return fm.count(LOG.with_columns(label=pl.lit(None, pl.Int64)), FAMILY, by=["m", "c"])


def delta(log: pl.DataFrame = LOG, labels: pl.DataFrame = LABELS, **other: Any) -> fm.Counts:
    return fm.label_delta(log, labels, FAMILY, **ASKED | other)


def few_and_many(*families: fm.Family, **asked: Any) -> tuple[fm.Counts, fm.Counts]:
    return fm.count(SCORED[:2], *families, **asked), fm.count(pl.concat([SCORED] * 3), *families, **asked)


READINGS: dict[str, Callable[[fm.Counts, fm.Counts], Any]] = {
    "metrics": lambda bad, _: bad.metrics(),
    "periods": lambda bad, _: bad.metrics("binary.f1", period="2d"),
    "worst": lambda bad, _: bad.worst("binary.recall"),
    "tidy": lambda bad, _: bad.tidy("binary.recall"),
    "compare": lambda bad, _: bad.compare("binary.recall", by="m", to="overall"),
    "compare with it": lambda bad, good: good.compare("binary.recall", by="m", to=bad),
    "curve": lambda bad, _: bad.curve("roc"),
    "at_threshold": lambda bad, _: bad.at_threshold(0.5),
    "per_class": lambda bad, _: bad.per_class(),
    "most_confused": lambda bad, _: bad.most_confused(),
    "root_cause": lambda bad, _: bad.root_cause(),
    "plot": lambda bad, _: bad.plot("binary.recall"),
    "plot of curves": lambda bad, _: bad.plot(kind="roc"),
    "plot of cells": lambda bad, _: bad.plot(kind="confusion"),
    "diagnose": lambda bad, good: fm.diagnose(bad, baseline=good),
    "diagnose against it": lambda bad, good: fm.diagnose(good, baseline=bad),
    "diagnose alone": lambda bad, _: fm.diagnose(bad),
    "decompose": lambda bad, good: fm.decompose(bad, baseline=good, metric="binary.recall"),
    "decompose against it": lambda bad, good: fm.decompose(good, baseline=bad, metric="binary.recall"),
}


@pytest.mark.parametrize("reading", READINGS)
def test_nothing_is_read_from_a_difference(reading: str) -> None:
    if "plot" in reading:
        pytest.importorskip("altair")
    few, many = few_and_many(*ALL, **TIMED)
    marked = few - many
    for bad in (marked, fm.Counts(marked.layout, marked.tables)):  # marked, and as another engine may have merged it
        with pytest.raises(fm.SchemaError, match=r"a difference: cells are negative in [34] groups, first m='a'"):
            READINGS[reading](bad, many)
    gained = many - few
    with pytest.raises(fm.SchemaError, match="a difference, of rows gained less rows lost"):
        READINGS[reading](gained, many)


def test_cells_below_zero_are_seen_before_groups_are_added_up() -> None:
    labelled = SCORED.with_columns(label=1, pred=1, c=pl.Series(["x", "y", "x", "y"]))
    one, two = (fm.count(labelled.filter(c=c), FAMILY, by=["m", "c"]) for c in ("x", "y"))
    tables = (one + one - two).tables
    bad, good = fm.Counts(one.layout, tables), one + two
    assert bad.rollup("m").metrics("accuracy")["n"].to_list() == [1, 1]  # which tells nobody
    for ask in (
        lambda: bad.compare("accuracy", by="m", to="overall"),
        lambda: fm.decompose(bad, baseline=good, metric="accuracy", by="m"),
        lambda: fm.diagnose(bad, baseline=good, slices=["m"]),
    ):
        with pytest.raises(fm.SchemaError, match=r"negative in 2 groups, first m='a', c='y'; .* added twice"):
            ask()


def test_sums_of_floats_may_be_below_zero() -> None:
    log = {"y": [1.0, 2.0], "p": [0.0, 0.5]}
    assert fm.count(log, fm.regression("y", "p")).metrics("bias").item(0, "bias") == -1.25
    weighted = fm.count(log | {"w": [0.1, 0.3]}, fm.regression("y", "p", extremes=False), weight="w")
    assert (weighted + weighted - weighted).metrics("bias").item(0, "bias") == pytest.approx(-1.375)


@pytest.mark.parametrize(
    ("what", "readable"),
    [
        (lambda a, b, d: a + b - b, True),
        (lambda a, b, d: a - b + b, True),
        (lambda a, b, d: a + d, True),
        (lambda a, b, d: d + a, True),
        (lambda a, b, d: a - d + d, True),
        (lambda a, b, d: sum([d, a, b]), True),
        (lambda a, b, d: operator.neg(-a), True),
        (lambda a, b, d: a.rollup("m") + d.rollup("m"), True),
        (lambda a, b, d: a.filter(m="a") + d.filter(m="a"), True),
        (lambda a, b, d: a + (a - a), True),
        (lambda a, b, d: d, False),
        (lambda a, b, d: -d, False),
        (lambda a, b, d: d - d, False),
        (lambda a, b, d: d + (a - a), False),
        (lambda a, b, d: d.rollup("m"), False),
        (lambda a, b, d: d.filter(m="a"), False),
        (lambda a, b, d: a - b, False),
        (lambda a, b, d: a - a, False),
        (lambda a, b, d: -a, False),
        (lambda a, b, d: a - b - b, False),
    ],
)
def test_what_is_whole_and_what_is_a_difference(what: Callable[..., fm.Counts], readable: bool, tmp_path: Path) -> None:
    made = what(early(), early(), delta())
    made.write(tmp_path / "counts.parquet")
    for counts in (made, fm.read_counts(tmp_path / "counts.parquet"), pickle.loads(pickle.dumps(made))):
        assert counts == made
        assert ("difference" in repr(counts)) is not readable
        if readable:
            counts.metrics("accuracy")
        else:
            with pytest.raises(fm.SchemaError, match="these Counts are a difference"):
                counts.metrics("accuracy")


def test_how_counts_came_to_be_survives_what_is_taken_from_them() -> None:
    a, b = early(), early()
    assert (a + b - b).how == {**a.how, "merged": 1}
    assert (a - b).how["source"] == a.how["source"]
    assert ((a + b).how["rows"], (a - b).how["rows"], (-a).how["rows"]) == (16, 0, -8)


# Late labels


def test_a_delta_is_known_by_its_labels_rows_and_question() -> None:
    def known(**given: Any) -> list[str]:
        return list(delta(**given).how["deltas"])

    first = known()
    assert first == known(log=LOG.reverse(), labels=LABELS.reverse())
    assert first == known(labels=LABELS.cast(pl.Int8).lazy().collect())
    assert first == known(labels=pl.concat([LABELS, pl.DataFrame({"id": [99], "label": [1]})]))  # of no row here
    others = [
        known(labels=LABELS[:3]),
        known(labels=LABELS.with_columns(label=1 - pl.col("label"))),
        known(labels=LABELS.with_columns(id=pl.Series([2, 3, 0, 7]))),
        known(labels=LABELS.with_columns(id=pl.Series([4, 1, 2, 5]))),  # 4 is a row like 0
        known(log=LOG.with_columns(pred=1 - pl.col("pred"))),
        known(by="m"),
        list(fm.label_delta(LOG, LABELS, fm.classes("label", "pred"), **ASKED).how["deltas"]),
    ]
    assert len({name for names in (first, *others) for name in names}) == 8


def test_the_id_of_a_delta_is_that_of_any_process() -> None:
    code = (
        "import fastmetrics as fm; d = fm.label_delta({'id': [1, 2], 'pred': [1, 0]}, {'id': [2], 'label': [1]}, "
        "fm.binary('label', 'pred'), on='id', label='label'); print(*d.how['deltas'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    here = fm.label_delta({"id": [1, 2], "pred": [1, 0]}, {"id": [2], "label": [1]}, FAMILY, on="id", label="label")
    assert done.stdout.split() == list(here.how["deltas"])


@pytest.mark.parametrize(
    "dtype", [pl.Binary, pl.Date, pl.Duration, pl.Categorical, pl.List(pl.Int64), pl.Decimal(9, 2)]
)
def test_rows_are_known_by_columns_of_any_type(dtype: Any) -> None:
    ids = pl.Series(["a", "b"] if dtype in (pl.Binary, pl.Categorical) else [[1], [2]] if dtype == pl.List else [1, 2])
    log = pl.DataFrame({"id": ids.cast(dtype), "pred": [1, 0]})
    made = [fm.label_delta(log, log[[row]].select("id", label=1), FAMILY, on="id", label="label") for row in (0, 1, 1)]
    assert made[0].how["deltas"] != made[1].how["deltas"] == made[2].how["deltas"]


def stored(counts: fm.Counts, folder: Path) -> fm.Counts:
    counts.write(folder / "stored.parquet")
    return fm.read_counts(folder / "stored.parquet")


@pytest.mark.parametrize(
    "again",
    [
        lambda whole, d, folder: whole + d,
        lambda whole, d, folder: d + whole,
        lambda whole, d, folder: sum([whole, d]),
        lambda whole, d, folder: early().merged([d, d]),
        lambda whole, d, folder: reduce(operator.add, [d, d]),
        lambda whole, d, folder: stored(whole, folder) + stored(d, folder),
        lambda whole, d, folder: pickle.loads(pickle.dumps(whole)) + d,
        lambda whole, d, folder: whole.rollup("m") + d.rollup("m"),
        lambda whole, d, folder: whole.filter(m="a") + d.filter(m="a"),
        lambda whole, d, folder: whole + d.filter(m="a"),
        lambda whole, d, folder: early() + d.filter(m="a").filter(m="a") + d,
        lambda whole, d, folder: early() - d.filter(m="a") - d,
        lambda whole, d, folder: early() - d - d,
        lambda whole, d, folder: (whole + early()) + (d + early()),
    ],
)
def test_a_delta_is_added_once(again: Callable[..., fm.Counts], tmp_path: Path) -> None:
    with pytest.raises(fm.MergeError, match=r"the delta of late labels [0-9a-f]{12} would be .* twice"):
        again(early() + delta(), delta(), tmp_path)


def test_a_delta_that_was_taken_back_may_be_added_again() -> None:
    whole = early() + delta()
    assert whole - delta() == early()
    assert "deltas" not in (whole - delta()).how
    assert (whole - delta()) + delta() == whole


def test_parts_of_counts_with_late_labels_add_up() -> None:
    whole, d = early() + delta(), delta()
    assert whole.filter(m="a") + whole.filter(m="b") == whole
    assert whole.filter(pl.col("m").is_in(["a"])) + whole.filter(pl.col("m").is_in(["b"])) == whole
    assert early() + d.filter(m="a") + d.filter(m="b") == whole
    assert whole.filter(m="a") - d.filter(m="a") == early().filter(m="a")
    assert whole - d.filter(m="a") + d.filter(m="a") == whole
    assert whole + delta(labels=LABELS.with_columns(id=pl.col("id") + 2)) != whole


@pytest.mark.parametrize("seed", range(6))
def test_labels_in_parts_add_up_in_any_order(seed: int) -> None:
    drawn = random.Random(seed)
    check_arrivals(drawn, rows=drawn.randrange(1, 60), parts=drawn.randrange(2, 6))


def test_labels_that_change_nothing_may_be_added_ever_again() -> None:
    nothing = delta(labels=LABELS.with_columns(id=pl.col("id") + 100))
    known = LOG.join(LABELS, on="id", how="left")
    same = delta(log=known)
    for empty in (nothing, same):
        assert empty.frame.is_empty()
        assert early() + empty + empty == early()
        with pytest.raises(fm.SchemaError, match="a difference"):
            empty.metrics()


@pytest.mark.parametrize(
    "forged",
    [
        {"merged": "2"},
        {"merged": None},
        {"rows": [8]},
        {"difference": 1},
        {"deltas": ["a"]},
        {"deltas": {"a": "1"}},
        {"deltas": {"a": 2}},
        {"deltas": {"a": True}},
        {"counts": 1},
        {"counts": {"rows": "1"}},
        {"labels": {"columns": 1}},
        {"notes": 3},
        {"notes": [{"code": "files_skipped", "message": "m", "count": "many", "first": ""}]},
        {"notes": [{"code": "files_skipped", "message": None, "count": 1, "first": ""}]},
        {"notes": [{"code": "of a newer version", "message": "m", "count": 1, "first": ""}]},
    ],
)
def test_a_file_that_says_nonsense_of_how_it_came_to_be_is_refused(forged: dict[str, Any]) -> None:
    table = early().to_arrow()
    about = json.loads(table.schema.metadata[b"fastmetrics"])
    about["how"] |= forged
    with pytest.raises(fm.SourceError, match=r"(how|the notes of) these Counts .*cannot be read"):
        fm.Counts.from_arrow(table.replace_schema_metadata({b"fastmetrics": json.dumps(about).encode()}))


def test_the_shell_merges_a_delta_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [tmp_path / f"{name}.parquet" for name in ("early", "late", "again", "both")]
    early().write(files[0])
    delta().write(files[1])
    delta().write(files[2])

    def merged(*of: Path) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main(["merge", *map(str, of), "-o", str(files[3])])
        return int(str(ended.value.code)), capsys.readouterr().err

    assert merged(*files[:2]) == (0, "")
    assert fm.read_counts(files[3]) == early() + delta()
    for of in (files[:3], [files[3], files[2]]):
        status, line = merged(*of)
        assert (status, line.count("\n")) == (2, 1)
        assert "late labels" in line


# The whole as a slice


def test_a_change_without_keys_is_that_of_the_whole() -> None:
    before, now = (fm.count({"label": [1, 0, 1, 1], "pred": p}, FAMILY) for p in ([1, 0, 1, 1], [1, 1, 0, 1]))
    for metric in ("recall", "precision", "accuracy"):
        row = fm.decompose(now, baseline=before, metric=metric).row(0, named=True)
        was, is_ = (counts.metrics(metric).item(0, metric) for counts in (before, now))
        assert (row["baseline"], row["current"]) == (was, is_)
        assert row["contribution"] == row["rate"] == pytest.approx(is_ - was)
    keyed = fm.decompose(early() + delta(), baseline=early() + delta(), metric="recall", by=[])
    assert keyed["contribution"].to_list() == [0.0]


def test_a_change_to_nothing_at_all_has_no_parts() -> None:
    some, none = (fm.count({"label": y, "pred": y}, FAMILY) for y in ([1, 0], pl.Series([], dtype=pl.Int64)))
    for now, before in ((some, none), (none, some), (none, none)):
        found = fm.decompose(now, baseline=before, metric="recall")
        assert found.height == 1
        assert found["contribution"].to_list() == [None]
