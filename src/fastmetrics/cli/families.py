"""The options of families: each argument of a maker in `fastmetrics.families.KINDS` is one, as its signature has it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import click

from fastmetrics.cli.columns import COLUMNS, DtypeOf, named_columns
from fastmetrics.cli.options import NAMES, NUMBERS, PARTS, VALUE, flattened, value_of
from fastmetrics.contract.columns import Column, column_name
from fastmetrics.contract.family import Family
from fastmetrics.errors import SchemaError, listed
from fastmetrics.families import KINDS
from fastmetrics.schema import repeated
from fastmetrics.texts.measures import MEASURES

__all__ = ["Argument", "arguments_of", "families_of", "family_options", "name_measures", "names_columns", "option_name"]

# How an argument of a type is given: settings of click.
SETTINGS: Mapping[Any, Mapping[str, Any]] = {
    Column: {"metavar": "COLUMN"},
    Any: {"type": VALUE},
    str: {"metavar": "TEXT"},
    int: {"type": int, "metavar": "N"},
    float: {"type": float, "metavar": "NUMBER"},
    bool: {"default": None},  # with a second name, which makes it a flag
    Column | Sequence[str]: {"type": NAMES, "metavar": "COLUMNS", "multiple": True, "callback": flattened},
    Sequence[str]: {"type": PARTS, "metavar": "TEXTS", "multiple": True, "callback": flattened},
    Sequence[Any]: {"type": PARTS, "metavar": "VALUES", "multiple": True, "callback": flattened},
    Sequence[float]: {"type": NUMBERS, "metavar": "NUMBERS", "multiple": True, "callback": flattened},
    Iterable[float]: {"type": NUMBERS, "metavar": "NUMBERS", "multiple": True, "callback": flattened},
}
OF_COLUMN = (Any, Sequence[Any])  # read as values of the first column that is named
DESCRIBED = re.compile(r"^(\w[\w, ]*)\n((?:    .*\n?|\n)+)", re.MULTILINE)
FIRST = next(iter(KINDS))
FLAGS, VALUES = "flags", "values"  # the families that --flag and --values make
OF_VALUES = ("extremes", "null_values")  # what --values takes of the options of its family
FLAG_EXAMPLE = "--flag \"truncated=finish_reason = 'length'\""
VALUES_EXAMPLE = '--values "seconds=latency_ms / 1000"'
SENTENCE = re.compile(r".*?\.(?=\s|$)", re.DOTALL)


@dataclass(frozen=True)
class Argument:
    """An argument of a maker: its type, whether it must be given, and the first sentence of its description."""

    name: str
    type: Any
    required: bool
    help: str

    def option(self, kinds: Sequence[str]) -> Callable[[Any], Any]:
        """It as an option, which says of what families it is where not all have it."""
        names = f"{option_name(self.name)}/--no-{option_name(self.name)[2:]}" if self.type is bool else ""
        choices = get_args(self.type) if get_origin(self.type) is Literal else ()
        if not choices and self.type not in SETTINGS:
            raise SchemaError(
                f"argument {self.name!r} of a family is a {self.type}, which no option of the shell holds"
            )
        settings = {"type": click.Choice(choices)} if choices else SETTINGS[self.type]
        only = "" if len({*kinds, FLAGS}) == len(KINDS) else f" [--family {', '.join(kinds)}]"
        return click.option(names or option_name(self.name), self.name, help=self.help + only, **settings)


def option_name(name: str) -> str:
    """``--null-values``."""
    return "--" + name.replace("_", "-")


def arguments_of(maker: Callable[..., Family]) -> dict[str, Argument]:
    """The arguments of a maker but ``name``, as one family needs no name of its own, and those that users name."""
    types, described = get_type_hints(maker), descriptions(maker)
    return {
        name: Argument(name, without_none(types[name]), each.default is each.empty, described.get(name, ""))
        for name, each in inspect.signature(maker).parameters.items()
        if name != "name" and each.kind is not each.VAR_KEYWORD
    }


def without_none(hint: Any) -> Any:
    """The type of what is given, where it may be left out."""
    kept = tuple(part for part in get_args(hint) if part is not NoneType)
    return Union[kept] if NoneType in get_args(hint) else hint  # noqa: UP007 (of a tuple)


def descriptions(maker: Callable[..., Family]) -> dict[str, str]:
    """The first sentence on each parameter in a docstring of numpydoc's form, without the marks of code."""
    _, _, section = (inspect.getdoc(maker) or "").partition("Parameters\n----------\n")
    section = re.split(r"\n\n[A-Z]\w+\n---", section)[0]
    found = {}
    for names, text in DESCRIBED.findall(section + "\n"):
        sentence = SENTENCE.match(" ".join(text.split()))
        for name in names.split(", "):
            found[name] = (sentence[0] if sentence else "").replace("`", "")
    return found


def every_argument() -> dict[str, tuple[Argument, list[str]]]:
    """The arguments of all makers, each as the first family has it, and the kinds of families that have it."""
    found = dict[str, tuple[Argument, list[str]]]()
    for kind, maker in KINDS.items():
        for name, argument in arguments_of(maker).items():
            found.setdefault(name, (argument, []))[1].append(kind)
    return found


