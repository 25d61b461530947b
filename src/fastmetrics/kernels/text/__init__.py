"""Kernels of text: from the bytes of texts to tokens, from tokens to ids, and from ids to integers a row.

Each stage is a kernel over a chunk of rows, flat arrays in and flat arrays out, so that measures share stages and each
kernel is compiled on its own.
"""

from fastmetrics.kernels.text import case, characters, interning, spaces, strings

__all__ = ["case", "characters", "interning", "spaces", "strings"]
