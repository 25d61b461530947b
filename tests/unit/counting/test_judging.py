"""What a whole count says of its labels: named ones that never occur, nulls with a name, three kinds of number."""

from __future__ import annotations

import random
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

import fastmetrics as fm
import judgement
from fastmetrics.contract.roles import Role
from fastmetrics.counting.roles.nulls import check_null_values
from fastmetrics.notes import NoteWarning

TEXT = {"label": ["Yes", "no", "Yes", None], "pred": ["Yes", "Yes", "no", "no"], "score": [0.9, 0.2, 0.4, 0.5]}
COUNTED: dict[str, Callable[[Any], fm.Family]] = {
    "binary": lambda pos: fm.binary("label", "pred", pos_label=pos),
    "threshold": lambda pos: fm.binary("label", y_score="score", threshold=0.5, pos_label=pos),
    "scores": lambda pos: fm.scores("label", "score", pos_label=pos),
    "classes": lambda pos: fm.classes("label", "pred", labels=[pos]),
}


def inputs(log: dict[str, Any], folder: Path) -> dict[str, Callable[[], Any]]:
    """One log as every kind of input."""
    frame = pl.DataFrame(log)
    frame[:2].write_parquet(folder / "1.parquet")
    frame[2:].write_parquet(folder / "2.parquet")
    return {
        "dict": lambda: log,
        "lazy": lambda: frame.lazy(),
        "rows one by one": lambda: iter([frame[k : k + 1] for k in range(len(frame))]),
        "stream": lambda: frame.to_arrow().to_reader(max_chunksize=2),
        "files": lambda: str(folder / "*.parquet"),
    }


