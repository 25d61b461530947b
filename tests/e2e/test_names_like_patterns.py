"""A column called ``*`` or ``^a.$`` is that column, wherever a name is given: Polars takes such names for patterns."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.dataset as ds
import pytest
from polars.testing import assert_frame_equal

import fastmetrics as fm
import fastmetrics.polars as fpl

NAMES = ("*", "^a.$")
ROWS = 64
# Two columns that the patterns would choose, and of each role one that they would choose it by.
PLAIN = pl.DataFrame(
    {
        "label": [1, 0, 1, 1] * (ROWS // 4),
        "pred": [1, 1, 0, 1] * (ROWS // 4),
        "key": ["x", "x", "y", None] * (ROWS // 4),
        "score": [0.9, 0.6, 0.2, 0.7] * (ROWS // 4),
        "ts": [dt.datetime(2024, 1, 1 + row % 3) for row in range(ROWS)],
        "weight": [1.0, 2.0] * (ROWS // 2),
        "ab": ["p", "q"] * (ROWS // 2),
        "b": list(range(ROWS)),
    }
)


def renamed(frame: pl.DataFrame, new: str, old: str) -> pl.DataFrame:
    return frame.rename({old: new})


def stored(write: Callable[[pl.DataFrame, Path], Any], ending: str) -> Callable[[pl.DataFrame, Path], Any]:
    def make(log: pl.DataFrame, root: Path) -> Path:
        write(log, root / f"log.{ending}")
        return root / f"log.{ending}"

    return make


INPUTS: dict[str, Callable[[pl.DataFrame, Path], Any]] = {
    "DataFrame": lambda log, _: log,
    "LazyFrame": lambda log, _: log.lazy(),
    "iterator": lambda log, _: iter([log[:7], log[7:]]),
    "Table": lambda log, _: log.to_arrow(),
    "reader": lambda log, _: log.to_arrow().to_reader(),
    "Dataset": lambda log, _: ds.dataset(log.to_arrow()),
    "dict": lambda log, _: log.to_dict(),
    "pandas": lambda log, _: log.to_pandas(),
    "Parquet": stored(pl.DataFrame.write_parquet, "parquet"),
    "Arrow": stored(pl.DataFrame.write_ipc, "arrow"),
    "Arrow stream": stored(pl.DataFrame.write_ipc_stream, "arrow"),
    "CSV": stored(pl.DataFrame.write_csv, "csv"),
    "CSV, open": lambda log, _: io.BytesIO(log.write_csv().encode()),
    "NDJSON": stored(pl.DataFrame.write_ndjson, "ndjson"),
}
ROLES: dict[str, Callable[[Any, Callable[[str], str]], fm.Counts]] = {
    "key": lambda log, name: fm.count(log, fm.binary("label", "pred"), by=name("key")),
    "label": lambda log, name: fm.count(log, fm.binary(name("label"), "pred"), by="ab"),
    "pred": lambda log, name: fm.count(log, fm.classes("label", name("pred"))),
    "score": lambda log, name: fm.count(log, fm.scores("label", name("score"))),
    "ts": lambda log, name: fm.count(log, fm.binary("label", "pred"), time=name("ts"), every="1d"),
    "weight": lambda log, name: fm.count(log, fm.binary("label", "pred"), weight=name("weight")),
}


@pytest.mark.parametrize("new", NAMES)
@pytest.mark.parametrize("kind", INPUTS)
def test_every_role_reads_the_column_of_that_name(kind: str, new: str, tmp_path: Path) -> None:
    for role in ROLES if kind in ("DataFrame", "iterator", "CSV") else ("key", "score"):
        expected = ROLES[role](PLAIN, lambda name: name)
        given = INPUTS[kind](renamed(PLAIN, new, role), tmp_path)
        got = ROLES[role](given, lambda name, role=role: new if name == role else name)  # type: ignore[misc]
        for family, table in got.tables.items():
            assert_frame_equal(renamed(table, "key", new) if new in table else table, expected.tables[family])


def counted(new: str, **more: Any) -> tuple[fm.Counts, fm.Counts]:
    """Counts by a key of that name, and the same by a plain one."""
    question = (fm.binary("label", "pred"), fm.classes("label", "pred"))
    both = []
    for name in (new, "key"):
        log = renamed(PLAIN, name, "key")
        both.append(fm.count(log, *question, by=[name, "ab"], time="ts", every="1d", **more))
    return both[0], both[1]


def table(counts: fm.Counts) -> pl.DataFrame:
    return counts.tables["binary"]


READ: dict[str, Callable[[fm.Counts, str], pl.DataFrame]] = {
    "metrics": lambda counts, key: counts.metrics("binary.f1", "classes.accuracy", intervals=True),
    "rolling": lambda counts, key: counts.metrics("binary.f1", period="2d", fill_empty=True),
    "tidy": lambda counts, key: counts.tidy("binary.f1").drop("slice_key"),
    "worst": lambda counts, key: counts.worst("binary.recall", 3),
    "rollup": lambda counts, key: table(counts.rollup(key)),
    "rollup to windows": lambda counts, key: table(counts.rollup(key, "window", every="3d")),
    "filter": lambda counts, key: table(counts.filter(**{key: "x"})),
    "sum": lambda counts, key: table(counts + counts),
    "difference": lambda counts, key: table(counts - counts.filter(ab="p")),
    "compare": lambda counts, key: counts.rollup(key).compare("binary.f1", by=key, to="x"),
    "compare all": lambda counts, key: counts.compare("binary.f1", by=[key, "ab"], to="overall"),
    "compare counts": lambda counts, key: counts.compare("binary.f1", by=[key], to=counts.filter(ab="p")),
    "per class": lambda counts, key: counts.rollup(key).per_class(),
    "confused": lambda counts, key: counts.rollup(key).most_confused(3),
    "root cause": lambda counts, key: counts.root_cause(),
    "decompose": lambda counts, key: fm.decompose(
        counts.filter(ab="p"), baseline=counts.filter(ab="q"), metric="binary.recall", by=[key]
    ),
}


@pytest.mark.parametrize("new", NAMES)
@pytest.mark.parametrize("what", READ)
def test_counts_mean_the_key_of_that_name(what: str, new: str) -> None:
    odd, plain = counted(new)
    got, expected = READ[what](odd, new), READ[what](plain, "key")
    assert got.rename({new: "key"}, strict=False).rows() == expected.rows()
    assert [name.replace(new, "key") for name in got.columns] == expected.columns


@pytest.mark.parametrize("new", NAMES)
def test_categories_and_expressions(new: str) -> None:
    for dtype in (pl.Categorical, pl.Enum(["x", "y"])):
        odd = renamed(PLAIN.with_columns(pl.col("key").cast(dtype)), new, "key")
        for log in (odd, odd.lazy(), iter([odd])):
            assert fm.count(log, fm.binary("label", "pred"), by=new).frame["tp"].to_list() == [16, 0, 16]
    for role, ask in {
        "label": lambda name: fpl.metrics(["f1", "accuracy"], name, "pred"),
        "pred": lambda name: fpl.recall("label", name),
        "score": lambda name: fpl.roc_auc("label", name),
    }.items():
        assert_frame_equal(renamed(PLAIN, new, role).select(x=ask(new)), PLAIN.select(x=ask(role)))


@pytest.mark.parametrize("new", NAMES)
def test_text_and_pictures_and_findings(new: str) -> None:
    odd, plain = counted(new)
    for said in (repr, lambda counts: counts._repr_html_()):
        assert said(odd).replace(new, "key").replace(" ", "") == said(plain).replace(" ", "")
    for by in ([], ["ab"]):
        charts = [c.rollup(key, "window", *by).plot("binary.f1").to_dict() for c, key in ((odd, new), (plain, "key"))]
        assert len(charts[0]["datasets"]) == len(charts[1]["datasets"])
    found = []
    for name in (new, "key"):
        worse = pl.when(pl.col("key") == "x").then(0).otherwise("pred").alias("pred")
        logs = [renamed(pl.concat([log] * 40), name, "key") for log in (PLAIN.with_columns(worse), PLAIN)]
        now, before = (fm.count(log, fm.binary("label", "pred"), by=[name, "ab"]) for log in logs)
        found.append(fm.diagnose(now, baseline=before, per=None))
    assert found[0].findings["tag"].to_list() == found[1].findings["tag"].to_list() != []
    for finding in found[0]:
        assert finding.examples(logs[1].rename({"key": new}), n=2).height > 0


@pytest.mark.parametrize("new", NAMES)
def test_grouping_sets_and_storage(new: str, tmp_path: Path) -> None:
    log, sets = renamed(PLAIN, new, "key"), lambda name: [[], [name], [name, "ab"]]
    odd = fm.count(log, fm.binary("label", "pred"), by=[new, "ab"], grouping_sets=sets(new))
    plain = fm.count(PLAIN, fm.binary("label", "pred"), by=["key", "ab"], grouping_sets=sets("key"))
    assert odd.grouping(new).frame.rows() == plain.grouping("key").frame.rows()
    odd.write(tmp_path / "counts.parquet")
    assert fm.read_counts(tmp_path / "counts.parquet") == odd


@pytest.mark.parametrize("new", NAMES)
def test_late_labels_and_explanations(new: str) -> None:
    log, labels = pl.DataFrame({new: [1, 2, 3], "pred": [1, 0, 1]}), pl.DataFrame({new: [1, 3], "label": [1, 0]})
    delta = fm.label_delta(log, labels, fm.binary("label", "pred"), on=new, label="label")
    early = fm.count(log.with_columns(label=pl.lit(None, dtype=pl.Int64)), fm.binary("label", "pred"))
    assert (early + delta).frame.select("tp", "fp").row(0) == (1, 1)
    current = pl.DataFrame({new: ["a", "b"], "k": [50, 10], "n": [100, 100]})
    baseline = current.with_columns(k=pl.lit(10))
    found = fm.explain_ratio(current, baseline=baseline, k="k", n="n", dims=[new])
    assert (
        found.height
        == fm.explain_ratio(
            current.rename({new: "key"}), baseline=baseline.rename({new: "key"}), k="k", n="n", dims=["key"]
        ).height
    )


def test_a_pattern_in_an_expression_stays_one_and_is_refused_as_a_key() -> None:
    with pytest.raises(fm.SchemaError, match="not one column"):
        fm.count(PLAIN, fm.binary("label", "pred"), by=pl.col("^a.$"))
    with pytest.raises(fm.SchemaError, match="pattern"):
        fm.count(PLAIN, fm.binary("label", "pred"), where="\"^a.$\" = 'p'")
