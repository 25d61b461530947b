"""Uncertainty from the same cells: bounds of a metric, comparisons of two groups, adjusted p-values.

Rows are taken to be independent; where binning can have moved a value, bounds are wider by so much. Unweighted, a count
is its own variance; weighted, the variance of a cell is its Σw², so every metric is judged by the weights of its own
cells. Coverage is measured: ``benchmarks/COVERAGE.md``.
"""

from fastmetrics.reading.intervals.comparison import Comparison, adjust, compare, compare_to_total
from fastmetrics.reading.intervals.methods import INTERVALS, bounds

__all__ = ["INTERVALS", "Comparison", "adjust", "bounds", "compare", "compare_to_total"]
