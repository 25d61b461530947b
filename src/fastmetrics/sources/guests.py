"""Objects of other libraries, told by their classes: none of these libraries is imported for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["has", "is_a", "is_of"]


def is_a(module: str, name: str) -> Callable[[Any], bool]:
    """A test for a class of a library, or one that inherits from it."""
    return lambda data: any(
        kind.__module__.split(".")[0] == module and kind.__name__ == name for kind in type(data).__mro__
    )


def is_of(module: str, data: Any) -> bool:
    return type(data).__module__.partition(".")[0] == module


def has(method: str) -> Callable[[Any], bool]:
    return lambda data: hasattr(data, method)
