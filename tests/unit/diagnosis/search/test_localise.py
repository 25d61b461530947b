"""The lattice against brute force, the laws of the search, and planted slices."""

from __future__ import annotations

import itertools
import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

import fastmetrics as fm
from fastmetrics.diagnosis.search.branch_and_bound import best_by_levels
from fastmetrics.diagnosis.search.lattice import Lattice, lattice_of
from fastmetrics.diagnosis.search.localise import ChangedSlice, Search, localise, nats_of, refit, strongest
from fastmetrics.diagnosis.search.overdispersion import digamma, dispersion_of, independent, trigamma, trigamma_inverse
from fastmetrics.diagnosis.search.strata import (
    LOG_ODDS,
    Ratio,
    common_log_odds,
    effect_of,
    factor_likelihood,
    mixed_likelihood,
    odds_likelihood,
)
from fastmetrics.kernels.descent import best_below
from fastmetrics.kernels.lattice import add_up, best_cell, excess
from oracle import hypergeometric_llr, lattice_sums
from strategies import LAWS

SIZES = (3, 4, 2)


def slices(lattice: Lattice, ratio: Ratio) -> list[ChangedSlice]:
    return localise(Search(lattice, independent(), 0.05), ratio)


def full_lattice(sizes: tuple[int, ...] = SIZES) -> Lattice:
    rows = list(itertools.product(*(range(size) for size in sizes)))
    return lattice_of(
        [pl.DataFrame(rows, [f"d{i}" for i in range(len(sizes))], orient="row")], [f"d{i}" for i in range(len(sizes))]
    )[0]


@LAWS
@given(st.lists(st.floats(-1e6, 1e6), min_size=24, max_size=24))
def test_roll_up_is_the_sum_over_every_conjunction(channel: list[float]) -> None:
    lattice = full_lattice()
    cube = lattice.roll_up(np.array(channel))
    expected = lattice_sums([tuple(column) for column in lattice.codes.T.tolist()], channel, lattice.shape)
    assert cube == pytest.approx([expected[lattice.cell(at)] for at in range(lattice.size)], abs=1e-6)


def test_kernels_equal_their_python() -> None:
    rng = np.random.default_rng(1)
    cube = rng.normal(size=2 * 4 * 3)
    compiled, plain = cube.copy(), cube.copy()
    add_up(compiled, np.array([2, 4, 3]))
    add_up.py_func(plain, np.array([2, 4, 3]))
    assert np.array_equal(compiled, plain)
    kb, nb, kc, nc = rng.integers(0, 3, 40), rng.integers(0, 5, 40), rng.integers(0, 3, 40), rng.integers(0, 5, 40)
    counts = [np.asarray(one, float) for one in (np.minimum(kb, nb), nb, np.minimum(kc, nc), nc)]
    both = np.empty((2, 2, 40))
    excess(*counts, *both[0])
    excess.py_func(*counts, *both[1])
    assert np.array_equal(both[0], both[1])


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("size", [(), (1,), (4,), (2, 3), (3, 1, 4), (2, 3, 2, 2)])
@pytest.mark.parametrize("cubed", [False, True])
def test_the_best_cell_is_that_of_all_sums(seed: int, size: tuple[int, ...], cubed: bool) -> None:
    """The kernel, and its Python, against every conjunction by itself."""
    rng = np.random.default_rng(seed)
    shape, dims = tuple(one + 1 for one in size), len(size)
    codes = np.array(list(itertools.product(*(range(1, one) for one in shape))), np.int64).reshape(
        math.prod(size), dims
    )
    codes = codes[rng.random(len(codes)) < 0.8]
    places = np.array([sum(c * math.prod(shape[i + 1 :]) for i, c in enumerate(row)) for row in codes], np.int64)
    u, v = rng.normal(size=len(codes)) * 3, rng.uniform(0, 5, len(codes))
    cells = math.prod(shape)
    factors, prices = rng.uniform(1, 2, cells if cubed else 0), rng.uniform(0, 1, cells)
    leaves = [tuple(row) for row in codes.tolist()]
    us, vs = (list(lattice_sums(leaves, channel.tolist(), shape).values()) for channel in (u, v))
    spread = [(us[at], vs[at] * (factors[at] if cubed else 1.5)) for at in range(cells)]
    scores = [a * a / (2 * b) - prices[at] if b >= 3 else -math.inf for at, (a, b) in enumerate(spread)]
    expected = int(np.argmax(scores)) if max(scores) > -math.inf else -1
    arguments = (places, u, v, np.array(shape or (1,), np.int64), factors, 1.5, prices, 3.0)
    assert best_cell(*arguments) == best_cell.py_func(*arguments) == expected


