"""A ratio's change split into parts: exact at any magnitude, additive over slices, and true to its terms."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import oracle
from fastmetrics.diagnosis.split.kitagawa import decompose, decompose3, simpson
from fastmetrics.errors import DataError

NUMBERS = st.one_of(st.integers(0, 40), st.integers(0, 10**15), st.floats(1e-12, 1e12), st.just(0)).map(float)
SHARES = st.one_of(st.floats(1e-9, 1), st.sampled_from([0.0, 1.0]))  # no subnormal products: they have no digits


@st.composite
def sides(draw):
    """Rows, denominators and numerators of the same leaves on both sides, 0 <= num <= den <= rows."""
    size = draw(st.integers(1, 8))
    columns = []
    for _ in range(2):
        rows = draw(st.lists(NUMBERS, min_size=size, max_size=size))
        den = [row * draw(SHARES) for row in rows]
        columns += [rows, [value * draw(SHARES) for value in den], den]
    return columns


def whole(found):
    return math.fsum(np.concatenate([getattr(found, name) for name in parts_of(found)]))


def parts_of(found):
    return (
        ("population", "prediction", "rate", "support") if hasattr(found, "population") else ("rate", "mix", "support")
    )


@settings(max_examples=150, deadline=None)
@given(sides())
def test_parts_sum_to_the_total_whatever_the_magnitudes(columns):
    _, num_b, den_b, _, num_c, den_c = columns
    for found in (decompose(num_b, den_b, num_c, den_c), decompose3(*columns)):
        if not sum(den_b) or not sum(den_c):
            assert all(np.isnan(getattr(found, name)).all() for name in parts_of(found))
            assert math.isnan(found.total)
            continue
        assert found.total == pytest.approx(sum(num_c) / sum(den_c) - sum(num_b) / sum(den_b), abs=1e-12)
        assert abs(whole(found) - found.total) <= 1e-12
        assert abs(math.fsum(found.contribution) - found.total) <= 1e-12
        assert abs(found.over()["contribution"] - found.total) <= 1e-12


@settings(max_examples=80, deadline=None)
@given(sides())
def test_every_part_is_the_one_worked_out_in_fractions(columns):
    _, num_b, den_b, _, num_c, den_c = columns
    if not sum(den_b) or not sum(den_c):
        return
    found = decompose(num_b, den_b, num_c, den_c)
    expected = oracle.kitagawa(num_b, den_b, num_c, den_c)
    for name, column in zip(("rate", "mix", "support"), zip(*expected, strict=True), strict=True):
        assert getattr(found, name) == pytest.approx([float(value) for value in column], rel=1e-9, abs=1e-12)


@settings(max_examples=80, deadline=None)
@given(sides())
def test_population_and_prediction_are_the_mix_and_the_support_of_leaves_with_rows(columns):
    _, num_b, den_b, _, num_c, den_c = columns
    if not sum(den_b) or not sum(den_c):
        return
    two, three = decompose(num_b, den_b, num_c, den_c), decompose3(*columns)
    both = two.mix + two.support
    assert three.population + three.prediction + three.support == pytest.approx(both, abs=1e-11)
    assert three.rate == pytest.approx(two.rate, abs=1e-11)


def test_numbers_without_bound_on_the_numerator_still_sum():
    found = decompose([1e12, -1e-12, 5], [1e-9, 1e9, 0], [3, 1e15, 0], [1, 1e-12, 7])
    size = math.fsum(np.abs([found.rate, found.mix, found.support]).ravel())
    assert abs(whole(found) - found.total) <= 1e-12 * max(size, 1)


def test_a_leaf_that_grows_counts_by_how_far_it_is_from_the_rest():
    found = decompose([10, 60], [100, 200], [10, 120], [100, 400])
    assert found.rate == pytest.approx([0, 0])
    assert (found.mix > 0).all()  # fewer of the better leaf and more of the worse both raise the ratio
    alike = decompose([10, 20], [100, 200], [10, 90], [100, 900])
    assert alike.mix == pytest.approx([0, 0])


def test_leaves_on_one_side_are_support():
    found = decompose([10, 40, 0], [100, 100, 0], [10, 0, 90], [100, 0, 100])
    assert found.support[0] == 0
    assert found.support[1:] != pytest.approx([0, 0])
    assert (found.rate[1:] == 0).all()
    assert (found.mix[1:] == 0).all()


def test_a_leaf_without_denominator_on_both_sides_is_nothing():
    found = decompose([0, 10], [0, 100], [0, 20], [0, 100])
    assert found.contribution == pytest.approx([0, 0.1])


def test_an_empty_side_is_nan():
    found = decompose([0, 0], [0, 0], [1, 2], [3, 4])
    assert math.isnan(found.total)
    assert math.isnan(found.baseline)
    assert found.current == 3 / 7
    assert np.isnan(found.contribution).all()
    assert decompose([], [], [], []).contribution.size == 0


def test_a_model_that_over_predicts_in_one_slice_is_no_shift_of_the_population():
    rows = [1000, 1000]
    found = decompose3(rows, [45, 18], [50, 30], rows, [45, 54], [50, 90])
    assert found.population == pytest.approx([0, 0])
    assert found.over()["prediction"] == pytest.approx(found.total)
    moved = decompose3([1000, 1000], [45, 18], [50, 30], [1000, 3000], [45, 54], [50, 90])
    assert moved.prediction == pytest.approx([0, 0])
    assert moved.over()["population"] == pytest.approx(moved.total)


def test_slices_add_up():
    rng = np.random.default_rng(1)
    den_b, den_c = rng.integers(0, 90, (2, 60))
    found = decompose(den_b // 3, den_b, den_c // 2, den_c)
    odd = np.arange(60) % 2 == 1
    for name, value in found.over().items():
        assert found.over(odd)[name] + found.over(~odd)[name] == pytest.approx(value, abs=1e-14)


def test_simpson():
    assert simpson(decompose([10, 160], [100, 400], [44, 45], [400, 100]))
    assert not simpson(decompose([10, 160], [100, 400], [20, 170], [100, 400]))
    assert not simpson(decompose([0], [0], [1], [1]))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (([1], [2], [1, 1], [2, 2]), "aligned"),
        (([1], [-2], [1], [2]), "negative"),
        (([math.nan], [2], [1], [2]), "finite"),
    ],
)
def test_bad_input(columns, message):
    with pytest.raises(DataError, match=message):
        decompose(*columns)


def test_a_denominator_without_rows():
    with pytest.raises(DataError, match="rows"):
        decompose3([0], [1], [2], [3], [1], [2])
