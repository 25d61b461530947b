"""Explanations of sums and ratios of any table."""