def test_excess_is_that_of_a_hypergeometric_law() -> None:
    """Of 5 events among 9 rows, 4 of which are now; leaves that cannot tell have neither excess nor variance."""
    one = Ratio(*(np.array(side, float) for side in ([1, 0, 2], [5, 0, 2], [4, 3, 3], [4, 5, 3])))
    assert one.u.tolist() == pytest.approx([4 - 4 * 5 / 9, 0, 0])
    assert one.v.tolist() == pytest.approx([4 * 5 * 5 * 4 / (81 * 8), 0, 0])


def test_prices_of_all_conjunctions_are_shares_of_one() -> None:
    lattice = full_lattice()
    assert np.exp(-lattice.prices).sum() == pytest.approx(1.0)
    assert [lattice.price(lattice.cell(at)) for at in range(lattice.size)] == pytest.approx(lattice.prices.tolist())


def test_lattices_join_frames_of_other_orders_and_nulls() -> None:
    a = pl.DataFrame({"k": ["x", None], "n": [1, 2]}, schema_overrides={"n": pl.Int8})
    b = pl.DataFrame({"k": ["y", "x"], "n": [2, 1]})
    lattice, (left, right) = lattice_of([a, b], ["k", "n"])
    assert lattice.values[0].to_list() == ["x", "y", None]
    assert lattice.leaves == 3
    assert left[0] == right[1]
    assert lattice.predicate((3, 0)) == {"k": None}
    assert lattice.inside((0, 2)).sum() == 2


@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical, pl.Enum(["c", "b", "a", "unused"])])
@pytest.mark.parametrize("rows", [7, 200])
def test_codes_are_places_among_the_sorted_values(dtype: pl.DataType, rows: int) -> None:
    """Leaves come in the order of their codes, whether they are marked or sorted."""
    rng = np.random.default_rng(rows)
    frame = pl.DataFrame(
        {
            "text": pl.Series([("a", "b", "c", None)[at] for at in rng.integers(0, 4, rows)], dtype=dtype),
            "number": pl.Series(rng.integers(0, 100, rows)),
        }
    )
    lattice, (leaf,) = lattice_of([frame], frame.columns)
    for dim, values, codes in zip(lattice.dims, lattice.values, lattice.codes, strict=True):
        assert values.equals(frame[dim].unique().sort(nulls_last=True))
        assert frame[dim].to_list() == [values[int(code) - 1] for code in codes[leaf]]
    assert (np.diff(lattice.places) > 0).all()


def test_many_dimensions_are_numbered_without_overflow() -> None:
    frame = pl.DataFrame({f"d{i}": [0, 1, 2, 0] for i in range(60)})
    lattice, (leaf,) = lattice_of([frame], frame.columns)
    assert lattice.leaves == 3
    assert leaf[0] == leaf[3]


COUNTS = st.tuples(st.integers(0, 30), st.integers(1, 40), st.integers(0, 30), st.integers(1, 40)).map(
    lambda c: (min(c[0], c[1]), c[1], min(c[2], c[3]), c[3])
)


@LAWS
@given(COUNTS, st.floats(-2, 2))
def test_the_likelihood_of_an_odds_ratio_is_that_of_the_noncentral_hypergeometric(
    counts: tuple[int, ...], beta: float
) -> None:
    ratio = Ratio(*(np.array([float(count)]) for count in counts))
    exact = hypergeometric_llr(*counts, beta)
    assert odds_likelihood(ratio, beta)[0] == pytest.approx(exact, abs=0.12 + 0.02 * abs(exact))


