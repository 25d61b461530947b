"""New processes that measure themselves: what starts there has compiled and imported nothing yet."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile

__all__ = ["CLOCK", "Printed", "cold", "process"]

Printed = tuple[list[list[float]], int]
"""CPU and wall time of each step, and how many lines were left on stderr."""

# What the code of a process begins with. Numba imports coverage where it is installed: with the tests, not with
# fastmetrics.
CLOCK = """
import json, sys, time
sys.modules["coverage"] = None
def clock():
    return time.process_time(), time.perf_counter()
def since(start):
    return [now - then for now, then in zip(clock(), start)]
"""


def process(code: str, **environment: str) -> Printed:
    """What a new process prints."""
    # As an installed package has it, bytecode is there: without, every process would compile every module anew.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=inherited | environment
    )
    return json.loads(done.stdout), len(done.stderr.splitlines())


def cold(code: str) -> Printed:
    """What a process prints that finds no compiled kernel, as `process` gives it."""
    with tempfile.TemporaryDirectory() as folder:
        return process(code, NUMBA_CACHE_DIR=folder)
