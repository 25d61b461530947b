"""The warning of a value that was chosen, not computed, in a category that scikit-learn's filters know too."""

from __future__ import annotations

import sys
from functools import cache

from fastmetrics.notes import warn

__all__ = ["UndefinedMetricWarning", "warn_undefined"]


class UndefinedMetricWarning(UserWarning):
    """A metric divides by zero on this input; the value that is returned was chosen, not computed.

    Where scikit-learn is imported the warning is one of its ``sklearn.exceptions.UndefinedMetricWarning`` as well, so
    a filter for either category finds it.
    """


def warn_undefined(text: str) -> None:
    """Warn of a metric that is undefined."""
    theirs = getattr(sys.modules.get("sklearn.exceptions"), "UndefinedMetricWarning", None)
    warn(text, UndefinedMetricWarning if theirs is None else both(theirs))


@cache
def both(theirs: type[Warning]) -> type[Warning]:
    """Our category and that of scikit-learn in one."""
    return type(UndefinedMetricWarning.__name__, (UndefinedMetricWarning, theirs), {"__module__": __name__})