@LAWS
@given(st.lists(COUNTS, min_size=1, max_size=8))
def test_exchanging_the_sides_turns_effects_around(leaves: list[tuple[int, ...]]) -> None:
    kb, nb, kc, nc = (np.array(column, float) for column in zip(*leaves, strict=True))
    there, back = Ratio(kb, nb, kc, nc), Ratio(kc, nc, kb, nb)
    assert there.u == pytest.approx(-back.u, abs=1e-9)
    assert there.v == pytest.approx(back.v, abs=1e-9)
    assert common_log_odds(there) == pytest.approx(-common_log_odds(back), abs=1e-3)
    a, b = effect_of(there, 2.0), effect_of(back, 2.0)
    assert a.difference == pytest.approx(-b.difference, nan_ok=True)
    assert a.low == pytest.approx(-b.high, nan_ok=True)


def test_leaves_that_cannot_tell_say_nothing() -> None:
    dull = Ratio(*(np.array(column, float) for column in ([0, 5, 3, 0], [0, 5, 10, 10], [2, 4, 0, 0], [10, 4, 0, 10])))
    assert not dull.u.any()
    assert not dull.v.any()
    assert not odds_likelihood(dull, 1.0).any()
    assert np.isfinite(factor_likelihood(dull.kb, dull.nb, dull.kc, dull.nc, 0.5)).all()


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("factor", [0.3, 0.9])
@pytest.mark.parametrize("rows", [(30, 50), (300, 100)])
def test_leaves_where_nothing_changed_speak_for_no_factor(rate: float, factor: float, rows: tuple[int, int]) -> None:
    """The mean of the likelihood ratio over all counts is 1 without a change, so that no name gains by its leaves."""
    eb, ec = (one.astype(float) for one in np.meshgrid(*(np.arange(n + 1) for n in rows), indexing="ij"))
    weight = stats.binom.pmf(eb, rows[0], rate) * stats.binom.pmf(ec, rows[1], rate)
    nats = factor_likelihood(eb, np.full_like(eb, rows[0]), ec, np.full_like(ec, rows[1]), factor)
    assert nats[0, 0] == 0
    assert (weight * np.exp(nats)).sum() == pytest.approx(1, abs=0.005)


def planted(seed: int, cell: tuple[int, ...], effect: float, rows: int = 400) -> tuple[Lattice, Ratio]:
    rng = np.random.default_rng(seed)
    lattice = full_lattice((4, 5, 3))
    base = rng.uniform(0.05, 0.4, lattice.leaves)
    nb, nc = rng.poisson(rows, lattice.leaves) + 1, rng.poisson(rows, lattice.leaves) + 1
    now = np.where(lattice.inside(cell), base + effect * (1 - base), base)
    return lattice, Ratio(*(np.asarray(a, float) for a in (rng.binomial(nb, base), nb, rng.binomial(nc, now), nc)))


@pytest.mark.parametrize("cell", [(1, 0, 0), (0, 2, 0), (2, 0, 3), (1, 2, 0), (0, 0, 0), (1, 1, 1)])
@pytest.mark.parametrize("effect", [0.2, 0.5])
def test_planted_slices_are_named(cell: tuple[int, ...], effect: float) -> None:
    lattice, ratio = planted(11, cell, effect)
    found = slices(lattice, ratio)
    assert [place.cell for place in found] == [cell]
    assert found[0].p < 0.05
    assert found[0].effect.low < found[0].effect.difference < found[0].effect.high


def test_two_places_are_both_named() -> None:
    lattice, one = planted(5, (1, 0, 0), 0.3)
    _, two = planted(5, (0, 2, 0), 0.3)
    kc = np.where(lattice.inside((2, 2, 0)), two.kc, one.kc)
    found = slices(lattice, Ratio(one.kb, one.nb, kc, np.where(lattice.inside((2, 2, 0)), two.nc, one.nc)))
    assert {place.cell for place in found} == {(1, 0, 0), (2, 2, 0)}


def several(seed: int, effects: np.ndarray) -> Ratio:
    """Events of which the others became fewer by the share of each leaf of the full lattice of (4, 5, 3)."""
    rng = np.random.default_rng(seed)
    base = rng.uniform(0.05, 0.4, len(effects))
    n = rng.poisson(400, (2, len(effects))) + 1
    kb, kc = rng.binomial(n[0], base), rng.binomial(n[1], base + effects * (1 - base))
    return Ratio(*(np.asarray(one, float) for one in (kb, n[0], kc, n[1])))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("roots", [[(0, 1, 0), (0, 2, 0), (0, 3, 0)], [(1, 1, 0), (2, 2, 0), (3, 3, 0)]])
