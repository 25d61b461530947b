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

import fastmetrics as fm
from fastmetrics.errors import SchemaError
from fastmetrics.schema import check_keys

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
}  # fmt: skip
WITHOUT_KEYS: dict[str, Callable[[Keys], Any]] = {
    "tidy": lambda keys: counted(keys, BINARY, **HOURS).tidy("f1", intervals=True).drop("slice_key", "slice_value"),
    "tidy of sets": lambda keys: counted(keys, BINARY, grouping_sets=[[], keys]).tidy("f1")["value"].to_list(),
    "filter": lambda keys: counted(keys, BINARY).filter(**dict.fromkeys(keys, "a")).rows,
    "arrow": lambda keys: fm.Counts.from_arrow(counted(keys, BINARY, SCORES).to_arrow()).rows,
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
