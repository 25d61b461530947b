"""Kernels of text: from the bytes of texts to tokens, from tokens to ids, and from ids to integers a row.

Each stage is a kernel over a chunk of rows, flat arrays in and flat arrays out, so that measures share stages and each
kernel is compiled on its own. A module is imported when it is first named: ``kernels.texts.interning``.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:
    try:
        return import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as error:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from error
