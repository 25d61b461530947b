"""Keys with the name of any column of ours: they work, or one error says what to count by instead."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

import fastmetrics as fm
from fastmetrics.cli.commands import main
from fastmetrics.errors import SchemaError
from fastmetrics.report.tables import table
from fastmetrics.schema import check_keys
from fastmetrics.wording import readable

SOURCE = Path(fm.__file__).parent
ROOMS = ("contract", "counting", "diagnosis", "families", "reading", "report", "state", "late_labels.py", "schema.py")
COMPUTED = ("f1_low", "f1_high", "ece_error", "num_now", "key 0", "k0", "predicted[1]", "judged[1]", "self", "window_")
BATCH = 330  # keys of one count


def literals(*rooms: str) -> Iterator[str]:
    """Every text of rooms that make columns: whatever a column of theirs is called, it is among these."""
    for room in rooms:
        path = SOURCE / room
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value
                elif isinstance(node, ast.keyword) and node.arg is not None:
                    yield node.arg


ROW = pl.int_range(240)
LOG = pl.select(
    plain=pl.when(ROW % 2 == 0).then(pl.lit("a")).otherwise(pl.lit("b")),
    label=(ROW % 3 == 0).cast(pl.Int8),
    pred=(ROW % 5 < 2).cast(pl.Int8),
    score=(ROW * 7 % 100) / 100,
    class_=ROW % 4,
    answer=ROW % 6 % 4,
    value=(ROW % 9).cast(pl.Float64),
    guess=(ROW % 7).cast(pl.Float64),
    weight=(ROW % 3 + 1).cast(pl.Float64),
    ts=ROW // 40 * 3600,
)
AFTER = LOG.with_columns(pl.when(plain="a").then(0).otherwise(name).alias(name) for name in ("pred", "score", "answer"))
HOURS: dict[str, Any] = {"time": "ts", "every": "1h", "time_unit": "s"}
BINARY, SCORES = fm.binary("label", "pred"), fm.scores("label", "score")
CLASSES, REGRESSION = fm.classes("class_", "answer"), fm.regression("value", "guess")
PLOTS = [("time", BINARY), ("bars", BINARY), ("confusion", BINARY), ("confusion", CLASSES)]
PLOTS += [(kind, SCORES) for kind in ("roc", "pr", "calibration")]
Keys = Sequence[str]


def counted(keys: Keys, *families: fm.Family, log: pl.DataFrame = LOG, **arguments: Any) -> fm.Counts:
    """A count by keys that all hold what `plain` holds."""
    return fm.count(log, *families, by=[pl.col("plain").alias(key) for key in keys], **arguments)


def changed(keys: Keys, *families: fm.Family) -> fm.Diagnosis:
    now, then = (counted(keys, *families, log=pl.concat([log] * 20), **HOURS) for log in (AFTER, LOG))
    found = fm.diagnose(now, baseline=then)
    assert found.text()
    return found


def late(keys: Keys) -> fm.Counts:
    log = LOG.with_row_index("id of the row")
    early = log.with_columns(label=pl.lit(None, pl.Int8))
    by = [pl.col("plain").alias(key) for key in keys]
    return fm.label_delta(early, log, BINARY, on="id of the row", label="label", by=by)


def drawn(keys: Keys, kind: str, family: fm.Family) -> None:
    pytest.importorskip("altair")
    counts = counted(keys, family, **(HOURS if kind == "time" else {}))
    counts.plot("recall" if family is BINARY and kind != "confusion" else None, kind=kind).to_dict()


WITH_KEYS: dict[str, Callable[[Keys], pl.DataFrame]] = {
    "metrics": lambda keys: counted(keys, BINARY).metrics("f1", "recall", intervals=True),
    "metrics without bounds": lambda keys: counted(keys, BINARY).metrics("f1"),
    "metrics of two families": lambda keys: counted(keys, BINARY, SCORES).metrics("f1", "ece", intervals=True),
    "metrics of regression": lambda keys: counted(keys, REGRESSION).metrics("mae", intervals=True),
    "metrics of weights": lambda keys: counted(keys, BINARY, weight="weight").metrics("f1", intervals=True),
    "metrics of long windows": lambda keys: counted(keys, BINARY, **HOURS).metrics("f1", period="3h", fill_empty=True),
    "metrics of sets": lambda keys: counted(keys, BINARY, grouping_sets=[keys]).metrics("f1").drop("grouping"),
    "worst": lambda keys: counted(keys, BINARY).worst("recall", 2),
    "compare with a group": lambda keys: counted(keys, BINARY).compare("f1", by=keys, to=dict.fromkeys(keys, "b")),
    "compare with all": lambda keys: counted(keys, BINARY).compare("f1", by=keys, to="overall"),
    "compare with Counts": lambda keys: counted(keys, BINARY).compare("f1", by=keys, to=counted(keys, BINARY)),
    "compare windows": lambda keys: counted(keys, BINARY, **HOURS).compare("f1", by=[*keys, "window"], to="overall"),
    "roc": lambda keys: counted(keys, SCORES).curve("roc"),
    "pr": lambda keys: counted(keys, SCORES).curve("pr"),
    "calibration": lambda keys: counted(keys, SCORES).curve("calibration"),
    "at_threshold": lambda keys: counted(keys, SCORES, weight="weight").at_threshold(0.5).frame,
    "per_class": lambda keys: counted(keys, CLASSES).per_class(),
    "most_confused": lambda keys: counted(keys, CLASSES).most_confused(2),
    "root_cause": lambda keys: counted(keys, BINARY).root_cause(),
    "decompose": lambda keys: fm.decompose(
        counted(keys, BINARY, log=AFTER), baseline=counted(keys, BINARY), metric="f1"
    ),
    "rollup": lambda keys: counted(keys, BINARY, **HOURS).rollup(*keys, "window", every="4h").frame,
    "sum": lambda keys: (counted(keys, BINARY, SCORES) + counted(keys, BINARY, SCORES)).tables["scores"],
    "stored": lambda keys: fm.Counts.from_bytes(counted(keys, BINARY, SCORES).to_bytes()).tables["scores"],
    "late labels": lambda keys: late(keys).frame,
}  # fmt: skip
WITHOUT_KEYS: dict[str, Callable[[Keys], Any]] = {
    "tidy": lambda keys: counted(keys, BINARY, **HOURS).tidy("f1", intervals=True).drop("slice_key", "slice_value"),
    "tidy of sets": lambda keys: counted(keys, BINARY, grouping_sets=[[], keys]).tidy("f1")["value"].to_list(),
    "filter": lambda keys: counted(keys, BINARY).filter(**dict.fromkeys(keys, "a")).rows,
    "arrow": lambda keys: fm.Counts.from_arrow(counted(keys, BINARY, SCORES).to_arrow()).rows,
    "joint arrow": lambda keys: fm.Counts.from_arrow(counted(keys, BINARY, SCORES).to_arrow(joint=True)).rows,
    "repr": lambda keys: len(repr(counted(keys, BINARY)).splitlines()) - len(keys),
    **{
        f"plot {kind} of {family.kind}": partial(drawn, kind=kind, family=family)
        for kind, family in PLOTS
    },
}  # fmt: skip


def batches(names: Sequence[str], size: int = BATCH) -> list[Sequence[str]]:
    return [names[start : start + size] for start in range(0, len(names), size)]


def free(*rooms: str) -> list[str]:
    """The names in some rooms that a key of any family may have."""
    names = {name for name in literals(*rooms) if name.islower() and re.fullmatch(r"\w[\w ]{,30}", name)}
    return sorted(filter(is_free, names | set(COMPUTED)))


def is_free(name: str, families: Sequence[fm.Family] = (BINARY, SCORES, CLASSES, REGRESSION)) -> bool:
    try:
        check_keys([name], families)
    except SchemaError:
        return False
    return True


FREE = free(*ROOMS)
# Names of columns that once met keys: of results, and of what they are made from.
KNOWN = [
    *("after", "baseline", "contribution", "current", "difference", "difference_low", "extreme", "f1_low", "frame"),
    *("group", "groups_hidden", "high", "judged_rows", "key", "len", "low", "mine", "mix", "n_now", "name", "num"),
    *(
        "num_now",
        "observed_rate",
        "p",
        "p_adjusted",
        "rank_bound",
        "rate",
        "ratio",
        "reference",
        "row",
        "rows",
        "scored",
    ),
    *("self", "slice_key", "source", "start", "support", "theirs", "threshold", "value", "window_", "worst"),
    *(
        "",
        " ",
        "*",
        "^x$",
        "^.*$",
        "a.b",
        "effect",
        "granularity",
        "hit",
        "lift",
        "literal",
        "metric",
        "share",
        "since",
    ),
]
EVERY_NAME = pytest.mark.parametrize(
    "names", [list(filter(is_free, KNOWN)), pytest.param(FREE, marks=pytest.mark.slow)], ids=["known", "all"]
)


@EVERY_NAME
@pytest.mark.parametrize("read", WITH_KEYS.values(), ids=WITH_KEYS)
def test_a_key_has_any_name_but_that_of_a_column_of_the_result(
    read: Callable[[Keys], pl.DataFrame], names: Keys
) -> None:
    plain = read(["plain"])
    columns = [name for name in plain.columns if name != "plain"]
    for some in batches([name for name in names if name not in columns]):
        found = read(some)
        assert found.select(columns).equals(plain.select(columns)), some
        assert all(found[key].to_list() == plain["plain"].to_list() for key in some), some
    for name in columns:
        with pytest.raises(SchemaError, match=r"has the name of a .* by=pl\.col\(.*\)\.alias\("):
            read([name])


@EVERY_NAME
@pytest.mark.parametrize("read", WITHOUT_KEYS.values(), ids=WITHOUT_KEYS)
def test_a_key_has_any_name_where_the_result_has_no_keys(read: Callable[[Keys], Any], names: Keys) -> None:
    plain = read(["plain"])
    for some in batches(names):
        found = read(some)
        same = found.equals(plain) if isinstance(plain, pl.DataFrame) else found == plain
        assert same, some


@pytest.mark.parametrize("family", [BINARY, SCORES, CLASSES], ids=lambda family: family.kind)
@pytest.mark.parametrize("names", [KNOWN, pytest.param(FREE, marks=pytest.mark.slow)], ids=["known", "all"])
def test_slices_of_a_diagnosis_have_any_name(family: fm.Family, names: Keys) -> None:
    plain = changed([f"plain {place}" for place in range(10)], family)
    assert len(plain)
    for some in batches([name for name in names if name != "model" and is_free(name, [family])], 10):
        found = changed([*some, *(f"plain {place}" for place in range(10 - len(some)))], family)
        assert found.findings["tag"].equals(plain.findings["tag"]), some


@pytest.mark.parametrize("role", ["dim", "k", "n", "window", "value"])
def test_columns_of_frames_that_are_explained_have_any_name(role: str) -> None:
    frame = pl.DataFrame({"dim": ["a", "b", "c", "d"] * 5, "other": ["x", "y"] * 10, "n": [1000] * 20})
    frame = frame.with_columns(k=pl.Series([10, 20, 30, 40] * 5), window=pl.int_range(20) // 4, value=pl.lit(100.0))
    moved = frame.with_columns(
        k=pl.when(dim="b").then(500).otherwise("k"), value=pl.when(dim="b").then(50.0).otherwise("value")
    )
    found = []
    for name in [role, *(name for name in KNOWN if name not in frame.columns)]:
        now, before = moved.rename({role: name}), frame.rename({role: name})
        called = {one: name if one == role else one for one in frame.columns}
        dims = [called["dim"], "other"]
        columns = {one: called[one] for one in ("k", "n", "window")}
        ratio = fm.explain_ratio(now, baseline=before, dims=dims, **columns)
        sums = fm.explain_sum(now, expected=before, dims=dims, value=called["value"])
        found.append([one.drop("predicate") for one in (ratio, sums)])
        assert ratio["predicate"].to_list() == [[{"column": called["dim"], "value": "b"}]], name
    assert all(one.equals(first) for some in found for one, first in zip(some, found[0], strict=True))


@pytest.mark.parametrize("role", ["run", "step", "split"])
def test_columns_of_a_training_log_have_any_name(role: str) -> None:
    losses = [1 / (step + 1) if step < 60 else float("nan") for step in range(100)]
    log = pl.DataFrame({"run": ["a"] * 100, "step": range(100), "split": ["train"] * 100, "loss": losses})
    plain = str(fm.diagnose_training(log))
    for name in KNOWN:
        if name not in ("metric", "value"):  # with which a log is in the long form
            assert str(fm.diagnose_training(log.rename({role: name}), **{role: name})) == plain, name


@pytest.mark.parametrize("intervals", [False, True])
def test_a_table_shows_a_key_that_is_named_like_a_bound_as_a_key(intervals: bool) -> None:
    plain = counted(["plain"], BINARY, **HOURS).metrics("f1", "recall", intervals=intervals)
    shown = table(plain, ["plain", "window_start"], color=False).splitlines()[2:-1]
    for name in ("f1_low", "f1_high", "f1_error", "recall_low", "key_low", "ratio", "", "*"):
        if name not in plain.columns:
            frame = counted([name], BINARY, **HOURS).metrics("f1", "recall", intervals=intervals)
            lines = table(frame, [name, "window_start"], color=False).splitlines()
            assert readable(name) in lines[0]
            assert [line.split() for line in lines[2:-1]] == [line.split() for line in shown]


@pytest.mark.parametrize("name", ["ratio", "p", "rows", "rank_bound", "f1_low", "*", "^x$", "value"])
def test_the_shell_reads_keys_of_any_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    LOG.select("plain", "label", "pred").rename({"plain": name}).write_parquet("log.parquet")
    counted([name], BINARY).write("counts.parquet")
    asked = ["evaluate", "log.parquet", "--y-true", "label", "--y-pred", "pred", "--by", name, "-m", "f1"]
    for form in ("json", "csv", "table"):
        given = CliRunner().invoke(main, [*asked, "--format", form])
        assert given.exit_code == 0, given.output
        assert name in given.stdout
    compared = CliRunner().invoke(main, ["compare", "counts.parquet", "-m", "f1", "--to", "b"])
    if name in ("ratio", "p"):
        assert compared.exit_code == 2
        assert f"'{name} as {name}_key'" in compared.stderr
    else:
        assert compared.exit_code == 0, compared.output
        assert name in compared.stdout


def test_a_metric_with_the_name_of_another_column_of_the_result_is_refused() -> None:
    counts = counted(["plain"], BINARY)
    for name, read in (
        ("f1_low", lambda metric: counts.metrics("f1", metric, intervals=True)),
        ("reference", lambda metric: counts.compare(metric, by="plain", to="a")),
        ("rank_bound", lambda metric: counts.worst(metric)),
        ("plain", lambda metric: counts.metrics(metric)),
    ):
        metric = fm.Metric(name, lambda c: c.tp, lambda c: c.tp + c.fn, "proportion")
        with pytest.raises(SchemaError, match="give it another name"):
            read(metric)


def test_columns_of_a_log_have_any_name_where_ours_are_read_beside_them() -> None:
    log = LOG.select("label", "pred", pl.int_range(pl.len()).alias("len"), pl.col("plain").alias("hash of the row"))
    early = log.with_columns(pl.lit(None, pl.Int8).alias("label"), pl.lit(7).alias("new label"))
    delta = fm.label_delta(early, log, BINARY, on="len", label="label")
    assert fm.count(early, BINARY, part=True) + delta == fm.count(log, BINARY)
    finding = fm.Finding("fn_surge", "major", "fnr", "", "", slice={"hash of the row": "a"})
    assert finding.examples(log, n=5)["hash of the row"].to_list() == ["a"] * 5


def test_a_column_named_twice_is_refused_by_explain_ratio() -> None:
    frame = {"value": [1.0], "count": [2.0], "country": ["BR"]}
    for given in ({"dims": ["count"]}, {"dims": ["country", "country"]}, {"dims": ["country"], "window": "country"}):
        with pytest.raises(SchemaError, match="is named twice in k=, n=, dims= and window="):
            fm.explain_ratio(frame, baseline=frame, **given)
