"""The public contract as it is written down, on logs small enough to count by hand."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest
from sklearn import metrics as sk

import fastmetrics as fm

DAY = dt.datetime(2024, 1, 1)
ROWS = [  # model, country, device, day, hour, minute, label, pred: the cell
    ("fraud-v2", "BR", "phone", 1, 0, 10, 1, 1),  # tp
    ("fraud-v2", "BR", "phone", 1, 0, 50, 0, 1),  # fp
    ("fraud-v2", "BR", "web", 1, 1, 0, 1, 0),  # fn
    ("fraud-v2", "DE", "web", 2, 0, 0, 0, 0),  # tn
    ("fraud-v2", "DE", "web", 2, 0, 30, 1, 1),  # tp
    ("fraud-v3", "BR", "phone", 1, 0, 20, 1, 1),  # tp
    ("fraud-v3", "BR", "phone", 1, 0, 40, 1, 0),  # fn
    ("fraud-v3", "DE", "phone", 1, 3, 0, 0, 1),  # fp
    ("fraud-v3", "DE", "web", 2, 5, 0, 1, 0),  # fn
    ("fraud-v3", "DE", None, 2, 5, 30, None, 1),  # unlabelled
]
LOG = pl.DataFrame(
    [(*row[:3], DAY.replace(day=row[3], hour=row[4], minute=row[5]), *row[6:]) for row in ROWS],
    ["model", "country", "device", "ts", "label", "pred"],
    orient="row",
)
SCORED = pl.DataFrame(
    {
        "model": ["a", "a", "a", "a", "b", "b", "b"],
        "label": [1, 0, 1, 0, 1, 0, None],
        "score": [0.9, 0.4, 0.6, 0.2, 0.3, 0.3, 0.7],
        "price": [10.0, 20, 30, 40, 1, 2, 3],
        "guess": [11.0, 18, 30, 44, 1, 4, None],
        "said": ["x", "y", "x", "x", "y", "y", None],
        "truth": ["x", "x", "x", "y", "y", "y", "x"],
    }
)
BINARY = fm.binary("label", "pred")


def utc(day: int, hour: int = 0) -> dt.datetime:
    return dt.datetime(2024, 1, day, hour, tzinfo=dt.UTC)


def wilson(hits: float, rows: float, z: float = 1.959963984540054) -> tuple[float, float]:
    p = hits / rows
    centre, reach = p + z * z / (2 * rows), z * math.sqrt((p * (1 - p) + z * z / (4 * rows)) / rows)
    return (centre - reach) / (1 + z * z / rows), (centre + reach) / (1 + z * z / rows)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log in one file a day."""
    folder = tmp_path_factory.mktemp("logs")
    for (day,), part in LOG.group_by(pl.col("ts").dt.day()):
        part.write_parquet(folder / f"{day}.parquet")
    return folder


@pytest.fixture(scope="module")
def counts(folder: Path) -> fm.Counts:
    return fm.count(f"{folder}/*.parquet", BINARY, by=["model", "country", "device"], time="ts", every="1h")


# counts = fm.count("logs/*.parquet", fm.binary("label", "pred"), by=["model", "country", "device"],
#                   time="ts", every="1h")


def test_counts(counts: fm.Counts) -> None:
    assert counts.rows == 10
    assert counts.frame.columns[:8] == ["model", "country", "device", "window_start", "tn", "fp", "fn", "tp"]
    assert counts.frame.select("model", "country", "device", "window_start", "tn", "fp", "fn", "tp").rows() == [
        ("fraud-v2", "BR", "phone", utc(1), 0, 1, 0, 1),
        ("fraud-v2", "BR", "web", utc(1, 1), 0, 0, 1, 0),
        ("fraud-v2", "DE", "web", utc(2), 1, 0, 0, 1),
        ("fraud-v3", "BR", "phone", utc(1), 0, 0, 1, 1),
        ("fraud-v3", "DE", "phone", utc(1, 3), 0, 1, 0, 0),
        ("fraud-v3", "DE", "web", utc(2, 5), 0, 0, 1, 0),
        ("fraud-v3", "DE", None, utc(2, 5), 0, 0, 0, 0),
    ]
    assert counts.frame["unlabelled_pos"].to_list() == [0, 0, 0, 0, 0, 0, 1]
    assert counts.how["rows"] == 10


