"""The group of commands and how it ends: exit codes, one line for every error, and none for a closed pipe."""

from __future__ import annotations

import ast
import errno
import os
import re
import shlex
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from io import RawIOBase, TextIOWrapper
from typing import Any

import click

from fastmetrics.cli.quiet import mute_native_stderr
from fastmetrics.errors import FastMetricsError, unknown
from fastmetrics.guard import FOREIGN
from fastmetrics.wording import is_encodable, printable

__all__ = ["BROKEN_PIPE", "FAILED", "INTERRUPTED", "Front", "say"]

FAILED = 1  # a gate
ERROR = 2  # usage or data
INTERRUPTED = 130
BROKEN_PIPE = 141  # what a shell says of a program that SIGPIPE ended


def say(text: str) -> None:
    """One line on stderr, unless nobody listens there any more."""
    line = " ".join(filter(None, map(str.strip, text.splitlines())))
    with suppress(OSError):
        click.echo(f"fastmetrics: {printable(line)}", err=True)


class Front(click.Group):
    """Commands that end with 0, or with 2 and one line that says what to do."""

    def main(
        self, args: Sequence[str] | None = None, prog_name: str | None = None, *more: Any, **extra: Any
    ) -> Any:  # the end of the process, whatever ``standalone_mode`` says
        """Run a command line and exit."""
        arguments = list(sys.argv[1:] if args is None else args)
        replace_closed_streams()
        buffer_output()
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")  # as stderr: an encoding may lack what a log holds
        with nullcontext() if "--debug" in arguments else mute_native_stderr():
            status = self.status(arguments, prog_name, *more, **extra)
        sys.exit(status or 0)

    def status(self, arguments: list[str], prog_name: str | None, *more: Any, **extra: Any) -> Any:
        """Run a command line and return its exit code; every error is one line on stderr."""
        try:
            check_text(arguments)
            with warnings_as_lines(self.to_shell_words):
                try:
                    return super().main(arguments, prog_name, *more, **{**extra, "standalone_mode": False})
                except click.exceptions.NoArgsIsHelpError as shown:
                    click.echo(shown.format_message())
                    return 0
        except (click.Abort, KeyboardInterrupt):
            return INTERRUPTED
        except FOREIGN as error:
            if "--debug" in arguments:
                click.echo("\n".join(map(printable, traceback.format_exc().splitlines())), err=True)
            if isinstance(error, OSError):
                discard_output()
            say(self.sentence(error))
            return ERROR

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, and see that all it printed has left."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            discard_output()
            ctx.exit(BROKEN_PIPE)
        return result

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order of a day's work."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command of that name, or an error that names the nearest."""
        if args[0] not in self.commands and not args[0].startswith("-"):
            raise click.UsageError(unknown("command", args[0], self.commands), ctx)
        return super().resolve_command(ctx, args)

    def sentence(self, error: BaseException) -> str:
        """What an error says at the prompt."""
        if isinstance(error, click.exceptions.NoSuchOption) and error.ctx is not None:
            options = [name for parameter in error.ctx.command.params for name in parameter.opts if name[:2] == "--"]
            return unknown("option", error.option_name, options)
        if isinstance(error, click.ClickException):
            message = error.format_message().rstrip(".")
            return message[:1].lower() + message[1:] + helped(error)
        if isinstance(error, FastMetricsError):
            return self.to_shell_words(str(error))
        if isinstance(error, OSError) and error.errno == errno.EBADF and not error.filename:
            return "standard output is closed: name a file with --out, or send it to /dev/null"
        if isinstance(error, OSError) and error.strerror:
            return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
        return f"{type(error).__name__}: {error}; this should not happen: run it again with --debug and report it"

    def to_shell_words(self, message: str) -> str:
        """A message of the library with the options of the shell: ``time= was given`` becomes ``--time was given``."""
        message = re.sub(r"by=pl\.col\('([^']*)'\)\.alias\('([^']*)'\)", r"by='\1 as \2'", message)
        message = re.sub(r"null_values=(\[[^\]]*\])", lambda found: f"--null-values={shell_list(found[1])}", message)
        message = message.replace("() needs", " needs")
        known = [parameter for command in self.commands.values() for parameter in command.params]
        for one in known:
            for off in one.secondary_opts:
                message = message.replace(f"{one.name}=False", off)
        options = {str(one.name): f"--{str(one.name).replace('_', '-')}" for one in known}
        options |= {str(one.name): max(one.opts, key=len) for one in known if isinstance(one, click.Option)}
        option = rf"(?<![\w(-])({'|'.join(sorted(options, key=len, reverse=True))})=([\w'\"\[-]?)"
        return re.sub(option, lambda found: f"{options[found[1]]}{' ' * bool(found[2])}{found[2]}", message)


def shell_list(written: str) -> str:
    """A Python list as an argument of the shell, an empty one as ''; text that is no list, such as a name, as it is."""
    try:
        return shlex.quote(",".join(str(value) or '""' for value in ast.literal_eval(written)))
    except (ValueError, SyntaxError):
        return written


def check_text(arguments: Sequence[str]) -> None:
    """Refuse arguments that are no text: no column has such a name, and no reader opens such a path."""
    for argument in arguments:
        if not is_encodable(argument):
            raise click.UsageError(f"{argument!r} is not UTF-8: rename the file, or write the name in UTF-8")


def discard_output() -> None:
    """Discard what stdout could not write, as Python would complain when it flushes it at its end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def replace_closed_streams() -> None:
    """Replace closed standard streams, lest a file takes their number: stdin is empty, stdout cannot be written."""
    for name, flags in (("stdin", os.O_RDONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY)):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, flags), "r" if name == "stdin" else "w"))


def buffer_output() -> None:
    """Put a buffer before a stdout that has none, as with PYTHONUNBUFFERED: without one, a part is written where a disk
    is full, and no error says so.
    """
    if isinstance(getattr(sys.stdout, "buffer", None), RawIOBase):
        sys.stdout = os.fdopen(sys.stdout.fileno(), "w", encoding=sys.stdout.encoding, closefd=False)


def helped(error: click.ClickException) -> str:
    """Where the help is, for what click itself found."""
    ctx = getattr(error, "ctx", None)
    return f"; see {ctx.command_path} --help" if ctx is not None and type(error) is not click.UsageError else ""


@contextmanager
def warnings_as_lines(worded: Callable[[str], str]) -> Iterator[None]:
    """Warnings of the library as one line each."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = lambda message, *_, **__: say(f"warning: {worded(str(message))}")
        yield
