"""scikit-learn's metric functions on arrays: its names, signatures, values, warnings and error types.

Every function takes lists, numpy arrays, Polars Series, pyarrow arrays and pandas Series alike, and needs numpy alone.
Where a metric divides by zero it warns with `UndefinedMetricWarning`; a bad argument or bad data raises a
`fastmetrics.errors.FastMetricsError`, which is a ValueError, and something that is no array a TypeError.

>>> f1_score(["spam", "ham", "spam"], ["spam", "spam", "spam"], pos_label="spam")
0.8
"""

from fastmetrics.arrays import confusion, likelihood, probability, ranking, ratios, regression, report, text
from fastmetrics.arrays.undefined import UndefinedMetricWarning

# What a module lists in its own `__all__` is a name here and of `fastmetrics`; `make stubs` tells type checkers.
MODULES = (confusion, probability, ranking, ratios, regression, report, likelihood, text)
FUNCTIONS = {name: vars(module)[name] for module in MODULES for name in module.__all__}
globals().update(FUNCTIONS)

__all__ = ["UndefinedMetricWarning", *FUNCTIONS]
