"""``fastmetrics evaluate``: count logs and show their metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click
import polars as pl

import fastmetrics as fm
from fastmetrics.cli.config import config_option
from fastmetrics.cli.gates import report_notes
from fastmetrics.cli.options import NAMES, PARTS, VALUE, examples, flattened, keep, keys, value_of
from fastmetrics.cli.output import Answer, answer_options, options
from fastmetrics.cli.progress import progress
from fastmetrics.contract.family import Family
from fastmetrics.errors import listed
from fastmetrics.report.files import checked_target
from fastmetrics.sources import FORMATS, open_source
from fastmetrics.state.layout import Layout

__all__ = ["count_options", "counted", "evaluate", "family_of"]

STDIN = "-"
ROLES = ("y_pred", "y_score", "threshold", "pos_label", "labels", "link", "null_values")
LISTS = ("labels", "null_values")
TAKES = {  # by family: the options that it needs, and those that it may have
    "binary": ((), ("y_pred", "y_score", "threshold", "pos_label", "null_values")),
    "scores": (("y_score",), ("pos_label", "link", "null_values")),
    "classes": (("y_pred",), ("labels", "null_values")),
    "regression": (("y_pred",), ("null_values",)),
}

count_options = options(
    click.option("--y-true", metavar="COLUMN", help="The column of labels."),
    click.option("--y-pred", metavar="COLUMN", help="The column of predictions."),
    click.option("--y-score", metavar="COLUMN", help="The column of scores, instead of predictions."),
    click.option("--threshold", metavar="NUMBER", type=float, help="A score is positive from here on."),
    click.option("--pos-label", type=VALUE, help="The positive label, where it is not True or 1."),
    click.option("--family", type=click.Choice([*TAKES]), default="binary", help="What is counted [binary]."),
    click.option("--labels", type=NAMES, multiple=True, callback=flattened, help="The classes that averages run over."),
    click.option("--link", type=click.Choice(["logit"]), help="Of scores that are log-odds."),
    click.option(
        "--null-values",
        metavar="VALUES",
        type=PARTS,
        multiple=True,
        callback=flattened,
        help="Values of labels and predictions that mean null: NA,null or -1.",
    ),
    click.option("--by", type=NAMES, multiple=True, callback=flattened, help="Keys: columns, or 'SQL as name'."),
    click.option("--grouping-set", type=NAMES, multiple=True, help="Only some of the keys, '' for none; repeat it."),
    click.option("--time", metavar="COLUMN", help="The column of times."),
    click.option("--every", metavar="DURATION", help="The length of the windows: 15m, 1h, 1d, 1w, 1mo."),
    click.option("--offset", metavar="DURATION", help="Where windows start: 6h."),
    click.option("--time-zone", metavar="ZONE", help="Whose calendar: America/Sao_Paulo."),
    click.option("--time-unit", type=click.Choice(["d", "s", "ms", "us", "ns"]), help="Of integers since 1970."),
    click.option("--where", metavar="SQL", help="Only some rows, in SQL."),
    click.option("--weight", metavar="COLUMN", help="The column of weights."),
    click.option("--threads", metavar="N", type=click.IntRange(1), help="How many threads count [all cores]."),
    click.option("--max-groups", metavar="N", type=click.IntRange(1), help="Give up beyond so many groups."),
    click.option(
        "--input-format",
        "format",
        type=click.Choice([row.name for row in FORMATS], case_sensitive=False),
        help="What all logs are, where neither their names nor their contents tell.",
    ),
    click.option(
        "--on-error", type=click.Choice(["raise", "skip"]), default="raise", help="At files that cannot be read."
    ),
)


@click.command(
    epilog=examples(
        "fastmetrics evaluate 'logs/*.parquet' --y-true label --y-pred pred --by model,country",
        "fastmetrics evaluate logs --y-true label --y-pred pred --by model --time ts --every 1d -m f1,mcc",
        "fastmetrics evaluate logs --y-true label --y-score score --threshold 0.7 --by model --intervals",
        "fastmetrics evaluate logs --y-true label --y-pred pred --by country --worst 3 -m recall",
        "fastmetrics evaluate logs --y-true label --y-pred pred --gate 'f1>=0.5' --out f1.json",
        "fastmetrics evaluate logs --family scores --y-true label --y-score score --by model",
    )
)
@click.argument("logs", nargs=-1, required=True, type=click.Path())
@config_option
@count_options
@click.option("--counts", type=click.Path(), help="Keep the counts in a file, for the other commands.")
@answer_options
def evaluate(logs: Sequence[str], counts: str | None, **given: Any) -> None:
    """Count logs and show their metrics.

    LOGS are files, folders or patterns; - is standard input. --pos-label, --labels and --null-values are read as what
    the column of labels holds: 1 is a number where it holds numbers. From standard input a number is what looks like
    one, and '"1"' is text.
    """
    if STDIN in logs and len(logs) > 1:
        raise click.UsageError("- stands alone: standard input cannot be read together with files")
    if given["y_true"] is None:
        raise click.MissingParameter(ctx=click.get_current_context(), param_hint="'--y-true'", param_type="option")
    answer = Answer.taken(given)
    family = family_of(logs, given)
    answer.check(Layout((family,)))
    if counts is not None:
        checked_target(counts)
    keep(logs, answer.output.out, answer.plot, counts)
    result = counted(logs, family, given)
    if counts is not None:
        result.write(counts)
    answer.give(result, report_notes((", ".join(logs), result), fresh=True))


def family_of(logs: Sequence[str], given: dict[str, Any]) -> Family:
    """The family asked for, of the options that are its own; they are taken out of those given."""
    kind, y_true = given.pop("family"), given.pop("y_true")
    roles = {name: value for name in ROLES if (value := given.pop(name)) is not None}
    needed, optional = TAKES[kind]
    for name in roles:
        if name not in (*needed, *optional):
            takes = listed(map(option, (*needed, *optional)))
            raise click.UsageError(f"{option(name)} is not for --family {kind}, which takes --y-true, {takes}")
    for name in needed:
        if name not in roles:
            raise click.UsageError(f"--family {kind} needs {option(name)}")
    if roles.keys() & {"pos_label", *LISTS}:
        roles |= typed(roles, y_true, label_dtype(logs, y_true, given))
    if kind == "regression":
        roles["extremes"] = given["weight"] is None  # which have no weighted meaning
    family: Family = getattr(fm, kind)(y_true, **roles)
    return family


def option(name: str) -> str:
    return "--" + name.replace("_", "-")


def typed(roles: Mapping[str, Any], y_true: str, dtype: pl.DataType | None) -> dict[str, Any]:
    """The labels among the options, as values of the column of labels."""
    typed: dict[str, Any] = {}
    if "pos_label" in roles:
        typed["pos_label"] = value_of("--pos-label", roles["pos_label"], y_true, dtype)
    for name in roles.keys() & set(LISTS):
        typed[name] = [value_of(option(name), value, y_true, dtype) for value in roles[name]]
    return typed


def label_dtype(logs: Sequence[str], y_true: str, given: Mapping[str, Any]) -> pl.DataType | None:
    """What the column of labels holds, where that can be seen before the scan."""
    if STDIN in logs:
        return None
    source = open_source(list(logs), skip_unreadable=given["on_error"] == "skip", format=given["format"])
    return source.schema.get(y_true)


def counted(logs: Sequence[str], family: Family, given: Mapping[str, Any]) -> fm.Counts:
    """One pass over the logs."""
    arguments = {name: value for name, value in given.items() if name != "grouping_set"}
    arguments |= {"by": keys(given["by"] or []), "grouping_sets": given["grouping_set"] or None}
    with progress() as told:
        return fm.count(logs[0] if len(logs) == 1 else list(logs), family, **arguments, progress=told)
