"""Options from a TOML or YAML file: the same names, checked as the prompt checks them."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from reprlib import repr as limited
from typing import Any, TypeVar

import click

from fastmetrics.cli.options import NUMBERS, PARTS, VALUE
from fastmetrics.errors import SchemaError, SourceError, install, unknown
from fastmetrics.wording import is_encodable, shortened

__all__ = ["config_option"]

Command = TypeVar("Command", bound=Callable[..., Any])
NEVER = ("config", "debug", "help")


def config_option(command: Command) -> Command:
    """Add ``--config FILE``."""
    return click.option(
        "--config",
        type=click.Path(),
        is_eager=True,
        expose_value=False,
        callback=take,
        help="Take options from a TOML or YAML file, under the same names; options given here win.",
    )(command)


def take(ctx: click.Context, param: click.Parameter, path: str | None) -> None:
    """Make what the file says the defaults of the command."""
    if path is None or ctx.resilient_parsing:
        return
    known = {max(one.opts, key=len).lstrip("-"): one for one in ctx.command.params if one.name not in NEVER}
    defaults: dict[str, Any] = {}
    for key, value in read(path).items():
        parameter = known.get(key.replace("_", "-"))
        if parameter is None:
            raise SchemaError(f"{path}: " + unknown("option", key, known))
        defaults[str(parameter.name)] = checked(f"{path}: {key}", value, parameter, ctx)
    ctx.default_map = defaults


def read(path: str) -> Mapping[str, Any]:
    """The keys and values of a config file."""
    loaders = {".toml": toml, ".yaml": yaml, ".yml": yaml}
    suffix = Path(path).suffix.lower()
    if suffix not in loaders:
        raise SourceError(f"{path}: " + unknown("suffix", suffix, loaders))
    try:
        loaded = loaders[suffix](Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(f"cannot read the config {path}: {error.strerror}") from error
    except ValueError as error:
        raise SourceError(f"{path} is not {suffix[1:].upper()}: {error}") from error
    except RecursionError as error:
        raise SourceError(f"{path} is nested too deeply: options are names and values, or lists of values") from error
    if not isinstance(loaded, dict) or not all(isinstance(key, str) for key in loaded):
        raise SourceError(f"{path} holds no options; write lines such as y-true = 'label' (TOML), y-true: label (YAML)")
    return loaded


def toml(text: str) -> Any:
    return tomllib.loads(text)


def yaml(text: str) -> Any:
    """YAML with its errors as ValueError."""
    try:
        from yaml import MarkedYAMLError, YAMLError, safe_load
    except ImportError as error:
        raise SourceError(f"a YAML config needs PyYAML: {install('yaml')}") from error
    try:
        return safe_load(text) or {}
    except MarkedYAMLError as error:
        mark = error.problem_mark
        at = "" if mark is None else f" (at line {mark.line + 1}, column {mark.column + 1})"
        raise ValueError(f"{error.problem}{at}") from error
    except YAMLError as error:
        raise ValueError(str(error)) from error
    except (AttributeError, LookupError) as error:  # which PyYAML lets out where a value does not fit its tag
        raise ValueError(f"a value does not fit its tag ({error})") from error


def checked(where: str, value: Any, parameter: click.Parameter, ctx: click.Context) -> Any:
    """A value as click takes it from a default, or an error that says what the option needs.

    The error shows it shortened: lists within lists, each written once in YAML, may be longer than any memory.
    """
    many = parameter.multiple or parameter.nargs == -1
    items = value if many and isinstance(value, list) else [value]
    what, kinds = kind_of(parameter)
    for item in items:
        if not isinstance(item, kinds) or (isinstance(item, bool) and bool not in kinds) or not is_encodable(str(item)):
            raise SchemaError(
                f"{where} = {shortened(limited(item))}: {what} is needed" + (", or a list of such" if many else "")
            )
        try:
            parameter.type.convert(item, parameter, ctx)
        except click.BadParameter as error:
            raise SchemaError(f"{where} = {shortened(limited(item))}: {error.message.rstrip('.')}") from error
    return items if many else value


def kind_of(parameter: click.Parameter) -> tuple[str, tuple[type, ...]]:
    """What a value must be, in words and in types."""
    if isinstance(parameter, click.Option) and parameter.is_flag:
        return "true or false", (bool,)
    if isinstance(parameter.type, click.types.IntParamType):
        return "a whole number", (int,)
    if isinstance(parameter.type, click.types.FloatParamType) or parameter.type is NUMBERS:
        return "a number", (int, float)
    if parameter.type in (VALUE, PARTS):
        return "text, a number, true or false", (str, int, float, bool)
    return "text", (str,)