def test_metrics(counts: fm.Counts) -> None:
    frame = counts.metrics("accuracy", "precision", "recall", "f1")
    keys = ["model", "country", "device", "window_start", "window_end"]
    fixed = ["n", "label_coverage", "answer_rate"]
    assert frame.columns == [*keys, *fixed, "accuracy", "precision", "recall", "f1"]
    assert frame.schema["n"] == pl.Int64
    assert set(frame.drop(*keys, "n").dtypes) == {pl.Float64}
    assert frame.drop("model", "country", "device", "window_start").rows() == [
        (utc(1, 1), 2, 1.0, 1.0, 0.5, 0.5, 1.0, 2 / 3),
        (utc(1, 2), 1, 1.0, 1.0, 0.0, None, 0.0, 0.0),
        (utc(2, 1), 2, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0),
        (utc(1, 1), 2, 1.0, 1.0, 0.5, 1.0, 0.5, 2 / 3),
        (utc(1, 4), 1, 1.0, 1.0, 0.0, 0.0, None, 0.0),
        (utc(2, 6), 1, 1.0, 1.0, 0.0, None, 0.0, 0.0),
        (utc(2, 6), 1, 0.0, 1.0, None, None, None, None),
    ]


def test_metrics_without_names_are_the_headline(counts: fm.Counts) -> None:
    assert counts.metrics().equals(counts.metrics("accuracy", "precision", "recall", "f1"))
    assert counts.rollup().metrics().columns[:3] == ["n", "label_coverage", "answer_rate"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("PPV", 3 / 5), ("TPR", 3 / 6), ("FOR", 3 / 4), ("f2", 15 / 29), ("f0.5", 3.75 / 6.5), ("TP", 3.0), ("dor", 0.5)],
)
def test_the_column_carries_the_name_as_asked(counts: fm.Counts, name: str, value: float) -> None:
    """Of the total: tn 1, fp 2, fn 3, tp 3."""
    frame = counts.rollup().metrics(name)
    assert frame.columns[-1] == name
    assert frame[name].item() == pytest.approx(value, rel=1e-15)


def test_coverage_may_be_asked_for_by_name(counts: fm.Counts) -> None:
    frame = counts.rollup("model").metrics("label_coverage", "answer_rate", intervals=True)
    assert frame["label_coverage"].to_list() == [1.0, 0.8]
    assert frame.row(1, named=True)["label_coverage_low"] == pytest.approx(wilson(4, 5)[0])


def test_a_metric_of_ones_own(counts: fm.Counts) -> None:
    cost = fm.Metric("cost", lambda c: 10 * c.fn + c.fp, lambda c: c.tp + c.tn + c.fp + c.fn, better="lower")
    frame = counts.rollup("model").metrics(cost, "f1", fm.fbeta(2))
    assert frame["cost"].to_list() == [11 / 5, 21 / 4]
    assert frame["f2"].to_list() == pytest.approx([10 / 15, 5 / 14])


# counts.rollup("model", "window", every="1d").metrics("f1", intervals=True)    # exact, from the cells: no second pass


def test_rollup(counts: fm.Counts) -> None:
    frame = counts.rollup("model", "window", every="1d").metrics("f1", intervals=True)
    assert frame.select("model", "window_start", "window_end", "n", "f1").rows() == [
        ("fraud-v2", utc(1), utc(2), 3, 0.5),
        ("fraud-v2", utc(2), utc(3), 2, 1.0),
        ("fraud-v3", utc(1), utc(2), 3, 0.5),
        ("fraud-v3", utc(2), utc(3), 2, 0.0),
    ]
    assert frame.columns[-3:] == ["f1", "f1_low", "f1_high"]
    low, high = wilson(1, 3)  # of tp 1, fp 1, fn 1
    assert frame.row(0)[-2:] == pytest.approx((2 * low / (1 + low), 2 * high / (1 + high)))
    assert counts.rollup("model", "window", every="1d") == fm.count(LOG, BINARY, by="model", time="ts", every="1d")
    assert counts.rollup("model", every=None) == fm.count(LOG, BINARY, by="model")
    assert counts.rollup("window", every="1 month").metrics("f1")["n"].to_list() == [10]


# counts.compare("f1", by="model", to="fraud-v3")    # or to="overall", or to=other_counts

COMPARED = ["difference", "difference_low", "difference_high", "ratio", "ratio_low", "ratio_high", "p", "p_adjusted"]


