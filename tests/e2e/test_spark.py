"""The recipe of docs/spark.md on a local Spark: it gives what counting the whole log on one machine gives."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import fastmetrics as fm
from pages import ROOT, blocks, run_page, write_logs

pytestmark = [
    # Spark says so of every pandas 3; the recipe moves Arrow only.
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The names that the page leaves, after its code ran in a folder with logs."""
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
            run_page(ROOT / "docs" / "spark.md", names)
            yield names
        finally:
            session.stop()


def whole(**other: Any) -> fm.Counts:
    arguments = {"by": ["model", "country"], "time": "ts", "every": "1d", "time_zone": "UTC"} | other
    return fm.count("logs", fm.binary("label", "pred"), **arguments)


def test_the_page_counts_the_whole_log(page: dict[str, Any]) -> None:
    assert page["counts"] == whole()
    assert page["counts"].rows == 6000


def test_the_recipe_is_short() -> None:
    recipe = next(block for block in blocks(ROOT / "docs" / "spark.md") if "mapInArrow" in block.text)
    assert len([line for line in recipe.text.splitlines() if line]) <= 20


@pytest.mark.parametrize("partitions", [1, 5])
def test_partitions_do_not_matter(page: dict[str, Any], partitions: int) -> None:
    assert page["count_on_spark"](page["logs"].repartition(partitions)) == whole()


def test_partitions_without_rows(page: dict[str, Any]) -> None:
    few = page["logs"].repartition(4).filter("id < 2")
    assert page["count_on_spark"](few) == whole(where="id < 2")
    assert page["count_on_spark"](page["logs"].filter("false")) == whole(where="false")


def test_null_keys_and_times_with_a_zone(page: dict[str, Any]) -> None:
    logs = page["logs"].selectExpr("nullif(model, 'atlas-1') AS model", "country", "ts", "label", "pred")
    expected = whole(by=[pl.col("model").replace("atlas-1", None), "country"])
    assert page["count_on_spark"](logs) == expected
    instants = logs.selectExpr(
        "model", "country", "convert_timezone('UTC', current_timezone(), ts) AS ts", "label", "pred"
    )
    zoned = instants.selectExpr("model", "country", "CAST(ts AS TIMESTAMP) AS ts", "label", "pred")
    assert page["count_on_spark"](zoned) == expected


@pytest.mark.parametrize("family", ['fm.scores("label", "score", bins=10)', 'fm.regression("score", "score")'])
def test_other_families(page: dict[str, Any], family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inner keys, float cells and extremes travel too."""
    monkeypatch.setitem(page, "counted", page["counted"])
    exec(f"def counted(log): return fm.count(log, {family}, by='model', threads=1)", page)  # a name that Spark ships
    found, expected = page["count_on_spark"](page["logs"]), page["counted"]("logs")
    assert found.rows == expected.rows == 6000
    assert_frame_equal(found.frame, expected.frame, rel_tol=1e-12)


def test_wrong_names_are_refused_on_the_driver(page: dict[str, Any]) -> None:
    with pytest.raises(fm.SchemaError, match="unknown column 'label'; did you mean 'labels'"):
        page["count_on_spark"](page["logs"].withColumnRenamed("label", "labels"))


def test_a_bad_value_stops_the_job_with_its_column(page: dict[str, Any]) -> None:
    from pyspark.errors import PythonException

    with pytest.raises(PythonException, match="column 'label' holds 7"):
        page["count_on_spark"](page["logs"].selectExpr("model", "country", "ts", "7 AS label", "pred"))
