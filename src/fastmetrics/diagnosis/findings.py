"""What a diagnosis says: findings for a person to read, a program to filter, and a query to go on with."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from fastmetrics.contract.columns import expression, expressions, literal, unused_name
from fastmetrics.contract.uses import Uses
from fastmetrics.errors import SchemaError, unknown
from fastmetrics.report.findings import paragraphs
from fastmetrics.wording import readable

__all__ = ["Diagnosis", "Finding"]

SEED = 20_260_314  # of the hash that picks example rows: any number, but always the same

SCHEMA: dict[str, Any] = {
    "incident": pl.Int64,
    "severity": pl.String,
    "tag": pl.String,
    "model": pl.String,
    "slice": pl.String,
    "predicate": pl.List(pl.Struct({"column": pl.String, "value": pl.String})),
    "since": pl.Datetime,
    "until": pl.Datetime,
    "period_start": pl.Datetime,
    "period_end": pl.Datetime,
    "metric": pl.String,
    "baseline": pl.Float64,
    "current": pl.Float64,
    "difference": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "p": pl.Float64,
    "rows": pl.Int64,
    "errors": pl.Int64,
    "error_share": pl.Float64,
    "contribution": pl.Float64,
    "sentence": pl.String,
    "advice": pl.String,
    "sql": pl.String,
}


@dataclass(frozen=True)
class Finding:
    """One thing that happened, to one slice of one model.

    Attributes
    ----------
    incident
        Findings with the same number belong together; 1 is the most important.
    severity
        ``major``, ``minor`` or ``info``.
    model
        The value of the key that was diagnosed value by value; None where there is none.
    slice
        The value of each key that the slice fixes; empty for everything.
    since, until
        Start of the first window of the change, and of the first window after it; None where that is not known.
    period_start, period_end
        The current windows that the numbers below are of, where that is only a part of them, as of a burst: start of
        the first one, and of the first one after them. Both None where they are of all; no end, where up to the last.
    metric, baseline, current
        The rate that changed, over the rows of the slice: a share, or rows a window for volumes.
    difference, low, high
        The change within leaves of the same keys, with bounds that hold at 95 % although the slice was searched for.
    p
        Adjusted for everything that was searched.
    rows, errors, error_share
        Current rows of the slice, the events of the metric among them, and their share of all current events.
    contribution
        The part of the metric's whole change that this slice makes up; None where the whole did not change.
    """

    tag: str
    severity: str
    metric: str
    sentence: str
    advice: str
    incident: int = 0
    model: Any = None
    slice: Mapping[str, Any] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    period_start: datetime | None = None
    period_end: datetime | None = None
    baseline: float | None = None
    current: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    rows: int = 0
    errors: int = 0
    error_share: float | None = None
    contribution: float | None = None
    score: float = 0.0

    @property
    def filter(self) -> pl.Expr:
        """The slice as a Polars predicate on the columns of a log.

        >>> finding = Finding("fn_surge", "major", "fnr", "", "", slice={"country": "BR"})
        >>> pl.DataFrame({"country": ["BR", None]}).filter(finding.filter).height
        1
        """
        tests = [expression(key).eq_missing(literal(value)) for key, value in self.slice.items()]
        return pl.all_horizontal(tests) if tests else pl.lit(True)

    @property
    def sql(self) -> str:
        r"""The slice as an SQL condition.

        >>> Finding("fn_surge", "major", "fnr", "", "", slice={"country": "Côte d'Ivoire", "age": None}).sql
        '"country" = \'Côte d\'\'Ivoire\' AND "age" IS NULL'
        """
        return " AND ".join(sql_test(key, value) for key, value in self.slice.items()) or "TRUE"

    def examples(self, log: Any, n: int = 20) -> pl.DataFrame:
        """Rows of the slice from a log: the same ones every time, chosen by a hash of their content.

        Parameters
        ----------
        log
            A log that `fastmetrics.count` reads, with the keys of the slice as columns.
        n
            Rows at most.

        Raises
        ------
        SchemaError
            A key that the log lacks, or a log that can be read only once.

        >>> finding = Finding("fn_surge", "major", "fnr", "", "", slice={"country": "BR"})
        >>> finding.examples({"country": ["BR", "DE", "BR"], "label": [1, 0, 0]}, n=5).height
        2
        """
        from fastmetrics.sources import open_source  # late: it brings the readers of every format

        source = open_source(log, uses=Uses(tuple(key for key, value in self.slice.items() if isinstance(value, str))))
        if source.lazy is None:
            raise SchemaError(f"examples() of {source.name}: it can be read once only; give a file or a frame")
        columns = source.lazy.collect_schema().names()
        for key in self.slice:
            if key not in columns:
                raise SchemaError("examples(): " + unknown("column", key, columns))
        order = unused_name("hash of the row", columns)
        rows = source.lazy.filter(self.filter).with_columns(pl.struct(expressions(columns)).hash(SEED).alias(order))
        return rows.bottom_k(n, by=order).sort(order).drop(order).collect()

    def row(self) -> dict[str, Any]:
        """The finding as a row of `Diagnosis.findings`."""
        own = {name: getattr(self, name) for name in SCHEMA if name not in ("slice", "predicate", "model")}
        return own | {
            "model": plain(self.model),
            "slice": words(self.slice),
            "predicate": [{"column": key, "value": plain(v)} for key, v in self.slice.items()],
        }


def words(fixed: Mapping[str, Any]) -> str:
    """A slice as people say it; empty for everything."""
    return " and ".join(f"{readable(key)} = {readable(value)}" for key, value in fixed.items())


def plain(value: Any) -> str | None:
    """A value of a key as text that says it exactly, bytes as hexadecimal."""
    return value.hex() if isinstance(value, bytes) else None if value is None else str(value)


def sql_test(key: str, value: Any) -> str:
    """One equality in SQL."""
    name = '"' + key.replace('"', '""') + '"'
    if value is None:
        return f"{name} IS NULL"
    written = next((write for kind, write in SQL_VALUES if isinstance(value, kind)), sql_text)
    return f"{name} = {written(value)}"


def sql_text(value: Any) -> str:
    return "'" + str(value).replace("'", "''") + "'"


# How a value of a key is written in SQL; of the types that hold for it the first counts. Text is all the rest.
SQL_VALUES: tuple[tuple[type, Callable[[Any], str]], ...] = (
    (bool, lambda value: str(value).upper()),
    (int, str),
    (float, lambda value: repr(value) if math.isfinite(value) else f"CAST('{value}' AS DOUBLE)"),
    (Decimal, lambda value: f"{value:f}"),
    (bytes, lambda value: f"X'{value.hex()}'"),
    (datetime, lambda value: f"TIMESTAMP{'' if value.tzinfo is None else 'TZ'} '{value}'"),
    (date, lambda value: f"DATE '{value}'"),
    (time, lambda value: f"TIME '{value}'"),
    (timedelta, lambda value: f"INTERVAL '{value // timedelta(microseconds=1)} microseconds'"),
)


@dataclass(frozen=True)
class Diagnosis:
    """What `fastmetrics.diagnose` found; empty, and false, where nothing happened.

    Attributes
    ----------
    all
        The findings, most important first.
    notes
        What a reader must know of how they were found.
    time_zone
        The zone of the windows, whose clock the times are of.
    """

    all: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    time_zone: str = "UTC"

    @property
    def findings(self) -> pl.DataFrame:
        """One row a finding, most important first, with the fields of `Finding`; empty where nothing happened.

        ``slice`` is in words, ``predicate`` a list of (column, value); times are of the dtype of ``window_start``.
        """
        times = pl.Datetime("us", self.time_zone)
        schema = {name: times if dtype is pl.Datetime else dtype for name, dtype in SCHEMA.items()}
        return pl.DataFrame([finding.row() for finding in self.all], schema=schema, orient="row")

    def to_json(self) -> str:
        """The findings and notes as a JSON object; times in ISO 8601 with their offset from UTC.

        >>> Diagnosis(()).to_json()
        '{"findings": [], "notes": []}'
        """
        rows = [finding.row() for finding in self.all]
        return json.dumps({"findings": rows, "notes": self.notes}, default=datetime.isoformat)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.all)

    def __len__(self) -> int:
        return len(self.all)

    def __getitem__(self, place: int) -> Finding:
        return self.all[place]

    def text(self, width: int = 100) -> str:
        """One paragraph a finding with its advice, then the notes, in lines of ``width`` characters.

        >>> print(Diagnosis((), ("rows assumed independent within windows",)).text())
        nothing happened
        note: rows assumed independent within windows
        """
        told = [
            (f"{finding.incident}. [{finding.severity}] {finding.tag}: {finding.sentence}", finding.advice)
            for finding in self.all
        ]
        return paragraphs(told, self.notes, width)

    def __repr__(self) -> str:
        return self.text()
