"""Every function of two arrays on labels of every dtype beside predictions of every dtype."""

from __future__ import annotations

import pytest

from tests.dtypes import ARRAYS
from tests.parity.test_dtypes import NAMES, made_wrong


@pytest.mark.parametrize("name", NAMES)
def test_every_pair_of_dtypes_has_the_value_of_scikit_learn_or_an_error_of_ours(name: str) -> None:
    assert made_wrong([name], [(true, pred) for true in ARRAYS for pred in ARRAYS])[:5] == []