def test_a_slice_that_holds_several_places_is_told_apart(seed: int, roots: list[tuple[int, ...]]) -> None:
    """Together they fit a weaker effect on all rows better than any one of them fits its own."""
    lattice = full_lattice((4, 5, 3))
    hit = np.any([lattice.inside(root) for root in roots], axis=0)
    found = slices(lattice, several(seed, np.where(hit, 0.3, 0.0)))
    assert sorted(place.cell for place in found) == roots


@pytest.mark.parametrize("seed", range(5))
def test_places_are_named_again_without_what_lies_in_the_others(seed: int) -> None:
    """Nearly all of (1, 0, 0) moved, but some of it in places that go on beyond it."""
    lattice = full_lattice((4, 5, 3))
    roots = [(1, 1, 0), (0, 2, 0), (0, 3, 0), (0, 4, 0)]
    hit = np.any([lattice.inside(root) for root in roots], axis=0)
    ratio = several(seed, np.where(hit, 0.3, 0.0))
    search = Search(lattice, independent(), 0.05)
    assert refit(search, ratio, [(1, 0, 0), *roots[1:]]) == roots
    assert refit(search, ratio, [(1, 0, 0)]) == [(1, 0, 0)]


def test_leaves_whose_effects_differ_weigh_what_others_say_of_them() -> None:
    """Beside leaves that all moved far, one without an effect speaks against itself; one like them costs nothing."""
    n = np.full(9, 200.0)
    ratio = Ratio(np.full(9, 40.0), n, np.array([130.0] * 8 + [40.0]), n)
    far, anyhow = (mixed_likelihood(ratio, np.arange(9) < many, 1.0) for many in (8, 0))
    assert far[-1] < anyhow[-1] - 1
    assert far[0] == pytest.approx(max(odds_likelihood(ratio, size)[0] for size in LOG_ODDS), abs=0.2)


@pytest.mark.parametrize("seed", range(5))
def test_a_slice_whose_leaves_moved_differently_is_one_place(seed: int) -> None:
    lattice = full_lattice((4, 5, 3))
    sizes = np.random.default_rng(seed).uniform(0.1, 0.6, lattice.leaves)
    found = slices(lattice, several(seed, np.where(lattice.inside((1, 0, 0)), sizes, 0.0)))
    assert [place.cell for place in found] == [(1, 0, 0)]


def test_places_are_ranked_by_the_shape_that_fits_each_best() -> None:
    """A common odds ratio says little of a slice whose leaves all lost one in five others from rates far apart."""
    lattice = full_lattice((4, 5, 3))
    few, many = lattice.inside((1, 1, 0)), lattice.inside((2, 0, 0))
    base = np.where(few, 0.002, np.where(lattice.codes[2] == 1, 0.02, 0.7))
    now = base + np.where(few, 0.14, np.where(many, 0.2, 0.0)) * (1 - base)
    n = np.full(lattice.leaves, 400.0)
    ratio = Ratio(np.round(n * base), n, np.round(n * now), n)
    search = Search(lattice, independent(), 0.05)
    places = localise(search, ratio)
    assert places == sorted(places, key=lambda one: -one.score)
    assert places[0].cell == (2, 0, 0)
    assert max(places, key=lambda one: search.likelihood_ratio(ratio, one.cell)).cell == (1, 1, 0)
    for one in places:
        assert one.score == pytest.approx(nats_of(search, ratio, [one.cell], 1.0))


def test_nothing_is_found_where_nothing_changed() -> None:
    alarms = sum(bool(slices(*planted(seed, (0, 0, 0), 0.0))) for seed in range(100))
    assert alarms <= 5


