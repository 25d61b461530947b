"""Every row of every table is at every door: what is added in one place can be reached, read about and is tested.

A door that lacks a row is named, with what to add where.
"""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Callable, Collection, Iterable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, get_args

import click
import polars as pl
import pytest
from click.testing import CliRunner

import fastmetrics as fm
import fastmetrics.polars as fpl
import oracle_classes
import oracle_metrics
import oracle_signals
import oracle_text
import oracle_values
from fastmetrics import arrays
from fastmetrics.cli.commands import main
from fastmetrics.diagnosis.causes import tags as causes
from fastmetrics.diagnosis.causes.volumes import VOLUME_TAGS
from fastmetrics.families import KINDS
from fastmetrics.metric import names
from fastmetrics.notes import NOTES
from fastmetrics.polars import functions
from fastmetrics.signals import SIGNALS
from fastmetrics.sources import FORMATS, INPUTS, PATHS, TABLES
from fastmetrics.texts.measures import MEASURES
from fastmetrics.texts.options import Tokenize
from fastmetrics.training.tags import TAGS as TRAINING_TAGS
from oracle import BINARY
from row_pages import DOCS, PAGES, options, sample
from stubs import path_of

ROOT = Path(__file__).parents[2]
DTYPES = {
    "binary": pl.Boolean(),
    "flag": pl.Boolean(),
    "number": pl.Float64(),
    "key": pl.String(),
    "text": pl.String(),
    "list of number": pl.List(pl.Float64()),
}


class Door(NamedTuple):
    """What some rows need: ``found`` gives the names that are there, ``add`` says what to add where."""

    name: str
    found: Callable[[], Collection[str]]
    add: str


def metric_rows() -> list[str]:
    return [f"{kind}.{row.name}" for kind in KINDS for row in sample(kind).metrics]


def tag_rows() -> list[str]:
    rows = (*causes.TAGS, causes.SIMPSON, causes.BELOW_CONSTANT, causes.VERSION_REGRESSION)
    return list(dict.fromkeys([*(row.name for row in rows), *VOLUME_TAGS]))


@cache
def quoted(*paths: str) -> set[str]:
    """What pages have in backticks, and the words of it."""
    spans = re.findall(r"`([^`\n]+)`", "\n".join((ROOT / path).read_text() for path in paths))
    return {*spans, *(word for span in spans for word in re.findall(r"--[\w-]+|[\w.]+", span))}


def quoted_calls(path: str) -> set[str]:
    """The signals that a table of a page shows how to call."""
    return set(re.findall(r"^\| `signals\.(\w+)\(", (ROOT / path).read_text(), re.MULTILINE))


@cache
def strings(folder: str) -> set[str]:
    """Every text in the code of some tests."""
    trees = (ast.parse(path.read_text()) for path in (ROOT / folder).rglob("*.py") if path.name != Path(__file__).name)
    return {
        one.value
        for tree in trees
        for one in ast.walk(tree)
        if isinstance(one, ast.Constant) and one.value == str(one.value)
    }


def empty(kind: str) -> fm.Counts:
    """Counts of no rows."""
    family = sample(kind)
    schema = {str(role.column): DTYPES.get(role.kind, pl.List(pl.String)) for role in family.roles}
    return fm.count(pl.DataFrame(schema=schema), family)


def read_in_python() -> set[str]:
    return {f"{kind}.{name}" for kind in KINDS for name in empty(kind).metrics(*names(sample(kind).metrics)).columns}


def read_in_shell() -> set[str]:
    found = set()
    for kind in KINDS:
        with TemporaryDirectory() as folder:
            path = Path(folder, "counts.parquet")
            empty(kind).write(path)
            shown = CliRunner().invoke(main, ["metrics", str(path), "-m", ",".join(names(sample(kind).metrics))])
        found |= {f"{kind}.{name}" for name in shown.stdout.partition("\n")[0].split(",")}
    return found


def of_oracle() -> set[str]:
    """The metrics that a slow twin tells."""
    labels, scores = [0, 1, 0, 1], [0.25, 0.5, 0.75, 1.0]
    found = {
        "binary": oracle_metrics.binary_metrics(dict.fromkeys(BINARY.values(), 1)),
        "classes": oracle_classes.class_metrics(["a", "b"], ["a", "a"]),
        "scores": oracle_metrics.score_metrics(labels, scores),
        "regression": oracle_metrics.number_metrics([1.0, 2.0], [1.5, 2.5]),
        "text": oracle_text.text_metrics(["a b c d"], ["a b c e"]),
        "flags": oracle_metrics.flag_metrics("refused", [True, False, None]),
        "likelihood": oracle_metrics.likelihood_metrics([[0.5], [0.25, 1.0]]),
        "values": oracle_values.value_metrics([1.0, 2.0]),
    }
    return {f"{kind}.{name}" for kind, metrics in found.items() for name in metrics}


