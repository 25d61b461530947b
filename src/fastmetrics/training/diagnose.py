"""What went wrong in training runs, from the metrics they logged step by step."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from fastmetrics.errors import SchemaError, unknown
from fastmetrics.report.findings import SEVERITIES, paragraphs
from fastmetrics.training.logs import Columns, Curve, counts_of, read_curves
from fastmetrics.training.runs import Event, Loss, Run
from fastmetrics.training.tags import TAGS, Tag

__all__ = ["TrainingDiagnosis", "TrainingFinding", "diagnose_training"]

LOSSES = ("loss", "nll", "cross_entropy", "perplexity", "ppl", "mse", "rmse", "mae", "error")
SCHEMA: dict[str, Any] = {
    "run": pl.String,
    "severity": pl.String,
    "tag": pl.String,
    "split": pl.String,
    "metric": pl.String,
    "step": pl.Float64,
    "evidence": pl.List(pl.Struct({"name": pl.String, "value": pl.Float64})),
    "sentence": pl.String,
    "advice": pl.String,
}


@dataclass(frozen=True)
class TrainingFinding:
    """One thing that happened to one run.

    Attributes
    ----------
    severity
        ``major`` or ``minor``.
    run
        None where the log has no column of runs.
    step
        Where it began; None for what has no beginning, such as the labels.
    evidence
        The numbers that show it, by name.
    """

    tag: str
    severity: str
    run: str | None
    split: str
    metric: str
    step: float | None
    sentence: str
    advice: str
    evidence: Mapping[str, float] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        """The finding as a row of `TrainingDiagnosis.findings`."""
        own = {name: getattr(self, name) for name in SCHEMA}
        return own | {"evidence": [{"name": name, "value": value} for name, value in self.evidence.items()]}


@dataclass(frozen=True)
class TrainingDiagnosis:
    """What `fastmetrics.diagnose_training` found; empty, and false, where all runs are healthy.

    Attributes
    ----------
    all
        The findings, runs in the order of the log, the most severe of each first.
    notes
        What a reader must know of how they were found.
    """

    all: tuple[TrainingFinding, ...]
    notes: tuple[str, ...] = ()

    @property
    def findings(self) -> pl.DataFrame:
        """One row a finding, with the fields of `TrainingFinding`; empty, with its schema, where nothing happened."""
        return pl.DataFrame([finding.row() for finding in self.all], schema=SCHEMA, orient="row")

    def to_json(self) -> str:
        """The findings and notes as a JSON object; a number that is not finite is null.

        >>> TrainingDiagnosis(()).to_json()
        '{"findings": [], "notes": []}'
        """
        rows = [
            {name: getattr(finding, name) for name in SCHEMA}
            | {"evidence": {name: value if math.isfinite(value) else None for name, value in finding.evidence.items()}}
            for finding in self.all
        ]
        return json.dumps({"findings": rows, "notes": self.notes})

    def __iter__(self) -> Iterator[TrainingFinding]:
        return iter(self.all)

    def __len__(self) -> int:
        return len(self.all)

    def __getitem__(self, place: int) -> TrainingFinding:
        return self.all[place]

    def text(self, width: int | None = 100) -> str:
        """One paragraph a finding with its advice, then the notes, in lines of ``width`` characters, or of any length.

        >>> print(TrainingDiagnosis((), ("val loss has fewer than 8 points",)).text())
        nothing happened
        note: val loss has fewer than 8 points
        """
        told = [
            (f"[{one.severity}] {'' if one.run is None else f'{one.run}: '}{one.tag}: {one.sentence}", one.advice)
            for one in self.all
        ]
        return paragraphs(told, self.notes, width)

    def __repr__(self) -> str:
        return self.text(None)


def diagnose_training(
    log: Any,
    *,
    run: str | None = None,
    step: str | None = None,
    split: str | None = None,
    metric: str | None = None,
    value: str | None = None,
    loss: str | None = None,
    label_counts: Mapping[Any, int] | None = None,
) -> TrainingDiagnosis:
    """Find what went wrong in training runs: divergence, plateaus, overfitting, gradients that explode, and so on.

    Parameters
    ----------
    log
        Step-wise metrics: a CSV or NDJSON path or anything else that `fastmetrics.count` reads. Long, with the
        columns ``step``, ``metric``, ``value`` and perhaps ``run`` and ``split``; or wide, with ``step`` and one column
        a metric (``train_loss``, ``eval/loss``, ``grad_norm``), whose names say the split: train where they do not.
    run, step, split, metric, value
        The columns, where they are called otherwise.
    loss
        The metric that is minimised, without its split; by default ``loss``, else the first whose name holds it.
    label_counts
        Rows of the training data by label, for ``class_imbalance``.

    Returns
    -------
    TrainingDiagnosis
        Empty for healthy runs. Tags and their rules: see the table in the documentation.

    Raises
    ------
    SchemaError, DataError, SourceError
        A column that is not there, a value that is no number, an input that cannot be read.

    >>> log = {"step": range(8), "train_loss": [2.0, 1.4, 1.1, 0.9, 0.8, 0.75, float("nan"), float("nan")]}
    >>> diagnose_training(log)
    [major] loss_divergence: Train loss is NaN from step 6 to the end.
       Restart from the last good checkpoint with a lower learning rate or clipped gradients; check the batch there.
    """
    curves = read_curves(log, Columns(run, step, split, metric, value))
    counts = counts_of(label_counts)
    names = dict.fromkeys(curve.run for curve in curves)
    runs = [run_of(name, [curve for curve in curves if curve.run == name], loss) for name in names]
    notes = [note for one in runs for note in notes_of(one)]
    found = [finding for one in runs for finding in findings_of(one)]
    if counts:
        found += findings_of(Run(None, labels=counts))
    return TrainingDiagnosis(tuple(found), tuple(notes))


def run_of(name: str | None, curves: list[Curve], loss: str | None) -> Run:
    """The curves of a run by their part in it."""
    metric = loss_name(curves, loss)
    losses = {curve.split: Loss(curve) for curve in curves if curve.metric == metric}
    val = losses.get("val") or losses.get("test")
    gradients = tuple(curve for curve in curves if is_gradient(curve.metric))
    return Run(name, losses.get("train"), val, gradients)


def loss_name(curves: list[Curve], given: str | None) -> str | None:
    """The metric that is minimised: the one named, one called so, or the first whose name holds such a word."""
    known = list(dict.fromkeys(curve.metric for curve in curves))
    if given is not None:
        if given.lower() not in known:
            raise SchemaError("diagnose_training(): " + unknown("metric", given, known))
        return given.lower()
    exact = [name for name in LOSSES if name in known]
    part = [metric for name in LOSSES for metric in known if name in metric and not is_gradient(metric)]
    return next(iter([*exact, *part]), None)


def is_gradient(metric: str) -> bool:
    """Whether a metric is a norm of gradients.

    >>> is_gradient("grad_norm"), is_gradient("gradient_norm_layer1"), is_gradient("weight_norm")
    (True, True, False)
    """
    return "gnorm" in metric or ("grad" in metric and "norm" in metric)


def notes_of(run: Run) -> Iterator[str]:
    where = "" if run.name is None else f"{run.name}: "
    if run.main is None and not run.gradients:
        yield f"{where}no loss and no gradient norm found; name the loss with loss="
    for loss in run.losses:
        if loss.shape is None and loss.finite.all():
            yield f"{where}{loss.curve.split} {loss.curve.metric} has fewer than 8 points: too short to judge its shape"


def findings_of(run: Run) -> list[TrainingFinding]:
    """What the rules of the table find, without what a finding before makes needless."""
    hushed: set[str] = set()
    found = []
    for tag in TAGS:
        if tag.name not in hushed and (event := tag.rule(run)) is not None:
            hushed.update(tag.hushes)
            found.append(finding_of(run, tag, event))
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))


def finding_of(run: Run, tag: Tag, event: Event) -> TrainingFinding:
    return TrainingFinding(
        tag.name, event.severity, run.name, event.split, event.metric, event.step, event.sentence, tag.advice,
        event.evidence,
    )  # fmt: skip
