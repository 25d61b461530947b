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
from benchmarks.text.race import agree
from benchmarks.text.rows import SETS, Rows

__all__ = ["Pass", "Speedup", "one_pass", "two_threads"]

MEASURER = Measurer(("bleu", "chrf", "rouge1", "rouge2", "rougeL", "wer", "cer"))
PACKAGES = {"sacrebleu BLEU": "BLEU", "sacrebleu chrF": "CHRF", "rouge_score": "", "jiwer WER": "", "jiwer CER": ""}
HASHES = 300_000  # of one hash after the other in the loop without memory traffic: 0.2 s


class Pass(NamedTuple):
    """CPU seconds: of each package for all systems, and of each of our passes, one after each system."""

    rows: Rows
    packages: Mapping[str, float]
    ours: Sequence[float]

    @property
    def multiple(self) -> float:
        return sum(self.packages.values()) / median(self.ours)


def one_pass(most: int) -> Pass:
    """The packages that are installed, system by system, each as it is quickest: sacrebleu keeps the references."""
    rows = SETS["wmt17"].rows("wmt17", most)
    systems = {name: part for (name,), part in rows.frame.partition_by("system", as_dict=True).items()}
    references = rows.first(rows.frame.height).references
    MEASURER.count(rows.frame)
    calls, seconds = {}, {}
    clear_caches()
    for name, metric in PACKAGES.items():
        if PEERS[name].installed:
            calls[name], run = timed(partial(ready, name, metric, references))
            seconds[name] = run.cpu
    ours = []
    for system, part in systems.items():
        texts = part["hypothesis"].to_list(), part["reference"].to_list()
        if texts[1] != references:
            raise SystemExit(f"the references of {system} are not those of the first system")
        given: dict[str, Values] = {}
        for name, call in calls.items():
            result, run = timed(partial(call, *texts))
            seconds[name] += run.cpu
            given[name] = PEERS[name].values(result)
        table, run = timed(partial(MEASURER.count, rows.frame))
        ours.append(run.cpu)
        for name, theirs in given.items():
            mine = table.row(by_predicate=pl.col("system") == system, named=True)
            agree(f"{name}, {system}", theirs._replace(rows={}), Values(mine), PEERS[name].tolerance)
    return Pass(rows, seconds, ours)


def ready(name: str, metric: str, references: list[str]) -> Callable[[list[str], list[str]], Any]:
    """What measures a system, where it is a metric of sacrebleu with the references counted."""
    return sacrebleu_of(metric, references) if metric else PEERS[name].measure


class Speedup(NamedTuple):
    """How many times as fast two threads are as one, by wall time, in each round: of us, and of the loop."""

    ours: Sequence[float]
    loop: Sequence[float]

    @property
    def share(self) -> float:
        """The median over the rounds of our speed-up as a share of that of the loop."""
        return median(ours / loop for ours, loop in zip(self.ours, self.loop, strict=True))


def two_threads(rounds: int, most: int) -> Speedup:
    """The same pass with one thread and two, beside hashes of a few bytes, which read no memory."""
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