def test_windows_that_vary_must_be_beaten() -> None:
    """Rates that jump from window to window are no change of the last ones."""
    rng = np.random.default_rng(4)
    lattice = full_lattice((4, 5, 3))
    jumps = rng.normal(0, 0.4, 30)
    rates = 1 / (1 + np.exp(1.5 - jumps[None, :] + np.zeros((lattice.leaves, 1))))
    n = np.full(rates.shape, 60.0)
    k = rng.binomial(60, rates).astype(float)
    ratio = Ratio(k[:, :25].sum(1), n[:, :25].sum(1), k[:, 25:].sum(1), n[:, 25:].sum(1))
    assert slices(lattice, ratio)
    dispersion = dispersion_of(lattice, k[:, :25], n[:, :25])
    assert dispersion.of(lattice, (0, 0, 0)) > 5
    assert not localise(Search(lattice, dispersion, 0.05), ratio)


@given(st.floats(0.01, 50))
@LAWS
def test_digamma_and_trigamma(x: float) -> None:
    assert digamma(x) == pytest.approx(special.digamma(x), rel=1e-8, abs=1e-8)
    assert trigamma(x) == pytest.approx(special.polygamma(1, x), rel=1e-8)
    assert trigamma_inverse(trigamma(x)) == pytest.approx(x, rel=1e-6)


@pytest.mark.parametrize("seed", range(8))
def test_level_by_level_finds_what_the_cube_shows(seed: int) -> None:
    lattice, ratio = planted(seed, (1, 2, 0), 0.1 * (seed % 3), rows=40)
    cube = strongest(Search(lattice, independent(), 0.05), ratio)
    assert best_by_levels(lattice, ratio.u, ratio.v, 3.0) == cube
    cube_u = lattice.roll_up(ratio.u)
    sums = lattice.cell(int(np.argmax(cube_u - lattice.prices)))
    assert best_by_levels(lattice, ratio.u, None, 0.0) == sums


def shown(lattice: Lattice, u: np.ndarray, v: np.ndarray | None, least: float, deepest: int) -> float:
    """The best score of up to so many values by the cube."""
    values = [sum(code > 0 for code in lattice.cell(at)) for at in range(lattice.size)]
    score = lattice.roll_up(u)
    if v is not None:
        spread = lattice.roll_up(v)
        score = np.where(spread >= least, score**2 / (2 * np.maximum(spread, least)), -np.inf)
    occupied = lattice.roll_up(np.ones(lattice.leaves)) > 0
    return float(np.max((score - lattice.prices)[(np.array(values) <= deepest) & occupied]))


def score_of(lattice: Lattice, cell: tuple[int, ...], u: np.ndarray, v: np.ndarray | None) -> float:
    inside = lattice.inside(cell)
    total = float(u[inside].sum())
    return (total if v is None else total**2 / (2 * float(v[inside].sum()))) - lattice.price(cell)


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("deepest", [0, 1, 2, 3, 5])
def test_value_by_value_is_best_in_lattices_with_holes(seed: int, deepest: int) -> None:
    """Few rows of skewed keys, one of them constant, with many effects or few: bounds must not cut what is best."""
    rng = np.random.default_rng(seed)
    sizes, rows = rng.integers(1, 7, 5), int(rng.integers(5, 400))
    frame = pl.DataFrame({f"d{i}": (rng.random(rows) ** 1.5 * size).astype(int) for i, size in enumerate(sizes)})
    lattice, _ = lattice_of([frame], frame.columns)
    v = rng.choice([0.0, 0.5, 2.0, 30.0], lattice.leaves)
    u = rng.normal(size=lattice.leaves) * np.sqrt(v) + rng.choice([0.0, 0.0, 0.0, 1.5], lattice.leaves) * v
    for spread, least in ((v, 3.0), (v, 40.0), (None, 0.0)):
        found = best_by_levels(lattice, u, spread, least, deepest)
        expected = shown(lattice, u, spread, least, deepest)
        assert (-math.inf if found is None else score_of(lattice, found, u, spread)) == pytest.approx(expected)


def test_value_by_value_equals_its_python(monkeypatch: pytest.MonkeyPatch) -> None:
    lattice, ratio = planted(3, (1, 0, 2), 0.1)
    found = best_by_levels(lattice, ratio.u, ratio.v, 3.0)
    monkeypatch.setattr("fastmetrics.kernels.descent.best_below", best_below.py_func)
    assert best_by_levels(lattice, ratio.u, ratio.v, 3.0) == found == (1, 0, 2)


