"""Families are values, and so is what holds them: equal by what was said, hashable, and alive in another process."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from operator import attrgetter
from typing import Any

import numpy as np
import polars as pl
import pytest

import fastmetrics as fm
from fastmetrics.contract.family import Family
from fastmetrics.contract.roles import Role
from fastmetrics.schema import Schema
from fastmetrics.state.layout import Layout
from fastmetrics.windows import Windows
from own_family import hits

MAKERS: dict[str, Callable[[], Family]] = {
    "binary": lambda: fm.binary("label", "pred"),
    "binary of a score": lambda: fm.binary("label", y_score="score", threshold=0.5),
    "binary of expressions": lambda: fm.binary(pl.col("stars") > 3, pl.col("score") > 0.5, name="shadow"),
    "binary of text": lambda: fm.binary("label", "pred", pos_label="yes", null_values=["", "NA"]),
    "binary of another text": lambda: fm.binary("label", "pred", pos_label="no", null_values=["", "NA"]),
    "binary of 1": lambda: fm.binary("label", "pred", pos_label=1),
    "binary of True": lambda: fm.binary("label", "pred", pos_label=True),
    "classes": lambda: fm.classes("label", "pred"),
    "classes with labels": lambda: fm.classes("label", "pred", labels=["cat", "dog"]),
    "classes in another order": lambda: fm.classes("label", "pred", labels=["dog", "cat"]),
    "regression": lambda: fm.regression("y", "yhat"),
    "regression with a shift": lambda: fm.regression("y", "yhat", shift=1e12, extremes=False),
    "flags": lambda: fm.flags(refused="refused"),
    "flags of another name": lambda: fm.flags(denied="refused"),
    "flags of an expression": lambda: fm.flags(refused=pl.col("answer").str.starts_with("Sorry"), long="long"),
    "likelihood": lambda: fm.likelihood("logprobs"),
    "likelihood of bits": lambda: fm.likelihood("logprobs", base="2", null_values=[-9999]),
    "scores": lambda: fm.scores("label", "score"),
    "scores with edges": lambda: fm.scores("label", "score", edges=[0, 0.5, 1]),
    "scores of margins": lambda: fm.scores("label", pl.col("score") * 2, edges=[-1, 0, 1]),
    "scores of log-odds": lambda: fm.scores("label", "score", link="logit"),
    "a family of one's own": lambda: hits(pl.col("score") > 0.5, scale=[1.0, float("nan")]),
    "a family of one's own with other arguments": lambda: hits(pl.col("score") > 0.5, scale=[1.0, 2.0]),
    "a family of one's own of another expression": lambda: hits(pl.col("score") > 0.6, scale=[1.0, 2.0]),
}
LOG = pl.DataFrame(
    {
        "label": [1, 0, 1, None, 0, 1] * 50,
        "score": np.random.default_rng(0).random(300),
        "model": ["a", "b", "b"] * 100,
        "ts": pl.datetime_range(pl.datetime(2026, 1, 1), pl.datetime(2026, 1, 13), "57m", eager=True).head(300),
    }
)


@pytest.mark.parametrize("case", MAKERS)
def test_a_family_equals_one_that_is_made_alike_and_no_other(case: str) -> None:
    family = MAKERS[case]()
    assert family == MAKERS[case]()
    assert hash(family) == hash(MAKERS[case]())
    assert [name for name, make in MAKERS.items() if make() == family] == [case]
    assert family != "binary"


@pytest.mark.parametrize("case", MAKERS)
def test_a_family_comes_out_of_a_pickle_as_it_went_in(case: str) -> None:
    family = MAKERS[case]()
    for again in (pickle.loads(pickle.dumps(family)), copy.deepcopy(family)):
        assert again == family
        assert [role.name for role in again.roles] == [role.name for role in family.roles]
        assert [metric.name for metric in again.metrics] == [metric.name for metric in family.metrics]


def test_arguments_are_compared_by_what_they_mean() -> None:
    """Not by the type that a number or a list happens to have."""
    assert fm.scores("a", "b", bins=4) == fm.scores("a", "b", edges=np.array([0, 0.25, 0.5, 0.75, 1]))
    assert fm.binary("a", y_score="b", threshold=np.float64(0.5)) == fm.binary("a", y_score="b", threshold=0.5)
    assert fm.classes("a", "b", labels=(1, 2)) == fm.classes("a", "b", labels=[np.int64(1), np.int64(2)])
    assert hits("a", scale=[np.float32("nan")]) == hits("a", scale=[float("nan")])


def test_expressions_are_compared_by_their_operations() -> None:
    one, other = (Role("label", pl.col("s") > bound, "binary") for bound in (0.5, 0.5))
    assert one == other
    assert hash(one) == hash(other)
    assert one != Role("label", pl.col("s") > 0.25, "binary")
    assert one != Role("label", "s", "binary")
    assert len({one, other}) == 1


def schema(bound: float = 0.5, **other: Any) -> Schema:
    given: dict[str, Any] = {
        "families": (fm.binary("label", pl.col("score") > bound), fm.scores("label", "score", bins=10, losses=False)),
        "by": ("model", (pl.col("score") * 3).cast(pl.Int64).alias("third")),
        "time": pl.col("ts"),
        "windows": Windows("1d", "6h", "Europe/Berlin"),
        "where": pl.col("score") > 0.1,
    }
    return Schema(**given | other)


def test_a_schema_and_a_layout_are_values() -> None:
    assert schema() == schema()
    assert hash(schema()) == hash(schema())
    assert pickle.loads(pickle.dumps(schema())) == schema()
    for other in (schema(0.4), schema(where=pl.col("score") > 0.2), schema(by=("model",)), schema(time="ts")):
        assert other != schema()
    one, two = (Layout(schema().families, ("model",), Windows("1d")) for _ in range(2))
    assert one == two == pickle.loads(pickle.dumps(one))
    assert hash(one) == hash(two)
    assert replace(one, families=one.families[:1]) != one


def test_a_family_that_could_not_be_made_again_is_not_pickled() -> None:
    def local(column: str) -> Family:
        return replace(hits(column, []), maker=local, arguments={"column": column})

    with pytest.raises(fm.SchemaError, match=r"'hits' cannot be pickled: its maker .*local.* is not found in a module"):
        pickle.dumps(local("a"))
    with pytest.raises(fm.SchemaError, match="'shadow' cannot be pickled: its maker 'binary' makes another family"):
        pickle.dumps(replace(fm.binary("a", "b"), name="shadow"))
    with pytest.raises(fm.SchemaError, match="makes another family of its arguments"):
        pickle.dumps(replace(fm.binary("a", "b"), metrics=()))
    with pytest.raises(fm.SchemaError, match=r"its maker does not take its arguments: .*'threshhold'"):
        pickle.dumps(replace(fm.binary("a", "b"), arguments={"threshhold": 1}))
    lock = threading.Lock()
    guarded = fm.binary(pl.col("a").map_batches(lambda s, held=lock: s), "b")
    with pytest.raises(fm.SchemaError, match=r"neither can its y_true=col\(\"a\"\)\.python_udf\(\): .*lock"):
        pickle.dumps(guarded)


def test_a_family_is_shown_as_it_was_made() -> None:
    family = fm.scores("label", pl.col("score") * 2, bins=100, pos_label="yes")
    assert repr(family).startswith(
        "scores(y_true='label', y_score=[(col(\"score\")) * (dyn int: 2)], edges=[0.0, 0.01,"
    )
    assert len(repr(family)) < 250


def test_the_name_of_a_column_stands_for_its_expression_where_there_is_only_text() -> None:
    family = fm.binary(pl.col("stars") > 3, "pred")
    assert family.named_arguments == {"y_true": "stars", "y_pred": "pred", "pos_label": None, "name": "binary"}


@pytest.mark.parametrize("way", ["spawn", "forkserver"])
def test_processes_count_parts_of_a_log(way: str) -> None:
    """Families and a schema go to them in pickles, and counts come back in pickles."""
    asked = schema()
    families = (*asked.families, hits(pl.col("score") > 0.5))  # whose cells are integers, equal to the bit
    given: dict[str, Any] = {"by": asked.by, "where": asked.where, "time": "ts", "every": "1d"}
    with ProcessPoolExecutor(2, multiprocessing.get_context(way)) as pool:
        assert pool.submit(attrgetter("families"), asked).result() == asked.families
        starts = range(0, 300, 100)
        tasks = [pool.submit(fm.count, LOG[at : at + 100], *families, part=True, threads=1, **given) for at in starts]
        parts = [task.result() for task in tasks]
    assert sum(parts) == fm.count(LOG, *families, **given)
