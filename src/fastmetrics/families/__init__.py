"""The families: one file each, with its roles, cells, inner keys and metric rows."""

from collections.abc import Callable, Mapping

from fastmetrics.contract.family import Family
from fastmetrics.families.binary import binary, fbeta
from fastmetrics.families.classes import classes
from fastmetrics.families.regression import regression
from fastmetrics.families.scores import scores

__all__ = ["KINDS", "binary", "classes", "fbeta", "regression", "scores"]

# The families, each with what makes it: of those that a log may be counted by in the shell and a file of Counts may
# name. A diagnosis takes rates that several have from the first.
KINDS: Mapping[str, Callable[..., Family]] = {
    "binary": binary,
    "scores": scores,
    "classes": classes,
    "regression": regression,
}