def test_a_search_that_takes_too_long_answers_with_the_best_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    lattice, ratio = planted(3, (1, 0, 2), 0.3)
    monkeypatch.setattr("fastmetrics.diagnosis.search.branch_and_bound.MOST_ROWS", 0)
    found = best_by_levels(lattice, ratio.u, ratio.v, 3.0)
    assert found is not None
    assert sum(code > 0 for code in found) <= 1


def test_a_lattice_too_large_for_a_cube_is_searched_all_the_same() -> None:
    rng = np.random.default_rng(6)
    frame = pl.DataFrame({f"d{i}": rng.integers(0, 6, 3_000) for i in range(11)})
    lattice, _ = lattice_of([frame], frame.columns)
    assert not lattice.dense
    hit = lattice.inside((2, 0, 0, 3, *[0] * 7))
    n = np.full(lattice.leaves, 60.0)
    kb, kc = rng.binomial(60, 0.2, lattice.leaves), rng.binomial(60, np.where(hit, 0.5, 0.2))
    found = slices(lattice, Ratio(kb.astype(float), n, kc.astype(float), n))
    assert [place.cell for place in found] == [(2, 0, 0, 3, *[0] * 7)]


BEFORE = {"isp": ["a", "a", "b", "b"], "cdn": ["x", "y", "x", None], "value": [20] * 4, "count": [1000] * 4}


def test_explain_ratio_names_the_slice() -> None:
    found = fm.explain_ratio(BEFORE | {"value": [20, 20, 90, 95]}, baseline=BEFORE, dims=["isp", "cdn"])
    assert found.row(0, named=True)["predicate"] == [{"column": "isp", "value": "b"}]
    assert found.height == 1
    assert found.item(0, "p") < 0.01
    assert found.item(0, "low") < found.item(0, "effect") < found.item(0, "high")
    assert found.item(0, "contribution") == pytest.approx(1.0, abs=0.05)


def test_explain_ratio_doubts_what_varies_from_window_to_window() -> None:
    rng = np.random.default_rng(2)
    frames = [
        pl.DataFrame(
            {
                "isp": ["a", "b"],
                "t": [t, t],
                "value": rng.binomial(500, 1 / (1 + np.exp(2 - rng.normal(0, 0.6))), 2),
                "count": [500, 500],
            }
        )
        for t in range(12)
    ]
    before, now = pl.concat(frames[:-1]), frames[-1].with_columns(value=pl.Series([110, 112]))
    alone = fm.explain_ratio(now, baseline=before, dims=["isp"])
    doubted = fm.explain_ratio(now, baseline=before, dims=["isp"], window="t")
    assert doubted.item(0, "p") > alone.item(0, "p")


def test_explain_ratio_refuses_bad_input() -> None:
    with pytest.raises(fm.SchemaError, match="did you mean 'isp'"):
        fm.explain_ratio(BEFORE, baseline=BEFORE, dims=["ips"])
    with pytest.raises(fm.DataError, match="exceeds"):
        fm.explain_ratio(BEFORE | {"value": [2000] * 4}, baseline=BEFORE, dims=["isp"])
    with pytest.raises(fm.DataError, match="numbers >= 0"):
        fm.explain_ratio(BEFORE | {"value": [-1, 2, 3, 4]}, baseline=BEFORE, dims=["isp"])
    with pytest.raises(fm.DataError, match="numbers >= 0"):
        fm.explain_ratio(BEFORE | {"value": [None, 2, 3, 4]}, baseline=BEFORE, dims=["isp"])
    with pytest.raises(fm.SchemaError, match="numbers are needed"):
        fm.explain_ratio(BEFORE | {"value": list("abcd")}, baseline=BEFORE, dims=["isp"])


def test_explain_ratio_of_nothing_is_empty() -> None:
    empty = pl.DataFrame(BEFORE).head(0)
    assert fm.explain_ratio(empty, baseline=empty, dims=["isp", "cdn"]).height == 0
    assert math.isfinite(fm.explain_ratio(BEFORE, baseline=BEFORE, dims=["isp"]).item(0, "p"))
