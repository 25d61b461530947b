"""The race of a work: a peer and we take turns on the rows, and every result is compared outside the clock."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from benchmarks.measuring.clock import timed
from benchmarks.text.ours import Measurer
from benchmarks.text.peers import Peer, Values, clear_caches
from benchmarks.text.rows import SETS, Rows
from benchmarks.text.works import Rival, Work

__all__ = ["Standing", "Turn", "agree", "peer_turn", "race"]

LEAST = 0.02  # CPU seconds of a timed run of ours: what takes less runs several times


class Turn(NamedTuple):
    """The CPU seconds of one round: of the peer, and of us for its rows and for all, the whole way and to integers."""

    peer: float
    same: float
    same_integers: float
    all: float
    all_integers: float


@dataclass(frozen=True)
class Standing:
    """A peer beside us: its rows, those of all systems, and what all of that took in each round."""

    rival: Rival
    same: Rows
    all: Rows
    turns: Sequence[Turn]

    def multiple(self, part: str) -> float:
        """The median over the rounds of the peer's CPU time as a multiple of a part of ours, both of a byte of text."""
        share = 1.0 if part.startswith("same") else self.all.bytes / self.same.bytes
        return median(turn.peer * share / float(getattr(turn, part)) for turn in self.turns)

    def microseconds(self, part: str) -> float:
        """The median of a part, a row."""
        rows = self.all if part.startswith("all") else self.same
        return 1e6 * median(float(getattr(turn, part)) for turn in self.turns) / rows.frame.height


class Ours:
    """A call of ours, run as often as `LEAST` asks in a turn, and what it gave last."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self.call, self.times = call, 1
        self.seconds()  # compiles
        self.times = max(1, math.ceil(LEAST / max(self.seconds(), 1e-6)))

    def seconds(self) -> float:
        """The CPU time of one call."""
        gc.collect()
        start = time.process_time()
        for _ in range(self.times):
            self.result = self.call()
        return (time.process_time() - start) / self.times


def both_ways(measurer: Measurer, rows: Rows) -> tuple[Ours, Ours]:
    """The whole way, and the part to integers."""
    return Ours(partial(measurer.count, rows.frame)), Ours(partial(measurer.integers, rows.columns))


def peer_turn(peer: Peer, hypotheses: list[str], references: list[str]) -> tuple[Values, float]:
    """What a peer gives, and its CPU time; it remembers nothing of other turns."""
    clear_caches()
    result, run = timed(partial(peer.measure, hypotheses, references))
    return peer.values(result), run.cpu


def agree(name: str, theirs: Values, ours: Values, tolerance: float) -> None:
    """Stop unless both sides have the same values: to the last bit where the tolerance is 0."""
    for of, mine in ((theirs.whole, ours.whole), (theirs.rows, ours.rows)):
        for metric, given in of.items():
            wanted, found = np.atleast_1d(given).astype(np.float64), np.atleast_1d(mine[metric])
            other = np.flatnonzero(~np.isclose(found, wanted, rtol=tolerance, atol=tolerance))
            if len(other):
                raise SystemExit(f"{name}: {metric} is {wanted[other[0]]!r}, ours {found[other[0]]!r}, at {other[0]}")


def race(work: Work, rounds: int, most: int) -> Iterator[Standing]:
    """The standings of a work; ``most`` bounds the rows of a system."""
    whole = SETS[work.rows].rows(work.rows, min(work.most, most))
    measurer = Measurer(work.measures, work.options)
    everything, all_integers = both_ways(measurer, whole)
    for rival in work.rivals:
        if not rival.peer.installed:
            continue
        same = whole.first(rival.rows)
        texts = same.hypotheses, same.references
        mine, integers = both_ways(measurer, same)
        rival.peer.measure(*(side[:2] for side in texts))  # imports
        turns = []
        for _ in range(min(rounds, rival.rounds or rounds)):
            theirs, cpu = peer_turn(rival.peer, *texts)
            turns.append(Turn(cpu, *(one.seconds() for one in (mine, integers, everything, all_integers))))
            agree(rival.name, theirs, measurer.values(mine.result, integers.result, theirs), rival.peer.tolerance)
        yield Standing(rival, same, whole, turns)
