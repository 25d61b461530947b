"""Random logs with named labels and nulls, and what a count of each must say, told row by row."""

from __future__ import annotations

import random
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

import fastmetrics as fm

TEXT = ["yes", "Yes", "no", "NA", "", "null", "maybe", "a text of more than twelve bytes"]
NUMBERS = [0, 1, -1, 2, 9]
SENTINELS: dict[str, list[Any]] = {"text": ["NA", "", "null"], "numbers": [-1, 9]}


@dataclass
class Drawn:
    """A binary log, how it is asked of, and in how many pieces it comes."""

    label: list[Any]
    pred: list[Any]
    dtype: Any
    pos_label: Any
    null_values: list[Any] | None
    cuts: list[int]
    threads: int


def drawn(source: random.Random) -> Drawn:
    kind = source.choice(["text", "text", "numbers"])
    pool = source.sample(TEXT if kind == "text" else NUMBERS, source.randint(1, 4))
    named = [value for value in SENTINELS[kind] if source.random() < 0.4] if source.random() < 0.5 else None
    rows = source.choice([1, 2, 5, 40])
    columns = [[source.choice([*pool, None]) for _ in range(rows)] for _ in range(2)]
    dtypes = {"text": [pl.String, pl.Categorical, pl.Enum(TEXT)], "numbers": [pl.Int8, pl.Int64, pl.Float64]}
    pos_label = source.choice(
        [value for value in pool if value not in (named or [])] or ["other" if kind == "text" else 7]
    )
    if kind == "numbers" and source.random() < 0.5:
        pos_label = None
    elif source.random() < 0.3:
        pos_label = "yes" if kind == "text" else 1
    if pos_label is not None and pos_label in (named or []):
        named = None
    if kind == "text" and pos_label not in TEXT:
        dtypes["text"].pop()
    cuts = sorted(source.randint(0, rows) for _ in range(3))
    return Drawn(*columns, source.choice(dtypes[kind]), pos_label, named, cuts, source.choice([1, 2]))


def state(value: Any, log: Drawn) -> bool | None:
    """What a value says, told from the words of the documentation."""
    implied = log.null_values is None and isinstance(log.pos_label, str) and log.pos_label != "NA" and value == "NA"
    if value is None or value in (log.null_values or []) or implied:
        return None
    return bool(value == (1 if log.pos_label is None else log.pos_label))


def refused(log: Drawn) -> bool:
    """Whether the count must end with an error."""
    for column in (log.label, log.pred):
        known = {value for value in column if state(value, log) is not None}
        if log.pos_label is None and (not known <= {0, 1, -1} or known >= {0, -1}):
            return True
    labels = {value for value in log.label if state(value, log) is not None}
    return log.pos_label is not None and len(labels) > 1 and log.pos_label not in labels


def codes(log: Drawn) -> set[str]:
    """The notes that the count must have."""
    labels, said = ({value for value in column if state(value, log) is not None} for column in (log.label, log.pred))
    if log.pos_label is None:
        return set()
    implied = any(value == "NA" and state(value, log) is None for value in log.label + log.pred)
    return {
        *(["label_absent"] if labels and log.pos_label not in labels else []),
        *(["no_shared_value"] if labels and said and not labels & said else []),
        *(["text_nulls"] if implied and log.null_values is None else []),
    }


def cells(log: Drawn) -> list[int]:
    order = {False: 0, True: 1, None: 2}
    place = [[0, 1, 4], [2, 3, 5], [6, 7, 8]]
    counted = [0] * 9
    for label, pred in zip(log.label, log.pred, strict=True):
        counted[place[order[state(label, log)]][order[state(pred, log)]]] += 1
    return counted


def check(log: Drawn, folder: Path) -> None:
    """Hold the count of a log, whole, in frames one by one and file by file, to what its rows say."""
    frame = pl.DataFrame({"label": log.label, "pred": log.pred}, schema=dict.fromkeys(("label", "pred"), log.dtype))
    parts = [frame[low:high] for low, high in zip([0, *log.cuts], [*log.cuts, len(frame)], strict=True)]
    for index, part in enumerate(parts):
        part.write_parquet(folder / f"{index}.parquet")
    family = fm.binary("label", "pred", pos_label=log.pos_label, null_values=log.null_values)
    asks: list[tuple[Any, dict[str, Any]]] = [
        (frame, {}),
        (iter(parts), {}),
        (folder, {}),
        (folder, {"on_error": "skip"}),
    ]
    for data, more in asks:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", fm.NoteWarning)
            try:
                counts = fm.count(data, family, threads=log.threads, **more)
            except fm.DataError:
                assert refused(log), log
                continue
        assert not refused(log), log
        table = counts.frame
        assert (list(table.row(0)) if len(table) else [0] * 9) == cells(log), log
        assert {note.code for note in counts.how["notes"]} == codes(log), log
