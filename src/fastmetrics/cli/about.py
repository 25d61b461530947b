"""The commands about fastmetrics itself: formats, demo, completion."""

from __future__ import annotations

import contextlib
import io

import click
import polars as pl
from click.shell_completion import get_completion_class

from fastmetrics.cli.options import examples
from fastmetrics.cli.output import Output, debug_option, output_options

__all__ = ["completion", "demo", "formats"]


@click.command(epilog=examples("fastmetrics formats"))
@output_options
def formats(out: str | None, form: str | None) -> None:
    """List what can be read."""
    from fastmetrics.sources import FORMATS, INPUTS, PATHS, TABLES

    output = Output(out, form)
    output.check()
    here, python = "command line, Python", "Python"
    rows: list[tuple[str, str | None, str]] = [(row.name, ", ".join(row.suffixes), here) for row in FORMATS]
    rows += [(row.name, "a folder", here) for row in TABLES]
    rows += [(row.name, None, here if row.name.startswith("'-'") else python) for row in INPUTS if row is not PATHS]
    output.give(pl.DataFrame(rows, ["input", "ends_in", "read_from"], orient="row"), ["input", "ends_in", "read_from"])


@click.command(epilog=examples("fastmetrics demo --rows 50000 --out demo-log"))
@click.option("--rows", type=int, help="Number of predictions to write.")
@click.option("-o", "--out", type=click.Path(), help="Folder to write them to.")
@debug_option
def demo(rows: int | None, out: str | None) -> None:
    """Write a month of a language model's verdicts, count it, and find who got worse."""
    from fastmetrics.demo import main

    arguments = [*(["--rows", str(rows)] if rows is not None else []), *(["--out", out] if out is not None else [])]
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            main(arguments)
    except SystemExit as end:  # as argparse ends, after its usage
        raise click.UsageError(said.getvalue().rpartition("error: ")[2]) from end


@click.command(
    epilog=examples("fastmetrics completion bash", "fastmetrics completion zsh", "fastmetrics completion fish")
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@debug_option
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that completes commands and options in a SHELL.

    Bash: put eval "$(fastmetrics completion bash)" into ~/.bashrc; zsh the same in ~/.zshrc; fish: save it as
    ~/.config/fish/completions/fastmetrics.fish.
    """
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(ctx.find_root().command, {}, "fastmetrics", "_FASTMETRICS_COMPLETE").source())
