"""The command line: thin commands over the public functions."""

from fastmetrics.cli.commands import main

__all__ = ["main"]
