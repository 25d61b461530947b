"""The families: one file each, with its roles, cells, inner keys and metric rows."""

from collections.abc import Callable, Mapping
from importlib import import_module

from fastmetrics.contract.family import Family

__all__ = ["KINDS"]

# The families that a log may be counted by in the shell and that a file of Counts may name: each a module here with a
# function of its name. A diagnosis takes rates that several have from the first.
NAMES = (
    "binary",
    "scores",
    "classes",
    "regression",
    "likelihood",
    "text",
    "flags",
    "values",
)

KINDS: Mapping[str, Callable[..., Family]] = {
    name: getattr(import_module(f"{__name__}.{name}"), name) for name in NAMES
}
