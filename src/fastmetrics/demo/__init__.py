"""A month of a language model's verdicts, counted: ``python -m fastmetrics.demo``, or ``make demo``.

Writes a log as a moderation team would have it (is this message harmful?), with two faults hidden in it, counts it
once and reads from the counts who got worse or slower, where and since when. Every line of code shown is the one that
ran.
"""

from fastmetrics.demo.log import FAULT, MODELS, ROWS, SLOWDOWN, day_log, days, write_log
from fastmetrics.demo.tour import main

__all__ = ["FAULT", "MODELS", "ROWS", "SLOWDOWN", "day_log", "days", "main", "write_log"]
