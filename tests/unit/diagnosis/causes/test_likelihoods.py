"""Explanations of a slice: each finds its own size and beats the others, and a shift of mix is none."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fastmetrics.diagnosis.causes.likelihoods import (
    AS_OTHER,
    OF_DECISIONS,
    OF_SCORES,
    Explanation,
    Side,
    Table,
    explained,
    fitted,
    label_nats,
    log_odds,
    standardised,
)

EDGES = np.linspace(0, 1, 51)
SIZES = {"labels flipped": 0.15}  # of the others 0.6


def histogram(label: NDArray[np.bool_], logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows by label and bin; a third of them is not labelled."""
    state = np.where(np.arange(len(label)) % 3 == 0, 2, label)
    place = np.searchsorted(EDGES, 1 / (1 + np.exp(-logits)), side="right")
    return np.bincount(state * 52 + place + state, minlength=3 * 53).reshape(3, 53).astype(float)


def drawn(seed: int, rows: int = 20_000) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Labels and the log odds of calibrated scores."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(-0.5, 1.5, rows)
    return rng.random(rows) < 1 / (1 + np.exp(-logits)), logits


def of_scores(threshold: float = 0.5) -> Table:
    rows = histogram(*drawn(1))
    return Table(rows, rows, log_odds(EDGES) - log_odds(np.array(threshold)))


DECISIONS = Table(np.array([[4000.0, 600.0], [700.0, 2500.0]]), np.zeros((2, 2)), np.zeros(0))
ALL = [(one, DECISIONS) for one in OF_DECISIONS] + [(one, of_scores()) for one in OF_SCORES]


def made(one: Explanation, table: Table, size: float) -> NDArray[np.float64]:
    return one.changed(table.before, np.full((1, 1, 1), size), table.edges)[0]


@pytest.mark.parametrize(("one", "table"), ALL, ids=lambda value: getattr(value, "name", ""))
def test_an_explanation_of_no_size_changes_nothing_and_none_loses_rows(one: Explanation, table: Table) -> None:
    assert made(one, table, 0.0) == pytest.approx(table.before)
    changed = made(one, table, 0.5)
    assert changed.sum() == pytest.approx(table.before.sum())
    assert changed.min() >= 0


@pytest.mark.parametrize(("one", "table"), ALL, ids=lambda value: getattr(value, "name", ""))
def test_each_explanation_finds_its_size_and_beats_the_others(one: Explanation, table: Table) -> None:
    size = SIZES.get(one.name, 0.6)
    fits = explained(
        Table(table.before, made(one, table, size), table.edges), OF_SCORES if len(table.edges) else OF_DECISIONS
    )
    assert fits[one.name].size == pytest.approx(size, abs=0.02)
    assert all(fits[one.name].nats > fit.nats + 3 for name, fit in fits.items() if name != one.name)


@pytest.mark.parametrize(
    ("name", "threshold", "moved", "size"),
    [
        ("scores shifted", 0.5, lambda x: x - 0.7, -0.7),
        ("scores stretched", 0.5, lambda x: x * 2, np.log(2)),
        ("scores stretched", 0.3, lambda x: (x - log_odds(np.array(0.3))) / 2 + log_odds(np.array(0.3)), -np.log(2)),
    ],
)
def test_scores_of_other_rows_that_moved_are_told_by_their_form(name, threshold, moved, size) -> None:
    table = of_scores(threshold)
    label, logits = drawn(2)
    fits = explained(Table(table.before, histogram(label, moved(logits)), table.edges), OF_SCORES)
    assert max(fits, key=lambda one: fits[one].nats) == name
    assert fits[name].size == pytest.approx(size, abs=0.05)


@pytest.mark.parametrize("bins", [10, 20, 50])
def test_scores_of_a_model_that_is_sure_move_within_its_outermost_bins(bins: int) -> None:
    edges = np.linspace(0, 1, bins + 1)
    rng = np.random.default_rng(9)
    label = rng.random(40_000) < 0.5
    logits = rng.normal(0.0, 4.0, 40_000)

    def rows(logits: NDArray[np.float64]) -> NDArray[np.float64]:
        place = np.searchsorted(edges, 1 / (1 + np.exp(-logits)), side="right")
        return np.bincount(label * (bins + 3) + place, minlength=3 * (bins + 3)).reshape(3, -1).astype(float)

    for name, moved, size in (("scores shifted", logits + 1, 1.0), ("scores stretched", logits / 2, -np.log(2))):
        fits = explained(Table(rows(logits), rows(moved), log_odds(edges)), OF_SCORES)
        assert max(fits, key=lambda one: fits[one].nats) == name
        assert fits[name].size == pytest.approx(size, abs=0.1)


