"""``python -m benchmarks.faultbench``: the cores are for cases, so Polars gets one thread before it is imported."""

import os

os.environ.setdefault("POLARS_MAX_THREADS", "1")

from benchmarks.faultbench.run import main

if __name__ == "__main__":
    main()
