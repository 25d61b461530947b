"""``fastmetrics diagnose``: what went wrong, where and since when, from counts or from logs."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import Any

import click
import polars as pl

import fastmetrics as fm
from fastmetrics.cli.config import config_option
from fastmetrics.cli.evaluate import count_options, counted, families_of_logs
from fastmetrics.cli.families import names_columns
from fastmetrics.cli.gates import Rules, report_notes
from fastmetrics.cli.options import NAMES, examples, flattened, instant_of, keep
from fastmetrics.cli.output import Output, allow_option, end, on_terminal, output_options
from fastmetrics.cli.stored import read
from fastmetrics.contract.columns import expression
from fastmetrics.errors import listed
from fastmetrics.notes import Note, NoteWarning, warn
from fastmetrics.report.files import format_of
from fastmetrics.report.findings import SEVERITIES
from fastmetrics.state.layout import WINDOW
from fastmetrics.wording import readable

__all__ = ["diagnose"]

EXPECTED = 20  # rows of a value: all of them stay away by chance less than once in 10**8


@click.command(
    epilog=examples(
        "fastmetrics diagnose tuesday.parquet --baseline monday.parquet",
        "fastmetrics diagnose hourly.parquet",
        "fastmetrics diagnose hourly.parquet --current-from 2026-03-03 --fail-on major",
        "fastmetrics diagnose logs --y-true label --y-pred pred --by model,country --time ts --every 1d",
        "fastmetrics diagnose hourly.parquet -o findings.json",
    )
)
@click.argument("counts", nargs=-1, required=True, type=click.Path())
@config_option
@click.option("--baseline", metavar="PATH", multiple=True, type=click.Path(), help="Counts or logs to compare with.")
@click.option(
    "--current-from",
    metavar="TIME",
    help="Compare the windows from this time on with those before it.",
)
@click.option(
    "--slices",
    metavar="KEYS",
    type=NAMES,
    multiple=True,
    callback=flattened,
    help="Keys that slices are made of [all].",
)
@click.option("--per", metavar="KEY", default="model", help="Key whose values are diagnosed one by one [model].")
@click.option("--fold", metavar="KEY", help="Key of two values: search the rows of the lower, estimate in the others.")
@click.option(
    "--alpha",
    metavar="SHARE",
    type=click.FloatRange(0, 1, True, True),
    default=0.05,
    help="Chance that a report on unchanged data names anything [0.05].",
)
@click.option(
    "--min-effect",
    metavar="SHARE",
    type=click.FloatRange(0, 1),
    default=0.01,
    help="Smallest change of a rate to report [0.01].",
)
@click.option(
    "--min-rows", metavar="N", type=click.IntRange(0), default=100, help="Fewest rows of a slice to report [100]."
)
@click.option(
    "-m",
    "--metrics",
    metavar="NAMES",
    type=NAMES,
    multiple=True,
    callback=flattened,
    help="Proportions to search besides the usual rates.",
)
@click.option("--fail-on", type=click.Choice(SEVERITIES), help="Exit with 1 at a finding of this severity or worse.")
@allow_option
@count_options
@output_options
def diagnose(counts: Sequence[str], **given: Any) -> None:
    """Say what went wrong, where, and since when.

    COUNTS is a file of counts; with --y-true, --flag or another column of a family it is logs, which are counted first,
    and so is --baseline. Without --baseline the windows are cut at --current-from, or where the evidence for a change
    is strongest.
    """
    output = Output(given.pop("out"), given.pop("form"))
    output.check()
    baseline, start, fail_on = given.pop("baseline"), given.pop("current_from"), given.pop("fail_on")
    rules = Rules(allowed=given.pop("allow"))
    names = ("slices", "per", "fold", "alpha", "min_effect", "min_rows")
    asked = {name: given.pop(name) for name in names} | {"metrics": given.pop("metrics") or ()}
    if baseline and start is not None:
        raise click.UsageError("--baseline and --current-from exclude each other: either names the baseline")
    keep([*counts, *baseline], output.out)
    now, before = taken(counts, dict(given)), taken(baseline, dict(given)) if baseline else None
    if start is not None:
        now, before = cut(now, start)
    found = fm.diagnose(now, baseline=before, **asked)
    sides = [("the current side", now), *([] if before is None else [("the baseline", before)])]
    notes = report_notes(*sides, fresh=names_columns(given))
    if before is not None:
        notes += report_stopped(now, before)
    give(found, output, notes)
    severe = SEVERITIES[: SEVERITIES.index(fail_on) + 1] if fail_on else ()
    failing = [f"severity {one.severity}: {one.sentence}" for one in found if one.severity in severe]
    end([*(rules.note_failures(notes, "--fail-on") if fail_on else []), *failing])


def taken(paths: Sequence[str], given: dict[str, Any]) -> fm.Counts:
    """Counts from a file, or of logs where a column of a family is named."""
    if names_columns(given):
        return counted(paths, families_of_logs(paths, given), given)
    if len(paths) > 1:
        raise click.UsageError(f"{paths[1]}: one file of counts is diagnosed; add several up with fastmetrics merge")
    return read(paths[0])


def report_stopped(now: fm.Counts, before: fm.Counts) -> list[Note]:
    """The notes of models and other values of a key that stopped, one line each on stderr."""
    if not now.rows or not before.rows:  # of which there is a note
        return []
    share, notes = now.rows / before.rows, []
    for key in (key for key in before.layout.keys if key in now.layout.keys):
        here = rows_by(now, key)
        gone = [value for value, rows in rows_by(before, key).items() if value not in here and rows * share >= EXPECTED]
        if gone:
            message = f"{readable(key)} {listed(gone)} has rows in the baseline, and none now"
            notes.append(Note("stopped", message, len(gone)))
    for note in notes:
        warn(str(note), NoteWarning)
    return notes


def rows_by(counts: fm.Counts, key: str) -> dict[Any, int]:
    """The rows of each value of a key."""
    family = counts.layout.families[0]
    rows = pl.sum_horizontal(pl.col(family.row_states).sum())
    return dict(counts.tables[family.name].group_by(expression(key), maintain_order=True).agg(rows).iter_rows())


def cut(counts: fm.Counts, start: str) -> tuple[fm.Counts, fm.Counts]:
    """Counts from a time on, and before it."""
    if counts.layout.windows is None:
        raise click.UsageError("--current-from needs counts with windows: count the logs with --time and --every")
    instant = instant_of("--current-from", start, counts.layout.windows.time_zone)
    return counts.filter(pl.col(WINDOW) >= instant), counts.filter(pl.col(WINDOW) < instant)


def give(found: fm.Diagnosis, output: Output, notes: Sequence[Note]) -> None:
    """Paragraphs for people, one row a finding for programs."""
    if not output.table:
        form = output.form or ("csv" if output.out is None else format_of(output.out))
        output.give_data(found.findings.drop("predicate") if form == "csv" else found.findings, notes)
        return
    click.echo(found.text(min(shutil.get_terminal_size().columns, 100) if on_terminal() else 100))