def test_where_nothing_happened_no_explanation_is_much_likelier_than_another() -> None:
    leaf, place = np.zeros(3 * 53, np.int64), np.arange(3 * 53)
    for seed in range(3, 13):
        sides = [Side(leaf, place, rows.ravel()) for rows in (of_scores().before, histogram(*drawn(seed)))]
        table = Table(*standardised(*sides, np.ones(1, bool), (3, 53)), of_scores().edges)
        assert max(fit.nats for fit in explained(table, OF_SCORES).values()) < 6


def test_labels_tell_scores_that_are_too_sure_from_rows_that_are_surer() -> None:
    rng = np.random.default_rng(5)
    label, logits = drawn(4)
    before, edges = histogram(label, logits), log_odds(EDGES)
    too_sure = histogram(label, 2 * logits)
    rightly = histogram(rng.random(len(logits)) < 1 / (1 + np.exp(-2 * logits)), 2 * logits)
    assert label_nats(Table(before, too_sure, edges), np.log(2)) > 100
    assert label_nats(Table(before, rightly, edges), np.log(2)) < -100


def test_a_shift_of_mix_changes_no_standardised_table() -> None:
    cells = np.array([[50.0, 10.0, 5.0, 35.0], [5.0, 40.0, 25.0, 30.0], [10.0, 10.0, 10.0, 10.0]])
    leaf, place = np.repeat(np.arange(3), 4), np.tile(np.arange(4), 3)
    now = cells * np.array([[3.0], [0.5], [7.0]])
    inside = np.array([True, True, False])
    sides = [Side(leaf, place, rows.ravel()) for rows in (cells, now)]
    before, after = standardised(*sides, inside, (2, 2))
    assert after == pytest.approx(before)
    weights = [100 * 300 / 400, 100 * 50 / 150]
    assert before.sum() == pytest.approx(sum(weights))
    assert before.ravel() == pytest.approx(sum(w * row / 100 for w, row in zip(weights, cells, strict=False)))


def test_leaves_of_one_side_only_say_nothing() -> None:
    one = Side(np.array([0]), np.array([3]), np.array([10.0]))
    other = Side(np.array([1]), np.array([0]), np.array([10.0]))
    before, now = standardised(one, other, np.ones(2, bool), (2, 2))
    assert before.sum() == now.sum() == 0
    assert all(fit.nats == 0 for fit in explained(Table(before, now, np.zeros(0)), OF_DECISIONS).values())


def test_where_no_explanation_fits_well_a_lead_counts_less() -> None:
    table = of_scores()
    rows = table.before.sum(0)
    rest = np.where(np.arange(len(rows)) % 2 == 0, 1.6, 0.4) * table.before  # no shift, no slope
    off = Table(table.before, made(OF_SCORES[1], Table(rest, rest, table.edges), 0.1), table.edges)
    near = Table(table.before, made(OF_SCORES[1], table, 0.1), table.edges)
    alone = {one.name: fitted(off, one).nats for one in OF_SCORES}
    assert explained(near, OF_SCORES)["scores stretched"].nats == fitted(near, OF_SCORES[1]).nats
    assert explained(off, OF_SCORES)["scores stretched"].nats < alone["scores stretched"] / 2


@pytest.mark.parametrize("label", [0, 1])
def test_answers_of_the_other_class_are_found_in_any_share(label: int) -> None:
    table, one = of_scores(), AS_OTHER[label]
    for share in (0.05, 0.4):
        now = made(one, table, share)
        found = fitted(Table(table.before, now, table.edges), one)
        assert found.size == pytest.approx(share, abs=0.01)
        assert found.nats > 10
        assert now.sum(1) == pytest.approx(table.before.sum(1))
        assert now[1 - label] == pytest.approx(table.before[1 - label])
