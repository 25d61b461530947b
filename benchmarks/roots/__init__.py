"""Planted root causes of additive measures: ``python -m benchmarks.roots``."""