def noted(ask: Callable[[], fm.Counts]) -> tuple[fm.Counts, list[str]]:
    """A count, and the codes of its notes, each of which is warned of once."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        counts = ask()
    assert [str(warning.message) for warning in said] == [str(note) for note in counts.how["notes"]]
    assert all(warning.category is NoteWarning and warning.filename == __file__ for warning in said)
    return counts, [note.code for note in counts.how["notes"]]


# A label that was named and never occurs


@pytest.mark.parametrize("kind", COUNTED)
@pytest.mark.parametrize("given", ["dict", "lazy", "rows one by one", "stream", "files"])
def test_a_mistyped_label_is_refused_and_the_one_meant_is_named(kind: str, given: str, tmp_path: Path) -> None:
    log = inputs(TEXT, tmp_path)[given]
    with pytest.raises(fm.DataError, match=r"'yes'.* never occur.*'Yes', 'no': did you mean 'Yes'\?") as refused:
        fm.count(log(), COUNTED[kind]("yes"), by="pred")
    meant = re.findall(r"did you mean '(\w+)'", str(refused.value))[0]
    assert fm.count(log(), COUNTED[kind](meant)).how["notes"] == []


def test_parts_of_a_count_are_judged_together(tmp_path: Path) -> None:
    """Each file alone has one value other than the positive; both have two."""
    log = {"label": ["no", "no", "maybe", "maybe"], "pred": ["no"] * 4}
    files = inputs(log, tmp_path)["files"]()
    with pytest.raises(fm.DataError, match="'maybe', 'no': name one that occurs"):
        fm.count(files, COUNTED["binary"]("yes"), on_error="skip")


def test_one_positive_row_at_the_end_is_enough() -> None:
    frames = iter(
        [pl.DataFrame({"label": ["no", "maybe"], "pred": "no"})] * 5 + [pl.DataFrame({"label": ["yes"], "pred": "no"})]
    )
    counts, codes = noted(lambda: fm.count(frames, COUNTED["binary"]("yes")))
    assert (counts.frame.item(0, "fn"), codes) == (1, [])


@pytest.mark.parametrize(
    ("values", "pos_label"),
    [
        ([1, 2, 1, 2], 3),
        ([1.5, 2.0, float("nan"), 2.0], 3.0),
        (pl.Series(["a", "b"] * 2, dtype=pl.Categorical), "c"),
        (pl.Series(["a", "b"] * 2, dtype=pl.Enum(["a", "b", "c"])), "c"),
        (["b" * 20, "a"] * 2, "b" * 19),
        (["10", "20"] * 2, "30"),
    ],
    ids=["whole numbers", "floats", "categories", "enum", "long text", "digits"],
)
def test_labels_of_every_dtype_are_looked_at(values: Any, pos_label: Any) -> None:
    with pytest.raises(fm.DataError, match="never occurs in column 'label'"):
        fm.count({"label": values, "pred": values}, COUNTED["binary"](pos_label))


def test_the_other_way_out_of_the_refusal_works() -> None:
    log = {"label": ["cat", "dog"], "pred": ["dog", "dog"]}
    with pytest.raises(fm.DataError) as refused:
        fm.count(log, COUNTED["binary"]("bird"))
    assert "only where all of these are negatives" in str(refused.value)
    expression = re.findall(r"as in (pl\.col\('label'\) == 'bird')", str(refused.value))[0]
    label = eval(expression, {"pl": pl})
    assert fm.count(log, fm.binary(label, pl.col("pred") == "bird")).frame["tn"].to_list() == [2]


@pytest.mark.parametrize("kind", COUNTED)
@pytest.mark.parametrize("where", [None, "label = 'no'"])
def test_a_day_without_positives_is_noted(kind: str, where: str | None) -> None:
    labels = ["no", None, "no", "yes" if where else None]
    log = {"label": labels, "pred": ["no"] * 4, "score": [0.1, 0.2, 0.8, 0.5]}
    counts, codes = noted(lambda: fm.count(log, COUNTED[kind]("yes"), where=where))
    assert codes == ["label_absent"]
    assert counts.how["notes"][0].count == 2
    assert "'yes'" in repr(counts)


@pytest.mark.parametrize("kind", COUNTED)
def test_without_labels_nothing_is_noted(kind: str) -> None:
    log = {"label": pl.Series([None, None], dtype=pl.String), "pred": ["a", "b"], "score": [0.1, 0.2]}
    assert noted(lambda: fm.count(log, COUNTED[kind]("yes")))[1] == []


def test_a_number_that_was_not_named_is_not_noted() -> None:
    assert noted(lambda: fm.count({"label": [0, 0], "pred": [0, 1]}, fm.binary("label", "pred")))[1] == []


@pytest.mark.parametrize("kind", COUNTED)
def test_notes_are_read_again_from_what_is_added_up(kind: str, tmp_path: Path) -> None:
    log = {"label": ["no", "no"], "pred": ["no", "no"], "score": [0.1, 0.2]}
    with pytest.warns(NoteWarning):
        monday = fm.count(log, COUNTED[kind]("yes"))
    tuesday = fm.count({**log, "label": ["yes", "no"], "pred": ["yes", "no"]}, COUNTED[kind]("yes"))
    assert [note.count for note in (monday + monday).how["notes"]] == [4]
    assert (monday + tuesday).how["notes"] == (tuesday + monday).how["notes"] == []
    monday.write(tmp_path / "monday.parquet")
    back = fm.read_counts(tmp_path / "monday.parquet")
    assert back.how["notes"] == monday.how["notes"]
    assert (back + tuesday).how["notes"] == []


def test_families_that_read_one_column_note_it_once() -> None:
    log = {"label": ["no", "NA", "no"], "pred": ["no"] * 3, "score": [0.1, 0.2, 0.8]}
    families = (fm.binary("label", "pred", pos_label="yes"), fm.scores("label", "score", pos_label="yes"))
    counts, codes = noted(lambda: fm.count(log, *families))
    assert codes == ["text_nulls", "label_absent"]
    assert [(note.code, note.count) for note in (counts + counts).how["notes"]] == [
        ("text_nulls", 2),
        ("label_absent", 4),
    ]


def test_what_is_taken_back_takes_its_notes_along() -> None:
    family = fm.binary("label", "pred", pos_label="yes")
    log = {"label": ["yes", "no", "NA"], "pred": ["yes", "no", "no"]}
    with pytest.warns(NoteWarning, match="'NA'"):
        day, clean = fm.count(log, family), fm.count({"label": ["yes", "no"], "pred": ["yes", "no"]}, family)
    assert [note.count for note in (day + day + clean - day).how["notes"]] == [1]
    assert (day + clean - day).how["notes"] == (day - day).how["notes"] == []
    assert [note.count for note in (clean - day + day + day).how["notes"]] == [1]


def test_each_row_is_counted_once_whatever_the_grouping_sets() -> None:
    log = {"label": ["no"] * 3, "pred": ["no"] * 3, "model": ["a", "a", "b"]}
    counts, _ = noted(lambda: fm.count(log, COUNTED["binary"]("yes"), by="model", grouping_sets=[[], ["model"]]))
    assert counts.how["notes"][0].count == 3


def test_late_labels_are_judged_where_they_are_added() -> None:
    predictions = pl.DataFrame({"id": [1, 2, 3], "pred": ["yes", "no", "maybe"]})
    families = [fm.binary("label", "pred", pos_label="yes")]
    early = fm.count(predictions.with_columns(label=pl.lit(None, pl.String)), *families)
    labels = {"id": [2, 3], "label": ["no", "maybe"]}
    late = fm.label_delta(predictions, labels, *families, on="id", label="label")
    assert [note.code for note in (early + late).how["notes"]] == ["label_absent"]


def test_classes_that_may_be_rare_are_noted_where_all_others_are_named() -> None:
    log = {"label": ["cat", "dog"], "pred": ["dog", "dog"]}
    assert noted(lambda: fm.count(log, fm.classes("label", "pred", labels=["cat", "dog", "bird"])))[1] == [
        "label_absent"
    ]
    with pytest.raises(fm.DataError, match=r"\['dgo'\] never occur .*did you mean 'dog'"):
        fm.count(log, fm.classes("label", "pred", labels=["cat", "dgo"]))


@pytest.mark.parametrize(
    ("dtype", "pos_label", "held"),
    [
        (pl.UInt8, 256, False),
        (pl.UInt8, -1, False),
        (pl.UInt8, 255, True),
        (pl.Int64, 1.5, False),
        (pl.Int64, 1.0, True),
        (pl.Int64, 2**70, False),
        (pl.Int128, 2**70, True),
        (pl.UInt64, 2**64 - 1, True),
        (pl.Float64, 2**53 + 1, False),
        (pl.Float32, 0.1, True),
        (pl.Float32, 1e300, False),
        (pl.Enum(["a", "b"]), "A", False),
        (pl.Boolean, False, True),
    ],
)
def test_a_label_that_the_dtype_cannot_hold_is_refused_at_the_door(dtype: Any, pos_label: Any, held: bool) -> None:
    if not held:
        log = pl.DataFrame(schema={"label": dtype, "pred": dtype})
        with pytest.raises(fm.SchemaError, match="pos_label"):
            fm.count(log, COUNTED["binary"](pos_label))
        return
    column = pl.Series([pos_label], dtype=dtype, strict=False)
    assert fm.count({"label": column, "pred": column}, COUNTED["binary"](pos_label)).frame["tp"].to_list() == [1]


# Labels and predictions that share nothing


def test_labels_and_predictions_without_a_common_value_are_noted() -> None:
    log = {"label": ["yes", "no"] * 3, "pred": ["Yes", "No"] * 3}
    assert noted(lambda: fm.count(log, COUNTED["binary"]("yes")))[1] == ["no_shared_value"]
    assert noted(lambda: fm.count(log, fm.classes("label", "pred")))[1] == ["no_shared_value"]


def test_a_model_that_never_says_positive_shares_the_negative() -> None:
    log = {"label": ["yes", "no"], "pred": ["no", "no"]}
    assert noted(lambda: fm.count(log, COUNTED["binary"]("yes")))[1] == []


@pytest.mark.parametrize("family", [COUNTED["binary"]("yes"), fm.classes("label", "pred")], ids=["binary", "classes"])
def test_a_common_value_of_the_parts_takes_the_note_back(family: fm.Family) -> None:
    with pytest.warns(NoteWarning):
        apart = fm.count({"label": ["yes", "no"], "pred": ["Yes", "No"]}, family)
    assert [note.code for note in (apart + apart).how["notes"]] == ["no_shared_value"]
    assert (apart + fm.count({"label": ["yes"], "pred": ["yes"]}, family)).how["notes"] == []


def test_a_family_of_ones_own_is_not_judged() -> None:
    own = replace(fm.binary("label", "pred", pos_label="yes"), notes=None, name="own")
    assert noted(lambda: fm.count({"label": ["a", "b"], "pred": ["c", "c"]}, own))[1] == []


# Three kinds of number


THREE = {"label": [1, 0, -1, -1], "pred": [1, 1, 0, 1]}


def batches(*values: int) -> Iterator[pl.DataFrame]:
    return iter([pl.DataFrame({"label": [value], "pred": [1]}) for value in values])


@pytest.mark.parametrize("dtype", [pl.Int8, pl.Int64, pl.Int128, pl.Float32, pl.Float64])
@pytest.mark.parametrize("threads", [1, 2])
def test_minus_one_beside_zero_is_refused_with_the_way_to_name_a_null(dtype: Any, threads: int) -> None:
    log = pl.DataFrame(THREE, schema_overrides={"label": dtype})
    with pytest.raises(fm.DataError, match="column 'label' holds -1 beside 0") as refused:
        fm.count(log, fm.binary("label", "pred"), threads=threads)
    assert "null_values=[-1]" in str(refused.value)
    counts = fm.count(log, fm.binary("label", "pred", null_values=[-1]), threads=threads)
    known = log.with_columns(pl.col("label").replace(-1, None))
    assert counts.frame.equals(fm.count(known, fm.binary("label", "pred")).frame)
    assert counts.metrics("label_coverage").item(0, "label_coverage") == 0.5
    assert (
        fm.count(log, fm.binary("label", "pred", pos_label=1)).metrics("label_coverage").item(0, "label_coverage") == 1
    )


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("values", [(0, 1, -1), (-1, 1, 1, 0), (0, -1)])
def test_kinds_of_number_are_told_over_all_batches(values: tuple[int, ...], threads: int) -> None:
    with pytest.raises(fm.DataError, match="-1 beside 0"):
        fm.count(batches(*values), fm.binary("label", "pred"), threads=threads)


def test_kinds_of_number_are_told_over_all_files(tmp_path: Path) -> None:
    for value in (0, -1):
        pl.DataFrame({"label": [1, value], "pred": [1, 1]}).write_parquet(tmp_path / f"{value}.parquet")
    for on_error in ("raise", "skip"):
        with pytest.raises(fm.DataError, match=r"\.parquet: column 'label' holds -1 beside 0"):
            fm.count(tmp_path, fm.binary("label", "pred"), on_error=on_error)  # type: ignore[arg-type]


def test_two_kinds_are_fine_in_each_column_and_nulls_are_no_kind() -> None:
    under_null = pl.DataFrame({"label": [0, 1, -1, 1]}).select(pl.when(pl.col("label") != 0).then("label"))
    log = {"label": under_null["label"], "pred": [0, 1, 1, 0]}
    assert fm.count(log, fm.binary("label", "pred")).frame.select("tn", "fp", "fn", "tp").row(0) == (0, 1, 1, 1)
    assert fm.count({"label": [0, 1], "pred": [-1, 1]}, fm.binary("label", "pred")).frame["tn"].to_list() == [1]


@pytest.mark.parametrize(
    ("column", "advice"), [("pred", "y_score= and threshold="), ("label", "pl.col('label') >= 0.5")]
)
def test_probabilities_are_pointed_to_what_reads_them(column: str, advice: str) -> None:
    log = {"label": [1.0, 0.0], "pred": [1.0, 0.0], column: [0.73, 0.2]}
    with pytest.raises(fm.DataError, match=r"0\.73") as refused:
        fm.count(log, fm.binary("label", "pred"))
    assert advice in str(refused.value)
    assert "pos_label" not in str(refused.value)


@pytest.mark.parametrize("score", [-2.5, 1.5, 97.6, float("inf")])
def test_scores_as_predictions_are_too(score: float) -> None:
    with pytest.raises(fm.DataError, match="count scores with y_score= and threshold=") as refused:
        fm.count({"label": [1, 0], "pred": [score, 0.0]}, fm.binary("label", "pred"))
    assert "pos_label" not in str(refused.value)


def test_another_number_may_be_named_as_null() -> None:
    log = {"label": [1, 0, 9], "pred": [1, 0, 1]}
    with pytest.raises(fm.DataError, match=r"holds 9.*or pass null_values=\[9\] if 9 means null"):
        fm.count(log, fm.binary("label", "pred"))
    assert fm.count(log, fm.binary("label", "pred", null_values=[9])).frame["unlabelled_pos"].to_list() == [1]


# Values that mean null


LABELS = ["yes", "no", "NA", "", "null", None]


@pytest.mark.parametrize(
    "dtype", [pl.String, pl.Categorical, pl.Enum(["yes", "no", "NA", "", "null"])], ids=["text", "categories", "enum"]
)
@pytest.mark.parametrize("kind", ["binary", "scores", "classes"])
def test_text_that_means_null_is_null(kind: str, dtype: Any) -> None:
    label = pl.Series(LABELS, dtype=dtype)
    known = label.cast(pl.String).replace(["NA", "", "null"], None).cast(dtype)
    make: dict[str, Callable[..., fm.Family]] = {
        "binary": lambda **more: fm.binary("label", "pred", pos_label="yes", **more),
        "scores": lambda **more: fm.scores("label", "score", pos_label="yes", **more),
        "classes": lambda **more: fm.classes("label", "pred", **more),
    }
    log = {"label": label, "pred": label.reverse(), "score": [0.5] * 6}
    want = {"label": known, "pred": known.reverse(), "score": [0.5] * 6}
    named = fm.count(log, make[kind](null_values=["NA", "null", ""]))
    assert named.how["notes"] == []
    plain = fm.count(want, make[kind]())
    assert named.metrics("label_coverage").equals(plain.metrics("label_coverage"))
    assert named.frame.select(plain.layout.merges(plain.layout.families[0]).keys()).equals(
        plain.frame.select(plain.layout.merges(plain.layout.families[0]).keys())
    )


def test_numbers_that_mean_null_are_null() -> None:
    log = {"label": [1.5, -999.0, 2.0], "pred": [1.0, 2.0, -999.0]}
    counts = fm.count(log, fm.regression("label", "pred", null_values=[-999]))
    assert counts.frame.select("judged", "unlabelled", "unpredicted").row(0) == (1, 1, 1)
    classes = fm.count({"label": [1, 2, -1], "pred": [1, -1, 2]}, fm.classes("label", "pred", null_values=[-1]))
    assert classes.metrics("n_classes", "label_coverage").select("n_classes", "label_coverage").row(0) == (1, 2 / 3)


@pytest.mark.parametrize(
    ("dtype", "value"), [(pl.Float32, 2**31 - 1), (pl.Float64, 2**63 - 1), (pl.Float64, 2**53 + 1)]
)
def test_a_whole_number_that_a_float_column_holds_rounded_may_mean_null(dtype: Any, value: int) -> None:
    label = pl.Series([1, 2, value], dtype=pl.Int64).cast(dtype)
    counts = fm.count({"label": label, "pred": [1.0, 2.0, 3.0]}, fm.regression("label", "pred", null_values=[value]))
    assert counts.frame.select("judged", "unlabelled").row(0) == (2, 1)


def test_scores_are_taken_as_they_are() -> None:
    log = {"label": [1, 0, -1], "score": [-1.0, 0.2, 0.9]}
    counts = fm.count(log, fm.binary("label", y_score="score", threshold=0.5, null_values=[-1]))
    assert counts.frame.select("fn", "tn", "unlabelled_pos").row(0) == (1, 1, 1)


def test_what_r_writes_is_null_with_a_note(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text('"label","pred"\n"yes","yes"\n"no","yes"\nNA,"no"\nNA,NA\n')
    with pytest.raises(fm.SchemaError, match=r"pos_label=, and pass null_values=\['NA'\] if 'NA' means null"):
        fm.count(tmp_path / "r.csv", fm.binary("label", "pred"))
    family = fm.binary("label", "pred", pos_label="yes", null_values=["NA"])
    named = fm.count(tmp_path / "r.csv", family)
    assert named.metrics("label_coverage").item(0, "label_coverage") == 0.5
    counts, codes = noted(lambda: fm.count(tmp_path / "r.csv", COUNTED["binary"]("yes")))
    assert codes == ["text_nulls", "text_nulls"]
    assert counts.frame.equals(named.frame)
    negative = fm.count(tmp_path / "r.csv", fm.binary("label", "pred", pos_label="yes", null_values=[]))
    assert negative.metrics("label_coverage").item(0, "label_coverage") == 1
    with pytest.raises(fm.MergeError, match="null_values"):
        counts + named
    with pytest.raises(fm.MergeError, match="null_values"):
        named + counts


@pytest.mark.parametrize("dtype", [pl.Categorical, pl.Enum(["yes", "no", "NA"])])
def test_categories_that_mean_null_are_noted_too(dtype: Any) -> None:
    label = pl.Series(["yes", "no", "NA", None], dtype=dtype)
    counts, codes = noted(lambda: fm.count({"label": label, "pred": label}, COUNTED["binary"]("yes")))
    assert (codes, counts.how["notes"][0].count) == (["text_nulls", "text_nulls"], 1)
    assert counts.frame["unlabelled_unpredicted"].to_list() == [2]


def test_values_that_mean_null_go_to_disk_and_back(tmp_path: Path) -> None:
    counts = fm.count(THREE, fm.binary("label", "pred", null_values=np.array([-1])))  # type: ignore[arg-type]
    counts.write(tmp_path / "counts.parquet")
    back = fm.read_counts(tmp_path / "counts.parquet")
    assert (back + counts).rows == 8
    scores = fm.count({"label": [1, -1], "score": [0.9, 0.1]}, fm.scores("label", "score", null_values=[-1]))
    assert scores.at_threshold(0.5).layout.families[0].arguments["null_values"] == [-1]


@pytest.mark.parametrize(
    ("null_values", "message"),
    [
        ("NA", r"null_values='NA' is one value; give a list, such as null_values=\['NA'\]"),
        (-1, r"null_values=-1 is one value"),
        ([None], "holds None"),
        ([float("nan")], "holds nan"),
        ([True], "holds True"),
        ([-1, -1.0], "names -1.0 twice"),
        ([1], "1 is a label and named in null_values="),
    ],
)
def test_null_values_that_mean_nothing_are_refused(null_values: Any, message: str) -> None:
    with pytest.raises(fm.SchemaError, match=message):
        fm.binary("label", "pred", pos_label=1, null_values=null_values)


def test_the_positive_number_means_no_null_without_being_named() -> None:
    for make in (fm.binary, fm.scores):
        with pytest.raises(fm.SchemaError, match="1 is a label and named in null_values="):
            make("label", "pred", null_values=[-1, 1])


def test_a_further_null_is_advised_beside_those_that_were_named() -> None:
    log = {"label": [1, 0, -1, 9], "pred": [1, 0, 0, 0]}
    with pytest.raises(fm.DataError) as refused:
        fm.count(log, fm.binary("label", "pred", null_values=[-1]))
    (advised,) = re.findall(r"null_values=(\[.*?\])", str(refused.value))
    assert fm.count(log, fm.binary("label", "pred", null_values=eval(advised))).frame["unlabelled_neg"].to_list() == [2]


@pytest.mark.parametrize("dtype", [pl.Float32, pl.Float64])
@pytest.mark.parametrize("lazy", [False, True])
def test_probabilities_beside_a_positive_value_are_pointed_to_scores(dtype: Any, lazy: bool) -> None:
    log = pl.DataFrame({"label": [1, 0, -1], "pred": pl.Series([1.0, None, 0.25], dtype=dtype)})
    with pytest.raises(fm.DataError, match=r"column 'pred' holds 0.25 beside pos_label=1.* y_score= and threshold="):
        fm.count(log.lazy() if lazy else log, fm.binary("label", "pred", pos_label=1))
    assert fm.count(log, fm.binary("label", y_score="pred", threshold=0.5, pos_label=1)).rows == 3
    whole = log.with_columns(pred=pl.Series([1.0, 7.5, float("nan")], dtype=dtype))
    assert fm.count(whole, fm.binary("label", "pred", pos_label=1)).frame.select("tp", "tn").row(0) == (1, 1)


def test_numbers_that_are_text_in_one_column_only_have_a_way_in(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("label,pred\n1,1\nNA,0\n0,0\n1,0\n")
    with pytest.raises(fm.SchemaError) as refused:
        fm.count(tmp_path / "r.csv", fm.binary("label", "pred", pos_label="1", null_values=["NA"]))
    column = eval(re.findall(r"make it text, (pl\.col.*)$", str(refused.value))[0], {"pl": pl})
    counts = fm.count(tmp_path / "r.csv", fm.binary("label", column, pos_label="1", null_values=["NA"]))
    assert counts.metrics("accuracy", "label_coverage").select("accuracy", "label_coverage").row(0) == (2 / 3, 0.75)


def test_null_values_of_another_kind_than_every_column_are_refused_at_the_door() -> None:
    empty = pl.DataFrame(schema={"label": pl.Int64, "pred": pl.Boolean, "word": pl.String})
    with pytest.raises(fm.SchemaError, match=r"null_values= names 'NA' \(str\), but column 'label' holds Int64"):
        fm.count(empty, fm.binary("label", "pred", null_values=["NA"]))
    with pytest.raises(fm.SchemaError, match=r"null_values= names -1 \(int\), but column 'word' holds String"):
        fm.count(empty, fm.classes("word", "word", null_values=[-1]))
    assert fm.count(empty, fm.binary("label", "pred", null_values=[-1])).rows == 0


def test_null_values_of_each_role_are_those_of_its_columns() -> None:
    def role(name: str, *null_values: Any) -> Role:
        return Role(name, name, "key", null_values=null_values)

    check_null_values([(role("a", -1), pl.Int64()), (role("b", "NA"), pl.String())])
    with pytest.raises(fm.SchemaError, match=r"null_values= names 'NA' \(str\), but column 'b' holds Int64$"):
        check_null_values([(role("a", -1), pl.Int64()), (role("b", -1, "NA"), pl.Int64())])
    with pytest.raises(fm.SchemaError, match=r"null_values= names 'NA' \(str\), but column 'b' holds Int64$"):
        check_null_values([(Role("a", "a", "key"), pl.String()), (role("b", "NA"), pl.Int64())])


def test_evaluate_takes_null_values() -> None:
    frame = fm.evaluate(THREE, y_true="label", y_pred="pred", null_values=[-1], metrics="label_coverage")
    assert frame["label_coverage"].to_list() == [0.5]


# Scores outside the bins


@pytest.mark.parametrize(
    ("score", "mend"),
    [
        ([20.0, 80.0, 70.0, 10.0], (lambda score: score / 100, {}, "divide percentages by 100")),
        ([-1.5, 2.5, 3.0, -4.0], (lambda score: score, {"link": "logit"}, "link='logit'")),
        ([97.6, 99.9, 99.2, 98.0], (lambda score: score, {"edges": range(97, 101)}, "edges=")),
    ],
    ids=["percentages", "log-odds", "far away"],
)
def test_scores_outside_the_bins_are_noted_with_what_mends_it(score: list[float], mend: Any) -> None:
    log = pl.DataFrame({"label": [0, 1, 1, 0], "score": score})
    counts, codes = noted(lambda: fm.count(log, fm.scores("label", "score")))
    change, arguments, said = mend
    assert codes == ["scores_outside"]
    assert said in str(counts.how["notes"][0])
    mended = fm.count(log.with_columns(change(pl.col("score"))), fm.scores("label", "score", **arguments))
    assert mended.how["notes"] == []
    assert mended.metrics("roc_auc").item(0, "roc_auc") == 1


@pytest.mark.parametrize("losses", [True, False])
@pytest.mark.parametrize(("last", "said"), [(1.0, []), (1.0000001, ["scores_outside"]), (-2.0, ["scores_outside"])])
def test_one_score_that_is_no_probability_is_noted(last: float, said: list[str], losses: bool) -> None:
    log = {"label": [0, 1] * 500, "score": [*[0.5] * 999, last]}
    assert noted(lambda: fm.count(log, fm.scores("label", "score", losses=losses)))[1] == said


@pytest.mark.parametrize(
    ("negatives", "positives", "said"),
    [(0, 99, []), (0, 100, ["scores_outside"]), (49, 50, []), (60, 39, []), (90, 9, [])],
)
def test_margins_outside_are_noted_where_they_are_a_tenth(negatives: int, positives: int, said: list[str]) -> None:
    margins = [9.0] * positives + [0.5] * (500 - positives) + [9.0] * negatives + [0.5] * (500 - negatives)
    log = {"label": [1] * 500 + [0] * 500, "score": margins}
    assert noted(lambda: fm.count(log, fm.scores("label", "score", edges=[-1.0, 0.0, 1.0])))[1] == said


@pytest.mark.parametrize(("negatives", "said"), [(2, []), (3, ["scores_outside"])])
def test_margins_outside_are_noted_where_their_order_could_move_the_auc(negatives: int, said: list[str]) -> None:
    """All five positives share a bin without an end with n of 200 negatives: roc_auc may be n / 400 off."""
    log = {"label": [1] * 5 + [0] * 200, "score": [9.0] * (5 + negatives) + [0.5] * (200 - negatives)}
    assert noted(lambda: fm.count(log, fm.scores("label", "score", edges=[-1.0, 0.0, 1.0])))[1] == said


def test_one_edge_has_no_inside() -> None:
    log = {"label": [0, 1], "score": [-5.0, 5.0]}
    assert noted(lambda: fm.count(log, fm.scores("label", "score", edges=[2.0])))[1] == []


def test_what_lies_outside_is_read_again_from_what_is_added_up() -> None:
    family = fm.scores("label", "score")
    with pytest.warns(NoteWarning):
        percentages = fm.count({"label": [1], "score": [50.0]}, family)
    probabilities = fm.count({"label": [1] * 20, "score": [0.5] * 20}, family)
    assert [note.count for note in (percentages + percentages).how["notes"]] == [2]
    assert [note.count for note in (percentages + probabilities).how["notes"]] == [1]
    assert (percentages + probabilities - percentages).how["notes"] == []
    margins = fm.scores("label", "score", edges=[-1.0, 1.0])
    with pytest.warns(NoteWarning):
        far = fm.count({"label": [1], "score": [50.0]}, margins)
    assert (far + fm.count({"label": [1] * 20, "score": [0.5] * 20}, margins)).how["notes"] == []


def test_log_odds_are_counted_as_the_probabilities_they_are(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    logit = np.concatenate([rng.normal(0, 3, 2000), [800.0, -800.0, np.nan]])
    with np.errstate(over="ignore"):
        probability = 1 / (1 + np.exp(-logit))
    log = pl.DataFrame({"label": rng.random(2003) < probability, "score": logit})
    counts = fm.count(log, fm.scores("label", "score", link="logit"))
    known = fm.count(log.with_columns(score=pl.Series(probability)), fm.scores("label", "score"))
    names = ("roc_auc", "log_loss", "brier", "ece")
    got, want = (each.metrics(*names).select(names).row(0) for each in (counts, known))
    assert got == pytest.approx(want, rel=1e-12)
    at = counts.at_threshold(0.9)
    assert at.layout.families[0].arguments["threshold"] == pytest.approx(np.log(9))
    assert at + fm.count(log, at.layout.families[0]) == at + at
    counts.write(tmp_path / "counts.parquet")
    assert fm.read_counts(tmp_path / "counts.parquet") == counts
    with pytest.raises(fm.MergeError, match="link"):
        known + counts


@pytest.mark.parametrize("arguments", [{"link": "probit"}, {"link": "logit", "edges": [-2.0, 2.0]}])
def test_a_link_that_means_nothing_is_refused(arguments: Any) -> None:
    with pytest.raises(fm.SchemaError, match="link="):
        fm.scores("label", "score", **arguments)


# The law


@pytest.mark.parametrize("seed", range(60))
def test_a_count_says_what_its_rows_say(seed: int, tmp_path: Path) -> None:
    judgement.check(judgement.drawn(random.Random(seed)), tmp_path)


# Parts that are counted elsewhere


def merged_by_an_engine(parts: list[dict[str, Any]], pos_label: str) -> fm.Counts:
    """Parts counted one by one, their tables put below each other under the metadata of a count of no rows."""
    family = fm.binary("label", "pred", pos_label=pos_label)
    schema = {"label": pl.String, "pred": pl.String}
    empty = fm.count(pl.DataFrame(schema=schema), family, part=True).to_arrow()
    tables = [fm.count(pl.DataFrame(part, schema), family, part=True).to_arrow() for part in parts]
    whole = pa.concat_tables([table.replace_schema_metadata(None) for table in tables])
    return fm.Counts.from_arrow(whole.replace_schema_metadata(empty.schema.metadata))


def test_a_part_may_lack_the_label_that_others_hold() -> None:
    parts = [{"label": ["a", "b"], "pred": ["a", "c"]}, {"label": ["c", "a"], "pred": ["c", "a"]}]
    counts = merged_by_an_engine(parts, "c")
    assert counts.frame.select("tn", "fp", "fn", "tp").row(0) == (2, 1, 0, 1)
    assert counts.how["notes"] == []


def test_a_label_that_all_parts_lack_is_noted_when_they_are_added() -> None:
    parts = [{"label": ["a", "b"], "pred": ["a", "b"]}, {"label": ["a", "b"], "pred": ["b", "a"]}]
    assert [note.code for note in merged_by_an_engine(parts, "A").how["notes"]] == ["label_absent"]
    family = fm.binary("label", "pred", pos_label="A")
    added = sum(fm.count(part, family, part=True) for part in parts)
    assert [note.code for note in added.how["notes"]] == ["label_absent"]
