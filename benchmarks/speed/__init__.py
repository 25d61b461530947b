"""The speed of counting beside the engines that one would count with otherwise: ``python -m benchmarks.speed``."""
