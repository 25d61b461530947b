"""One question under two spellings is one: its Counts add up, compare and merge, in either order."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from click.testing import CliRunner

import fastmetrics as fm
from fastmetrics.cli import main
from fastmetrics.errors import MergeError, SchemaError
from fastmetrics.windows import Windows
from fastmetrics.zones import CURRENT

HOUR = 3_600_000_000
BINARY = fm.binary("label", "pred")
SCORES = fm.scores("label", "score", bins=4, losses=False)
ROWS = 240
LOG = pl.DataFrame(
    {
        "id": range(ROWS),
        "label": [(row * 7) % 5 > 2 for row in range(ROWS)],
        "pred": [(row * 3) % 4 > 1 for row in range(ROWS)],
        "score": [row / ROWS for row in range(ROWS)],
        "model": [None if row % 7 == 0 else "ba"[row % 2] for row in range(ROWS)],
        "site": ["abz"[row % 3] for row in range(ROWS)],
        "ts": [dt.datetime(2024, 10, 26) + dt.timedelta(minutes=25 * row) for row in range(ROWS)],
    }
)
TIMED = {"time": "ts", "every": "1h", "time_zone": "UTC", "by": "model"}
DAILY = TIMED | {"every": "1d", "time_zone": "Europe/Berlin"}
SETS = [[], ["model"], ["model", "site"]]


def counted(log: pl.DataFrame, families: Any = (BINARY,), **arguments: Any) -> fm.Counts:
    return fm.count(log, *families, **arguments)


SPELLINGS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (TIMED, {"time_zone": "Etc/UTC"}),
    (TIMED, {"time_zone": "GMT"}),
    (TIMED, {"time_zone": "+00:00"}),
    (TIMED | {"time_zone": "-05:00"}, {"time_zone": "Etc/GMT+5"}),
    (TIMED | {"time_zone": "Asia/Kolkata"}, {"time_zone": "Asia/Calcutta"}),
    (TIMED | {"time_zone": "America/New_York"}, {"time_zone": "US/Eastern"}),
    (TIMED, {"every": "60m"}),
    (TIMED, {"every": "3600 seconds"}),
    (TIMED | {"every": "90m"}, {"every": "1h30m"}),
    (DAILY, {"every": "24h"}),
    (TIMED | {"every": "7d"}, {"every": "168h"}),
    (TIMED | {"every": "1y"}, {"every": "12mo"}),
    (TIMED | {"every": "1y"}, {"every": "4q"}),
    (TIMED | {"every": "3mo"}, {"every": "1q"}),
    (TIMED, {"offset": "0h"}),
    (TIMED, {"offset": "2h"}),
    (TIMED | {"offset": "30m"}, {"offset": "90m"}),
    (DAILY, {"offset": "24h"}),
    (DAILY | {"offset": "6h"}, {"offset": "-18h"}),
    (DAILY | {"every": "1h"}, {"offset": "48h"}),
    (DAILY | {"every": "1h", "offset": "30m"}, {"offset": "1470m"}),
    (TIMED | {"every": "1w"}, {"offset": "1w"}),
    (TIMED | {"every": "1w", "offset": "1d"}, {"offset": "8d"}),
    (TIMED | {"every": "1y", "offset": "1q"}, {"offset": "15mo"}),
    ({"by": ["model", "site"]}, {"by": ["site", "model"]}),
    (
        {"by": ["model", "site"], "grouping_sets": SETS},
        {"by": ["site", "model"], "grouping_sets": [["site", "model"], [], ["model"]]},
    ),
    ({"families": (BINARY, SCORES), "by": "model"}, {"families": (SCORES, BINARY)}),
    (
        {"families": (fm.classes("model", "site", labels=["a", "b", "z"]),)},
        {"families": (fm.classes("model", "site", labels=["z", "b", "a"]),)},
    ),
    (
        {
            "families": (
                fm.text("site", reference="model", measures=["wer", "rougeL"], limits=["wer > 1", "rougeL<.2"]),
            )
        },
        {
            "families": (
                fm.text("site", reference="model", measures=["rougeL", "wer"], limits=["rougeL < 0.20", "wer>1.0"]),
            )
        },
    ),
    (
        {"families": (fm.binary("model", "site", pos_label="a", null_values=["z", "NA"]),)},
        {"families": (fm.binary("model", "site", pos_label="a", null_values=["NA", "z"]),)},
    ),
]


@pytest.mark.parametrize(
    ("first", "changed"),
    SPELLINGS,
    ids=[" ".join(f"{k}={v}"[:40] for k, v in changed.items()) for _, changed in SPELLINGS],
)
def test_counts_under_two_spellings_are_those_of_one(first: dict[str, Any], changed: dict[str, Any]) -> None:
    one, other = counted(LOG[:100], **first), counted(LOG[100:], **(first | changed))
    whole = counted(LOG, **first)
    assert whole == counted(LOG, **(first | changed))
    assert one + other == other + one == sum([one, other]) == whole
    assert whole - other == one
    assert (other + one) - one == other
    for left, right in ((one, other), (other, one)):
        sums = left + right
        assert sums.layout.keys == left.layout.keys
        assert [family.name for family in sums.layout.families] == [family.name for family in left.layout.families]


def test_the_sum_of_three_spellings_does_not_depend_on_their_order() -> None:
    spellings: list[dict[str, Any]] = [{}, {"offset": "1h", "time_zone": "Zulu"}, {"offset": "5h", "every": "60m"}]
    parts = [counted(LOG[k::3], **(TIMED | given)) for k, given in enumerate(spellings)]
    whole = counted(LOG, **TIMED)
    assert all(sum(order) == whole for order in itertools.permutations(parts))
    assert (parts[0] + parts[1]) + parts[2] == parts[0] + (parts[1] + parts[2])
    days = counted(LOG, **(TIMED | {"every": "1d"}))
    assert all(sum(order).rollup("model", "window", every="1d") == days for order in itertools.permutations(parts))


def test_an_offset_of_whole_windows_is_kept_for_longer_ones() -> None:
    hours = counted(LOG, **(TIMED | {"offset": "6h"}))
    assert hours == counted(LOG, **TIMED)
    assert hours.rollup("model", "window", every="1d") == counted(LOG, **(TIMED | {"every": "1d", "offset": "6h"}))


@pytest.mark.parametrize(
    ("first", "changed", "says"),
    [
        ({"every": "7d"}, {"every": "1w"}, "every='7d'"),  # weeks begin on Mondays, seven days on Thursdays
        ({"every": "1mo"}, {"every": "30d"}, "every='1mo'"),
        ({}, {"time_zone": "Europe/London"}, "time_zone='Europe/London'"),
        ({"time_zone": "Europe/Oslo"}, {"time_zone": "Europe/Berlin"}, "Europe/Oslo"),
        ({}, {"offset": "30m"}, "offset='30m'"),
        ({"every": "1d"}, {"every": "1d", "offset": "30h"}, "offset='30h'"),
        (
            {"time_zone": "Europe/Berlin"},
            {"offset": "2h"},
            "offset='2h'",
        ),  # hours that pass are others than of the clock
        ({"by": ["model", "site"]}, {"by": ["model"]}, "keys"),
    ],
)
def test_other_windows_and_keys_do_not_add_up(first: dict[str, Any], changed: dict[str, Any], says: str) -> None:
    one, other = counted(LOG, **(TIMED | first)), counted(LOG, **(TIMED | first | changed))
    assert one != other
    with pytest.raises(MergeError, match=says):
        one + other


def test_two_spellings_are_compared_diagnosed_and_decomposed() -> None:
    asked = TIMED | {"by": ["model", "site"]}
    respelt = asked | {"by": ["site", "model"], "time_zone": "Etc/UTC", "every": "60m"}
    one, other, same = counted(LOG[:120], **asked), counted(LOG[120:], **respelt), counted(LOG[120:], **asked)
    by = ["model", "site"]
    assert one.compare("f1", by=by, to=other).equals(one.compare("f1", by=by, to=same))
    assert one.compare("f1", by=["window"], to=other).equals(one.compare("f1", by=["window"], to=same))
    assert fm.diagnose(other, baseline=one).text() == fm.diagnose(same, baseline=one).text()
    split = [fm.decompose(side, baseline=one, metric="recall", by=by) for side in (other, same)]
    assert split[0].equals(split[1])


def test_a_baseline_of_other_windows_is_refused() -> None:
    hours = counted(LOG, **TIMED)
    for other in ({"every": "1d"}, {"time_zone": "Europe/Berlin"}, {"offset": "30m"}):
        with pytest.raises(SchemaError, match=r"diagnose\(\) compares windows of one kind; current has Windows"):
            fm.diagnose(hours, baseline=counted(LOG, **(TIMED | other)))
    assert not fm.diagnose(hours, baseline=counted(LOG, **(TIMED | {"offset": "3h"})))


def test_late_labels_of_another_spelling_are_added_once() -> None:
    asked = TIMED | {"by": ["model", "site"]}
    respelt = asked | {"by": ["site", "model"], "time_zone": "Etc/UTC", "every": "60m", "offset": "0h"}
    early = LOG.with_columns(label=pl.lit(None, pl.Boolean))
    labels = LOG.select("id", "site", "label")
    deltas = [
        fm.label_delta(early, labels, BINARY, on=on, label="label", **given)
        for on, given in ((["id", "site"], asked), (["site", "id"], respelt))
    ]
    assert deltas[0].how["deltas"] == deltas[1].how["deltas"]
    now = counted(early, **asked) + deltas[1]
    assert now == counted(LOG, **asked)
    with pytest.raises(MergeError):
        now + deltas[0]


def test_stored_counts_of_two_spellings_are_merged_by_the_shell(tmp_path: Path) -> None:
    one = counted(LOG[:100], **TIMED)
    other = counted(LOG[100:], **(TIMED | {"every": "60m", "time_zone": "Etc/UTC"}))
    one.write(tmp_path / "one.parquet")
    other.write(tmp_path / "other.parquet")
    read = fm.read_counts(tmp_path / "other.parquet")
    assert one + read == counted(LOG, **TIMED)
    paths = [str(tmp_path / name) for name in ("one.parquet", "other.parquet", "both.parquet")]
    result = CliRunner().invoke(main, ["merge", *paths[:2], "-o", paths[2]], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert fm.read_counts(paths[2]) == counted(LOG, **TIMED)


@pytest.mark.parametrize(("zone", "older"), [("UTC", "Etc/UTC"), ("Asia/Kolkata", "Asia/Calcutta")])
def test_counts_that_were_stored_under_another_spelling_are_read_as_the_same(zone: str, older: str) -> None:
    counts = counted(LOG, **(TIMED | {"time_zone": zone}))
    table = counts.to_arrow()
    assert isinstance(table, pa.Table)
    about = json.loads(table.schema.metadata[b"fastmetrics"])
    about["windows"] |= {"every": "60m", "time_zone": older}
    about["dtypes"]["window_start"] = ["Datetime", "us", older]
    place = table.schema.get_field_index("window_start")
    starts = table["window_start"].cast(pa.timestamp("us", older))
    stored = table.set_column(place, "window_start", starts)
    stored = stored.replace_schema_metadata({"fastmetrics": json.dumps(about)})
    assert fm.Counts.from_arrow(stored) == counts


def test_keys_that_are_times_add_up_under_two_names_of_their_zone() -> None:
    zoned = {
        zone: LOG.with_columns(pl.col("ts").dt.replace_time_zone("UTC").dt.convert_time_zone(zone))
        for zone in ("Asia/Calcutta", "Asia/Kolkata")
    }
    one, other = (counted(log, by=["ts"]) for log in zoned.values())
    assert one + other == other + one == other + other


def test_a_column_of_an_older_zone_has_windows_of_the_current_one() -> None:
    log = LOG.with_columns(pl.col("ts").dt.replace_time_zone("Asia/Calcutta"))
    counts = counted(log, time="ts", every="1h")
    assert counts.metrics("f1").schema["window_start"] == pl.Datetime("us", "Asia/Kolkata")
    assert counts.rows == ROWS


def test_every_older_name_of_a_zone_has_the_clock_of_the_current_one() -> None:
    grid = pl.Series(np.arange(-20 * 365 * 2, 70 * 365 * 2) * 12 * HOUR).cast(pl.Datetime("us", "UTC"))
    clocks = {
        zone: grid.dt.convert_time_zone(zone).dt.replace_time_zone(None) for zone in {*CURRENT, *CURRENT.values()}
    }
    assert all(clocks[older].equals(clocks[name]) for older, name in CURRENT.items())
    assert not set(CURRENT) & set(CURRENT.values())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("60m", "1h"),
        ("3600s", "1h"),
        ("1h30m", "90m"),
        ("24h", "1d"),
        ("168h", "7d"),
        ("12mo", "1y"),
        ("4q", "1y"),
        ("2q", "6mo"),
        ("1y6mo", "18mo"),
        ("1000ms", "1s"),
        ("1000us", "1ms"),
    ],
)
def test_equal_durations_are_one_text_and_one_window_of_polars(one: str, other: str) -> None:
    assert Windows(one) == Windows(other)
    grid = pl.Series(np.arange(0, 3000) * (7 * HOUR + 13_000_001)).cast(pl.Datetime("us", "UTC"))
    for zone in ("UTC", "America/New_York"):
        local = grid.dt.convert_time_zone(zone)
        assert local.dt.truncate(one).equals(local.dt.truncate(other))


def test_a_length_of_nothing_is_an_offset_and_no_window() -> None:
    assert Windows("1h", "0m") == Windows("1h")
    with pytest.raises(SchemaError, match="every='0h' is not a duration"):
        Windows("0h")
