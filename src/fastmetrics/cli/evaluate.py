"""``fastmetrics evaluate``: count logs and show their metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import click
import polars as pl

import fastmetrics as fm
from fastmetrics.cli.config import config_option
from fastmetrics.cli.families import families_of, family_options, name_measures
from fastmetrics.cli.gates import report_notes
from fastmetrics.cli.options import NAMES, examples, flattened, keep, keys
from fastmetrics.cli.output import Answer, answer_options, options
from fastmetrics.cli.progress import progress
from fastmetrics.contract.family import Family
from fastmetrics.report.files import checked_target
from fastmetrics.sources import FORMATS, open_source
from fastmetrics.state.layout import Layout

__all__ = ["count_options", "counted", "evaluate", "families_of_logs"]

STDIN = "-"
count_options = options(
    family_options,
    click.option(
        "--by", metavar="KEYS", type=NAMES, multiple=True, callback=flattened,
        help="Keys to group by: columns, or 'SQL as name'.",
    ),
    click.option(
        "--grouping-set", metavar="KEYS", type=NAMES, multiple=True,
        help="Group by these of the keys too, '' for none; may be repeated.",
    ),
    click.option("--time", metavar="COLUMN", help="Column of times, for windows."),
    click.option("--every", metavar="DURATION", help="Length of the windows: 15m, 1h, 1d, 1w, 1mo."),
    click.option("--offset", metavar="DURATION", help="Start of the windows after their usual one: 6h, or -6h."),
    click.option("--time-zone", metavar="ZONE", help="Time zone of the windows: America/Sao_Paulo."),
    click.option("--time-unit", type=click.Choice(["d", "s", "ms", "us", "ns"]), help="Unit of integer times."),
    click.option("--time-format", metavar="FORMAT", help="How text of times is written: %d/%m/%Y %H:%M."),
    click.option("--where", metavar="SQL", help="Count only the rows that satisfy a condition in SQL."),
    click.option("--weight", metavar="COLUMN", help="Column that says how much each row matters in the metrics."),
    click.option("--frequency", metavar="COLUMN", help="Column that says how many equal rows each row stands for."),
    click.option("--threads", metavar="N", type=click.IntRange(1), help="Number of threads that count [all cores]."),
    click.option("--max-groups", metavar="N", type=click.IntRange(1), help="Refuse to count more groups than this."),
    click.option(
        "--input-format", "format", type=click.Choice([row.name for row in FORMATS], case_sensitive=False),
        help="Format of all logs, where neither their names nor their contents tell it.",
    ),
    click.option(
        "--on-error", type=click.Choice(["raise", "skip"]), default="raise",
        help="On files that cannot be read: stop, or skip them [raise].",
    ),
)  # fmt: skip


@click.command(
    epilog=examples(
        "fastmetrics evaluate 'logs/*.parquet' --y-true label --y-pred pred --by model,country",
        "fastmetrics evaluate logs --y-true label --y-pred pred --by model --time ts --every 1d -m f1,mcc",
        "fastmetrics evaluate logs --y-true label --y-score score --threshold 0.7 --by model --intervals",
        "fastmetrics evaluate logs --y-true label --y-pred pred --by country --worst 3 -m recall",
        "fastmetrics evaluate logs --y-true label --y-pred pred --gate 'f1>=0.5' --out f1.json",
        "fastmetrics evaluate logs --family scores --y-true label --y-score score --by model",
        "fastmetrics evaluate answers --family text --hypothesis answer --reference reference --by model -m bleu,wer",
        "fastmetrics evaluate answers --flag refused --flag \"truncated=finish_reason = 'length'\" --by model",
        'fastmetrics evaluate answers --values latency_ms,tokens --flag "refused=signals.refusal(answer)" --by model',
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
    answer = Answer.taken(given)
    name_measures(given, answer.metrics)
    families = families_of_logs(logs, given)
    answer.check(Layout(families))
    if counts is not None:
        checked_target(counts)
    keep(logs, answer.output.out, answer.plot, counts)
    result = counted(logs, families, given)
    if counts is not None:
        result.write(counts)
    answer.give(result, report_notes((", ".join(logs), result), fresh=True))


def families_of_logs(logs: Sequence[str], given: dict[str, Any]) -> tuple[Family, ...]:
    """The families asked for, whose labels are values of columns of the logs, as far as those are seen beforehand."""

    @cache
    def schema() -> Mapping[str, pl.DataType]:
        if STDIN in logs:
            return {}
        return open_source(list(logs), skip_unreadable=given["on_error"] == "skip", format=given["format"]).schema

    return families_of(given, lambda column: schema().get(column))


def counted(logs: Sequence[str], families: Sequence[Family], given: Mapping[str, Any]) -> fm.Counts:
    """One pass over the logs."""
    arguments = {name: value for name, value in given.items() if name != "grouping_set"}
    arguments |= {"by": keys(given["by"] or []), "grouping_sets": given["grouping_set"] or None}
    with progress() as told:
        return fm.count(logs[0] if len(logs) == 1 else list(logs), *families, **arguments, progress=told)
