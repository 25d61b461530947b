"""Texts against references, measured row by row: tokens, ids, and the integers that metrics are read from."""
