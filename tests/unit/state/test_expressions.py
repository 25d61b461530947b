"""Role expressions are stored with Counts; a file that holds code, or what no Polars reads, costs no metric."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

import fastmetrics as fm
from fastmetrics.contract.columns import LostExpression
from fastmetrics.state import expressions

LOG = pl.DataFrame(
    {
        "stars": [5, 1, 4, None, 2],
        "score": [0.9, 0.2, 0.4, 0.8, None],
        "text": ["yes", "no", "Yes ", "no", None],
        "made": pl.Series([{"at": "2026-01-05"}, {"at": "2026-01-04"}, {"at": "2025-12-31"}, None, None]),
    }
)
ROLES = {
    "comparison": pl.col("score") > 0.5,
    "arithmetic": (pl.col("stars") * 2 - 1).clip(0, 9) >= pl.lit(5, pl.Int8),
    "boolean": ~pl.col("stars").is_between(0, 3) & pl.col("score").is_not_null(),
    "text": pl.col("text").str.strip_chars().str.to_lowercase() == "yes",
    "values": pl.col("text").is_in(["yes", "Yes "]),
    "condition": pl.when(pl.col("stars").is_null()).then(False).otherwise(pl.col("score") > 0.3).alias("stars"),
    "mapping": pl.col("text").replace_strict({"yes": True, "no": False}, default=None, return_dtype=pl.Boolean),
    "times": pl.col("made").struct.field("at").str.to_date("%Y-%m-%d").dt.year() > 2025,
    "window": pl.col("score").rank() > pl.col("score").mean(),
    "SQL": pl.sql_expr("score > 0.5 OR text LIKE 'Yes%'").alias("liked"),
    "pattern": pl.selectors.by_name("stars").as_expr() > 3,
}
WAYS: dict[str, Callable[[fm.Counts, Path], fm.Counts]] = {
    "file": lambda counts, folder: written(counts, folder / "counts.parquet"),
    "table": lambda counts, _: fm.Counts.from_arrow(counts.to_arrow()),
    "pickle": lambda counts, _: pickle.loads(pickle.dumps(counts)),
}


def written(counts: fm.Counts, path: Path) -> fm.Counts:
    counts.write(path)
    return fm.read_counts(path)


def a_python_function(column: pl.Series) -> pl.Series:
    return column > 3


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("role", ROLES)
def test_expressions_of_roles_are_kept(role: str, way: str, tmp_path: Path) -> None:
    counts = fm.count(LOG, fm.binary(ROLES[role], pl.col("stars") > 2))
    again = WAYS[way](counts, tmp_path)
    assert again.layout == counts.layout
    assert again.layout.families[0].roles == counts.layout.families[0].roles
    assert fm.count(LOG, *again.layout.families) == counts


def test_every_family_keeps_them(tmp_path: Path) -> None:
    families = [
        fm.scores(pl.col("stars") > 3, pl.col("score") / 2, bins=4, losses=False),
        fm.regression(pl.col("stars") + 1, "score", shift=2, extremes=False),
        fm.classes(pl.col("text").str.to_lowercase(), "text", labels=["yes", "no"]),
        fm.binary(pl.col("stars") > 3, y_score=pl.col("score") * 2, threshold=0.5),
    ]
    counts = fm.count(LOG, *families)
    again = written(counts, tmp_path / "counts.parquet")
    assert again.layout.families == tuple(families)
    assert again.at_threshold(0.25).layout == counts.at_threshold(0.25).layout


@pytest.mark.parametrize(
    "column",
    [
        pytest.param(pl.col("stars").map_batches(a_python_function, return_dtype=pl.Boolean), id="function"),
        pytest.param(pl.col("stars").map_batches(lambda s: s > 3, return_dtype=pl.Boolean), id="lambda"),
        pytest.param((pl.col("stars") > 3).name.map(str.lower), id="name"),
        pytest.param(
            pl.fold(False, lambda a, b: a | b, [pl.col("stars") > 3], returns_scalar=False).alias("stars"), id="fold"
        ),
        pytest.param(pl.col("stars") > float("inf"), id="infinity, which JSON does not hold"),
        pytest.param(pl.col("stars").is_in(list(range(50_000))), id="a table in an expression"),
    ],
)
@pytest.mark.parametrize("way", WAYS)
def test_what_cannot_be_stored_keeps_its_name_and_is_not_counted_with(
    column: pl.Expr, way: str, tmp_path: Path
) -> None:
    counts = fm.count(LOG, fm.binary(column, pl.col("stars") > 2))
    again = WAYS[way](counts, tmp_path)
    assert again == counts
    assert again.metrics("f1", "prevalence").equals(counts.metrics("f1", "prevalence"))
    [family] = again.layout.families
    assert isinstance(family.arguments["y_true"], LostExpression)
    assert family.named_arguments["y_true"] == "stars"
    assert again + counts == counts + counts
    with pytest.raises(fm.SchemaError, match=r"column 'stars' of .* stored Counts: .* could not be stored; make the f"):
        fm.count(LOG, family)
    assert WAYS[way](again, tmp_path).layout == again.layout


def test_scores_at_a_threshold_count_with_nothing_lost_either() -> None:
    label = pl.col("stars").map_batches(a_python_function, return_dtype=pl.Boolean)
    counts = pickle.loads(pickle.dumps(fm.count(LOG, fm.scores(label, "score", edges=[0, 0.5, 1]))))
    binary = counts.at_threshold(0.5)
    assert binary.rows == 5
    with pytest.raises(fm.SchemaError, match="could not be stored"):
        fm.count(LOG, *binary.layout.families)


def edited(edit: Callable[[dict[str, Any]], None]) -> pa.Table:
    """A table of Counts whose one family is stored with other metadata."""
    table = fm.count(LOG, fm.binary(ROLES["comparison"].alias("stars"), pl.col("stars") > 3)).to_arrow()
    document = json.loads(table.schema.metadata[b"fastmetrics"])
    edit(document["families"][0])
    return table.replace_schema_metadata({b"fastmetrics": json.dumps(document).encode()})


def of_another_polars(family: dict[str, Any]) -> None:
    operations = {"Quux": {"operands": [{"Column": "stars"}]}}
    family["expressions"]["y_true"] |= {"polars": "9.9", "operations": operations, "text": "quux(stars)"}


def test_an_expression_of_another_polars_is_an_error_only_where_it_is_counted_with() -> None:
    table = edited(of_another_polars)
    counts = fm.Counts.from_arrow(table)
    assert counts.metrics("recall").shape[0] == 1
    text = rf"quux\(stars\) was stored by Polars 9\.9 and cannot be read by Polars {pl.__version__}; make the family"
    with pytest.raises(fm.SchemaError, match=text):
        fm.count(LOG, *counts.layout.families)
    again = json.loads(counts.to_arrow().schema.metadata[b"fastmetrics"])  # which that Polars can still read
    assert again["families"] == json.loads(table.schema.metadata[b"fastmetrics"])["families"]


def test_what_polars_reads_in_part_is_not_taken_for_the_whole() -> None:
    """It passes over options that it does not know, which may mean something."""

    def edit(family: dict[str, Any]) -> None:
        family["expressions"]["y_true"]["operations"]["Alias"][0]["BinaryExpr"]["tolerance"] = 0.1

    [family] = fm.Counts.from_arrow(edited(edit)).layout.families
    assert isinstance(family.arguments["y_true"], LostExpression)


class Trap:
    """Something that makes a folder when it comes out of a pickle."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.folder,)


