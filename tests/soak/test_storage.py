"""Counts on disk in large: kills and interrupts at random moments, readers beside writers, damage of every kind."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

import damage
import fastmetrics as fm

KILLS, INTERRUPTS, READS, DAMAGES = 1000, 300, 2000, 4000
SIDE_BY_SIDE = 4
# A writer that goes on until it is killed, of two Counts by turns.
WRITER = """
import sys, fastmetrics as fm
made = [fm.read_counts(path) for path in sys.argv[2:]]
print("ready", flush=True)
while True:
    for counts in made:
        counts.write(sys.argv[1])
"""


@pytest.fixture
def made(tmp_path: Path) -> dict[Path, fm.Counts]:
    """Two Counts of two families, and where they are kept."""
    made = {tmp_path / f"{rows}.parquet": damage.several(rows) for rows in (300, 20_000)}
    for path, counts in made.items():
        counts.write(path)
    return made


def test_a_thousand_kills_lose_nothing(made: dict[Path, fm.Counts], tmp_path: Path, drawn: random.Random) -> None:
    """Writers of one file side by side are killed while others go on: what is there is whole at every moment."""
    folder = tmp_path / "written"
    folder.mkdir()
    target, kept = folder / "counts", list(made.values())
    kept[0].write(target)
    command = [sys.executable, "-c", WRITER, str(target), *map(str, made)]
    for _ in range(KILLS // SIDE_BY_SIDE):
        writers = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(SIDE_BY_SIDE)]
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
        for writer in writers:
            time.sleep(drawn.uniform(0, 0.02))
            writer.kill()
            assert fm.read_counts(target) in kept
        for writer in writers:
            writer.communicate()
    kept[1].write(target)
    assert fm.read_counts(target) == kept[1]
    assert [file.name for file in folder.iterdir()] == ["counts"]


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_interrupts_at_random_moments_lose_nothing(
    made: dict[Path, fm.Counts], tmp_path: Path, drawn: random.Random
) -> None:
    folder = tmp_path / "written"
    folder.mkdir()
    target, kept = folder / "counts", list(made.values())
    kept[0].write(target)
    for number in range(INTERRUPTS):
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        with suppress(KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, drawn.uniform(1e-5, 0.03))
            kept[number % 2].write(target)
        with suppress(KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, 0)
        assert fm.read_counts(target) in kept
    kept[1].write(target)
    assert [file.name for file in folder.iterdir()] == ["counts"]


def test_readers_beside_writers_meet_whole_counts_only(made: dict[Path, fm.Counts], tmp_path: Path) -> None:
    target, kept, stop = tmp_path / "counts", list(made.values()), threading.Event()
    kept[0].write(target)

    def write(counts: fm.Counts) -> None:
        while not stop.is_set():
            counts.write(target)

    writers = [threading.Thread(target=write, args=(counts,)) for counts in kept]
    for writer in writers:
        writer.start()
    try:
        for _ in range(READS):
            assert fm.read_counts(target) in kept
    finally:
        stop.set()
        for writer in writers:
            writer.join()


def test_damage_is_an_error_or_nothing(tmp_path: Path, drawn: random.Random) -> None:
    for number in range(DAMAGES):
        damage.check_one(tmp_path / "counts.parquet", list(damage.KINDS)[number % len(damage.KINDS)], drawn)
