"""The float that formulas see of an exact sum is the one nearest to it, as fractions say."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fastmetrics.exact_sums import nearest
from strategies import LAWS


def value(limbs: tuple[int, int, int]) -> float:
    """What Python makes of the sum, whose division of integers rounds once."""
    high, middle, low = limbs
    return (high * 2**56 + middle * 2**28 + low) / 2**72


def found(limbs: Any) -> list[float]:
    return nearest(*np.array(limbs, np.int64).reshape(-1, 3).T).tolist()  # type: ignore[no-any-return]


NEAR = [0, 1, 2, 3, 2**27, 2**28 - 1, 2**28, 2**28 + 1, 2**40, 2**53, 2**53 + 1, 2**55, 2**61 + 1, 2**62 - 1]
SIGNED = sorted({sign * limb for limb in NEAR for sign in (-1, 1)})


def test_every_mix_of_small_large_and_halfway_limbs_is_rounded_once() -> None:
    limbs = list(itertools.product(SIGNED, repeat=3))
    assert found(limbs) == list(map(value, limbs))


@LAWS
@given(st.lists(st.tuples(*[st.integers(-(2**62) + 1, 2**62 - 1)] * 3), min_size=1, max_size=200))
def test_any_limbs_are_rounded_once(limbs: list[tuple[int, int, int]]) -> None:
    assert found(limbs) == list(map(value, limbs))


@LAWS
@given(st.integers(2**52, 2**53 - 1), st.integers(0, 64), st.sampled_from([-1, 0, 1]), st.sampled_from([-1, 1]))
def test_a_sum_beside_the_middle_of_two_floats_goes_to_the_nearer(
    half: int, shift: int, beside: int, sign: int
) -> None:
    """Ties go to the even one; a unit of 2**-72 beside a tie decides it."""
    whole = sign * (2 * half + 1) * 2**shift + beside
    limbs = whole >> 56, (whole >> 28) & (2**28 - 1), whole & (2**28 - 1)
    assert found(limbs) == [float(Fraction(whole, 2**72))]