def family_options(command: Any) -> Any:
    """The option ``--family``, those of all families, ``--flag`` and ``--values``."""
    command = click.option(
        "--values", metavar="COLUMNS", type=COLUMNS, multiple=True, callback=flattened,
        help="Count numbers, such as latencies, alone or beside --family: columns, or NAME=SQL; may be repeated.",
    )(command)  # fmt: skip
    command = click.option(
        "--flag", metavar="NAME=SQL", multiple=True,
        help="Count how often a flag is true, alone or beside --family: a column, or NAME=SQL; may be repeated.",
    )(command)  # fmt: skip
    for argument, kinds in reversed(every_argument().values()):
        command = argument.option(kinds)(command)
    return click.option("--family", type=click.Choice([*KINDS]), help=f"The family of metrics to count [{FIRST}].")(
        command
    )


def name_measures(given: dict[str, Any], metrics: Sequence[str] | None) -> None:
    """Let a family whose measures were not named count those that are asked for as metrics."""
    if given["measures"] is None and "measures" in arguments_of(KINDS[given["family"] or FIRST]):
        given["measures"] = [name for name in metrics or () if name in MEASURES] or None


def names_columns(given: Mapping[str, Any]) -> bool:
    """Whether a column of a family is named, as it is where logs are to be counted."""
    columns = [name for name, (argument, _) in every_argument().items() if argument.type == Column]
    return any(given[name] is not None for name in columns) or bool(given["flag"] or given["values"])


def families_of(given: dict[str, Any], dtype_of: DtypeOf) -> tuple[Family, ...]:
    """The families asked for, of the options that are their own; those of all families are taken out of those given.

    That of ``--family`` is the first, unless none of its options is given and there are flags or values. ``dtype_of``
    tells the dtype of a column, where it can be known.
    """
    kind, weighted = given.pop("family"), given["weight"] is not None
    flags, values = given.pop("flag"), given.pop("values")
    chosen, of_values = {name: value for name in every_argument() if (value := given.pop(name)) is not None}, {}
    beside = {FLAGS: flags, VALUES: values}
    if values and {*chosen} <= {*OF_VALUES} and kind in (None, *beside):
        chosen, of_values = {}, chosen
    found = []
    if chosen or not (flags or values) or (kind is not None and not beside.get(kind)):
        found.append(family_of(kind or FIRST, chosen, dtype_of, weighted))
    if flags:
        found.append(KINDS[FLAGS](**flag_columns(flags, dtype_of)))
    for name, column in named_columns("--values", VALUES_EXAMPLE, values or (), dtype_of).items():
        called = {} if isinstance(column, str) and column == name else {"name": name}
        found.append(family_of(VALUES, {"column": column, **of_values}, dtype_of, weighted, **called))
    twice = repeated([family.name for family in found])
    if twice is not None:
        raise click.UsageError(f"two families are called {twice!r}: give one another name, as in {VALUES_EXAMPLE}")
    return tuple(found)


def flag_columns(given: Sequence[str], dtype_of: DtypeOf) -> dict[str, Column]:
    """The column of each flag, by its name."""
    columns = named_columns("--flag", FLAG_EXAMPLE, given, dtype_of)
    if "name" in columns:
        raise click.UsageError("--flag: no flag can be called 'name', as families are; give it another name")
    return columns


def family_of(kind: str, chosen: dict[str, Any], dtype_of: DtypeOf, weighted: bool, **called: str) -> Family:
    """The family of a kind with the arguments that were chosen."""
    maker, arguments = KINDS[kind], arguments_of(KINDS[kind])
    check_arguments(kind, {"flag": Argument("flag", Any, True, "")} if kind == FLAGS else arguments, chosen)
    if "extremes" in arguments and weighted:
        chosen.setdefault("extremes", False)  # which have no weighted meaning
    return maker(**typed(chosen, dtype_of), **called)


def check_arguments(kind: str, arguments: Mapping[str, Argument], chosen: Mapping[str, Any]) -> None:
    """Refuse options of other families, and the lack of those that the family needs."""
    needed = [name for name, argument in arguments.items() if argument.required]
    if not chosen and needed:
        context = click.get_current_context()
        raise click.MissingParameter(ctx=context, param_hint=f"'{option_name(needed[0])}'", param_type="option")
    for name in chosen:
        if name not in arguments:
            takes = listed(map(option_name, arguments))
            raise click.UsageError(f"{option_name(name)} is not for --family {kind}, which takes {takes}")
    for name in needed:
        if name not in chosen:
            raise click.UsageError(f"--family {kind} needs {option_name(name)}")


def typed(chosen: Mapping[str, Any], dtype_of: DtypeOf) -> dict[str, Any]:
    """What was given, with labels as values of the first column that is named."""
    types = {name: argument.type for name, (argument, _) in every_argument().items()}
    columns = [value for name, value in chosen.items() if types.get(name) == Column]
    labels = [name for name in chosen if types.get(name) in OF_COLUMN]
    if not labels or not columns:
        return dict(chosen)
    column, dtype = column_name(columns[0]), dtype_of(columns[0]) if isinstance(columns[0], str) else None

    def read(name: str, given: Any) -> Any:
        if isinstance(given, list):
            return [read(name, each) for each in given]
        return value_of(option_name(name), given, column, dtype)

    return {**chosen, **{name: read(name, chosen[name]) for name in labels}}
