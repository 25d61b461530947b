"""What is meant by names that the package itself has not: metrics and what is read from Counts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from inspect import Parameter, signature

from fastmetrics import arrays
from fastmetrics.face import Counts
from fastmetrics.families import KINDS
from fastmetrics.metric import Metric

__all__ = ["hint"]

# Names that are neither.
MEANT = {
    "counts": "fm.count(...) makes Counts",
    "metrics": "metrics are read from Counts, as in fm.count(...).metrics('f1'), or from arrays, as by fm.f1_score",
}


def hint(name: str) -> str:
    """What was meant, as the end of a message; nothing where it is not known.

    >>> hint("mae")
    "; it is fm.mean_absolute_error on arrays, and counts.metrics('mae') of Counts"
    >>> hint("compare")
    '; Counts have it, as in fm.count(...).compare'
    """
    if name in MEANT:
        return f"; {MEANT[name]}"
    if name.startswith("_") or find_spec(f"{__package__}.{name}") is not None:  # which an import asks for first
        return ""
    if hasattr(Counts, name):
        return f"; Counts have it, as in fm.count(...).{name}"
    return of_metric(name)


def of_metric(name: str) -> str:
    """Which functions on arrays read a metric, and how it is read from Counts."""
    rows = [row for row in metrics() if name in (row.name, *row.aliases)]
    if not rows:
        return ""
    known = {each for row in rows for each in (row.name, *row.aliases)}
    found = sorted(f"fm.{each}" for each in known if callable(getattr(arrays, each, None)))
    on_arrays = f"{' or '.join(found)} on arrays, and " if found else ""
    return f"; it is {on_arrays}counts.metrics({name!r}) of Counts"


@cache
def metrics() -> tuple[Metric, ...]:
    """The rows of families of each kind, whatever their columns are called; none of a kind that users name them for."""
    return tuple(row for kind in KINDS if (given := dict(columns(kind))) for row in KINDS[kind](**given).metrics)


def columns(kind: str) -> Iterator[tuple[str, str]]:
    """The parameters of a kind of family that need a column, and a column for each."""
    for name, parameter in signature(KINDS[kind]).parameters.items():
        needed = parameter.default is Parameter.empty and parameter.kind is not Parameter.VAR_KEYWORD
        if needed or name in ("y_pred", "reference"):
            yield name, name
