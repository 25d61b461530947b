"""How costs grow with rows, groups and threads: tables for RESULTS.md, pictures for the docs, a model of threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import polars as pl

from benchmarks.measuring.clock import Run, timed
from benchmarks.measuring.page import markdown, now, put_section, wrapped
from benchmarks.speed import logs, parquet, peers
from benchmarks.speed.labelled import BINARY
from benchmarks.speed.memory import field
from benchmarks.speed.peers import Question
from benchmarks.speed.pictures import FROM_PARQUET, draw_growth, draw_threads
from benchmarks.speed.race import Side, race
from benchmarks.speed.setting import Setting

__all__ = ["write"]

ROWS = (1_000_000, 2_000_000, 5_000_000, 10_000_000, 20_000_000, 50_000_000)
FILES = (1, 2, 5, 10, 20)
MANY = (1, 2, 4, 8)  # threads, more than there are cores, to see what a table more costs
MODELLED = (1, 2, 4, 8, 16, 32, 64)
ROUNDS = 3
SIDES = {"label": "label", "pred": "pred"}
W = Question(BINARY, ("model", "country", "hour"), {key: key for key in ("ts", "model", "country")} | SIDES)
IMAGES = Path(__file__).parents[2] / "docs" / "images"


def curve(cases: Iterable[tuple[int, logs.Log, Question]], forms: set[str]) -> Iterator[dict[str, Any]]:
    """CPU time of each of some sides for each case; whole tables are compared each time."""
    for at, log, question in cases:
        frame = question.frame(log)
        found = [side for side in everything(log, frame, question) if side.name in forms]
        for name, runs in race(found, ROUNDS).items():
            yield {"at": at, "side": name.partition(",")[0], "rows": log.rows, "CPU s": median(run.cpu for run in runs)}


def everything(log: logs.Log, frame: pl.DataFrame, question: Question) -> Iterator[Side]:
    """All forms of fastmetrics, numpy, Polars and DuckDB."""
    yield peers.ours(frame, question, 1)
    yield from peers.bincount(log, question)
    yield from peers.polars_sides(frame.lazy(), question)
    yield from peers.duckdb_sides(peers.duckdb_table(frame, question), question)


def best(log: logs.Log, question: Question) -> set[str]:
    """The names of the forms that a race of this question has chosen."""
    return {side.name for side in field(log, question.frame(log), question).sides}


def by_rows(setting: Setting) -> pl.DataFrame:
    sizes = [rows for rows in ROWS if rows <= setting.rows]
    forms = best(logs.Log(sizes[-1]), W)
    return pl.DataFrame(list(curve(((rows, logs.Log(rows), W) for rows in sizes), forms)))


def by_files(setting: Setting) -> pl.DataFrame:
    """fastmetrics on ever more Parquet files; the peak memory is that of its process."""
    paths, _ = parquet.write_files(setting)
    found = [(count * setting.rows, parquet.counting(paths[:count], ROUNDS, setting.folder)) for count in FILES]
    return pl.DataFrame(
        {
            "rows": rows,
            "CPU s": median(run.cpu for run in runs),
            "peak MB": median(run.memory for run in runs),
        }
        for rows, runs in found
    )


def by_groups(setting: Setting) -> pl.DataFrame:
    log = logs.Log(max(setting.rows // 4, 1_000_000))
    questions = {size: Question(BINARY, (f"of_{size}",), {f"of_{size}": f"of_{size}"} | SIDES) for size in logs.SPREADS}
    forms = best(log, questions[1000])
    return pl.DataFrame(list(curve(((size, log, question) for size, question in questions.items()), forms)))


@dataclass(frozen=True)
class Threads:
    """What a count of so many rows costs: T(n) = serial + rows * per_row / n + (n - 1) * table, in seconds.

    ``serial`` is planning and building the result, ``table`` what one more thread's table costs to fill and to merge.
    """

    rows: int
    serial: float
    per_row: float
    table: float

    def seconds(self, threads: int, rows: int) -> float:
        return self.serial + rows * self.per_row / threads + (threads - 1) * self.table

    def speedup(self, threads: int, rows: int) -> float:
        return self.seconds(1, rows) / self.seconds(threads, rows)


def cost(run: Callable[[], Any], of: Callable[[Run], float]) -> float:
    """The least of some runs after one that is not timed: what else the machine does only adds."""
    return min(of(timed(run)[1]) for _ in range(ROUNDS + 1))


def fitted(setting: Setting) -> tuple[Threads, pl.DataFrame]:
    """The model of this machine, from CPU time, and the wall time of as many threads as there are cores."""
    frame = W.frame(setting.log)
    few = frame.unique(["model", "country", pl.col("ts").dt.truncate("1h")], keep="first", maintain_order=True)
    counting = {threads: peers.ours(frame, W, threads).run for threads in {*MANY, peers.THREADS}}
    serial = cost(peers.ours(few, W, 1).run, lambda run: run.cpu)
    cpu = {threads: cost(counting[threads], lambda run: run.cpu) for threads in MANY}
    per_row = max(cpu[1] - serial, 0.0) / max(frame.height - few.height, 1)
    table = max(median((cpu[n] - cpu[1]) / (n - 1) for n in MANY[1:]), 0.0)
    model = Threads(frame.height, max(serial - few.height * per_row, 0.0), per_row, table)
    cores = [threads for threads in sorted(counting) if threads <= peers.THREADS]
    walls = [(threads, cost(counting[threads], lambda run: run.wall)) for threads in cores]
    return model, pl.DataFrame(walls, schema=["threads", "wall s"], orient="row")


def modelled(model: Threads, sizes: Sequence[int]) -> pl.DataFrame:
    """Seconds and speed-up by the model."""
    return pl.DataFrame(
        {"threads": threads, "rows": rows, "s": model.seconds(threads, rows), "times": model.speedup(threads, rows)}
        for rows in sizes
        for threads in MODELLED
    )


def parquet_rows(files: pl.DataFrame) -> pl.DataFrame:
    """The growth over files as one more side of that over rows."""
    return files.select(pl.col("rows").alias("at"), pl.lit(FROM_PARQUET).alias("side"), "rows", "CPU s")


def wide(table: pl.DataFrame, at: str) -> pl.DataFrame:
    """A row a size, a column a side, in ns a row."""
    each = table.with_columns((pl.col("CPU s") * 1e9 / pl.col("rows")).round(2).alias("ns"))
    return each.pivot("side", index="at", values="ns").rename({"at": at})


def write(setting: Setting, full: bool, command: str) -> None:
    """Measure, put the section "Growth" into RESULTS.md and draw the pictures."""
    rows, groups = by_rows(setting), by_groups(setting)
    files = by_files(setting) if full else None
    setting.keep(["label", "score", *W.roles.values()])
    model, walls = fitted(setting)
    sizes = (setting.rows, 1_000_000_000)
    predicted = modelled(model, sizes)
    drawn = rows if files is None else pl.concat([rows, parquet_rows(files)])
    draw_growth(drawn, "rows", "Rows: model x country x hour", IMAGES / "growth-rows.svg")
    draw_growth(
        groups, "groups", f"Groups: {groups['rows'][0]:,} rows of one integer key", IMAGES / "growth-groups.svg"
    )
    draw_threads(walls, predicted, IMAGES / "growth-threads.svg")
    put_section(section(rows, groups, files, model, walls, predicted, command))


def section(
    rows: pl.DataFrame,
    groups: pl.DataFrame,
    files: pl.DataFrame | None,
    model: Threads,
    walls: pl.DataFrame,
    predicted: pl.DataFrame,
    command: str,
) -> str:
    shown = predicted.with_columns(pl.col("s").round(3), pl.col("times").round(1))
    parts = [
        "# Growth\n",
        wrapped(f"`{command}` on {now()}, pictures in [docs/performance.md](../docs/performance.md).") + "\n",
        "CPU ns a row by rows, model x country x hour, in memory, fastmetrics on one thread:\n",
        markdown(wide(rows, "rows")) + "\n",
        f"CPU ns a row by possible groups, {groups['rows'][0]:,} rows of one integer key:\n",
        markdown(wide(groups, "groups")) + "\n",
    ]
    if files is not None:
        parts += [
            "From Parquet, fastmetrics on ever more files:\n",
            markdown(files.with_columns(pl.col("CPU s").round(2))) + "\n",
        ]
    parts += [
        "Threads, measured:\n",
        markdown(walls.with_columns(pl.col("wall s").round(3))) + "\n",
        wrapped(told(model)) + "\n",
        markdown(shown.rename({"s": "T, s", "times": "speed-up"})),
    ]
    return "\n".join(parts)


def told(model: Threads) -> str:
    """The numbers of the model, with what they are."""
    return (
        "Threads, a model and no measurement: T(n) = S + rows x p / n + (n - 1) x m, with "
        f"S = {model.serial * 1e3:.1f} ms, p = {model.per_row * 1e9:.2f} ns and m = {model.table * 1e3:.1f} ms "
        f"measured here as CPU time on {model.rows:,} rows."
    )
