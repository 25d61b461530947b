"""What is read from Counts, and where it goes: a terminal, a pipe, a file, a chart."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import click
import polars as pl

from fastmetrics.cli.front import FAILED, say
from fastmetrics.cli.gates import BURDENS, GATE, NOTE, Rules
from fastmetrics.cli.options import NAMES, flattened
from fastmetrics.cli.views import VIEWS, View, view_of
from fastmetrics.contract.capabilities import the_only
from fastmetrics.contract.columns import expressions
from fastmetrics.errors import SchemaError, SourceError, install, unknown
from fastmetrics.face import Counts
from fastmetrics.metric import Better
from fastmetrics.notes import Note, to_json
from fastmetrics.report.files import FORMATS, checked_target, encoded, format_of, write
from fastmetrics.state.layout import Layout

if TYPE_CHECKING:
    from altair.typing import ChartType

__all__ = [
    "Answer",
    "Output",
    "allow_option",
    "answer_options",
    "debug_option",
    "end",
    "gate_options",
    "level_option",
    "output_options",
]

Command = TypeVar("Command", bound=Callable[..., Any])
NESTED = ("json", "ndjson")  # formats whose rows hold lists and may have a field more than others


def options(*each: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """Several options as one decorator, in the order of the help."""

    def decorate(command: Command) -> Command:
        for option in reversed(each):
            command = option(command)
        return command

    return decorate


debug_option = click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error.")
output_options = options(
    click.option("-o", "--out", type=click.Path(), help="Write the result to a .csv, .json, .ndjson or .parquet file."),
    click.option(
        "--format",
        "form",
        type=click.Choice(["table", *FORMATS]),
        help="Format of the result; by default a table on a terminal, elsewhere CSV.",
    ),
    debug_option,
)
allow_option = click.option(
    "--allow",
    metavar="NOTE",
    type=NOTE,
    multiple=True,
    help="Accept a note, such as undefined, that would fail a gate; may be repeated.",
)


def gate_options(examples: str) -> Callable[[Command], Command]:
    """The options ``--gate``, ``--gate-burden`` and ``--allow``."""
    return options(
        click.option(
            "--gate", type=GATE, multiple=True, help=f"Exit with 1 unless every group satisfies it: {examples}."
        ),
        click.option(
            "--gate-burden",
            type=click.Choice([*BURDENS]),
            help="Judge the bounds of the interval instead of the value: fail only where harm is sure, or pass only "
            "with proof.",
        ),
        allow_option,
    )


level_option = click.option(
    "--level", metavar="SHARE", type=click.FloatRange(0, 1, True, True), default=0.95, help="Confidence level [0.95]."
)
answer_options = options(
    click.option(
        "-m",
        "--metrics",
        metavar="NAMES",
        type=NAMES,
        multiple=True,
        callback=flattened,
        help="Metrics to show, as in f1,mcc; by default a few of each family.",
    ),
    click.option("--intervals/--no-intervals", default=False, help="Add confidence intervals."),
    level_option,
    click.option(
        "--period", metavar="DURATION", help="Show overlapping windows of this length: a multiple of --every."
    ),
    click.option("--fill-empty", is_flag=True, help="Add a row for each window in which a group has no rows."),
    click.option("--at-threshold", metavar="NUMBER", type=float, help="Read binned scores as binary at a threshold."),
    click.option("--nearest", is_flag=True, help="With --at-threshold: take the nearest edge of the bins."),
    *(click.option(view.flag, **view.option) for view in VIEWS),
    click.option(
        "--worst", metavar="N", type=click.IntRange(1), help="Show only the N worst groups by the first metric."
    ),
    click.option(
        "--min-n", metavar="N", type=click.IntRange(1), help="With --worst: leave out groups of fewer rows than this."
    ),
    click.option(
        "--better",
        type=click.Choice(get_args(Better)),
        help="With --worst: the side that is good, of a metric that has none of its own.",
    ),
    gate_options("'f1>=0.8', 'f1_low>0.75'"),
    click.option(
        "--plot", type=click.Path(), help="Draw the first metric, or --curve, into an .html, .svg or .png file."
    ),
    output_options,
)


@dataclass(frozen=True)
class Output:
    """Where a frame goes, and in which format."""

    out: str | None
    form: str | None

    def check(self) -> None:
        """Refuse what cannot be written, before any work is done for it."""
        if self.out is not None:
            if self.form == "table":
                raise click.UsageError("--format table is for reading; --out takes csv, json, ndjson or parquet")
            checked_target(self.out)
            if self.form is None:
                format_of(self.out)
        elif self.form == "parquet" and on_terminal():
            raise click.UsageError("Parquet is not for a terminal: name a file with --out")

    def give(self, frame: pl.DataFrame, keys: Sequence[str], notes: Sequence[Note] = (), line: str = "") -> None:
        """Write the file, or print what fits where stdout goes; only people read the last line."""
        if not self.table:
            self.give_data(frame, notes)
            return
        from fastmetrics.report.tables import table

        size = shutil.get_terminal_size()
        fit = {"width": size.columns, "rows": max(size.lines - 6, 10)} if on_terminal() else {}
        click.echo(table(frame, keys, **fit, color=styled()) + line, nl=False)

    def give_facts(self, lines: Sequence[tuple[str, str]], notes: Sequence[Note]) -> None:
        """Write names and what is known of them, as `give` writes a frame."""
        if not self.table:
            self.give_data(pl.DataFrame(lines, ["name", "value"], orient="row"), notes)
            return
        from fastmetrics.report.tables import facts

        width = shutil.get_terminal_size().columns if on_terminal() else None
        click.echo(facts(lines, width=width, color=styled()), nl=False)

    @property
    def table(self) -> bool:
        """Whether people are to read it."""
        return self.out is None and (self.form or ("table" if on_terminal() else "csv")) == "table"

    def give_data(self, frame: pl.DataFrame, notes: Sequence[Note] = ()) -> None:
        """Write the file, or data to stdout; in JSON each row has the notes, where there are any."""
        form = self.form or ("csv" if self.out is None else format_of(self.out))
        if notes and form in NESTED and "notes" not in frame.columns:
            frame = frame.with_columns(pl.lit(pl.Series([to_json(notes)])).first().alias("notes"))
        if self.out is not None:
            write(frame, self.out, form)
        else:
            click.echo(encoded(frame, form), nl=False)


def on_terminal() -> bool:
    """Whether people read stdout."""
    return sys.stdout.isatty()


def styled() -> bool:
    """Whether the terminal takes bold headers."""
    return on_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


@dataclass(frozen=True)
class Answer:
    """What `answer_options` ask of Counts."""

    metrics: list[str] | None
    intervals: bool
    level: float
    worst: int | None
    min_n: int | None
    better: Better | None
    plot: str | None
    period: str | None
    fill_empty: bool
    at_threshold: float | None
    nearest: bool
    view: tuple[View, Any] | None
    rules: Rules
    output: Output

    @classmethod
    def taken(cls, given: dict[str, Any]) -> Answer:
        """The answer that was asked for; its options are taken out of those given."""
        output = Output(given.pop("out"), given.pop("form"))
        rules, view = Rules.pop_from(given), view_of(given)
        fields = [name for name in cls.__dataclass_fields__ if name not in ("output", "rules", "view")]
        return cls(**{name: given.pop(name) for name in fields}, view=view, rules=rules, output=output)

    def check(self, layout: Layout) -> None:
        """Refuse what is known to fail: names, files, and rankings of what has no order."""
        from fastmetrics.reading.ranks import direction
        from fastmetrics.reading.resolve import resolve

        self.output.check()
        if self.at_threshold is not None:
            scored = the_only(layout.families, "at_threshold")
            assert scored.at_threshold is not None
            layout = replace(layout, families=(scored.at_threshold(scored, self.at_threshold, self.nearest).family,))
        elif self.nearest:
            raise click.UsageError("--nearest goes with --at-threshold")
        if self.view is not None:
            self.view[0].check_families(layout, self.view[1])
        if self.plot is not None:
            check_plot(self.plot)
        for name in ("min_n", "better"):
            if getattr(self, name) is not None and self.worst is None:
                raise click.UsageError(f"--{name.replace('_', '-')} goes with --worst")
        first = resolve(layout, self.metrics or [])[0]
        if self.worst is not None:
            try:
                direction(first, self.better)
            except SchemaError as error:
                raise SchemaError(f"--worst {self.worst}: {error}") from error
        resolve(layout, self.gated())

    def names(self, layout: Layout) -> list[str]:
        """The metrics asked for, else the headlines of the families."""
        from fastmetrics.reading.resolve import resolve

        return [asked.column for asked in resolve(layout, self.metrics or [])]

    def gated(self) -> list[str]:
        """The metrics that gates are set on; the number of rows is there without asking."""
        return list(dict.fromkeys(gate.metric for gate in self.rules.gates if gate.metric != "n"))

    def give(self, counts: Counts, notes: Sequence[Note]) -> None:
        """Read the metrics, write or show them, draw the chart, and end by the gates."""
        if self.at_threshold is not None:
            counts = counts.at_threshold(self.at_threshold, nearest=self.nearest)
        keys = counts.layout.outer
        frame = self.read(counts)
        if self.view is not None:
            self.output.give(frame, [key for key in keys if key in frame.columns], notes)
        elif self.worst is not None and self.output.table:
            self.output.give(frame.drop("rank_bound", "groups_hidden"), keys, notes, self.not_ranked(frame))
        else:
            self.output.give(frame, keys, notes)
        if self.plot is not None:
            from fastmetrics.report.plots import save

            save(self.picture(counts), self.plot)
        if self.rules.gates:
            frame = counts.metrics(*self.gated(), intervals=True, level=self.level)
            end(self.rules.failures(frame, keys, notes))

    def picture(self, counts: Counts) -> ChartType:
        """The curve that was asked for, else the first metric."""
        if self.view is not None and self.view[0].capability == "curves":
            return counts.plot(kind=self.view[1])
        return counts.plot(self.names(counts.layout)[0])

    def not_ranked(self, frame: pl.DataFrame) -> str:
        """A line on the groups that a ranking left out."""
        hidden = f"{frame.item(0, 'groups_hidden'):,}" if len(frame) else "all"
        return f"{hidden} groups not ranked: under {self.min_n or 1:,} rows, or undefined\n" if hidden != "0" else ""

    def read(self, counts: Counts) -> pl.DataFrame:
        """The metrics, or the worst groups by the first of them beside the others, or another view."""
        names = self.names(counts.layout)
        if self.view is not None:
            return self.view[0].read(counts, self.view[1], names)
        if self.worst is None:
            return counts.metrics(
                *names, intervals=self.intervals, level=self.level, period=self.period, fill_empty=self.fill_empty
            )
        ranked = counts.worst(names[0], self.worst, min_n=self.min_n or 1, level=self.level, better=self.better)
        if not names[1:]:
            return ranked
        keys = counts.layout.outer
        others = counts.metrics(*names[1:], intervals=self.intervals, level=self.level)
        new = [name for name in others.columns if name not in ranked.columns]
        if not keys:
            return ranked.hstack(others.select(new).head(len(ranked)))
        return ranked.join(
            others.select(expressions([*keys, *new])),
            on=expressions(keys),
            how="left",
            nulls_equal=True,
            maintain_order="left",
        )


def check_plot(path: str) -> None:
    """Refuse a picture that cannot be drawn."""
    from fastmetrics.report.plots.saving import FORMATS as PICTURES

    suffix = Path(path).suffix.lower()
    if suffix not in PICTURES:
        raise SourceError(f"{path}: " + unknown("suffix", suffix, PICTURES))
    checked_target(path)
    if not all(map(find_spec, ("altair", "vl_convert"))):
        raise SourceError(f"--plot needs Altair and vl-convert: {install('plot')}")


def end(failed: Sequence[str]) -> None:
    """Say which gates failed, and exit with 1 if any did."""
    for line in failed:
        say(line)
    if failed:
        click.get_current_context().exit(FAILED)
