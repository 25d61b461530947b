"""Threads, forks and first imports: what a process may do, and one line where it may not."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from types import SimpleNamespace
from typing import Any

import pytest

import fastmetrics as fm
from fastmetrics.counting import scan

LOG = {"label": [1, 0], "pred": [1, 1]}
BINARY = fm.binary("label", "pred")

FORKED = """
import os, signal
import fastmetrics as fm, polars as pl
binary, log = fm.binary("label", "pred"), {"label": [1, 0] * 5000, "pred": [1, 1] * 5000}
def in_child(name, work):
    child = os.fork()
    if not child:
        signal.alarm(60)  # a hang ends here, with another status
        try:
            print(name, work(), flush=True)
        except fm.FastMetricsError as error:
            print(name, "spawn" in str(error) and "\\n" not in str(error), flush=True)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, name
in_child("before", lambda: fm.count(log, binary, by="pred").rows)
counts = fm.count(pl.DataFrame(log).lazy(), binary, by="pred", threads=2)
counts.write("counts.parquet")
for name, work in {
    "count": lambda: fm.count(log, binary),
    "metrics": lambda: counts.metrics("f1"),
    "sum": lambda: counts + counts,
    "rollup": lambda: counts.rollup(),
    "filter": lambda: counts.filter(pred=1),
    "compare": lambda: counts.compare("f1", by="pred", to="overall"),
    "diagnose": lambda: fm.diagnose(counts, baseline=counts),
    "read": lambda: fm.read_counts("counts.parquet"),
}.items():
    in_child(name, work)
in_child("in a child of a child", lambda: in_child("inner", lambda: fm.count(log, binary)))
print("parent", fm.count(log, binary).rows)
"""

BESIDE_IMPORTS = """
import os, signal, threading, time
import fastmetrics as fm
class Slow:  # a first count is at its imports when the process forks
    def find_spec(self, name, *_):
        if name == "fastmetrics.counting.scan":
            begun.set()
            time.sleep(1)
import sys
begun = threading.Event()
sys.meta_path.insert(0, Slow())
count = lambda: fm.count({"label": [1, 0], "pred": [1, 1]}, fm.binary("label", "pred")).rows
first = threading.Thread(target=count)
first.start()
begun.wait()
child = os.fork()
if not child:
    signal.alarm(60)
    try:
        count()
    except fm.FastMetricsError:
        pass
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
first.join()
"""

FIRST = """
import threading
import fastmetrics as fm
log = {"label": [1, 0] * 50, "pred": [1, 1] * 50, "score": [0.5, 0.2] * 50}
families = [fm.binary("label", "pred"), fm.scores("label", "score"), fm.classes("label", "pred")] * 2
rows = []
threads = [threading.Thread(target=lambda one=one: rows.append(fm.count(log, one, by="pred").rows)) for one in families]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(rows == [100] * 6)
"""


def run(script: str, folder: object) -> list[str]:
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, cwd=str(folder), timeout=200
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_after_a_count_says_spawn_and_one_before_it_counts(tmp_path: object) -> None:
    lines = run(FORKED, tmp_path)
    assert lines[0] == "before 10000"
    assert lines[-1] == "parent 10000"
    refused = ["count", "metrics", "sum", "rollup", "filter", "compare", "diagnose", "read", "inner"]
    assert [line for line in lines[1:-1] if "None" not in line] == [f"{name} True" for name in refused]


def test_first_counts_at_once(tmp_path: object) -> None:
    assert run(FIRST, tmp_path) == ["True"]


@pytest.mark.parametrize("threads", [1025, 10_000, 10**9])
def test_too_many_threads_are_refused_in_one_line(threads: int) -> None:
    with pytest.raises(fm.SchemaError, match=rf"threads={threads} are more than 1,024"):
        fm.count(LOG, BINARY, threads=threads)


def test_threads_that_the_system_refuses_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    start, alive = threading.Thread.start, []

    def refuse(thread: threading.Thread) -> None:
        if "work" in thread.name:
            if len(alive) == 3:
                raise RuntimeError("can't start new thread")
            alive.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(fm.SchemaError, match="threads=8: no more than 3 can be started here"):
        fm.count(LOG, BINARY, threads=8)
    assert not any(thread.is_alive() for thread in alive)


def test_many_threads_count_little_right() -> None:
    assert fm.count(LOG, BINARY, threads=200).rows == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_while_another_thread_counts_for_the_first_time() -> None:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", BESIDE_IMPORTS], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_threads_end_though_an_interrupt_came_before_they_were_woken() -> None:
    batches: queue.Queue[Any] = queue.Queue(1)
    counted: list[Any] = []
    worker = SimpleNamespace(add=counted.append)
    pool = SimpleNamespace(relieve=lambda worker: None)
    threads = [threading.Thread(target=scan.work, args=(worker, batches, pool, []), daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    with batches.mutex:
        batches.queue.append("a batch")  # put there, as `Queue.put` does, and not yet told to those who wait
    last = threading.Thread(target=scan.finish, args=(threads, batches), daemon=True)
    last.start()
    last.join(timeout=20)
    assert not last.is_alive()
    assert counted == ["a batch"]