def expressed() -> set[str]:
    """The metrics of the kinds whose module makes an expression of every row, and all of other kinds."""
    modules = {module.__name__.rpartition(".")[2]: vars(module) for module in functions.MODULES}
    made = {kind: held["EXPRESSIONS"] for kind, held in modules.items() if "EXPRESSIONS" in held}
    alone = {name for name in metric_rows() if name.partition(".")[0] not in made}
    return alone | {f"{kind}.{name}" for kind, rows in made.items() for name in rows}


def in_namespace() -> set[str]:
    """The functions that ``.fm`` calls with the label in its place."""
    space = pl.col("label").fm  # type: ignore[attr-defined]
    return {name for name in dir(space) if callable(getattr(space, name))}


def in_stub(module: str) -> set[str]:
    body = ast.parse(path_of(module).read_text()).body
    defined = {node.name for node in body if isinstance(node, ast.FunctionDef)}
    return defined | {str(name.asname) for node in body if isinstance(node, ast.ImportFrom) for name in node.names}


def in_metrics_page() -> set[str]:
    parts = re.split(r"^## `fm\.(\w+)`$", (DOCS / "metrics.md").read_text(), flags=re.MULTILINE)[1:]
    tables = dict(zip(parts[::2], parts[1::2], strict=True))
    return {
        f"{kind}.{name}" for kind, text in tables.items() for name in re.findall(r"^\| `([^`]+)`", text, re.MULTILINE)
    }


def searched() -> dict[str, str]:
    """The rates that a diagnosis searches, each with what it counts in words."""
    return {f"{kind}.{rate.name}": rate.words for kind in KINDS for rate in sample(kind).searched}


def shown(*arguments: str) -> str:
    return CliRunner().invoke(main, arguments).stdout


def formats() -> set[str]:
    """What ``fastmetrics formats`` lists."""
    listed = pl.read_csv(io.StringIO(shown("formats")))
    return set(listed["input"]) | {PATHS.name}


def spoken(path: str) -> Callable[[], set[str]]:
    """The inputs and formats whose name a page has, whatever is code in it."""
    text = (ROOT / path).read_text().replace("`", "")
    return lambda: {row.name for row in (*INPUTS, *FORMATS, *TABLES) if row.name in text or row is PATHS}


def choices(option: str) -> set[str]:
    held = (one for command in main.commands.values() for one in command.params if option in one.opts)
    return {choice for one in held if isinstance(one.type, click.Choice) for choice in one.type.choices}


def kinds_in(path: str) -> set[str]:
    return set(re.findall(r"fm\.(\w+)\(", (ROOT / path).read_text()))


def cells_of_kinds() -> set[str]:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    return set(re.findall(r"^\| `(\w+)` \|", text[text.index("### The cells of the families") :], re.MULTILINE))