def test_compare_to_a_group(counts: fm.Counts) -> None:
    frame = counts.compare("f1", by="model", to="fraud-v3")
    assert frame.columns == ["model", "n", "f1", "reference", *COMPARED]
    row = frame.row(0, named=True)
    assert frame.height == 1
    assert (row["model"], row["n"]) == ("fraud-v2", 5)
    assert [row[name] for name in ("f1", "reference", "difference", "ratio")] == pytest.approx(
        [2 / 3, 0.4, 4 / 15, 5 / 3]
    )
    assert row["difference_low"] < 0 < row["difference_high"]
    assert row["ratio_low"] < 1 < row["ratio_high"]
    assert 0.05 < row["p"] <= row["p_adjusted"] <= 1


def test_compare_to_overall(counts: fm.Counts) -> None:
    frame = counts.compare("f1", by="model", to="overall")
    assert frame["reference"].to_list() == pytest.approx([6 / 11, 6 / 11])
    assert frame["difference"].to_list() == pytest.approx([2 / 3 - 6 / 11, 0.4 - 6 / 11])
    days = counts.rollup("model", "window", every="1d").compare("accuracy", by=["model", "window"], to="overall")
    assert days.select("window_start", "model", "reference").sort("window_start", "model").rows() == [
        (utc(1), "fraud-v2", pytest.approx(1 / 3)),
        (utc(1), "fraud-v3", pytest.approx(1 / 3)),
        (utc(2), "fraud-v2", pytest.approx(2 / 3)),
        (utc(2), "fraud-v3", pytest.approx(2 / 3)),
    ]


def test_compare_to_other_counts(counts: fm.Counts, folder: Path) -> None:
    """The second day against the first: without the windows, which have nothing in common."""
    first, second = (fm.count(folder / f"{day}.parquet", BINARY, by=["model", "country"]) for day in (1, 2))
    frame = second.compare("f1", by="model", to=first)
    assert frame.select("model", "n", "f1", "reference", "difference").rows() == [
        ("fraud-v2", 2, 1.0, 0.5, 0.5),
        ("fraud-v3", 2, 0.0, 0.5, -0.5),
    ]
    same = counts.compare("f1", by=["model"], to=counts)
    assert same["difference"].to_list() == [0.0, 0.0]
    assert same["p"].to_list() == [1.0, 1.0]


def test_compare_within_the_other_keys(counts: fm.Counts) -> None:
    frame = counts.compare("accuracy", by=["model", "country"], to={"country": "BR"})
    assert frame.select("model", "country", "reference").rows() == [
        ("fraud-v2", "DE", pytest.approx(1 / 3)),
        ("fraud-v3", "DE", pytest.approx(1 / 2)),
    ]
    devices = counts.compare("accuracy", by="device", to=None)
    assert devices["device"].to_list() == ["phone", "web"]
    assert devices.select(pl.col("reference", "difference").is_null().all()).row(0) == (True, True)


@pytest.mark.parametrize("wrap", [lambda start: start, lambda start: {"window": start}], ids=["value", "dict"])
def test_compare_to_a_window(counts: fm.Counts, wrap: Any) -> None:
    """The second day against the first, each model with itself."""
    days = counts.rollup("model", "window", every="1d")
    frame = days.compare("f1", by=["window", "model"], to=wrap(utc(1)))
    assert frame.select("window_start", "model", "f1", "reference").sort("model").rows() == [
        (utc(2), "fraud-v2", 1.0, 0.5),
        (utc(2), "fraud-v3", 0.0, 0.5),
    ]


def test_compare_sees_what_is_there_and_nothing_else() -> None:
    """Of 1000 rows each: 90 % against 80 % right is far beyond chance, 90 % against 90.2 % is not."""
    log = pl.DataFrame(
        {
            "model": ["a"] * 1000 + ["b"] * 1000 + ["c"] * 1000,
            "label": [1] * 3000,
            "pred": [1] * 900 + [0] * 100 + [1] * 800 + [0] * 200 + [1] * 902 + [0] * 98,
        }
    )
    frame = fm.count(log, BINARY, by="model").compare("recall", by="model", to="a")
    worse, same = frame.rows(named=True)
    assert worse["p_adjusted"] < 1e-6
    assert worse["difference_high"] < 0
    assert same["p_adjusted"] > 0.5
    assert same["difference_low"] < 0.002 < same["difference_high"]


# monday + tuesday;  counts.write("counts.parquet");  fm.read_counts("counts.parquet")


