"""The commands that start from counts: metrics, rollup, merge, compare, inspect."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import polars as pl

import fastmetrics as fm
from fastmetrics.api import condition
from fastmetrics.cli.gates import Rules, report_notes
from fastmetrics.cli.options import NAMES, examples, flattened, keep, value_of
from fastmetrics.cli.output import (
    Answer,
    Output,
    answer_options,
    debug_option,
    end,
    gate_options,
    level_option,
    options,
    output_options,
)
from fastmetrics.contract.columns import expression, expressions, literal
from fastmetrics.contract.family import Family
from fastmetrics.errors import MergeError, SchemaError, listed
from fastmetrics.notes import notes_of
from fastmetrics.report.files import FORMATS, checked_target
from fastmetrics.report.text import lines
from fastmetrics.sources.paths import missing
from fastmetrics.state.layout import WINDOW, check_same
from fastmetrics.state.merging import align_keys

__all__ = ["compare", "inspect", "merge", "metrics", "read", "rollup"]

slice_options = options(
    click.option(
        "--by",
        metavar="KEYS",
        type=NAMES,
        multiple=True,
        callback=flattened,
        help="Keys to keep, 'window' among them [all].",
    ),
    click.option("--every", metavar="DURATION", help="Merge the windows into longer ones: 1d."),
    click.option("--where", metavar="SQL", help="Keep only the groups that satisfy a condition in SQL over the keys."),
)


def read(path: str) -> fm.Counts:
    """Counts from a file or folder, or an error that names one that is there."""
    if not Path(path).exists():
        raise missing(path)
    return fm.read_counts(path)


@click.command(
    epilog=examples(
        "fastmetrics metrics counts.parquet",
        "fastmetrics metrics counts.parquet --by model -m precision,recall,f1 --intervals",
        "fastmetrics metrics hourly.parquet --by model,window --every 1d --format csv",
        "fastmetrics metrics counts.parquet --where \"country = 'BR'\" --worst 5 -m recall",
    )
)
@click.argument("counts", type=click.Path())
@slice_options
@answer_options
def metrics(counts: str, **given: Any) -> None:
    """Read metrics from COUNTS."""
    answer = Answer.taken(given)
    keep([counts], answer.output.out, answer.plot)
    chosen = sliced(read(counts), **given)
    answer.check(chosen.layout)
    answer.give(chosen, report_notes((counts, chosen)))


@click.command(
    epilog=examples(
        "fastmetrics rollup hourly.parquet --by model,window --every 1d -o daily.parquet",
        "fastmetrics rollup counts.parquet --by model",
    )
)
@click.argument("counts", type=click.Path())
@slice_options
@click.option("-o", "--out", type=click.Path(), help="Write the counts to a file instead of showing them.")
@click.option("--format", "form", type=click.Choice(["table", *FORMATS]), help="Format of the counts that are shown.")
@debug_option
def rollup(counts: str, out: str | None, form: str | None, **given: Any) -> None:
    """Merge the groups of COUNTS into fewer: exact, without the logs."""
    chosen = sliced(read(counts), **given)
    if out is None and len(chosen.tables) > 1:
        raise click.UsageError(f"{counts} holds several families ({listed(chosen.tables)}): write them with --out")
    if out is not None:
        checked_target(out)
    notes = report_notes((counts, chosen))
    if out is not None:
        chosen.write(out)
        return
    Output(None, form).give(chosen.frame, chosen.layout.key_columns(chosen.layout.families[0]), notes)


@click.command(epilog=examples("fastmetrics merge monday.parquet tuesday.parquet -o both.parquet"))
@click.argument("counts", nargs=-1, required=True, type=click.Path())
@click.option("-o", "--out", required=True, type=click.Path(), help="File to write the sum to.")
@debug_option
def merge(counts: Sequence[str], out: str) -> None:
    """Add up COUNTS of the same layout."""
    files = [file for path in counts for file in (sorted(glob.glob(path)) or [path])]
    first, *others = (read(file) for file in files)
    checked_target(out)
    for file, other in zip(files[1:], others, strict=True):
        try:
            check_same(first.layout, other.layout, "added")
        except MergeError as error:
            raise MergeError(f"{files[0]} and {file}: {error}") from error
    whole = first.merged(others)
    report_notes((", ".join(files), whole))
    whole.write(out)


@click.command(
    epilog=examples(
        "fastmetrics compare tuesday.parquet monday.parquet --metric f1 --by model",
        "fastmetrics compare counts.parquet --metric recall --by model --to overall",
        "fastmetrics compare counts.parquet --metric recall --by model,country --to atlas-1",
        "fastmetrics compare tuesday.parquet monday.parquet -m f1 --by model --gate 'difference_low>-0.5'",
    )
)
@click.argument("counts", type=click.Path())
@click.argument("reference", required=False, type=click.Path())
@click.option("-m", "--metric", metavar="NAME", required=True, help="Metric to compare.")
@click.option("--to", metavar="GROUP", help="Group to compare with: 'overall', a value of the first key, or key=value.")
@slice_options
@level_option
@click.option(
    "--adjust",
    type=click.Choice(["holm", "bh", "none"]),
    default="holm",
    help="Adjust p-values for the number of comparisons [holm].",
)
@gate_options("'difference>=-0.01'")
@output_options
def compare(counts: str, reference: str | None, **given: Any) -> None:
    """Compare the groups of COUNTS with those of REFERENCE, or with one another."""
    output, rules = Output(given["out"], given["form"]), Rules.pop_from(given)
    output.check()
    keep([path for path in (counts, reference) if path is not None], output.out)
    if (reference is None) == (given["to"] is None):
        raise click.UsageError("compare takes either REFERENCE, other counts, or --to, a group of COUNTS itself")
    whole = read(counts)
    by = list(whole.layout.keys if given["by"] is None else given["by"])
    if given["every"] is not None and "window" not in by:
        by.append("window")
    mine = sliced(whole, by, given["every"], given["where"])
    if reference is None:
        to: Any = group_named(given["to"], mine, by)
    else:
        try:
            to = sliced(read(reference), by, given["every"], given["where"])
        except SchemaError as error:
            raise SchemaError(f"{reference}: {error}") from error
    adjust = None if given["adjust"] == "none" else given["adjust"]
    frame = mine.compare(given["metric"], by=by, to=to, level=given["level"], adjust=adjust)
    notes = report_notes((counts, mine), *([] if reference is None else [(reference, to)]))
    keys = [WINDOW if key == "window" else key for key in by]
    failed = rules.failures(with_unmatched_groups(frame, mine, to, keys), keys, notes)
    output.give(frame, keys, notes)
    end(failed)


def with_unmatched_groups(frame: pl.DataFrame, counts: fm.Counts, to: Any, keys: Sequence[str]) -> pl.DataFrame:
    """Comparisons with a row for every group to judge, null where a group is on one side only."""
    if isinstance(to, dict):
        (key, value), *_ = to.items()
        counts = counts.filter(~expression(WINDOW if key == "window" else key).eq_missing(literal(value)))
    sides = [counts, to] if isinstance(to, fm.Counts) else [counts]
    tables = [next(iter(side.tables.values())).select(expressions(keys)) for side in sides]
    *tables, frame = align_keys([*tables, frame], keys)
    groups = pl.concat(tables).unique(maintain_order=True)
    return groups.join(frame, on=expressions(keys), how="left", nulls_equal=True, maintain_order="left")


def group_named(to: str, counts: fm.Counts, by: Sequence[str]) -> Any:
    """The reference group: ``overall``, ``key=value``, or a value of the first key."""
    if to == "overall" or not by:
        return to
    key, equals, value = to.partition("=")
    if not equals or key not in by:
        key, value = by[0], to
    column = WINDOW if key == "window" else key
    return {key: value_of("--to", value, key, next(iter(counts.tables.values())).schema[column])}


@click.command(epilog=examples("fastmetrics inspect counts.parquet"))
@click.argument("counts", type=click.Path())
@output_options
def inspect(counts: str, out: str | None, form: str | None) -> None:
    """Show what COUNTS hold: rows, families, keys, windows, and how they were counted."""
    output = Output(out, form)
    output.check()
    keep([counts], out)
    held = read(counts)
    known = [*lines(held), *(row for family in held.layout.families for row in facts(family))]
    known += [(f"counted: {name}", str(value)) for name, value in held.how.items() if name != "notes" and value != []]
    output.give_facts(known, notes_of(held.how))


def facts(family: Family) -> Iterator[tuple[str, str]]:
    """What a family was made of, and the signatures of its metrics."""
    yield f"{family.name} of", described(family.named_arguments)
    signatures = {metric.signature: metric.name for metric in reversed(family.metrics) if metric.signature}
    for signature, metric in reversed(signatures.items()):
        yield f"{family.name}.{metric}", signature


def described(arguments: Mapping[str, Any]) -> str:
    return listed(f"{name}={value!r}" for name, value in arguments.items() if name != "name" and value is not None)


def sliced(counts: fm.Counts, by: Sequence[str] | None, every: str | None, where: str | None) -> fm.Counts:
    """Some groups of Counts by some of their keys: without ``by`` all of them, and ``every`` brings the windows."""
    filtered = condition(where)
    if filtered is not None:
        counts = counts.filter(filtered)
    layout = counts.layout
    if by is None and every is None:
        return counts
    wanted = list(by) if by is not None else [*layout.keys, *(["window"] if layout.windows is not None else [])]
    if every is not None and "window" not in wanted:
        wanted.append("window")
    if "window" in wanted and layout.windows is None:
        raise click.UsageError("these counts have no windows: count the logs with --time and --every")
    if layout.grouping_sets is not None:
        counts = counts.grouping(*(key for key in wanted if key != "window"))
    return counts.rollup(*wanted, every=every)