@pytest.mark.parametrize("where", ["name", "function", "fold", "plugin", "nested"])
def test_code_in_a_file_is_not_run(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = list(pickle.dumps(Trap(str(tmp_path / "sprung"))))
    column = {"Column": "stars"}
    marked = [0, 11, 7, 128, *code[1:]]
    operations = {
        "name": {"RenameAlias": {"function": {"Map": marked}, "expr": column}},
        "function": {"AnonymousFunction": {"input": [column], "function": [80, 76, 80, 89, 70, 78, *code]}},
        "fold": {"Function": {"input": [column], "function": {"FoldHorizontal": {"callback": marked}}}},
        "plugin": {"Function": {"input": [column], "function": {"FfiPlugin": {"lib": "/x.so", "symbol": "f"}}}},
        "nested": {
            "BinaryExpr": {
                "left": {"Cast": {"expr": {"RenameAlias": {"function": {"Map": marked}, "expr": column}}}},
                "op": "Gt",
                "right": column,
            }
        },
    }[where]

    def edit(family: dict[str, Any]) -> None:
        family["expressions"]["y_true"]["operations"] = operations

    table, given, deserialize = edited(edit), [], pl.Expr.deserialize
    monkeypatch.setattr(pl.Expr, "deserialize", lambda at, **way: given.append(at.getvalue()) or deserialize(at, **way))
    counts = fm.Counts.from_arrow(table)
    assert len(given) == 1  # that of the prediction
    assert counts.metrics("recall").shape[0] == 1
    with pytest.raises(fm.SchemaError, match="cannot be read by Polars"):
        fm.count(LOG, *counts.layout.families)
    assert not (tmp_path / "sprung").exists()


def replaced(entry: Any) -> Callable[[dict[str, Any]], None]:
    return lambda family: family["expressions"].update(y_true=entry)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda family: family.update(expressions=[]), "JSON object is needed"),
        (lambda family: family.update(expressions=None), "JSON object is needed"),
        (replaced("stars"), "JSON object is needed"),
        (replaced({"text": "stars"}), "lacks 'polars'"),
        (replaced({"text": "stars", "polars": 2, "operations": None}), "'polars': 2, which is of the wrong type"),
        (replaced({"text": "stars", "polars": "2", "operations": "code"}), "'operations': 'code'"),
        (
            replaced({"text": "a", "polars": "2", "operations": {"Column": "a"}}),
            "'stars', but of it the expression 'a'",
        ),
        (lambda family: family["arguments"].update(y_true=None), "None, but of it the expression"),
        (lambda family: family["arguments"].pop("y_true"), "None, but of it the expression"),
        (lambda family: family["arguments"].update(y_true="score"), "'score', but of it the expression"),
        (
            replaced({"text": "*", "polars": "2", "operations": {"Selector": "Wildcard"}}),
            r"'stars', but of it the expression '\*'",
        ),
    ],
)
def test_tampered_expressions_are_refused(edit: Callable[[dict[str, Any]], None], message: str) -> None:
    with pytest.raises(fm.SourceError, match=message):
        fm.Counts.from_arrow(edited(edit))


def test_counts_of_names_alone_are_stored_as_before() -> None:
    table = fm.count(LOG, fm.binary("stars", "stars", pos_label=5)).to_arrow()
    [family] = json.loads(table.schema.metadata[b"fastmetrics"])["families"]
    assert sorted(family) == ["arguments", "identity", "kind"]


def test_operations_are_looked_at_whatever_their_depth() -> None:
    deep: Any = {"Column": "a"}
    for _ in range(5000):
        deep = {"Alias": [deep, "a"]}
    assert expressions.is_plain(deep)
    assert not expressions.is_plain({"Alias": [{"Alias": [{"FfiPlugin": {}}, "a"]}, "a"]})