def test_monday_and_tuesday(counts: fm.Counts, folder: Path, tmp_path: Path) -> None:
    arguments: dict[str, Any] = {"by": ["model", "country", "device"], "time": "ts", "every": "1h"}
    monday, tuesday = (fm.count(folder / f"{day}.parquet", BINARY, **arguments) for day in (1, 2))
    assert monday + tuesday == tuesday + monday == sum([monday, tuesday]) == counts
    assert counts - tuesday == monday
    assert (counts - counts).frame.is_empty()
    assert (monday - counts).rows == -4
    counts.write(tmp_path / "new" / "counts.parquet")
    assert fm.read_counts(tmp_path / "new" / "counts.parquet") == counts
    monday.write(tmp_path / "new" / "counts.parquet")
    assert fm.read_counts(str(tmp_path / "new" / "counts.parquet")) == monday
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["counts.parquet"]


@pytest.mark.parametrize(
    ("column", "family"),
    [
        (pl.Series([True, False]), fm.binary("c", "c", pos_label=True)),
        (pl.Series([1.0, 0.5]), fm.binary("c", "c", pos_label=0.5)),
        (pl.Series(["yes", "no"]), fm.binary("c", "c", pos_label="no")),
        (pl.Series([0.5, 0.25]), fm.binary("c", y_score="c", threshold=0.3, pos_label=0.5)),
        (pl.Series(["x", "y"]), fm.classes("c", "c", labels=["y", "x"])),
        (pl.Series([3, 1]), fm.classes("c", "c", labels=[1])),
        (pl.Series([1, 0]), fm.scores("c", "c", edges=[-1.5, 0, 1e-9, 7])),
        (pl.Series([1.5, 0.1]), fm.regression("c", "c", shift=0.1, extremes=False)),
    ],
    ids=["bool", "float", "text", "threshold", "text classes", "number classes", "edges", "shift"],
)
def test_counts_from_a_file_go_on_where_they_were(column: pl.Series, family: Any, tmp_path: Path) -> None:
    counts = fm.count({"c": column}, family)
    counts.write(tmp_path / "counts.parquet")
    back = fm.read_counts(tmp_path / "counts.parquet")
    assert back == counts
    assert (back + counts).rows == 4
    assert back.metrics().equals(counts.metrics())


def test_another_engine_adds_them_up(counts: fm.Counts, folder: Path, tmp_path: Path) -> None:
    """GROUP BY the keys and SUM the cells, in DuckDB, is +."""
    files = []
    for day in (1, 2):
        part = fm.count(folder / f"{day}.parquet", BINARY, by=["model", "device"])
        files.append(str(tmp_path / f"{day}.parquet"))
        part.write(files[-1])
    cells = ", ".join(f"sum({cell})::BIGINT AS {cell}" for cell in BINARY.states)
    query = f"SELECT model, device, {cells} FROM read_parquet($files) GROUP BY model, device"
    table = duckdb.sql(query, params={"files": files}).to_arrow_table()
    merged = fm.Counts.from_arrow(table.replace_schema_metadata(pq.read_schema(files[0]).metadata))
    assert merged == counts.rollup("model", "device")


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (pl.Int8, pl.Int64, pl.Int64),
        (pl.UInt8, pl.Int8, pl.Int16),
        (pl.UInt64, pl.Int64, pl.Int128),
        (pl.Float32, pl.Float64, pl.Float64),
        (pl.Enum(["2", "3"]), pl.Enum(["3", "2"]), pl.String),
        (pl.Categorical, pl.String, pl.String),
        (pl.Null, pl.String, pl.String),
    ],
    ids=str,
)
def test_keys_of_other_widths_and_categories_merge(one: Any, other: Any, both: Any) -> None:
    def counted(dtype: Any, keys: list[int]) -> fm.Counts:
        key = pl.Series("key", keys)
        if dtype in (pl.String, pl.Categorical) or isinstance(dtype, pl.Enum):
            key = key.cast(pl.String)
        key = pl.Series("key", [None] * len(keys)) if dtype == pl.Null else key.cast(dtype)
        return fm.count(pl.DataFrame({"key": key, "label": 1, "pred": 1}), BINARY, by="key")

    first = None if one == pl.Null else 3
    for whole in (
        counted(one, [3, 3]) + counted(other, [2, 3]),
        counted(other, [2, 3]) + counted(one, [3, 3]),
    ):
        expected = {2: 1, 3: 3} if first else {2: 1, 3: 1, None: 2}
        assert whole.frame["key"].dtype == both
        got = {None if key is None else int(key): tp for key, tp in whole.frame.select("key", "tp").rows()}
        assert got == expected


# counts = fm.count(log, fm.binary("label", y_score="score", threshold=0.3), fm.scores("label", "score"), by=["model"])
# counts.metrics("f1", "roc_auc");  counts.at_threshold(0.5).metrics("precision")


