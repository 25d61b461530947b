"""The families: one file each, with its roles, cells, inner keys and metric rows."""

from collections.abc import Callable, Mapping

from fastmetrics.contract.family import Family
from fastmetrics.families.binary import binary, fbeta
from fastmetrics.families.classes import classes
from fastmetrics.families.regression import regression
from fastmetrics.families.scores import scores

__all__ = ["KINDS", "binary", "classes", "fbeta", "regression", "scores"]

# The kinds that a file of Counts may name, each with what makes it again from its arguments.
KINDS: Mapping[str, Callable[..., Family]] = {
    "binary": binary,
    "classes": classes,
    "regression": regression,
    "scores": scores,
}
