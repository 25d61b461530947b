"""Arrow data with flipped bits, counted in a process of its own, which damage that is not seen would end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

WAYS_OF_BYTES = ["stream", "file", "path of a file", "path of a stream", "reader of a stream"]

COUNT = """
import io, sys
from pathlib import Path
import numpy as np, polars as pl, pyarrow as pa, fastmetrics as fm
way, file = sys.argv[1], Path(sys.argv[4], "log.arrow")
rng = np.random.default_rng(1)
words = [f"key {number} that is longer than twelve" if number % 2 else f"k{number}" for number in range(20)]
log = pl.DataFrame({
    "label": rng.random(400) < 0.5,
    "pred": rng.integers(0, 2, 400),
    "model": pl.Series(rng.choice(words, 400)).set(pl.Series(rng.random(400) < 0.1), None),
    "kind": pl.Series(rng.choice(["x", "y"], 400)).cast(pl.Categorical),
})
raw = io.BytesIO()
log.write_ipc_stream(raw) if "stream" in way else log.write_ipc(raw)
raw = raw.getvalue()
for seed in range(int(sys.argv[2]), int(sys.argv[3])):
    rng, damaged = np.random.default_rng(seed), bytearray(raw)
    for _ in range(rng.integers(1, 4)):
        damaged[rng.integers(len(raw))] ^= 1 << int(rng.integers(8))
    given = io.BytesIO(damaged)
    if way.startswith("path"):
        file.write_bytes(damaged)
        given = file
    elif way.startswith("reader"):
        try:
            given = pa.ipc.open_stream(bytes(damaged))
        except (OSError, ValueError, pa.ArrowException):  # of pyarrow, which has refused it already
            continue
    try:
        fm.count(given, fm.binary("label", "pred"), by=["model", "kind"])
    except fm.FastMetricsError as error:
        assert "\\n" not in str(error), (seed, error)
"""


def check_flips(way: str, seeds: range, folder: Path) -> None:
    """Count the data once a seed: each time an error of ours or Counts, whatever Polars says of its own panics."""
    command = [sys.executable, "-W", "ignore", "-c", COUNT, way, str(seeds.start), str(seeds.stop), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, (way, seeds, done.stderr[-500:])