@pytest.fixture(scope="module")
def several() -> fm.Counts:
    """Five families in one pass over a stream that can be read once only."""
    return fm.count(
        SCORED.to_arrow().to_reader(max_chunksize=2),
        fm.binary("label", y_score="score", threshold=0.3),
        fm.binary("label", y_score="score", threshold=0.65, name="strict"),
        fm.scores("label", "score"),
        fm.classes("truth", "said"),
        fm.regression("price", "guess"),
        by=["model"],
    )


def test_several_families(several: fm.Counts) -> None:
    assert list(several.tables) == ["binary", "strict", "scores", "classes", "regression"]
    assert several.rows == 7
    frame = several.metrics(
        "binary.f1", "strict.f1", "roc_auc", "brier", "classes.accuracy", "f1_macro", "mae", "max_error"
    )
    assert frame.columns == [
        *["model", "n", "label_coverage", "answer_rate", "binary.f1", "strict.f1", "roc_auc", "roc_auc_error", "brier"],
        *["classes.accuracy", "f1_macro", "mae", "max_error"],
    ]
    a, b = frame.rows(named=True)
    # a at 0.3: tp 2, fp 1, tn 1; at 0.65: tp 1, fn 1, tn 2. b at 0.3: tp 1, fp 1, and one row without a label.
    assert (a["binary.f1"], a["strict.f1"], a["roc_auc"]) == (0.8, pytest.approx(2 / 3), 1.0)
    assert (b["binary.f1"], b["strict.f1"], b["roc_auc"]) == (pytest.approx(2 / 3), 0.0, 0.5)
    assert a["brier"] == pytest.approx((0.01 + 0.16 + 0.16 + 0.04) / 4)
    assert (a["n"], a["label_coverage"], b["n"], b["label_coverage"]) == (4, 1.0, 3, pytest.approx(2 / 3))
    assert (a["classes.accuracy"], b["classes.accuracy"]) == (0.5, 1.0)
    assert a["f1_macro"] == pytest.approx((2 * 2 / (3 + 3) + 0) / 2)
    assert (a["mae"], a["max_error"], b["mae"], b["max_error"]) == (7 / 4, 4.0, 1.0, 2.0)


def test_names_that_only_one_family_knows_need_no_family(several: fm.Counts) -> None:
    two = fm.count(SCORED, fm.binary("label", y_score="score", threshold=0.3), fm.scores("label", "score"), by="model")
    frame = two.metrics("f1", "roc_auc")
    assert frame["f1"].to_list() == pytest.approx([0.8, 2 / 3])
    assert several.metrics("roc_auc")["roc_auc"].to_list() == frame["roc_auc"].to_list() == [1.0, 0.5]


def test_at_threshold(several: fm.Counts) -> None:
    at = several.at_threshold(0.5)
    assert at.metrics("precision")["precision"].to_list() == [1.0, None]
    assert at == fm.count(SCORED, fm.binary("label", y_score="score", threshold=0.5), by="model")


def test_several_families_on_disk(several: fm.Counts, tmp_path: Path) -> None:
    for _ in range(2):  # the second time over the first
        several.write(tmp_path / "counts")
        assert fm.read_counts(tmp_path / "counts") == several
    assert sorted(file.name for file in tmp_path.iterdir()) == ["counts"]
    assert fm.Counts.from_arrow(several.to_arrow()) == several


# fm.evaluate(log, y_true="label", y_pred="pred", by="model", metrics=["f1", "mcc"])    # for one binary family


@pytest.mark.parametrize("name", ["shadow", "shadow v2", "v1.2", "a/b", ""])
def test_a_family_of_any_name_is_read_and_kept_or_refused(name: str, tmp_path: Path) -> None:
    try:
        shadow = fm.binary("label", "pred", name=name)
    except fm.SchemaError:
        return
    counts = fm.count(LOG, BINARY, shadow)
    assert counts.metrics(f"{name}.f1").item(0, f"{name}.f1") == pytest.approx(6 / 11)
    counts.write(tmp_path / "counts")
    assert fm.read_counts(tmp_path / "counts") == counts


