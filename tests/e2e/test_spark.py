"""The recipe of docs/spark.md gives what counting the whole log on one machine gives.

It runs on a stand-in for what it uses of Spark, and on a local Spark where one is installed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import fastmetrics as fm
import spark_stand_in
from pages import ROOT, blocks, run_page, write_logs

PAGE = ROOT / "docs" / "spark.md"
FAMILIES = fm.binary("label", "pred"), fm.scores("label", "score")

pytestmark = [
    # Spark says so of every pandas 3; the recipe moves Arrow only.
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
]


@pytest.fixture(scope="module")
def on_spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The names that the page leaves, after its code ran on a local Spark in a folder with logs."""
    pytest.importorskip("pyspark")
    from pyspark.sql import SparkSession

    folder = tmp_path_factory.mktemp("spark")
    write_logs(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("PYTHONPATH", str(Path(fm.__file__).parents[1]))  # for the workers, which run elsewhere
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        settings = {
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.sql.shuffle.partitions": "2",
            "spark.sql.session.timeZone": "America/Sao_Paulo",  # which must not move a window
        }
        session = SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()
        names: dict[str, Any] = {}
        try:
            run_page(PAGE, names)
            yield names
        finally:
            session.stop()


@pytest.fixture(scope="module")
def on_stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The names that the page leaves, after its code ran without a Spark in a folder with logs."""
    folder = tmp_path_factory.mktemp("stand-in")
    write_logs(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        names: dict[str, Any] = {}
        with patch.context() as importing:
            for name, module in spark_stand_in.modules().items():
                importing.setitem(sys.modules, name, module)
            run_page(PAGE, names)
        yield names


@pytest.fixture(params=["on_stand_in", pytest.param("on_spark", marks=pytest.mark.heavy)])
def page(request: pytest.FixtureRequest) -> dict[str, Any]:
    return request.getfixturevalue(request.param)


def whole(**other: Any) -> fm.Counts:
    arguments = {"by": ["model", "country"], "time": "ts", "every": "1d", "time_zone": "UTC"} | other
    return fm.count("logs", *FAMILIES, **arguments)


def check_same(found: fm.Counts, expected: fm.Counts) -> None:
    """To the bit but for sums of floats, which depend on the order of their parts."""
    assert found.layout == expected.layout
    for family, table in expected.tables.items():
        assert_frame_equal(found.tables[family], table, rel_tol=1e-12)


def test_the_page_counts_the_whole_log(page: dict[str, Any]) -> None:
    check_same(page["counts"], whole())
    assert page["counts"].rows == 6000
    check_same(page["count_in_two_steps"](page["logs"]), whole())


def test_the_recipe_is_short() -> None:
    recipe = next(block for block in blocks(PAGE) if "mapInArrow" in block.text)
    assert len([line for line in recipe.text.splitlines() if line]) <= 20


@pytest.mark.parametrize("partitions", [1, 5])
def test_partitions_do_not_matter(page: dict[str, Any], partitions: int) -> None:
    check_same(page["count_on_spark"](page["logs"].repartition(partitions)), whole())


@pytest.mark.parametrize("rows", [0, 2])
def test_partitions_without_rows(page: dict[str, Any], rows: int) -> None:
    few = page["logs"].limit(rows).repartition(4)
    expected = fm.count(few.toArrow(), *FAMILIES, by=["model", "country"], time="ts", every="1d", time_zone="UTC")
    for count in ("count_on_spark", "count_in_two_steps"):
        check_same(page[count](few), expected)
        assert page[count](few).rows == rows


@pytest.mark.heavy
def test_null_keys_and_times_with_a_zone(on_spark: dict[str, Any]) -> None:
    rest = ("label", "pred", "score")
    logs = on_spark["logs"].selectExpr("nullif(model, 'atlas-1') AS model", "country", "ts", *rest)
    expected = whole(by=[pl.col("model").replace("atlas-1", None), "country"])
    check_same(on_spark["count_on_spark"](logs), expected)
    instants = logs.selectExpr("model", "country", "convert_timezone('UTC', current_timezone(), ts) AS ts", *rest)
    zoned = instants.selectExpr("model", "country", "CAST(ts AS TIMESTAMP) AS ts", *rest)
    check_same(on_spark["count_on_spark"](zoned), expected)


@pytest.mark.parametrize("families", ['fm.classes("label", "pred")', 'fm.regression("score", "score")'])
def test_other_families(page: dict[str, Any], families: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inner keys of any type, and extremes, travel too."""
    monkeypatch.setitem(page, "counted", page["counted"])
    exec(f"def counted(log): return fm.count(log, {families}, by='model', threads=1)", page)  # a name that Spark ships
    found, expected = page["count_on_spark"](page["logs"]), page["counted"]("logs")
    assert found.rows == 6000
    check_same(found, expected)


def test_wrong_names_are_refused_on_the_driver(page: dict[str, Any]) -> None:
    logs = page["logs"].select("model", "country", "ts", "pred", "score")
    with pytest.raises(fm.SchemaError, match="unknown column 'label'"):
        page["count_on_spark"](logs)


@pytest.mark.heavy
def test_a_bad_value_stops_the_job_with_its_column(on_spark: dict[str, Any]) -> None:
    from pyspark.errors import PythonException

    with pytest.raises(PythonException, match="column 'label' holds 7"):
        on_spark["count_on_spark"](on_spark["logs"].selectExpr("model", "country", "ts", "7 AS label", "pred", "score"))
