"""How often intervals hold what they should, and why they do not where they hold it too rarely."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["DRAWS", "FEWEST", "MET", "Flags", "Floats", "Misses", "Section", "covered", "held", "marked"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

DRAWS = 4000
FEWEST = 400  # defined draws below which a coverage is not judged
MET = (0.93, 0.97)


def held(low: Floats, high: Floats, true: Floats | float) -> tuple[float, float]:
    """The share of intervals that hold the truth, and of draws that give one."""
    given, rounding = ~np.isnan(low), 1e-12 * np.maximum(np.abs(true), 1e-3)
    inside = ((low <= true + rounding) & (true - rounding <= high))[given]
    return (float(inside.mean()) if inside.size >= FEWEST else math.nan), float(given.mean())


def covered(pair: tuple[Floats, Floats], true: float) -> float:
    """The share of intervals that hold the truth."""
    return held(*pair, true)[0]


def marked(coverage: float) -> str:
    """A coverage, in bold outside .93 to .97."""
    if math.isnan(coverage):
        return "-"
    return f"{coverage:.3f}" if MET[0] <= coverage <= MET[1] else f"**{coverage:.3f}**"


@dataclass
class Misses:
    """What covered less than .93, by its reason and its section."""

    found: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    def judged(self, section: str, scenario: str, coverage: float, reason: str) -> str:
        """The coverage as `marked`; one below .93 is kept with its reason."""
        if coverage < MET[0]:
            self.found.setdefault(reason, {}).setdefault(section, []).append(f"{scenario} {coverage:.3f}")
        return marked(coverage)

    def lines(self) -> Iterator[str]:
        """One list a reason, of the scenarios of each section."""
        for reason, sections in self.found.items():
            yield f"**{reason}**\n"
            for section, scenarios in sections.items():
                yield f"- {section}: {'; '.join(scenarios)}"
            yield ""


@dataclass(frozen=True)
class Section:
    """A part of the report: its title, what it shows, and its lines."""

    title: str
    text: str
    lines: Callable[[np.random.Generator, Misses], Iterator[Any]]
