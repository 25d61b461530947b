"""What gates judge, what they may not pass over, and how notes are said at the prompt."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner, Result

import fastmetrics as fm
from fastmetrics import Note
from fastmetrics.cli import main
from fastmetrics.report.text import html

FAMILY = fm.binary("label", "pred")
LOG = pl.DataFrame(
    {"m": ["a"] * 4 + ["b"] * 4, "label": [1, 1, 0, 0] + [0] * 4, "pred": [1, 1, 0, 0, 0, 1, 0, 0], "w": 1.0}
)
ROLES = ["--y-true", "label", "--y-pred", "pred"]
SKIPPED = Note("files_skipped", "files that could not be read were left out", 2, "<x>&.csv")
OUTSIDE = Note("scores_outside", "all scores lie beyond the last edge", 9)


def noted(counts: fm.Counts, *notes: Note) -> fm.Counts:
    return fm.Counts(counts.layout, counts.tables, {**counts.how, "notes": list(notes)})


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    LOG.write_parquet(tmp_path / "log.parquet")
    LOG.clear().write_parquet(tmp_path / "nothing.parquet")
    counts = fm.count(LOG, FAMILY, by="m")
    for name, held in {
        "counts": counts,
        "only-a": counts.filter(m="a"),
        "none": counts.filter(m="z"),
        "noted": noted(counts, SKIPPED),
        "twice-noted": noted(counts, SKIPPED, OUTSIDE),
        "total": counts.rollup(),
    }.items():
        held.write(tmp_path / f"{name}.parquet")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def ended(*arguments: str) -> tuple[int, list[str]]:
    """The exit code and the lines on stderr."""
    result = run(*arguments)
    assert "Traceback" not in result.stderr
    return result.exit_code, [line.removeprefix("fastmetrics: ") for line in result.stderr.splitlines()]


# Groups without a value


UNDEFINED = "gate recall>=0.9 judged 1 of 2 groups; recall is undefined where m='b'"


@pytest.mark.parametrize(
    "command", [["evaluate", "log.parquet", *ROLES, "--by", "m"], ["metrics", "counts.parquet"]], ids=lambda c: c[0]
)
def test_a_gate_names_the_groups_it_could_not_judge_and_fails(here: Path, command: list[str]) -> None:
    gated = [*command, "-m", "accuracy", "--gate", "recall>=0.9"]
    assert ended(*gated) == (1, [f"{UNDEFINED} (--allow undefined accepts it)"])
    assert ended(*gated, "--allow", "undefined") == (0, [f"warning: {UNDEFINED}"])
    assert ended(*gated, "--allow", "no_rows")[0] == 1


def test_a_gate_that_was_allowed_undefined_groups_still_judges_the_others(here: Path) -> None:
    status, lines = ended("metrics", "counts.parquet", "--gate", "recall>=1.1", "--allow", "undefined")
    assert status == 1
    assert sorted(lines)[0].startswith("gate recall>=1.1 failed in 1 of 1 groups, worst where m=a")


def test_a_gate_on_a_bound_that_no_group_has_fails(here: Path) -> None:
    log = pl.DataFrame({"label": ["x", "y", "z"] * 5, "pred": ["x", "y", "y"] * 5, "m": ["a", "a", "b"] * 5})
    fm.count(log, fm.classes("label", "pred"), by="m").write("classes.parquet")
    status, lines = ended("metrics", "classes.parquet", "--gate", "macro_f1_low>=0.1")
    assert status == 1
    assert lines[0].startswith("gate macro_f1_low>=0.1 judged 0 of 2 groups; macro_f1_low is undefined in every group")


def test_many_groups_without_a_value_are_a_few_names_and_a_number(here: Path) -> None:
    log = pl.DataFrame({"label": 0, "pred": 0, "m": [f"m{i}" for i in range(9)]})
    fm.count(log, FAMILY, by="m").write("many.parquet")
    fm.count(pl.concat([log, log.head(1).with_columns(label=1, pred=1, m=pl.lit("z"))]), FAMILY, by="m").write(
        "z.parquet"
    )
    assert "is undefined in every group" in ended("metrics", "many.parquet", "--gate", "recall>0")[1][0]
    line = ended("metrics", "z.parquet", "--gate", "recall>0")[1][0]
    assert "judged 1 of 10 groups; recall is undefined where m='m0'; m='m1'; m='m2' and in 6 more" in line


def test_groups_that_are_on_one_side_only_are_not_passed_over(here: Path) -> None:
    gate = ["-m", "accuracy", "--gate", "difference>=-0.9"]
    status, lines = ended("compare", "counts.parquet", "only-a.parquet", *gate)
    assert (status, lines[0][:64]) == (1, "gate difference>=-0.9 judged 1 of 2 groups; difference is undefi")
    status, lines = ended("compare", "only-a.parquet", "counts.parquet", *gate)
    assert (status, lines[0][:64]) == (1, "gate difference>=-0.9 judged 1 of 2 groups; difference is undefi")
    assert "where m='b'" in lines[0]
    assert ended("compare", "counts.parquet", "counts.parquet", *gate) == (0, [])
    assert ended("compare", "counts.parquet", "--to", "a", *gate) == (
        0,
        [],
    )  # the reference itself is no group to judge
    assert ended("compare", "counts.parquet", "--to", "overall", *gate) == (0, [])
    status, lines = ended("compare", "only-a.parquet", "--to", "a", *gate)
    assert (status, lines[0][:53]) == (1, "gate difference>=-0.9 judged 0 of 0 groups; differenc")


# Bounds as judges


@pytest.mark.parametrize(
    ("gate", "value", "harm", "proof"),
    [  # accuracy is 0.8 of 100 rows, with bounds of 0.711 and 0.867
        ("accuracy>=0.70", 0, 0, 0),
        ("accuracy>=0.75", 0, 0, 1),
        ("accuracy>=0.85", 1, 0, 1),
        ("accuracy>=0.90", 1, 1, 1),
        ("accuracy<=0.70", 1, 1, 1),
        ("accuracy<=0.75", 1, 0, 1),
        ("accuracy<0.85", 0, 0, 1),
        ("accuracy<0.90", 0, 0, 0),
        ("n>=100", 0, 0, 0),
        ("n<100", 1, 1, 1),
    ],
)
def test_bounds_judge_in_place_of_values(here: Path, gate: str, value: int, harm: int, proof: int) -> None:
    fm.count({"label": [1] * 100, "pred": [1] * 80 + [0] * 20}, FAMILY).write("eighty.parquet")
    asked = ["metrics", "eighty.parquet", "--gate", gate]
    assert ended(*asked)[0] == value
    assert ended(*asked, "--gate-burden", "harm")[0] == harm
    assert ended(*asked, "--gate-burden", "proof")[0] == proof


def test_the_level_decides_what_is_proved(here: Path) -> None:
    fm.count({"label": [1] * 100, "pred": [1] * 80 + [0] * 20}, FAMILY).write("eighty.parquet")
    asked = ["metrics", "eighty.parquet", "--gate", "accuracy>=0.75", "--gate-burden", "proof"]
    assert [ended(*asked, "--level", level)[0] for level in ("0.5", "0.95")] == [0, 1]
    assert "accuracy_low = 0.7112" in ended(*asked)[1][0]


def test_a_burden_judges_comparisons_too(here: Path) -> None:
    asked = ["compare", "counts.parquet", "--to", "a", "-m", "accuracy", "--gate", "difference>=-0.1"]
    assert [ended(*asked, *more)[0] for more in ([], ["--gate-burden", "harm"])] == [1, 0]
    assert "difference_low" in ended(*asked, "--gate-burden", "proof")[1][0]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--gate", "f1_low>0.5", "--gate-burden", "proof"], ["f1_low>0.5", "names a bound", "write f1>0.5"]),
        (["--gate-burden", "proof"], ["--gate-burden goes with --gate"]),
        (["--gate", "f1>0", "--gate-burden", "prof"], ["'prof'", "'proof'"]),
        (["--gate", "f1>0", "--allow", "undefind"], ["'undefind'", "did you mean 'undefined'"]),
    ],
)
def test_mistakes_in_the_rules_of_gates(here: Path, arguments: list[str], says: Sequence[str]) -> None:
    status, lines = ended("metrics", "counts.parquet", *arguments)
    assert (status, len(lines)) == (2, 1)
    assert [text for text in says if text not in lines[0]] == []


def test_rules_of_gates_in_a_config(here: Path) -> None:
    rules = 'logs = "log.parquet"\ny-true = "label"\ny-pred = "pred"\nby = ["m"]\ngate = ["recall>=0.9"]\n'
    (here / "a.toml").write_text(rules)
    (here / "b.toml").write_text(f'{rules}allow = ["undefined", "no_rows"]\ngate-burden = "harm"\n')
    (here / "c.toml").write_text(f'{rules}allow = "undefind"\n')
    assert [ended("evaluate", "--config", f"{name}.toml")[0] for name in "abc"] == [1, 0, 2]
    assert "did you mean 'undefined'" in ended("evaluate", "--config", "c.toml")[1][0]


# Notes


READING: dict[str, list[str]] = {
    "metrics": ["metrics", "noted.parquet"],
    "rollup": ["rollup", "noted.parquet", "--by", "m"],
    "compare": ["compare", "counts.parquet", "noted.parquet", "-m", "accuracy"],
    "compare within": ["compare", "noted.parquet", "--to", "overall", "-m", "accuracy"],
    "diagnose": ["diagnose", "noted.parquet", "--baseline", "counts.parquet"],
    "diagnose against": ["diagnose", "counts.parquet", "--baseline", "noted.parquet"],
    "merge": ["merge", "noted.parquet", "counts.parquet", "-o", "both.parquet"],
}


@pytest.mark.parametrize("command", READING.values(), ids=READING)
def test_notes_of_stored_counts_are_said_once(here: Path, command: list[str]) -> None:
    assert ended(*command) == (0, [f"warning: {SKIPPED}"])


def test_a_note_of_a_fresh_count_is_said_once(here: Path) -> None:
    logs = here / "logs"
    logs.mkdir()
    LOG.write_parquet(logs / "a.parquet")
    (logs / "b.parquet").write_bytes(b"PAR1 and no more")
    asked = ["evaluate", "logs", *ROLES, "--on-error", "skip", "-m", "accuracy"]
    status, lines = ended(*asked)
    assert (status, len(lines)) == (0, 1)
    assert "skipped" in lines[0]
    status, lines = ended(*asked, "--gate", "accuracy>=0")
    assert (status, len(lines)) == (1, 2)
    assert "files_skipped" in lines[1]
    assert ended(*asked, "--gate", "accuracy>=0", "--allow", "files_skipped")[0] == 0


GATED = {
    "metrics": ["metrics", "twice-noted.parquet", "--gate", "accuracy>=0"],
    "compare": ["compare", "twice-noted.parquet", "counts.parquet", "-m", "accuracy", "--gate", "difference>=-1"],
    "compare with": ["compare", "counts.parquet", "twice-noted.parquet", "-m", "accuracy", "--gate", "difference>=-1"],
    "diagnose": ["diagnose", "counts.parquet", "--baseline", "twice-noted.parquet", "--fail-on", "major"],
}


@pytest.mark.parametrize("command", GATED.values(), ids=GATED)
def test_a_gate_that_meets_a_note_fails_unless_it_is_allowed(here: Path, command: list[str]) -> None:
    both = ["--allow", "files_skipped", "--allow", "scores_outside"]
    ends = [ended(*command), ended(*command, *both[:2]), ended(*command, *both)]
    assert [status for status, _ in ends] == [1, 1, 0]
    assert [len(lines) for _, lines in ends] == [4, 3, 2]  # two notes, and a line for each that fails the gate
    assert "the note scores_outside makes its answer doubtful (--allow scores_outside accepts it)" in ends[1][1][-1]
    assert ended(*command[:-2])[0] == 0 or "-m" not in command  # notes alone fail nothing


@pytest.mark.parametrize("form", ["json", "ndjson"])
def test_rows_of_json_have_the_notes_in_a_field(here: Path, form: str) -> None:
    def rows(text: str) -> list[Any]:
        found = json.loads(text) if form == "json" else [json.loads(line) for line in text.splitlines()]
        return list(found)

    notes = [vars(SKIPPED), vars(OUTSIDE)]
    plain = rows(run("metrics", "counts.parquet", "--format", form).stdout)
    for command in (["metrics", "twice-noted.parquet"], ["rollup", "twice-noted.parquet", "--by", "m"]):
        assert [row["notes"] for row in rows(run(*command, "--format", form).stdout)] == [notes] * 2
    told = rows(run("metrics", "twice-noted.parquet", "--format", form).stdout)
    assert told == [row | {"notes": notes} for row in plain]
    assert run("metrics", "noted.parquet", "--out", f"out.{form}").exit_code == 0
    assert [row["notes"] for row in rows(Path(f"out.{form}").read_text())] == [notes[:1]] * 2
    csv = [run("metrics", f"{name}.parquet", "--format", "csv").stdout for name in ("noted", "counts")]
    assert csv[0] == csv[1]


def test_what_is_inspected_shows_its_notes(here: Path) -> None:
    facts = json.loads(run("inspect", "twice-noted.parquet", "--format", "json").stdout)
    assert [fact["value"] for fact in facts if fact["name"] == "note"] == [str(SKIPPED), str(OUTSIDE)]
    assert "counted: notes" not in [fact["name"] for fact in facts]
    assert facts[0]["notes"] == [vars(SKIPPED), vars(OUTSIDE)]


# Nothing to read


EMPTY: dict[str, list[str]] = {
    "evaluate": ["evaluate", "nothing.parquet", *ROLES, "-m", "accuracy", "--gate", "accuracy>=0"],
    "evaluate by a key": [
        "evaluate",
        "nothing.parquet",
        *ROLES,
        "--by",
        "m",
        "-m",
        "accuracy",
        "--gate",
        "accuracy>=0",
    ],
    "evaluate a filter": ["evaluate", "log.parquet", *ROLES, "--where", "m = 'z'", "--gate", "accuracy>=0"],
    "metrics": ["metrics", "none.parquet", "--gate", "accuracy>=0"],
    "metrics of a filter": ["metrics", "counts.parquet", "--where", "m = 'z'", "--gate", "accuracy>=0"],
    "compare": ["compare", "none.parquet", "counts.parquet", "-m", "accuracy", "--gate", "difference>=-1"],
    "compare with nothing": ["compare", "counts.parquet", "none.parquet", "-m", "accuracy", "--gate", "difference>=-1"],
    "compare within": ["compare", "none.parquet", "--to", "overall", "-m", "accuracy", "--gate", "difference>=-1"],
    "diagnose": ["diagnose", "none.parquet", "--baseline", "counts.parquet", "--fail-on", "info"],
    "diagnose against nothing": ["diagnose", "counts.parquet", "--baseline", "none.parquet", "--fail-on", "info"],
    "diagnose logs": ["diagnose", "nothing.parquet", "--baseline", "log.parquet", *ROLES, "--fail-on", "info"],
}


@pytest.mark.parametrize("command", EMPTY.values(), ids=EMPTY)
def test_an_answer_without_rows_is_not_silent_and_passes_no_gate(here: Path, command: list[str]) -> None:
    status, lines = ended(*command[:-2])
    assert (status, len(lines)) == (0, 1)
    assert "no rows" in lines[0]
    status, lines = ended(*command)
    assert (status, len(lines)) == (1, 2)
    assert "no_rows" in lines[1]
    assert ended(*command, "--allow", "no_rows")[0] == 0


def test_a_gate_on_rows_knows_that_there_are_none(here: Path) -> None:
    assert ended("evaluate", "nothing.parquet", *ROLES, "--gate", "n>=1", "--allow", "no_rows")[0] == 1


# Notes travel with counts


WAYS: dict[str, Callable[[fm.Counts], fm.Counts]] = {
    "__add__": lambda counts: counts + counts,
    "__radd__": lambda counts: sum([counts]),
    "__neg__": lambda counts: -counts,
    "__sub__": lambda counts: counts + counts - counts,
    "merged": lambda counts: counts.merged([counts]),
    "rollup": lambda counts: counts.rollup(),
    "filter": lambda counts: counts.filter(m="a"),
    "grouping": lambda counts: counts.grouping("m"),
    "at_threshold": lambda counts: counts.at_threshold(0.5),
    "from_arrow": lambda counts: fm.Counts.from_arrow(counts.to_arrow()),
    "from_bytes": lambda counts: fm.Counts.from_bytes(counts.to_bytes()),
}


def test_every_method_that_returns_counts_is_among_the_ways() -> None:
    methods = inspect.getmembers(fm.Counts, inspect.isfunction)
    returned = {name: method.__annotations__.get("return") for name, method in methods}
    assert sorted(name for name, what in returned.items() if what in ("Counts", "Self")) == sorted(WAYS)


@pytest.mark.parametrize("way", WAYS)
def test_notes_are_kept_by_every_method_that_returns_counts(way: str) -> None:
    if way == "grouping":
        counts = fm.count(LOG, FAMILY, by="m", grouping_sets=[[], ["m"]])
    elif way == "at_threshold":
        counts = fm.count(LOG, fm.scores("label", "w", edges=[0.5]), by="m")
    else:
        counts = fm.count(LOG, FAMILY, by="m")
    kept = WAYS[way](noted(counts, SKIPPED))
    assert [note.code for note in kept.how["notes"]].count("files_skipped") == 1
    assert "[files_skipped]" in repr(kept)
    assert "&lt;x&gt;&amp;.csv" in html(kept)
    assert "<x>" not in html(kept)


def test_notes_are_kept_on_disk(tmp_path: Path) -> None:
    noted(fm.count(LOG, FAMILY), SKIPPED, OUTSIDE).write(tmp_path / "counts.parquet")
    assert fm.read_counts(tmp_path / "counts.parquet").how["notes"] == [SKIPPED, OUTSIDE]