def test_evaluate() -> None:
    frame = fm.evaluate(LOG, y_true="label", y_pred="pred", by="model", metrics=["f1", "mcc"])
    one = fm.evaluate(LOG, y_true="label", y_pred="pred", by="model", metrics="f1")
    assert one.equals(frame.drop("mcc"))
    assert frame.columns == ["model", "n", "label_coverage", "answer_rate", "f1", "mcc"]
    assert frame["f1"].to_list() == pytest.approx([2 / 3, 0.4])
    assert frame["mcc"].to_list() == pytest.approx([1 / 6, -2 / math.sqrt(2 * 3 * 1 * 2)])
    scored = fm.evaluate(
        SCORED, y_true="label", y_score="score", threshold=0.5, metrics=["TP", "FP"], where="model = 'a'"
    )
    assert scored.row(0) == (4, 1.0, 1.0, 2.0, 0.0)


# fm.f1_score(y_true, y_pred)    # scikit-learn's names, signatures and values on arrays


def test_array_functions() -> None:
    y_true, y_pred = [1, 0, 1, 1, 0, 1], [1, 1, 1, 0, 0, 1]
    assert fm.f1_score(y_true, y_pred) == sk.f1_score(y_true, y_pred) == 0.75
    assert fm.accuracy_score(y_true, y_pred) == sk.accuracy_score(y_true, y_pred)
    assert fm.confusion_matrix(y_true, y_pred).tolist() == [[1, 1], [1, 3]]
    assert fm.classification_report(y_true, y_pred) == sk.classification_report(y_true, y_pred)


# Founding functions


def test_founding_functions() -> None:
    y_true, y_pred = [1, 0, 1, 1, 0, 1], [1, 1, 1, 0, 0, 1]
    (tn, fp), (fn, tp) = fm.confusion_matrix(y_true, y_pred).tolist()
    precision, recall = fm.precision(tp, fp), fm.recall(tp, fn)
    assert round(fm.accuracy(tp, tn, fp, fn), 4) == 0.6667
    assert (precision, recall, fm.F1(precision, recall)) == (0.75, 0.75, 0.75)
    assert fm.find_root_cause(y_true, y_pred) == "Misclassification"
    assert fm.accuracy(0, 0, 0, 0) == fm.precision(0, 0) == fm.recall(0, 0) == fm.F1(0, 0) == 0.0


@pytest.mark.parametrize(
    ("y_true", "y_pred", "tag"),
    [
        ([1, 0], [0, 0], "False positive"),
        ([0, 0], [1, 0], "False negative"),
        ([1, 0], [1, 0], "True positive"),
        ([1, 0], [0, 1], "Misclassification"),
        ([0, 0], [0, 0], "False positive"),
    ],
)
def test_root_cause_of_vectors_and_of_counts(y_true: list[int], y_pred: list[int], tag: str) -> None:
    assert fm.find_root_cause(y_true, y_pred) == tag
    frame = fm.count({"label": y_true, "pred": y_pred}, BINARY).root_cause()
    assert frame.rows() == [(2, tag)]


def test_root_cause_is_null_where_no_row_is_labelled(counts: fm.Counts) -> None:
    found = counts.rollup("device").root_cause()
    assert found.columns == ["device", "n", "root_cause"]
    assert found.rows() == [("phone", 5, "Misclassification"), ("web", 4, "Misclassification"), (None, 1, None)]
    silent = fm.count({"label": [None, None], "pred": [1, 0]}, BINARY).root_cause()
    assert silent.rows() == [(2, None)]
    unanswered = fm.count({"label": [1, 0], "pred": [None, None]}, BINARY).root_cause()
    assert unanswered.rows() == [(2, None)]


# by, time, weight and every role accept a column name or a Polars expression