ROWS: dict[str, Callable[[], Iterable[str]]] = {
    "metric": metric_rows,
    "rate": searched,
    "family": lambda: KINDS,
    "tag": tag_rows,
    "tag of training": lambda: [row.name for row in TRAINING_TAGS],
    "input": lambda: [row.name for row in INPUTS],
    "format": lambda: [row.name for row in (*FORMATS, *TABLES)],
    "option": lambda: {name for name, *_ in options()},
    "array function": lambda: arrays.FUNCTIONS,
    "expression": lambda: functions.FUNCTIONS,
    "signal": lambda: SIGNALS,
    "note": lambda: NOTES,
    "measure of text": lambda: {re.sub(r"\d$", "1", name) for name in MEASURES},  # the first of those of all orders
    "tokeniser": lambda: get_args(Tokenize),
}
MADE = "it by make stubs"
DOORS: dict[str, list[Door]] = {
    "metric": [
        Door("counts.metrics", read_in_python, "its row in METRICS of families/<kind>.py"),
        Door("fastmetrics metrics -m", read_in_shell, "its row in METRICS of families/<kind>.py"),
        Door("oracle", of_oracle, "its textbook formula in tests/oracle_metrics.py, or oracle_classes.py"),
        Door("expression", expressed, "its row where the EXPRESSIONS of polars/<kind>.py are made from"),
        Door("docs/metrics.md", in_metrics_page, MADE),
    ],
    "rate": [
        Door(
            "words of findings",
            lambda: {name for name, words in searched().items() if words != name.partition(".")[2]},
            "events= in the row of its metric",
        ),
    ],
    "family": [
        Door(
            "fastmetrics",
            lambda: {name for name in fm.__all__ if hasattr(fm, name)},
            "its line in NAMES of families/__init__.py",
        ),
        Door("stub", lambda: in_stub("fastmetrics"), MADE),
        Door("--family", lambda: choices("--family"), "the arguments that the shell gives it"),
        Door("laws", lambda: kinds_in("tests/property/test_laws.py"), "it to ALL in tests/property/test_laws.py"),
        Door("docs/counts.md", lambda: kinds_in("docs/counts.md"), "what it counts, in docs/counts.md"),
        Door("ARCHITECTURE.md", cells_of_kinds, "its row in the table of cells"),
    ],
    "tag": [
        Door("docs/diagnosis.md", lambda: quoted("docs/diagnosis.md"), "its row in the table of tags"),
        Door("planted case", lambda: strings("tests/unit"), "a case that has it, in tests/unit/diagnosis"),
    ],
    "tag of training": [
        Door("docs/training.md", lambda: quoted("docs/training.md"), "its row in the table of tags"),
        Door("planted case", lambda: strings("tests/unit/training"), "a run that has it, in tests/unit/training"),
    ],
    "input": [
        Door("docs/inputs.md", spoken("docs/inputs.md"), "its name in the table of what is read"),
        Door("fastmetrics formats", formats, "its row in INPUTS of sources/__init__.py"),
    ],
    "format": [
        Door("docs/inputs.md", spoken("docs/inputs.md"), "its row in the table of formats"),
        Door("fastmetrics formats", formats, "its row in FORMATS of sources/formats.py"),
        Door(
            "--input-format", lambda: {*choices("--input-format"), *(row.name for row in TABLES)}, "the row to FORMATS"
        ),
    ],
    "option": [
        Door("help", lambda: {name for name, _, told in options() if told}, "help= where it is declared"),
        Door("docs/options.md", lambda: quoted("docs/options.md"), MADE),
    ],
    "array function": [
        Door("fastmetrics", lambda: {name for name in fm.__all__ if hasattr(fm, name)}, "it to __all__ of its module"),
        Door("stub of fastmetrics", lambda: in_stub("fastmetrics"), MADE),
        Door("stub of fastmetrics.arrays", lambda: in_stub("fastmetrics.arrays"), MADE),
        Door("parity", lambda: strings("tests/parity"), "its cases to tests/parity/test_arrays_parity.py"),
    ],
    "expression": [
        Door("fastmetrics.polars", lambda: {*fpl.__all__} & {*dir(fpl)}, "it to __all__ of its module"),
        Door(".fm", in_namespace, "it to __all__ of its module"),
        Door("stub", lambda: in_stub("fastmetrics.polars"), MADE),
        Door("docs", lambda: quoted("docs/expressions.md", "docs/metrics.md"), "its row in docs/expressions.md"),
    ],
    "signal": [
        Door("fm.signals", lambda: {*fm.signals.__all__}, "it to __all__ of signals/__init__.py"),
        Door("example", lambda: {name for name, row in SIGNALS.items() if ">>>" in str(row.function.__doc__)}, "one"),
        Door("oracle", lambda: vars(oracle_signals), "its plain twin to tests/oracle_signals.py"),
        Door("docs/signals.md", lambda: quoted_calls("docs/signals.md"), MADE),
    ],
    "note": [
        Door("docs/counts.md", lambda: quoted("docs/counts.md"), "its row in the table of notes"),
        Door("test", lambda: strings("tests"), "a count that has it"),
    ],
    "measure of text": [Door("docs/text.md", lambda: quoted("docs/text.md"), "its row in the table of measures")],
    "tokeniser": [Door("docs/text.md", lambda: quoted("docs/text.md"), "its row in the table of tokenisers")],
}


def missing(rows: Iterable[str], door: Door) -> list[str]:
    found = door.found()
    return [f"{row} is not at the door {door.name!r}: add {door.add}" for row in rows if row not in found]


def test_every_row_is_at_every_door() -> None:
    assert set(DOORS) == set(ROWS)
    absent = [line for kind, doors in DOORS.items() for door in doors for line in missing(ROWS[kind](), door)]
    assert not absent, "\n".join(absent)


@pytest.mark.parametrize("door", [door for doors in DOORS.values() for door in doors], ids=lambda door: door.name)
def test_a_row_that_a_door_lacks_is_named(door: Door) -> None:
    assert missing(["unheard_of"], door) == [f"unheard_of is not at the door {door.name!r}: add {door.add}"]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_of_rows_is_what_they_make(path: Path) -> None:
    assert path.read_text() == PAGES[path](), "write it again with make stubs"


def test_a_name_is_that_of_one_thing() -> None:
    """Computed names are put among those that are written, and may replace none."""
    for module in functions.MODULES:
        written = {
            node.name for node in ast.parse(Path(module.__file__).read_text()).body if isinstance(node, ast.FunctionDef)
        }
        assert not written & set(vars(module).get("EXPRESSIONS", ())), module
    assert not set(functions.FUNCTIONS) & {path.stem for path in Path(fpl.__file__).parent.glob("*.py")}
    assert len({*arrays.FUNCTIONS, *KINDS, *fm.LATE}) == len(arrays.FUNCTIONS) + len(KINDS) + len(fm.LATE)
