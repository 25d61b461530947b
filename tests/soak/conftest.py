"""Laws in large, for `make soak` alone: a run of pytest without a seed in the environment collects nothing here."""

import os
import random

import pytest

SEED = os.environ.get("SEED")
collect_ignore_glob = [] if SEED else ["*"]


def pytest_report_header() -> str:
    return f"soak: SEED={SEED}"


@pytest.fixture
def drawn(request: pytest.FixtureRequest) -> random.Random:
    """Random numbers of this run and test: `SEED=... make soak` gives them again."""
    return random.Random(f"{SEED} {request.node.nodeid}")
