"""The rates that are searched: metrics of the binary family among them, with the words of their rows."""

from __future__ import annotations

import fastmetrics as fm
from fastmetrics.diagnosis.sides.rates import rates_of
from fastmetrics.families.binary import METRICS
from fastmetrics.metric import find

BINARY, SCORES = fm.binary("label", "pred"), fm.scores("label", "score")
ALERTS = fm.Metric("alert_rate", lambda c: c.tp + c.fp, lambda c: c.tp + c.fp + c.tn + c.fn, "proportion")


def words(*asked: fm.Metric) -> dict[str, str]:
    return {rate.name: rate.words for rate in rates_of([BINARY, SCORES], asked)}


def test_a_rate_has_the_words_and_the_formula_of_its_metric() -> None:
    for rate in rates_of([BINARY], ()):
        if not rate.name.startswith("un"):
            metric = find(rate.name, METRICS)
            assert (rate.num, rate.den, rate.words) == (metric.num, metric.den, metric.events)


def test_a_metric_asked_for_is_called_by_its_events_or_else_its_name() -> None:
    assert words(ALERTS)["alert_rate"] == "alert_rate"
    named = fm.Metric("alert_rate", ALERTS.num, ALERTS.den, "proportion", events="alerts")
    assert words(named)["alert_rate"] == "alerts"


def test_a_rate_of_two_families_is_searched_once_and_is_that_of_the_first() -> None:
    rates = rates_of([BINARY, SCORES], [find("fnr", METRICS), ALERTS, ALERTS])
    assert len(rates) == len({rate.name for rate in rates})
    assert {rate.family for rate in rates if rate.name == "prevalence"} == {"binary"}
    assert "unscored_rate" not in words()
