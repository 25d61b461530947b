"""Families to JSON and back: what makes each again, and what must agree with what it makes."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fastmetrics.contract.columns import Column, column_name
from fastmetrics.contract.family import Family
from fastmetrics.errors import SchemaError, SourceError, listed
from fastmetrics.families import KINDS
from fastmetrics.state.entries import check_entries
from fastmetrics.state.expressions import decode_expression, encode_expression

__all__ = ["OF_A_FAMILY", "decode_family", "encode_family", "users_own"]

OF_A_FAMILY: Mapping[str, tuple[type, ...]] = {"kind": (str,), "arguments": (dict,), "identity": (dict,)}
OF_AN_EXPRESSION: Mapping[str, tuple[type, ...]] = {
    "text": (str,),
    "polars": (str,),
    "operations": (dict, type(None)),
}


def users_own(families: Iterable[Family]) -> tuple[Family, ...]:
    """The families of a user's own making, which whoever reads a file of them has to be given."""
    return tuple(family for family in families if KINDS.get(family.kind) is not family.maker)


def encode_family(family: Family) -> dict[str, Any]:
    """A family in JSON: what makes it again, and what must agree on merge."""
    entry = {"kind": family.kind, "arguments": family.named_arguments, "identity": family.identity}
    expressions = {name: encode_expression(column) for name, column in family.expressions.items()}
    return {**entry, **({"expressions": expressions} if expressions else {})}


def decode_family(given: Any, known: Mapping[str, Family]) -> Family:
    """A family, made again from its entry or the ``known`` of its name; its identity is the one that was written.

    Raises
    ------
    SourceError
        Entries that are missing or of another type, a kind that this version does not know, or makes otherwise.
    """
    given = check_entries(given, OF_A_FAMILY, "a family")
    kind, arguments, identity = given["kind"], given["arguments"], given["identity"]
    name = identity.get("name")
    if isinstance(name, str) and name in known:
        family = known[name]
    elif kind not in KINDS:
        raise SourceError(
            f"these Counts hold a family of kind {kind!r}, which is not built in; give it with families=[...]"
        )
    else:
        family = make_family(KINDS[kind], arguments | expressions_of(given, arguments, name), name)
    rebuilt = json.loads(json.dumps(family.identity, default=str))
    if isinstance(cells := identity.get("cells"), list):
        identity = {**identity, "cells": list(map(cell_of, cells))}
    for what in dict.fromkeys([*identity, *rebuilt]):
        old, new = identity.get(what), rebuilt.get(what)
        newer = what not in identity and not new  # empty where it was not known yet
        if old != new and not newer:
            raise SourceError(
                f"family {name!r} of these Counts has {what} {old!r:.80}, but is made again with {new!r:.80}"
            )
    return family


def cell_of(given: Any) -> Any:
    """A cell of an identity: its name and kind. Early files have its name, its merge, and whether it is a state."""
    match given:
        case [name, merge, bool() as state]:
            return [name, "state" if state else merge]
    return given


def expressions_of(given: Mapping[str, Any], arguments: Mapping[str, Any], family: Any) -> dict[str, Column]:
    """The expressions among the arguments of a family, each of the name that stands for it there."""
    stored = check_entries(given.get("expressions", {}), {}, f"family {family!r}")
    found: dict[str, Column] = {}
    for argument, entry in stored.items():
        named = arguments.get(argument)
        entry = check_entries(entry, OF_AN_EXPRESSION, f"the expression {argument!r}")
        column = decode_expression(entry, str(named))
        if not isinstance(named, str) or output_name(column) != named:
            raise SourceError(
                f"family {family!r} of these Counts has {argument!r} {named!r:.80}, but of it the expression "
                f"{entry['text']!r:.80}"
            )
        found[argument] = column
    return found


def output_name(column: Column) -> str | None:
    """The name of an expression; None of one that is not one column."""
    try:
        return column_name(column)
    except SchemaError:
        return None


def make_family(make: Callable[..., Family], arguments: Mapping[str, Any], name: Any) -> Family:
    """Call the function of a kind of family with the arguments of a file."""
    known = inspect.signature(make).parameters
    named_by_users = any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values())
    strange = [argument for argument in arguments if argument not in known]
    if strange and not named_by_users:
        raise SourceError(
            f"family {name!r} of these Counts was made with {listed(map(repr, strange))}, which this version does not "
            "know: upgrade fastmetrics"
        )
    try:
        return make(**arguments)
    except (TypeError, ValueError, AttributeError, OverflowError, MemoryError) as error:
        raise SourceError(f"family {name!r} of these Counts cannot be made again: {error}") from error
