"""Works on Parquet files: each run in a process of its own, which first counts a small file, so that its memory shows.

``python -m benchmarks.speed.parquet PEER FORM OUT SMALL FILE...`` is such a process.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

import polars as pl

from benchmarks.measuring.clock import Run, Runs, peak_memory, timed
from benchmarks.speed import logs, peers
from benchmarks.speed.labelled import BINARY
from benchmarks.speed.outcome import Outcome, multiples, standings
from benchmarks.speed.peers import Question
from benchmarks.speed.race import Side, check
from benchmarks.speed.setting import Setting

__all__ = ["counting", "from_files", "from_one_file"]

ROLES = {name: name for name in ("ts", "model", "country", "label", "pred")}
HOURLY = Question(BINARY, ("model", "country", "hour"), ROLES, text=True)
FILES = 20
ROW_BYTES = 16  # more than a row takes on disk
PEERS = ("fastmetrics", "Polars", "DuckDB")


def sides(peer: str, paths: Sequence[Path]) -> Iterator[Side]:
    """The forms in which a peer counts files by model, country and hour."""
    files = [str(path) for path in paths]
    if peer == "fastmetrics":
        yield peers.ours(files, HOURLY, peers.THREADS)
    elif peer == "Polars":
        yield from peers.polars_sides(pl.scan_parquet(files), HOURLY)
    else:
        yield from peers.duckdb_sides(f"read_parquet({files!r})", HOURLY)


def forms(peer: str) -> list[str]:
    return [side.form for side in sides(peer, [])] if peer != "fastmetrics" else [""]


def side_of(peer: str, form: str, paths: Sequence[Path]) -> Side:
    return next(side for side in sides(peer, paths) if form in ("", side.form))


def read_once(peer: str, form: str, out: Path, small: Path, paths: Sequence[Path]) -> None:
    """The work of a child process: count, print what it cost and leave the table in ``out``."""
    side_of(peer, form, [small]).run()
    side = side_of(peer, form, paths)
    result, cost = timed(side.run)
    cost = cost._replace(memory=peak_memory())
    side.table(result).write_parquet(out)
    print(json.dumps(cost))


def apart(peer: str, form: str, paths: Sequence[Path], folder: Path) -> tuple[pl.DataFrame, Run]:
    """`read_once` in a process of its own: the table and the cost."""
    out = folder / "out.parquet"
    command = [sys.executable, "-m", __name__, peer, form, str(out), str(folder / "small.parquet"), *map(str, paths)]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return pl.read_parquet(out), Run(*json.loads(printed))


def counting(paths: Sequence[Path], rounds: int, folder: Path) -> list[Run]:
    """fastmetrics alone on some files."""
    return [apart("fastmetrics", "", paths, folder)[1] for _ in range(rounds)]


def best_form(peer: str, paths: Sequence[Path], folder: Path) -> str:
    """The form that takes the least CPU time, of one run each."""
    tried = forms(peer)
    return tried[0] if len(tried) == 1 else min(tried, key=lambda form: apart(peer, form, paths, folder)[1].cpu)


def taking_turns(entries: Mapping[str, tuple[str, str, Sequence[Path]]], rounds: int, folder: Path) -> Runs:
    """Runs of entries (peer, form, files) by name; those that read the same files are compared, whole tables."""
    runs: Runs = {name: [] for name in entries}
    expected: dict[tuple[Path, ...], pl.DataFrame] = {}
    for _ in range(rounds):
        for name, (peer, form, paths) in entries.items():
            table, cost = apart(peer, form, paths, folder)
            check(name, table, expected.setdefault(tuple(paths), table))
            runs[name].append(cost)
    return runs


def write_log(path: Path, log: logs.Log) -> Path:
    """The columns that are counted, as zstd, beside a small file of the same kind."""
    frame = HOURLY.frame(log)
    frame.write_parquet(path, compression="zstd")
    frame.head(10_000).write_parquet(path.with_name("small.parquet"), compression="zstd")
    return path


def named(peer: str, form: str) -> str:
    return ", ".join(part for part in (peer, form) if part)


def from_one_file(setting: Setting) -> Outcome:
    setting.keep(["label", "score", *ROLES])
    paths = [write_log(setting.folder / "log.parquet", setting.log)]
    best = {peer: best_form(peer, paths, setting.folder) for peer in PEERS}
    entries = {named(peer, form): (peer, form, paths) for peer, form in best.items()}
    runs = taking_turns(entries, setting.rounds, setting.folder)
    memory = {name.partition(",")[0]: median(run.memory for run in some) for name, some in runs.items()}
    measures = {
        **multiples(runs),
        **{f"wall time of {peer}": value for peer, value in multiples(runs, "wall").items()},
        "peak memory beside Polars": memory["fastmetrics"] / memory["Polars"],
        "peak MB": memory["fastmetrics"],
        "ns/row": 1e9 * median(run.cpu for run in runs["fastmetrics"]) / setting.rows,
    }
    size = paths[0].stat().st_size / 1e6
    note = f"{size:,.0f} MB of zstd; {peers.THREADS} threads each; every run in a process of its own."
    return Outcome(standings(runs, setting.rows), measures, note, runs)


def write_files(setting: Setting) -> tuple[list[Path], str]:
    """FILES that share the month between them, or, where the disk is short, one file under so many names."""
    folder = setting.folder
    paths = [folder / f"{at:02}.parquet" for at in range(FILES)]
    if shutil.disk_usage(folder).free > 2 * FILES * setting.rows * ROW_BYTES:
        days = logs.DAYS / FILES
        made = (logs.Log(setting.rows, seed=at, days=(at * days, (at + 1) * days)) for at in range(FILES))
        for path, log in zip(paths, made, strict=True):
            write_log(path, log)
        return paths, f"{FILES} files of {days:g} days each"
    write_log(paths[0], setting.log)
    for path in paths[1:]:
        os.link(paths[0], path)
    return paths, f"one file under {FILES} names, as the disk was short"


def from_files(setting: Setting) -> Outcome:
    """FILES of as many rows as the log, beside one file that holds the whole month in as many rows."""
    setting.keep(["label", "score", *ROLES])
    one = [write_log(setting.folder / "log.parquet", setting.log)]
    best = {peer: best_form(peer, one, setting.folder) for peer in PEERS}
    paths, note = write_files(setting)
    entries = {named(peer, form): (peer, form, paths) for peer, form in best.items()}
    single = "fastmetrics, one file"
    runs = taking_turns(entries | {single: ("fastmetrics", "", one)}, max(setting.rounds // 2, 1), setting.folder)
    alone = runs.pop(single)
    rows = FILES * setting.rows
    once = median(run.cpu for run in runs["fastmetrics"])
    measures = {
        **multiples(runs),
        "CPU s a billion rows": once / rows * 1e9,
        "CPU a row beside one file": once / FILES / median(run.cpu for run in alone),
        "peak MB": median(run.memory for run in runs["fastmetrics"]),
    }
    size = sum(path.stat().st_size for path in paths) / 1e6
    return Outcome(standings(runs, rows), measures, f"{rows:,} rows: {note}, {size:,.0f} MB of zstd.", runs)


if __name__ == "__main__":
    peer, form, *given = sys.argv[1:]
    out, small, *paths = map(Path, given)
    read_once(peer, form, out, small, paths)
