"""The acceptance test of diagnoses: faults in real logs and logs without any, and one table of how they were judged.

python -m benchmarks.faultbench --log employment_MA --seeds 0:200 --nulls 0:1000 --jobs 2
python -m benchmarks.faultbench --log my.parquet --label y --prediction p --score s --keys a,b,c --seeds 0:50
python -m benchmarks.faultbench --log employment_MA --show 17
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.faultbench import table
from benchmarks.faultbench.cases import Case, fault_case, null_case, spans
from benchmarks.faultbench.faults import KINDS
from benchmarks.faultbench.logs import Columns, Log, load
from benchmarks.faultbench.score import Diagnose, judge, words

RESULTS = Path(__file__).parents[1] / "FAULTBENCH.md"
CASES = Path(__file__).parents[2] / "build" / "faultbench"


FILLED = (
    *("hit", "exact", "detected", "oracle", "covered", "oracle_margin", "stray", "jaccard", "oracle_since"),
    *("since", "since_error"),
)


def default() -> Diagnose:
    from fastmetrics.diagnosis.diagnose import diagnose

    return diagnose


@lru_cache(maxsize=1)
def log_of(name: str, columns: Columns | None, bins: int, positive: str | None) -> Log:
    return load(name, columns, bins=bins, positive=positive)


def case_of(log: Log, job: tuple[str, int], kinds: Sequence[str] = ()) -> Case:
    what, seed = job
    return fault_case(log, seed, kinds) if what == "fault" else null_case(log, seed)


def judged(job: tuple[str, int], log: tuple[Any, ...], kinds: Sequence[str]) -> dict[str, Any]:
    case = case_of(log_of(*log), job, kinds)
    return {"what": job[0], **judge(case, default())}


def frame_of(rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """One row a case; every column that a figure reads is there."""
    names = {name: None for row in rows for name in row}
    names |= dict.fromkeys(FILLED)
    full = [{name: row.get(name) for name in names} for row in rows]
    frame = pl.DataFrame(full, infer_schema_length=None)
    flags = ("hit", "exact", "detected", "oracle", "covered", "alarm")
    return frame.with_columns(pl.col(name).cast(pl.Boolean) for name in flags)


def text_of(log: Log, command: str, faults: pl.DataFrame, nulls: pl.DataFrame) -> str:
    parts = [
        f"## {log.name}",
        f"{len(log):,} rows, {len(log.leaves):,} leaves of {', '.join(log.keys)}. `{command}`",
        table.markdown(("figure", "goal", "here"), list(table.figures(faults, nulls))),
    ]
    if faults.height:
        kinds = table.by_kind(faults)
        parts.append(table.markdown(kinds.columns, kinds.rows()))
    return "\n\n".join([*parts, *log.notes]) + "\n"


def written(section: str, name: str) -> None:
    """The section of a log put into the results, the others left as they are."""
    old = RESULTS.read_text() if RESULTS.exists() else ""
    parts = {part.split("\n", 1)[0]: part for part in old.split("\n## ")[1:]}
    parts[name] = section.removeprefix("## ")
    sections = "\n## ".join(part.rstrip() + "\n" for part in parts.values())
    RESULTS.write_text(
        "# Diagnoses of real logs with known faults\n\nMade by `python -m benchmarks.faultbench`.\n\n## " + sections
    )


def show(log: Log, job: tuple[str, int], kinds: Sequence[str]) -> None:
    case = case_of(log, job, kinds)
    if case.fault:
        print(case.fault)
        print("truth:", case.tag, "at", " | ".join(words(log.named(root)) for root in case.fault.roots))
    for name, value in judge(case, default()).items():
        print(f"{name:20} {value}")
    baseline, current = case.sides
    print(default()(current, baseline=baseline))


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log", default="employment_MA", help="employment_MA, synthetic_sample, or files with commas")
    for name in ("label", "prediction", "score", "time", "positive"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--keys", default="", help="columns with commas")
    parser.add_argument("--bins", type=int, default=5)
    parser.add_argument("--seeds", default="", help="of faults: 0:200")
    parser.add_argument("--nulls", default="", help="seeds of nulls: 0:1000")
    parser.add_argument("--kinds", default="", help=f"some of {','.join(KINDS)}")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", default="", help="Parquet of the cases, by default in build/faultbench")
    parser.add_argument("--show", help="one case: a seed, or null:SEED")
    parser.add_argument("--dry", action="store_true", help="print only, write nothing")
    return parser.parse_args()


def main() -> None:
    asked = parsed()
    columns = None
    if asked.label:
        keys = tuple(asked.keys.split(",")) if asked.keys else ()
        columns = Columns(asked.label, asked.prediction, asked.score, keys, asked.time)
    where = (asked.log, columns, asked.bins, asked.positive)
    kinds = tuple(filter(None, asked.kinds.split(",")))
    log = log_of(*where)
    if asked.show is not None:
        _, colon, seed = asked.show.rpartition(":")
        show(log, ("null" if colon else "fault", int(seed)), kinds)
        return
    jobs = [("fault", seed) for seed in spans(asked.seeds)] + [("null", seed) for seed in spans(asked.nulls)]
    one = partial(judged, log=where, kinds=kinds)
    if asked.jobs > 1:
        with ProcessPoolExecutor(asked.jobs, mp_context=get_context("spawn")) as pool:
            rows = list(pool.map(one, jobs, chunksize=4))
    else:
        rows = [one(job) for job in jobs]
    cases = frame_of(rows)
    faults, nulls = (cases.filter(pl.col("what") == what) for what in ("fault", "null"))
    asked_for = f"--log {asked.log} --seeds {asked.seeds or '-'} --nulls {asked.nulls or '-'}"
    command = f"python -m benchmarks.faultbench {asked_for}"
    section = text_of(log, command, faults, nulls)
    print(section)
    print("\n".join(table.failures(faults, nulls)))
    if not asked.dry:
        written(section, log.name)
        out = Path(asked.out or CASES / f"{log.name}.parquet")
        out.parent.mkdir(parents=True, exist_ok=True)
        cases.write_parquet(out)
