"""The group of all commands."""

from __future__ import annotations

import click

import fastmetrics
from fastmetrics.cli import about, stored
from fastmetrics.cli.diagnose import diagnose
from fastmetrics.cli.evaluate import evaluate
from fastmetrics.cli.front import Front
from fastmetrics.cli.options import examples

__all__ = ["main"]


@click.group(
    cls=Front,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=examples(
        "fastmetrics evaluate 'logs/*.parquet' --y-true label --y-pred pred --by model",
        "fastmetrics evaluate logs --y-true label --y-pred pred --by model --counts counts.parquet",
        "fastmetrics metrics counts.parquet --metrics precision,recall",
    ),
)
@click.version_option(fastmetrics.__version__, prog_name="fastmetrics", message="%(prog)s %(version)s")
def main() -> None:
    """Exact metrics over logged predictions: count once, read every metric from the counts.

    On a terminal results are tables, elsewhere CSV. The exit code is 0, 1 when a gate failed, 2 after an error.
    """


for command in (
    evaluate,
    stored.metrics,
    stored.rollup,
    stored.merge,
    stored.compare,
    diagnose,
    stored.inspect,
    about.formats,
    about.demo,
    about.completion,
):
    main.add_command(command)
