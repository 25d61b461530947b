"""Tables for a terminal: what fits, what is left out, and how values look."""

from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest
from rich.cells import cell_len

from fastmetrics.report.tables import facts, table

KEYS = ["model", "country", "year", "window_start"]
FRAME = pl.DataFrame(
    {
        "model": ["atlas-70b-v1-with-a-long-name", "b", None, "日本語"],
        "country": ["BR", "U\x1b[31mS", "[red]x", "a\nb"],
        "year": [2024] * 4,
        "window_start": [*(datetime(2026, 3, 2, hour) for hour in range(3)), None],
        "window_end": [*(datetime(2026, 3, 2, hour + 1) for hour in range(3)), None],
        "n": [1_234_567, 2, 0, 5],
        "label_coverage": [0.5] * 4,
        "answer_rate": [1.0] * 4,
        "f1": [0.81234, None, 1.0, 0.0],
        "f1_low": [0.7, None, 0.9, 0.0],
        "f1_high": [0.9, None, 1.0, 0.3],
        "lr_plus": [12345.678, 1e-9, float("inf"), 3.2],
        "roc_auc": [0.9] * 4,
        "roc_auc_error": [0.002] * 4,
        "balanced_accuracy": [-0.5] * 4,
    }
)


def lines(width: int | None = None, rows: int | None = None) -> list[str]:
    return table(FRAME, KEYS, width=width, rows=rows, color=False).splitlines()


def test_values_as_people_read_them() -> None:
    head, _, first, second, third, fourth, zone = lines()
    assert "window_end" not in head
    assert "f1_low" not in head
    assert "roc_auc_error" not in head
    for text in ("2024", "2026-03-02 00:00", "1,234,567", "0.8123 [0.7000, 0.9000]", "12,345.7", "0.9000 ± 0.0020"):
        assert text in first
    assert " 1.0e-09 " in second
    assert r"U\x1b[31mS" in second
    assert third.startswith("- ")
    assert "[red]x" in third
    assert r"a\nb" in fourth
    assert zone == "times in UTC"


def test_columns_are_in_line() -> None:
    head, rule, *body, _ = lines()
    at = head.index("country")
    assert cell_len(body[3][: body[3].index("a\\nb")]) == at
    assert {cell_len(line) for line in body} == {cell_len(rule)}
    ends = {line.rindex("]") for line in (body[0], body[2])}
    assert len(ends) == 1
    assert body[1].index("-  ", 60) < min(ends)


@pytest.mark.parametrize("width", [62, 70, 80, 100, 120, 150])
def test_a_table_fits_and_says_what_it_hides(width: int) -> None:
    shown = lines(width)
    assert max(map(cell_len, shown)) <= width
    whole = " ".join(shown)
    hidden = whole.partition("see all")[0].rpartition("times")[2]
    for name in ("label_coverage", "answer_rate", "lr_plus", "roc_auc", "balanced_accuracy"):
        folded = name.split("_")[-1]
        assert (name in hidden) or any(folded in line for line in shown[:3]), name
    assert "12,345.7" in whole or "lr_plus" in hidden
    assert "0.8123" in whole
    assert "--out FILE" in whole


def test_what_is_given_up_first() -> None:
    notes = {width: " ".join(lines(width)[-5:]) for width in (150, 120, 80, 62)}
    assert "answer_rate hidden" in notes[150]
    assert "label_coverage" not in notes[150]
    assert "balanced_accuracy" in notes[120]
    assert "long keys shortened" in notes[80]
    assert "0.8123 [0.7000, 0.9000]" in " ".join(lines(80))
    assert "intervals hidden" in notes[62]


def test_a_long_table_shows_its_head() -> None:
    assert "2 more rows: see all" in "\n".join(lines(rows=2))
    assert "1 more row: see all" in "\n".join(lines(rows=3))
    assert "more row" not in "\n".join(lines(rows=4))


def test_a_wide_terminal_and_a_pipe_get_everything() -> None:
    assert lines(1000) == lines(None)
    assert "hidden" not in "".join(lines(None))


def test_times_show_no_more_than_they_need() -> None:
    days = pl.DataFrame({"t": [datetime(2026, 3, 2), datetime(2026, 3, 3)]})
    assert table(days, ["t"], color=False).splitlines()[2] == "2026-03-02"
    seconds = pl.DataFrame({"t": [datetime(2026, 3, 2, 1, 2, 3, 4000)]}).with_columns(
        pl.all().dt.replace_time_zone("Asia/Kolkata")
    )
    assert table(seconds, ["t"], color=False).splitlines()[2:] == ["2026-03-02 01:02:03.004", "times in Asia/Kolkata"]


def test_a_frame_without_rows() -> None:
    assert table(FRAME.clear(), KEYS, width=200, rows=10, color=False).startswith("model  country")


def test_only_a_coloured_table_has_codes() -> None:
    assert "\x1b" not in table(FRAME, KEYS, color=False)
    assert table(FRAME, KEYS, color=True).startswith("\x1b[1mmodel")
    assert "\x1b[31m" not in table(FRAME, KEYS, color=True)


def test_facts_wrap() -> None:
    shown = facts([("rows", "12"), ("source", "x" * 100)], width=40, color=False).splitlines()
    assert shown[0] == "rows    12"
    assert "".join(line[8:] for line in shown[1:]) == "x" * 100
    assert max(map(len, shown)) <= 40
