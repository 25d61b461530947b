"""Pictures of Counts through Altair: which kind there is, how each is drawn, and how one becomes a file."""

from __future__ import annotations

from fastmetrics.report.plots.kinds import KINDS, plot
from fastmetrics.report.plots.saving import save

__all__ = ["KINDS", "plot", "save"]