def test_expressions_in_every_place() -> None:
    log = pl.DataFrame(
        {"age": [31, 39, 45], "y": ["yes", "no", "yes"], "p": [3, 0, 0], "day": [0, 0, 1], "w": [1, 2, 3]}
    )
    counts = fm.count(
        log,
        fm.binary((pl.col("y") == "yes").alias("label"), (pl.col("p") > 0).alias("pred")),
        by=(pl.col("age") // 10 * 10).alias("decade"),
        time=pl.lit(dt.datetime(2024, 1, 1)) + pl.duration(days="day"),
        every="1d",
        weight=(pl.col("w") * 0.5).alias("half"),
        where=pl.col("age") < 100,
    )
    frame = counts.metrics("accuracy")
    assert frame.select("decade", "window_start", "n", "accuracy").rows() == [
        (30, utc(1), 2, 1.0),
        (40, utc(2), 1, 0.0),
    ]


def test_weights_count_rows_several_times() -> None:
    log = LOG.with_columns(w=pl.int_range(pl.len()) % 4)
    repeated = log.select(pl.all().repeat_by("w")).explode(pl.all())
    weighted, plain = fm.count(log, BINARY, by="model", weight="w"), fm.count(repeated, BINARY, by="model")
    names = ["accuracy", "f1", "mcc", "prevalence"]
    got, expected = weighted.metrics(*names), plain.metrics(*names)
    assert got["n"].to_list() == [5, 5]
    assert got.drop("n").rows() == [pytest.approx(row) for row in expected.drop("n").rows()]


# metrics(period=...), fill_empty, windows


@pytest.fixture(scope="module")
def days() -> fm.Counts:
    """Right on the 1st, wrong on the 2nd, nothing on the 3rd and 4th, right on the 5th; b on the 2nd only."""
    log = {
        "ts": [*(DAY.replace(day=day, hour=9) for day in (1, 2, 5, 2)), None],
        "model": ["a", "a", "a", "b", "b"],
        "label": [1, 1, 1, 1, 0],
        "pred": [1, 0, 1, 1, 1],
    }
    return fm.count(log, BINARY, by="model", time="ts", every="1d")


def test_fill_empty(days: fm.Counts) -> None:
    frame = days.metrics("accuracy", fill_empty=True)
    assert frame.select("model", "window_start", "window_end", "n", "accuracy").rows() == [
        ("a", utc(1), utc(2), 1, 1.0),
        ("a", utc(2), utc(3), 1, 0.0),
        ("a", utc(3), utc(4), 0, None),
        ("a", utc(4), utc(5), 0, None),
        ("a", utc(5), utc(6), 1, 1.0),
        ("b", utc(1), utc(2), 0, None),
        ("b", utc(2), utc(3), 1, 1.0),
        ("b", utc(3), utc(4), 0, None),
        ("b", utc(4), utc(5), 0, None),
        ("b", utc(5), utc(6), 0, None),
        ("b", None, None, 1, 0.0),
    ]
    assert frame.schema["n"] == pl.Int64
    assert days.metrics("accuracy")["n"].to_list() == [1, 1, 1, 1, 1]


def test_period(days: fm.Counts) -> None:
    frame = days.filter(model="a").metrics("accuracy", period="3d")
    assert frame.select("window_end", "n", "accuracy").rows() == [
        (utc(2), 1, 1.0),
        (utc(3), 2, 0.5),
        (utc(6), 1, 1.0),
    ]
    spans = frame.select(pl.col("window_end") - pl.col("window_start")).to_series().unique().to_list()
    assert spans == [dt.timedelta(days=3)]
    assert days.metrics("accuracy", period="1d").equals(days.metrics("accuracy"))


def test_period_and_fill_empty_hide_no_row(days: fm.Counts) -> None:
    """Three days that end on the 3rd or 4th hold rows, though these days themselves hold none."""
    frame = days.filter(model="a").metrics("accuracy", period="3d", fill_empty=True)
    assert frame.select("window_end", "n", "accuracy").rows() == [
        (utc(2), 1, 1.0),
        (utc(3), 2, 0.5),
        (utc(4), 2, 0.5),
        (utc(5), 1, 0.0),
        (utc(6), 1, 1.0),
    ]


@pytest.mark.parametrize(
    ("arguments", "starts"),
    [
        ({"every": "1d"}, [utc(1), utc(2)]),
        ({"every": "1 day"}, [utc(1), utc(2)]),
        ({"every": "1w"}, [utc(1)]),
        ({"every": "1mo"}, [utc(1)]),
        ({"every": "12h"}, [utc(1), utc(2)]),
        ({"every": "1d", "offset": "3h"}, [utc(1).replace(day=31, month=12, year=2023, hour=3), utc(1, 3), utc(2, 3)]),
        ({"every": "3h"}, [utc(1), utc(1, 3), utc(2), utc(2, 3)]),
        (
            {"every": "1d", "time_zone": "Asia/Tokyo"},
            [utc(1).replace(day=31, month=12, year=2023, hour=15), utc(1, 15)],
        ),
    ],
    ids=str,
)
def test_windows(arguments: dict[str, str], starts: list[dt.datetime]) -> None:
    frame = fm.count(LOG, BINARY, time="ts", **arguments).metrics("f1")
    assert frame["window_start"].to_list() == starts
    assert frame["n"].sum() == 10
    assert frame.schema["window_start"] == pl.Datetime("us", arguments.get("time_zone", "UTC"))


# tidy, worst, grouping sets


def test_tidy(counts: fm.Counts) -> None:
    frame = counts.rollup("model", "window", every="1d").tidy("f1", "recall")
    columns = ["slice_key", "slice_value", "granularity", "window_start", "window_end", "metric", "value"]
    assert frame.columns == columns
    assert frame.height == 8
    assert frame.rows()[:2] == [
        ("model", "fraud-v2", "1d", utc(1), utc(2), "f1", 0.5),
        ("model", "fraud-v2", "1d", utc(1), utc(2), "recall", 0.5),
    ]
    total = counts.rollup().tidy("f1", intervals=True)
    assert total.columns == [*columns, "low", "high"]
    assert total.row(0)[:6] == (None, None, None, None, None, "f1")


def test_tidy_keeps_null_apart_from_the_text_null() -> None:
    log = {"k": ["null", None], "label": [1, 1], "pred": [1, 0]}
    frame = fm.count(log, BINARY, by="k").tidy("recall")
    assert frame["value"].to_list() == [1.0, 0.0]
    assert frame["slice_value"].n_unique() == 2


def test_worst_groups_first() -> None:
    """2 of 2 wrong is no news, 60 of 200 wrong is: ranked by the end of the interval on the good side."""
    log = pl.DataFrame(
        {
            "model": ["tiny"] * 2 + ["bad"] * 200 + ["fine"] * 200 + ["silent"] * 5,
            "label": [1] * 402 + [None] * 5,
            "pred": [0] * 2 + [0] * 60 + [1] * 140 + [0] * 10 + [1] * 190 + [1] * 5,
        }
    )
    counts = fm.count(log, BINARY, by="model")
    ranked = counts.worst("recall")
    assert ranked["model"].to_list() == ["tiny", "bad", "fine"]
    assert ranked["groups_hidden"].to_list() == [1, 1, 1]
    assert ranked["rank_bound"].to_list() == pytest.approx([wilson(0, 2)[1], wilson(140, 200)[1], wilson(190, 200)[1]])
    known = counts.worst("recall", 1, min_n=30)
    assert known.select("model", "n", "recall", "groups_hidden").rows() == [("bad", 200, 0.7, 2)]
    assert counts.worst("fnr", 2, min_n=30)["model"].to_list() == ["bad", "fine"]


def test_grouping_sets() -> None:
    sets = [[], ["country"], ["country", "model"]]
    counts = fm.count(LOG, BINARY, by=["model", "country"], grouping_sets=sets, time="ts", every="1d")
    assert counts.rows == 10
    frame = counts.metrics("accuracy")
    assert frame.columns[:5] == ["grouping", "model", "country", "window_start", "window_end"]
    assert frame.select("grouping", "model", "country", "window_start", "n", "accuracy").rows() == [
        ("", None, None, utc(1), 6, pytest.approx(1 / 3)),
        ("", None, None, utc(2), 4, pytest.approx(2 / 3)),
        ("country", None, "BR", utc(1), 5, 0.4),
        ("country", None, "DE", utc(1), 1, 0.0),
        ("country", None, "DE", utc(2), 4, pytest.approx(2 / 3)),
        ("country,model", "fraud-v2", "BR", utc(1), 3, pytest.approx(1 / 3)),
        ("country,model", "fraud-v2", "DE", utc(2), 2, 1.0),
        ("country,model", "fraud-v3", "BR", utc(1), 2, 0.5),
        ("country,model", "fraud-v3", "DE", utc(1), 1, 0.0),
        ("country,model", "fraud-v3", "DE", utc(2), 2, 0.0),
    ]
    assert frame.group_by("grouping").agg(pl.sum("n"))["n"].to_list() == [10, 10, 10]
    crossed = fm.count(LOG, BINARY, by=["country"], time="ts", every="1d")
    assert counts.grouping("country") == crossed
    assert counts.grouping() == crossed.rollup("window")
    assert counts + counts - counts == counts


def test_a_null_in_a_grouping_set_is_told_from_a_key_that_is_not_in_it() -> None:
    counts = fm.count(LOG, BINARY, by=["device", "country"], grouping_sets=[["country"], ["device"]])
    frame = counts.metrics("TP")
    assert frame.filter(grouping="device").select("device", "country", "n").rows() == [
        ("phone", None, 5),
        ("web", None, 4),
        (None, None, 1),
    ]
    assert frame.filter(grouping="country").select("device", "country", "n").rows() == [
        (None, "BR", 5),
        (None, "DE", 5),
    ]


def test_repr_says_what_is_in_it(counts: fm.Counts) -> None:
    text = repr(counts)
    for fact in ("rows", "10", "fraud-v2", "BR", "phone", "1h", "UTC", "2024-01-01"):
        assert fact in text
    assert counts._repr_html_().startswith("<")
