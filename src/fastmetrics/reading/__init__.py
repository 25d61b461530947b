"""What is read from the cells: metrics, comparisons, thresholds, ranks and intervals."""
