"""All systems in one pass: many measures at once, beside the reference packages one after the other; two threads."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import median
from typing import Any, NamedTuple

import polars as pl

from benchmarks.measuring.clock import timed
from benchmarks.text.ours import Measurer
from benchmarks.text.peers import PEERS, Values, clear_caches, sacrebleu_of
from benchmarks.text.race import agree, peer_turn
from benchmarks.text.rows import SETS, Rows

__all__ = ["Pass", "Speedup", "one_pass", "two_threads"]

MEASURER = Measurer(("bleu", "chrf", "rouge1", "rouge2", "rougeL", "wer", "cer"))
PACKAGES = ("sacrebleu BLEU", "sacrebleu chrF", "rouge_score", "jiwer WER", "jiwer CER")
KEEPING = {"sacrebleu BLEU": "BLEU", "sacrebleu chrF": "CHRF"}
HASHES = 300_000  # of one hash after the other in the loop without memory traffic: 0.2 s


class Pass(NamedTuple):
    """CPU seconds of all systems: of each package, and of each of our passes, one after each system.

    ``keeping`` are those of packages that count the references once for all systems where they are asked to.
    """

    rows: Rows
    packages: Mapping[str, float]
    keeping: Mapping[str, float]
    ours: Sequence[float]

    @property
    def multiple(self) -> float:
        """The packages called for each system, as a multiple of ours."""
        return sum(self.packages.values()) / median(self.ours)

    @property
    def least(self) -> float:
        """The packages as they take least."""
        return sum({**self.packages, **self.keeping}.values()) / median(self.ours)


def one_pass(most: int) -> Pass:
    """The packages that are installed, system by system."""
    rows = SETS["wmt17"].rows("wmt17", most)
    references = rows.first(rows.frame.height).references
    MEASURER.count(rows.frame)
    packages = {name: 0.0 for name in PACKAGES if PEERS[name].installed}
    for name in packages:
        PEERS[name].measure(references[:2], references[:2])  # imports
    keeping, calls, ours = {}, {}, []
    for name, metric in KEEPING.items():
        if name in packages:
            clear_caches()
            calls[name], run = timed(partial(sacrebleu_of, metric, references))
            keeping[name] = run.cpu
    for (system,), part in rows.frame.partition_by("system", as_dict=True).items():
        texts = part["hypothesis"].to_list(), part["reference"].to_list()
        if texts[1] != references:
            raise SystemExit(f"the references of {system} are not those of the first system")
        table, run = timed(partial(MEASURER.count, rows.frame))
        ours.append(run.cpu)
        mine = Values(table.row(by_predicate=pl.col("system") == system, named=True))
        for name in packages:
            theirs, cpu = peer_turn(PEERS[name], *texts)
            packages[name] += cpu
            agree(f"{name}, {system}", theirs._replace(rows={}), mine, PEERS[name].tolerance)
        for name, call in calls.items():
            clear_caches()
            keeping[name] += timed(partial(call, *texts))[1].cpu
    return Pass(rows, packages, keeping, ours)


class Speedup(NamedTuple):
    """How many times as fast two threads are as one, by wall time, in each round: of us, and of the loop."""

    ours: Sequence[float]
    loop: Sequence[float]

    @property
    def share(self) -> float:
        """The median over the rounds of our speed-up as a share of that of the loop."""
        return median(ours / loop for ours, loop in zip(self.ours, self.loop, strict=True))


def two_threads(rounds: int, most: int) -> Speedup:
    """The pass over all systems with one thread and two, beside hashes of a few bytes, which read no memory."""
    frame = SETS["wmt17"].rows("wmt17", most).frame
    MEASURER.count(frame, threads=2)
    ours, loop = [], []
    for _ in range(rounds):
        ours.append(speedup(*(partial(MEASURER.count, frame, threads=threads) for threads in (1, 2))))
        loop.append(speedup(partial(hashes, HASHES), twice))
    return Speedup(ours, loop)


def speedup(one: Callable[[], Any], two: Callable[[], Any]) -> float:
    """How many times as long the first takes as the second."""
    (_, alone), (_, together) = timed(one), timed(two)
    return alone.wall / together.wall


def hashes(number: int) -> None:
    hashlib.pbkdf2_hmac("sha256", b"loop", b"", number)


def twice() -> None:
    """Half of the hashes on each of two threads."""
    threads = [threading.Thread(target=hashes, args=(HASHES // 2,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
