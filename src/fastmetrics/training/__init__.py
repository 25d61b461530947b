"""Training runs: their logs, the shapes of their curves, and what went wrong."""
