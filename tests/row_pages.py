"""What pages make of rows, of all metrics, signals and options of the shell: `make stubs` writes it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

import click

from fastmetrics.cli.commands import main
from fastmetrics.contract.family import Family
from fastmetrics.families import KINDS
from fastmetrics.metric import Metric
from fastmetrics.polars import functions
from fastmetrics.signals import SIGNALS
from fastmetrics.texts.measures import MEASURES

DOCS = Path(__file__).parents[1] / "docs"
METRICS = """\
# Metrics

What each family has, by the names that `counts.metrics(...)`, `-m` and gates take; several families of one count are
told apart as in `scores.prevalence`. Names of scikit-learn, fairlearn, TFMA, Evidently and torchmetrics are aliases
where they mean the same; a column is called as was asked. Expressions are functions of `fastmetrics.polars`. The page
is made from the rows of the metrics by `make stubs`.
"""
OPTIONS = """\
# Options

What the commands take; [the command line](command-line.md) shows them at work. `--metrics` is `-m`, `--out` is `-o`.
The page is made from the commands by `make stubs`.
"""
COLUMNS = ("metric", "also called", "range", "better", "interval", "expression", "of")
LIMITS = {math.inf: "∞", -math.inf: "-∞"}


MORE: dict[str, dict[str, Any]] = {  # all that can be read
    "text": {"reference": "reference", "measures": [*MEASURES]},
    "flags": {"refused": "refused"},
}


def sample(kind: str) -> Family:
    """A family of a kind, of columns called like its parameters."""
    named = signature(KINDS[kind]).parameters.values()
    plain = [one for one in named if one.kind is not Parameter.VAR_KEYWORD]
    columns = [one.name for one in plain if one.default is Parameter.empty or one.name == "y_pred"]
    return KINDS[kind](*columns, **MORE.get(kind, {}))


def expression(kind: str, metric: Metric) -> str:
    """What makes the metric in a query, if anything does."""
    module = next((module for module in functions.MODULES if module.__name__.endswith(f".{kind}")), None)
    if module is None or not hasattr(module, metric.name):
        return ""
    alone = functions.FUNCTIONS.get(metric.name) is getattr(module, metric.name)
    return f"`{metric.name}`" if alone else f"`{kind}.{metric.name}`"


def cells(kind: str, metric: Metric) -> Iterator[str]:
    yield f"`{metric.name}`"
    yield ", ".join(f"`{alias}`" for alias in metric.aliases)
    yield " to ".join(LIMITS.get(limit, f"{limit:g}") for limit in metric.range)
    yield metric.better or ""
    yield metric.interval
    yield expression(kind, metric)
    yield (metric.source or metric.events).replace("|", "\\|")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ["---"] * len(head), *rows))


def metrics_page() -> str:
    tables = {kind: table(COLUMNS, (list(cells(kind, row)) for row in sample(kind).metrics)) for kind in KINDS}
    return METRICS + "".join(f"\n## `fm.{kind}`\n\n{text}" for kind, text in tables.items())


def signals_page() -> str:
    """The page of signals, whose table is made from rows and whose prose is written where it stands."""
    before, _, after = (DOCS / "signals.md").read_text().partition("| signal |")
    rows = ((f"`{row.call}`", row.gives, row.meaning, row.limits) for row in SIGNALS.values())
    return before + table(("signal", "gives", "what it means", "limits"), rows) + "\n" + after.partition("\n\n")[2]


def options() -> dict[tuple[str, str, str], list[str]]:
    """Each option by its long name, what it takes and what it does, with the commands that have it."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for command, held in main.commands.items():
        for option in held.params:
            if isinstance(option, click.Option):
                takes = "" if option.is_flag else option.make_metavar(click.Context(main)).strip("[]")
                found.setdefault((max(option.opts, key=len), takes, option.help or ""), []).append(command)
    return dict(sorted(found.items()))


def options_page() -> str:
    rows = (
        (f"`{name}`", takes.replace("|", ", "), told.replace("|", "\\|"), ", ".join(f"`{one}`" for one in commands))
        for (name, takes, told), commands in options().items()
    )
    return f"{OPTIONS}\n{table(('option', 'takes', 'what it does', 'of'), rows)}"


PAGES: dict[Path, Callable[[], str]] = {
    DOCS / "metrics.md": metrics_page,
    DOCS / "options.md": options_page,
    DOCS / "signals.md": signals_page,
}

if __name__ == "__main__":
    for path, page in PAGES.items():
        path.write_text(page())
